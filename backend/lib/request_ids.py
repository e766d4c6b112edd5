"""The id a request carries through answers, events and logs."""

import re
from contextvars import ContextVar

from backend.lib.ids import uuid7

SAFE = re.compile(r"[A-Za-z0-9._-]{8,64}")
_request_id: ContextVar[str] = ContextVar("request_id", default="")


def begin(received: str | None) -> str:
    """Takes over the caller's id when it is a plain one, else makes one."""
    request_id = received if received and SAFE.fullmatch(received) else f"req-{uuid7()}"
    _request_id.set(request_id)
    return request_id


def current() -> str:
    return _request_id.get()
