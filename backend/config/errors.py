"""What is answered when no view did: problem details to programs, a page to people."""

import sys
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from backend.lib import request_ids
from backend.lib.middleware import database_problem
from backend.lib.outages import is_outage
from backend.lib.problems import BadRequest, Conflict, Forbidden, NotFound, Problem
from backend.lib.rest.problems import problem_response
from backend.workspace.holding import held, is_held_though_old

Answer = Callable[[HttpRequest], HttpResponse]
FOR_PROGRAMS = ("/api/", "/fhir/", "/oauth/", "/.well-known/", "/health/")


class ProblemMiddleware:
    """A problem that a page of a library raised, as an answer."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        return _answer(request, error) if isinstance(error, Problem) else None


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, BadRequest("This request cannot be read."))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, Forbidden("This is not yours to do."))


def old_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without the token that holds now: it is another site's, or its page is older than the signing in."""
    if is_held_though_old(request):
        return held(request, status=Conflict.status)
    return _answer(request, Forbidden("This form is not of the page as it is now. Load the page again, then send."))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, NotFound())


def server_error(request: HttpRequest) -> HttpResponse:
    """Django turns what an inner middleware raises into this at once, so a database that is down ends here too.

    A refusal that a library's page lets through is answered as itself.
    """
    error = sys.exception()
    if error is not None and is_outage(error):
        return _answer(request, database_problem(error))
    if isinstance(error, Problem):
        return _answer(request, error)
    return _answer(request, Problem("Something went wrong on our side. Nothing was saved; please try again."))


def _answer(request: HttpRequest, problem: Problem) -> HttpResponse:
    if request.path.startswith(FOR_PROGRAMS):
        return problem_response(problem)
    # Without the request, so that no context processor can fail a second time.
    words = {"title": problem.title, "detail": problem.detail, "request_id": request_ids.current()}
    return HttpResponse(render_to_string("error.html", words), status=problem.status, headers=problem.headers)
