"""What every page behind a link shares: who came, one answer for what they may not see, nothing kept or indexed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path

from backend.directory.failures import Limit, address_of
from backend.lib import clock
from backend.lib.actor import Actor, ActorKind
from backend.lib.parsing import TEXT_PROBLEMS, text_problem
from backend.lib.problems import BadRequest, Gone, NotFound, Problem
from backend.lib.rest.authentication import actor_of
from backend.lib.rest.problems import as_problem
from backend.lib.unit_of_work import introduce
from backend.links.actors import holder_of
from backend.links.models import Link
from backend.links.services import check_code, find_link, register_wrong_try, request_code, was_code_sent
from backend.links.sessions import actor_for, forget, remember
from backend.links.tokens import path_of
from backend.notifications.services import ask_for_new_link, send_code

View = Callable[..., HttpResponse]
GUEST = (Link.Purpose.GUEST,)
CLIENT = (Link.Purpose.CONSENT, Link.Purpose.TIMES, Link.Purpose.CLIENT)
SEE_OTHER = 303
# From one address. A whole waiting room may share one, and everybody there asks for a code of their own.
UNKNOWN_LINKS, WRONG_CODES, MAILS = Limit("unknown links", 20), Limit("wrong codes", 20), Limit("mails", 60)


@dataclass(frozen=True, slots=True)
class Entry:
    """One request behind a link: the link, and who came.

    ``proven`` is None before the right code. ``account`` is who is signed in in the same browser: somebody without a
    clinic, a member, or a practitioner; None when nobody is.
    """

    link: Link
    proven: Actor | None
    account: Actor | None = None

    @property
    def claims_after(self) -> str:
        """What somebody has to do before the referral can move to their account; empty when they can press."""
        return before_claiming(self.account)

    @property
    def home(self) -> str:
        return path_of(self.link)

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


def door(
    purposes: tuple[Link.Purpose, ...], *methods: str, needs_code: bool = True, needs_live: bool = True
) -> Callable[[View], View]:
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
                return quiet(problem_page(request, problem))

        def _behind(request: HttpRequest, token: str, more: dict[str, Any]) -> HttpResponse:
            signed_in = actor_of(request)
            account = signed_in if request.user.is_authenticated else None
            link = _known_link(request, token, purposes)
            proven = actor_for(request, link)
            entry = Entry(link=link, proven=proven, account=account)
            if needs_live and not link.is_live:
                return show(request, "ended.html", {"entry": entry}, status=Gone.status)
            if needs_code and proven is None:
                return see_other(entry.home)
            _check_texts(request)
            with clock.fixed_at(come_in(request, proven or holder_of(link))):
                return view(request, entry, **more)

        return answer

    return decorate


def _check_texts(request: HttpRequest) -> None:
    """400 for a text that cannot be stored, whichever form behind a link holds it."""
    for _, texts in request.POST.lists():
        for problem in filter(None, map(text_problem, texts)):
            raise BadRequest(TEXT_PROBLEMS[problem], code=problem)


def _known_link(request: HttpRequest, token: str, purposes: tuple[Link.Purpose, ...]) -> Link:
    """The link of this address; 404 for an address that is none, and 429 for who tried too many of those."""
    address = address_of(request)
    UNKNOWN_LINKS.check(address)
    link = find_link(token)
    if link is None or link.purpose not in purposes:
        request.after_refusal.append(lambda: UNKNOWN_LINKS.count(address))  # type: ignore[attr-defined]  # read by the transaction's middleware
        raise NotFound
    return link


def come_in(request: HttpRequest, actor: Actor) -> datetime:
    """From here on the database sees this request as this actor's. Returns the moment of it, for both clocks to agree."""
    moment = introduce(actor)
    request.actor = actor  # type: ignore[attr-defined]  # read by actor_of and the transaction's middleware
    return moment


def show(request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    return render(request, f"portal/{template}", context, status=status)


def quiet(response: HttpResponse) -> HttpResponse:
    """Not indexed, leaving no trace on the way: the address itself is the secret, so no log names it."""
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Referrer-Policy"] = "same-origin"  # no other site learns the address; see settings why not no-referrer
    response._has_been_logged = True  # type: ignore[attr-defined]  # Django would log the path of a refusal
    return response


def problem_page(request: HttpRequest, problem: Problem) -> HttpResponse:
    """A refusal that has no page of its own. Asks the database nothing, which may have refused already."""
    response = show(request, "problem.html", {"problem": problem}, status=problem.status)
    for name, value in problem.headers.items():
        response[name] = value
    return response


def see_other(location: str) -> HttpResponseRedirect:
    response = HttpResponseRedirect(location)
    response.status_code = SEE_OTHER
    return response


def submit(
    request: HttpRequest, entry: Entry, act: Callable[[], object], *, said: str = "", part: str = "", refused: View
) -> HttpResponse:
    """Does what a form asks and leads back, to a part of the page; when that is refused, nothing of it is left."""
    try:
        with transaction.atomic():
            act()
    except Exception as error:
        problem = as_problem(error)
        if problem is None:
            raise
        return refused(request, entry, problem=problem)
    if said:
        messages.success(request, said)
    return see_other(entry.home + part)


# --- the steps every link has ---------------------------------------------------------------------------------------


def steps_of(purposes: tuple[Link.Purpose, ...]) -> list[URLPattern]:
    """The addresses for getting in behind such a link, out again, and for a new one."""
    outside, inside = door(purposes, "POST", needs_code=False), door(purposes, "POST")
    return [
        path("/code", outside(send_a_code)),
        path("/enter", outside(enter_with_code)),
        path("/new-link", door(purposes, "POST", needs_code=False, needs_live=False)(ask_again)),
        path("/leave", inside(leave)),
    ]


def code_page(request: HttpRequest, entry: Entry) -> HttpResponse:
    """Where the code is typed, once it was asked for; says so when its mail could not be sent."""
    return show(request, "code.html", {**typing(entry), "was_sent": was_code_sent(entry.link)})


def typing(entry: Entry) -> dict[str, Any]:
    """What the page says on which a code is typed."""
    return {"entry": entry, "masked": masked(entry.link.contact), "is_client": entry.link.purpose in CLIENT}


def send_a_code(request: HttpRequest, entry: Entry) -> HttpResponse:
    """A fresh code to the address behind the link, never to one the visitor names."""
    MAILS.count_or_refuse(address_of(request))
    send_code(entry.link, request_code(entry.link))
    return see_other(f"{entry.home}?code=sent")


def enter_with_code(request: HttpRequest, entry: Entry) -> HttpResponse:
    """The right code opens the door in this browser; a wrong one is counted, also when this request is refused."""
    address = address_of(request)
    WRONG_CODES.check(address)
    if check_code(entry.link, request.POST.get("code", "")):
        remember(request, entry.link, is_own_device=request.POST.get("own_device") == "yes")
        return see_other(entry.home)
    request.after_refusal += [lambda: register_wrong_try(entry.link), lambda: WRONG_CODES.count(address)]  # type: ignore[attr-defined]  # read by the transaction's middleware
    return show(request, "code.html", {**typing(entry), "is_wrong": True, "was_sent": True}, status=422)


def leave(request: HttpRequest, entry: Entry) -> HttpResponse:
    forget(request, entry.link)
    return see_other(entry.home)


def ask_again(request: HttpRequest, entry: Entry) -> HttpResponse:
    """One press on the page of a link that ended. The answer is the same whether a new one may be sent."""
    MAILS.count_or_refuse(address_of(request))
    if not entry.link.is_live:
        ask_for_new_link(entry.link)
    return show(request, "ended.html", {"entry": entry, "is_asked": True})


def masked(address: str) -> str:
    """k…@example.org: enough to know which mailbox to open."""
    name, _, domain = address.partition("@")
    return f"{name[:1]}…@{domain}"
