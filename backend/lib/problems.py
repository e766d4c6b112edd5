"""What can be wrong with a request, as exceptions that become RFC 9457 problem details."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PROBLEM_TYPE = "/api/v1/problems/"


@dataclass(frozen=True, slots=True)
class FieldError:
    """One bad field: a JSON pointer to it, a sentence, a stable code."""

    pointer: str
    detail: str
    code: str = "invalid"


class Problem(Exception):
    """A refusal with a sentence a practitioner can read.

    ``detail`` says what is wrong and what can be done instead; ``code`` is stable snake_case; ``extra`` members are
    added to the answer (``available``, ``state`` …).
    """

    status = 500
    title = "Something went wrong"
    default_code = "error"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.default_code
        self.errors = list(errors)
        self.headers = dict(headers or {})
        self.extra = extra

    def as_dict(self, request_id: str) -> dict[str, Any]:
        body: dict[str, Any] = {
            "type": f"{PROBLEM_TYPE}{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
        }
        if self.errors:
            body["errors"] = [{"pointer": e.pointer, "detail": e.detail, "code": e.code} for e in self.errors]
        return {**body, **self.extra, "request_id": request_id}


class BadRequest(Problem):
    status, title, default_code = 400, "The request cannot be read", "bad_request"


class NotSignedIn(Problem):
    status, title, default_code = 401, "Please sign in", "not_authenticated"


class Forbidden(Problem):
    status, title, default_code = 403, "Not yours to do", "forbidden"


class NotFound(Problem):
    """Also the answer for everything that exists but is not the caller's to see."""

    status, title, default_code = 404, "Not found", "not_found"

    def __init__(self, detail: str = "There is nothing here for you under this address.") -> None:
        super().__init__(detail)


class Conflict(Problem):
    status, title, default_code = 409, "Not now", "conflict"


class Gone(Problem):
    status, title, default_code = 410, "No longer here", "gone"


class Stale(Problem):
    status, title, default_code = 412, "Changed meanwhile", "stale"


class TooLarge(Problem):
    status, title, default_code = 413, "Too large", "body_too_large"


class Unprocessable(Problem):
    status, title, default_code = 422, "Does not fit", "unprocessable"


class VersionNeeded(Problem):
    status, title, default_code = 428, "Version needed", "precondition_required"


class TooMany(Problem):
    status, title, default_code = 429, "Too many requests", "throttled"


class Unavailable(Problem):
    status, title, default_code = 503, "Not available", "unavailable"


def invalid(pointer: str, detail: str, *, code: str = "invalid") -> BadRequest:
    """A 400 that names one bad field."""
    return BadRequest(detail, code=code, errors=[FieldError(pointer, detail, code)])
