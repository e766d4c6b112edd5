"""Turns every exception a request can end with into application/problem+json."""

import json
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, ProgrammingError
from django.http import Http404, HttpResponse
from rest_framework import exceptions
from rest_framework.response import Response

from backend.lib import request_ids
from backend.lib.outages import is_outage
from backend.lib.parsing import BadJson
from backend.lib.problems import (
    BadRequest,
    Conflict,
    FieldError,
    Forbidden,
    NotFound,
    NotSignedIn,
    Problem,
    TooLarge,
    TooMany,
)

# Of refusals that the framework makes.
TITLES = {
    400: BadRequest.title,
    405: "Not possible at this address",
    406: "Not available in this form",
    415: "Not taken in this form",
}
INSUFFICIENT_PRIVILEGE, UNIQUE_VIOLATION = "42501", "23505"


def problem_response(problem: Problem) -> HttpResponse:
    response = HttpResponse(
        json.dumps(problem.as_dict(request_ids.current())),
        status=problem.status,
        content_type="application/problem+json",
    )
    for name, value in problem.headers.items():
        response[name] = value
    if problem.status == NotSignedIn.status:
        response["WWW-Authenticate"] = 'Bearer realm="trialogue"'
    return response


def as_problem_response(error: Exception, context: dict[str, Any]) -> HttpResponse | Response | None:
    """DRF's exception handler. What is not ours to explain stays an exception and becomes a 500."""
    problem = as_problem(error)
    return problem_response(problem) if problem else None


def as_problem(error: Exception) -> Problem | None:
    match error:
        case Problem():
            return error
        case BadJson(status=413):
            return TooLarge(error.detail, code=error.code)
        case BadJson():
            return BadRequest(error.detail, code=error.code)
        case exceptions.ValidationError():
            return fields_problem(error)
        case Http404():
            return NotFound()
        case PermissionDenied() | exceptions.PermissionDenied():
            return Forbidden("This is not yours to do.")
        case exceptions.Throttled():
            wait = str(int(getattr(error, "wait", None) or 1) + 1)
            return TooMany("Too many requests; please slow down.", headers={"Retry-After": wait})
        case exceptions.APIException():
            return _from_api_exception(error)
        case ProgrammingError() if getattr(error.__cause__, "pgcode", None) == INSUFFICIENT_PRIVILEGE:
            return NotFound()  # the second wall held where a query forgot the first
        case IntegrityError() if getattr(error.__cause__, "pgcode", None) == UNIQUE_VIOLATION:
            return Conflict("Something with this value exists already.", code="already_exists")
        case _ if is_outage(error):
            from backend.lib.middleware import database_problem  # the middleware needs this module first

            return database_problem(error)
    return None


def _from_api_exception(error: exceptions.APIException) -> Problem:
    class Other(Problem):
        status = error.status_code
        title = TITLES.get(error.status_code, Problem.title)
        default_code = error.default_code

    if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        return NotSignedIn("Sign in or send a valid bearer token.", code=str(error.get_codes()))
    return Other(str(error.detail))


def fields_problem(error: exceptions.ValidationError) -> BadRequest:
    """A serializer's complaints as field errors with JSON pointers."""
    errors = list(_flatten(error.detail, error.get_codes(), ""))
    if len(errors) == 1:
        return BadRequest(errors[0].detail, code=errors[0].code, errors=errors)
    return BadRequest("Some fields need attention.", code="invalid", errors=errors)


def _flatten(detail: Any, codes: Any, pointer: str) -> Iterator[FieldError]:
    if isinstance(detail, dict):
        for name, value in detail.items():
            step = "" if name == "non_field_errors" else f"/{str(name).replace('~', '~0').replace('/', '~1')}"
            yield from _flatten(value, codes[name], pointer + step)
    elif isinstance(detail, list):
        for index, (value, code) in enumerate(zip(detail, codes, strict=True)):
            nested = isinstance(value, dict | list)
            yield from _flatten(value, code, f"{pointer}/{index}" if nested else pointer)
    else:
        yield FieldError(pointer, str(detail), str(codes))
