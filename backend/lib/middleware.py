"""The outermost layers of a request: its id, and a database that is not there."""

import logging
from collections.abc import Callable

from django.db import Error as DatabaseFault
from django.http import HttpRequest, HttpResponse

from backend.lib import request_ids
from backend.lib.outages import is_outage
from backend.lib.problems import Conflict, Problem, Unavailable
from backend.lib.rest.problems import problem_response

Answer = Callable[[HttpRequest], HttpResponse]
LOCK_NOT_AVAILABLE, DEADLOCK, QUERY_CANCELED, SERIALIZATION = "55P03", "40P01", "57014", "40001"
log = logging.getLogger(__name__)


class RequestIdMiddleware:
    """Every answer names its request and is never kept by a cache."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = request_ids.begin(request.headers.get("X-Request-Id"))
        response = self.get_response(request)
        response["X-Request-Id"] = request_id
        if not request.path.startswith("/static/"):
            response.setdefault("Cache-Control", "private, no-store")
        return response


class DatabaseDownMiddleware:
    """A database that is down is 503 with Retry-After; a lock that takes too long is 409 ``busy``."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            return self.get_response(request)
        except DatabaseFault as error:
            return self.process_exception(request, error)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse:
        if not is_outage(error):
            raise error
        problem = database_problem(error)
        if problem.status == Unavailable.status:
            log.error("database not available: %s", type(error).__name__)
        return problem_response(problem)


def database_problem(error: BaseException) -> Problem:
    """What to tell the caller about an error of the database's, by its SQLSTATE."""
    if getattr(error.__cause__, "pgcode", None) in (LOCK_NOT_AVAILABLE, DEADLOCK, SERIALIZATION, QUERY_CANCELED):
        return Conflict(
            "Somebody else is changing this right now. Nothing was saved; please try again.",
            code="busy",
            headers={"Retry-After": "1"},
        )
    return Unavailable(
        "The service cannot reach its database. Nothing was saved; please try again in a moment.",
        code="database_unavailable",
        headers={"Retry-After": "5"},
    )
