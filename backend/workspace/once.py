"""A form pressed twice has one effect: the second press is led to where the first one ended."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse

from backend.audit.models import IdempotentRequest
from backend.lib.ids import uuid7
from backend.lib.parsing import text_problem
from backend.lib.problems import BadRequest, Unprocessable
from backend.lib.rest.authentication import actor_of

FIELD = "once"
WRITER = "writer"
NOT_COMPARED = (FIELD, WRITER, "csrfmiddlewaretoken")


@dataclass(frozen=True, slots=True)
class Done:
    """Where a form leads when it did what it asked; ``response`` when the answer is a page that is shown once."""

    location: str
    response: HttpResponse | None = None


def new_key() -> str:
    """What a form carries so that it acts once."""
    return uuid7().hex


def once(request: HttpRequest, act: Callable[[], Done]) -> Done:
    """Runs ``act`` unless this form was sent before; then says where that led.

    The key is a row of the same table as the API's Idempotency-Key, written in the transaction of the effect: while the
    first press still runs the second waits for it. Raises 400 for a form without a key, 422 for one that was sent
    before with other words.
    """
    key = request.POST.get(FIELD, "")
    if not key or len(key) > 64 or text_problem(key):
        raise BadRequest("This form is not complete. Load the page again; nothing was changed.", code="no_form_key")
    fingerprint = _fingerprint(request)
    first, is_first = IdempotentRequest.objects.get_or_create(
        caller=actor_of(request).caller_key,
        method="FORM",
        path=request.path[:300],
        key=key,
        defaults={"fingerprint": fingerprint},
    )
    if not is_first:
        if first.fingerprint != fingerprint:
            raise Unprocessable(
                "This form was sent already, with other words. Look at what is there now, then send again if needed.",
                code="sent_already",
            )
        return Done(first.headers["Location"])
    done = act()
    first.status, first.headers = 303, {"Location": done.location}
    first.save(update_fields=["status", "headers"])
    return done


def _fingerprint(request: HttpRequest) -> str:
    typed = sorted((name, values) for name, values in request.POST.lists() if name not in NOT_COMPARED)
    files = sorted((name, [(file.name, file.size) for file in found]) for name, found in request.FILES.lists())
    return hashlib.sha256(repr((typed, files)).encode("utf-8", "surrogateescape")).hexdigest()
