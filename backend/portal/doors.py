"""What every page behind a link shares: who came, one answer for what they may not see, nothing kept or indexed."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render

from backend.lib.actor import Actor, ActorKind
from backend.lib.problems import Gone, NotFound, Problem
from backend.lib.rest.authentication import actor_of
from backend.lib.rest.problems import as_problem
from backend.lib.unit_of_work import introduce
from backend.links.actors import holder_of
from backend.links.models import Link
from backend.links.services import check_code, find_link, register_wrong_try, request_code, was_code_sent
from backend.links.sessions import actor_for, forget, remember
from backend.notifications.services import ask_for_new_link, send_code

View = Callable[..., HttpResponse]
GUEST = (Link.Purpose.GUEST,)
CLIENT = (Link.Purpose.CONSENT, Link.Purpose.TIMES, Link.Purpose.CLIENT)
SEE_OTHER = 303


@dataclass(frozen=True, slots=True)
class Entry:
    """One request behind a link: the link, its address, and who came.

    ``proven`` is None before the right code. ``account`` is who is signed in in the same browser: somebody without a
    clinic, a member, or a practitioner; None when nobody is.
    """

    link: Link
    token: str
    proven: Actor | None
    account: Actor | None = None

    @property
    def claims_after(self) -> str:
        """What somebody has to do before the referral can move to their account; empty when they can press."""
        return before_claiming(self.account)

    @property
    def home(self) -> str:
        return f"/{'g' if self.link.purpose == Link.Purpose.GUEST else 'c'}/{self.token}"

    @property
    def actor(self) -> Actor:
        """Whoever gave the right code; a door that asks for a code has one."""
        assert self.proven is not None
        return self.proven


def before_claiming(account: Actor | None) -> str:
    """The next step on the way from a guest to a practitioner with a list of their own."""
    if account is None:
        return "sign_in"
    if account.kind != ActorKind.MEMBER:
        return "open_clinic"
    return "" if account.role_ids else "take_role"


def door(purposes: tuple[Link.Purpose, ...], *methods: str, needs_code: bool = True) -> Callable[[View], View]:
    """A page behind a link. Without the code, and after the link has ended, it shows nothing of what lies behind."""

    def decorate(view: View) -> View:
        @wraps(view)
        def answer(request: HttpRequest, token: str, **more: Any) -> HttpResponse:
            if request.method not in methods and not (request.method == "HEAD" and "GET" in methods):
                return quiet(HttpResponseNotAllowed(methods))
            try:
                return quiet(_behind(request, token, more))
            except Exception as error:
                problem = as_problem(error)
                if problem is None:
                    raise
                return quiet(problem_page(request, problem, token))

        def _behind(request: HttpRequest, token: str, more: dict[str, Any]) -> HttpResponse:
            signed_in = actor_of(request)
            account = signed_in if request.user.is_authenticated else None
            link = find_link(token)
            if link is None or link.purpose not in purposes:
                raise NotFound
            proven = actor_for(request, link)
            entry = Entry(link=link, token=token, proven=proven, account=account)
            if not link.is_live and view.__name__ != "new_link":
                return show(request, "ended.html", {"entry": entry}, status=Gone.status)
            if needs_code and proven is None:
                return see_other(entry.home)
            come_in(request, proven or holder_of(link))
            return view(request, entry, **more)

        return answer

    return decorate


def come_in(request: HttpRequest, actor: Actor) -> None:
    """From here on the database sees this request as this actor's."""
    introduce(actor)
    request.actor = actor  # type: ignore[attr-defined]  # read by actor_of and the transaction's middleware


def show(request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    return render(request, f"portal/{template}", context, status=status)


def quiet(response: HttpResponse) -> HttpResponse:
    """Not indexed, leaving no trace on the way: the address itself is the secret, so no log names it."""
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Referrer-Policy"] = "same-origin"  # no other site learns the address; see settings why not no-referrer
    response._has_been_logged = True  # type: ignore[attr-defined]  # Django would log the path of a refusal
    return response


def problem_page(request: HttpRequest, problem: Problem, token: str) -> HttpResponse:
    """A refusal that has no page of its own. Asks the database nothing, which may have refused already."""
    response = show(request, "problem.html", {"problem": problem}, status=problem.status)
    for name, value in problem.headers.items():
        response[name] = value
    return response


def see_other(location: str) -> HttpResponseRedirect:
    response = HttpResponseRedirect(location)
    response.status_code = SEE_OTHER
    return response


def submit(request: HttpRequest, act: Callable[[], object], *, to: str, said: str = "") -> HttpResponse | Problem:
    """Does what a form asks and leads on, or returns the refusal with nothing of it left."""
    try:
        with transaction.atomic():
            act()
    except Exception as error:
        problem = as_problem(error)
        if problem is None:
            raise
        return problem
    if said:
        messages.success(request, said)
    return see_other(to)


# --- the steps every link begins with -------------------------------------------------------------------------------


def code_page(request: HttpRequest, entry: Entry) -> HttpResponse:
    """Where the code is typed, once it was asked for; says so when its mail could not be sent."""
    return show(request, "code.html", {**typing(entry), "was_sent": was_code_sent(entry.link)})


def typing(entry: Entry) -> dict[str, Any]:
    """What the page says on which a code is typed."""
    return {"entry": entry, "masked": masked(entry.link.contact), "is_client": entry.link.purpose in CLIENT}


def send_a_code(request: HttpRequest, entry: Entry) -> HttpResponse:
    """A fresh code to the address behind the link, never to one the visitor names."""
    send_code(entry.link, request_code(entry.link))
    return see_other(f"{entry.home}?code=sent")


def enter_with_code(request: HttpRequest, entry: Entry) -> HttpResponse:
    """The right code opens the door in this browser; a wrong one is counted, also when this request is refused."""
    if check_code(entry.link, request.POST.get("code", "")):
        remember(request, entry.link, is_own_device=request.POST.get("own_device") == "yes")
        return see_other(entry.home)
    request.after_refusal.append(lambda: register_wrong_try(entry.link))  # type: ignore[attr-defined]  # read by the transaction's middleware
    return show(request, "code.html", {**typing(entry), "is_wrong": True, "was_sent": True}, status=422)


def leave(request: HttpRequest, entry: Entry) -> HttpResponse:
    forget(request, entry.link)
    return see_other(entry.home)


def ask_again(request: HttpRequest, entry: Entry) -> HttpResponse:
    """One press on the page of a link that ended. The answer is the same whether a new one may be sent."""
    if not entry.link.is_live:
        ask_for_new_link(entry.link)
    return show(request, "ended.html", {"entry": entry, "is_asked": True})


def masked(address: str) -> str:
    """k…@example.org: enough to know which mailbox to open."""
    name, _, domain = address.partition("@")
    return f"{name[:1]}…@{domain}"
