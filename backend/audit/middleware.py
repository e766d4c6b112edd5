"""Idempotency-Key: a repeated POST has one effect and gets the first answer again."""

import hashlib
import re
from collections.abc import Callable
from datetime import timedelta

from django.apps import apps
from django.db import connection
from django.http import HttpRequest, HttpResponse

from backend.audit.models import IdempotentRequest
from backend.lib import clock
from backend.lib.ids import uuid7
from backend.lib.problems import BadRequest, Conflict, NotFound, Problem, Unprocessable
from backend.lib.rest.authentication import actor_of
from backend.lib.rest.problems import problem_response

KEPT = timedelta(days=7)
KEPT_HEADERS = ("ETag", "Location", "Content-Type")
KEY = re.compile(r"[\x21-\x7e]{1,255}")

# Waits while the first request with this key still runs; the lock time-out ends the wait.
TAKE = """
INSERT INTO audit_idempotentrequest (id, caller, method, path, key, fingerprint, headers, subject_model, created_at)
VALUES (%s, %s, %s, %s, %s, %s, '{}', '', %s) ON CONFLICT (caller, method, path, key) DO NOTHING
"""


class IdempotencyMiddleware:
    """Runs inside the request's transaction, so the key is taken exactly when the effect is."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        text = request.headers.get("Idempotency-Key")
        actor = actor_of(request)
        if text is None or request.method != "POST" or not actor.is_known or not request.path.startswith("/api/"):
            return self.get_response(request)
        try:
            return self._once(request, _key(text))
        except Problem as problem:
            return problem_response(problem)

    def _once(self, request: HttpRequest, key: str) -> HttpResponse:
        actor = actor_of(request)
        address = {"caller": actor.caller_key, "method": "POST", "path": request.get_full_path()[:300], "key": key}
        fingerprint = hashlib.sha256(request.body).hexdigest()
        if not _take([*address.values(), fingerprint]):
            return _stored(request, IdempotentRequest.objects.get(**address), fingerprint)
        response = self.get_response(request)
        if 200 <= response.status_code < 300:
            subject = getattr(request, "answer_subject", None)
            IdempotentRequest.objects.filter(**address).update(
                status=response.status_code,
                body=getattr(request, "answer_to_keep", response.content),
                headers={name: response[name] for name in KEPT_HEADERS if name in response},
                subject_model=subject._meta.label if subject else "",
                subject_id=subject.pk if subject else None,
            )
        return response


def _key(text: str) -> str:
    """A structured-field string; the quotes may be left out."""
    key = text.strip()
    if len(key) >= 2 and key[0] == key[-1] == '"':
        key = key[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    if not KEY.fullmatch(key):
        raise BadRequest("An Idempotency-Key is 1 to 255 visible ASCII characters.", code="bad_idempotency_key")
    return key


def _take(values: list[str]) -> bool:
    from django.db import OperationalError

    try:
        with connection.cursor() as cursor:
            cursor.execute(TAKE, [uuid7(), *values, clock.real_now()])
            return bool(cursor.rowcount)
    except OperationalError as error:
        raise Conflict(
            "The first request with this key is still running; ask again in a moment.",
            code="idempotency_in_progress",
            headers={"Retry-After": "2"},
        ) from error


def _stored(request: HttpRequest, first: IdempotentRequest, fingerprint: str) -> HttpResponse:
    if first.fingerprint != fingerprint:
        raise Unprocessable("This Idempotency-Key was used for a different request.", code="idempotency_mismatch")
    if first.subject_model:
        model = apps.get_model(first.subject_model)
        if not model.objects.visible_to(actor_of(request)).filter(pk=first.subject_id).exists():
            raise NotFound
    response = HttpResponse(bytes(first.body or b""), status=first.status or 200)
    for name, value in first.headers.items():
        response[name] = value
    response["Idempotency-Replayed"] = "true"
    return response
