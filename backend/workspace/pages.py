"""What every page shares: sign-in first, one act per form, refusals as a message on the page with their status."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string

from backend.lib import request_ids
from backend.lib.actor import ActorKind
from backend.lib.problems import Conflict, NotFound, NotSignedIn, Problem, Stale
from backend.lib.rest.authentication import actor_of
from backend.lib.rest.problems import as_problem
from backend.workspace.holding import held, is_anothers, is_held
from backend.workspace.once import Done, once
from backend.workspace.staleness import who_changed

ANOTHERS = "This page was opened by somebody else, or in another clinic of yours, and is sent in their name only. Nothing was done."
View = Callable[..., HttpResponse]
SEE_OTHER = 303


def page(*methods: str) -> Callable[[View], View]:
    """A page for members of a clinic, for these methods; others sign in first, or open a clinic."""

    def decorate(view: View) -> View:
        @wraps(view)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method not in methods and not (request.method == "HEAD" and "GET" in methods):
                return HttpResponseNotAllowed(methods)
            if actor_of(request).kind != ActorKind.MEMBER:
                return _let_in(request)
            try:
                if is_anothers(request):
                    raise Conflict(ANOTHERS, code="other_writer")
                return view(request, *args, **kwargs)
            except Exception as error:
                problem = as_problem(error)
                if problem is None:
                    raise
                return problem_page(problem)

        answer.is_page_of_members = True  # type: ignore[attr-defined]  # read by is_held_though_old
        return answer

    return decorate


def submit(request: HttpRequest, act: Callable[[], Done | str], *, said: str = "") -> HttpResponse | Problem:
    """Does what a form asks, once. Returns the way on, or the refusal; then nothing of it is left.

    The page that shows the refusal carries its status, so the whole request is rolled back as well.
    """

    def done() -> Done:
        result = act()
        return result if isinstance(result, Done) else Done(result)

    try:
        with transaction.atomic():
            finished = once(request, done)
    except Exception as error:
        problem = as_problem(error)
        if problem is None:
            raise
        return problem
    if finished.response is not None:
        return finished.response
    if said:
        messages.success(request, said)
    return see_other(finished.location)


def see_other(location: str) -> HttpResponseRedirect:
    response = HttpResponseRedirect(location)
    response.status_code = SEE_OTHER
    return response


def show(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, *, problem: Problem | None = None
) -> HttpResponse:
    """The page; with a problem, its message on top and its status."""
    words = {**(context or {}), "problem": told(problem) if problem else None}
    return render(request, f"workspace/{template}", words, status=problem.status if problem else 200)


def edited(
    request: HttpRequest,
    act: Callable[[], str | Done],
    context: Callable[[Any, Problem | None], dict[str, Any]],
    template: str,
    *,
    changing: UUID | None = None,
) -> HttpResponse:
    """A page with one form: shown, or saved, or shown again with the refusal. ``changing`` is the row it changes."""
    if request.method == "GET":
        return show(request, template, context(None, None))
    result = submit(request, act, said="Saved.")
    if isinstance(result, Problem):
        refusal = who_changed(result, changing, actor=actor_of(request)) if changing else result
        return show(request, template, context(request.POST, result), problem=refusal)
    return result


def or_page(result: HttpResponse | Problem) -> HttpResponse:
    """The answer, or the refusal as a page of its own."""
    return problem_page(result) if isinstance(result, Problem) else result


def told(problem: Problem) -> dict[str, Any]:
    """A refusal as a page says it: what happened, what is safe, the number to name to support."""
    safe = "Nothing was changed. What you typed is still here."
    if isinstance(problem, Stale):
        safe = "Nothing was changed. What you typed is still here; press again to go on with it."
    return {
        "title": problem.title,
        "detail": problem.detail,
        "code": problem.code,
        "safe": safe,
        "errors": [error for error in problem.errors if error.detail != problem.detail],
        "request_id": request_ids.current(),
    }


def field_errors(problem: Problem | None) -> dict[str, str]:
    """The refusal's sentences by the name of the form's field."""
    if problem is None:
        return {}
    found = {error.pointer.strip("/").replace("/", "."): error.detail for error in problem.errors}
    pointer = problem.extra.get("pointer")
    return {**found, **({str(pointer).strip("/").replace("/", "."): problem.detail} if pointer else {})}


def id_in(text: str | None) -> UUID:
    """An id that came with the form or address; 404 for what is none."""
    try:
        return UUID(text or "")
    except ValueError as error:
        raise NotFound from error


def version_in(request: HttpRequest) -> int | None:
    """The version the form was made from."""
    text = request.POST.get("version", "")
    if not text:
        return None
    if not text.isdecimal() or len(text) > 9:
        raise Stale("This form was not made by this page. Load it again.")
    return int(text)


def problem_page(problem: Problem) -> HttpResponse:
    """A refusal without a page of its own. Asks the database nothing, which may have refused already."""
    words = {"title": problem.title, "detail": problem.detail, "request_id": request_ids.current()}
    response = HttpResponse(render_to_string("error.html", words), status=problem.status)
    for name, value in problem.headers.items():
        response[name] = value
    return response


def log_whatever_the_status(request: HttpRequest, log: Callable[[], None]) -> None:
    """Writes a look that a refused request would roll back, too: the page was shown all the same."""
    log()
    request.after_refusal.append(log)  # type: ignore[attr-defined]  # set by OneTransactionMiddleware


def _let_in(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return see_other("/clinics/new")
    if is_held(request):
        return held(request, status=NotSignedIn.status)
    return redirect_to_login(request.get_full_path() if request.method == "GET" else "/inbox")
