"""Idempotency-Key: a repeated POST has one effect and gets the first answer again."""

import hashlib
import re
from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

from django.apps import apps
from django.db import OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

from backend.audit.access_log import Look, log_refusal
from backend.audit.models import IdempotentRequest
from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.ids import uuid7
from backend.lib.middleware import LOCK_NOT_AVAILABLE
from backend.lib.problems import BadRequest, Conflict, NotFound, Problem, Unprocessable
from backend.lib.rest.authentication import actor_of
from backend.lib.rest.problems import problem_response

KEPT_HEADERS = ("ETag", "Location", "Content-Type")
SIGHT = ":sight"
KEY = re.compile(r"[\x21-\x7e]{1,255}")

# Waits while the first request with this key still runs; the lock time-out ends the wait.
TAKE = """
INSERT INTO audit_idempotentrequest (id, caller, method, path, key, fingerprint, headers, subject_model, created_at)
VALUES (%s, %s, %s, %s, %s, %s, '{}', '', %s) ON CONFLICT (caller, method, path, key) DO NOTHING
"""


class RefusalsMiddleware:
    """Every refused look at one thing of a client is a row of the access log, written after the refusal rolled back.

    Whether that thing exists is not asked: the row names what was asked for, and answers stay alike.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        actor, asked = actor_of(request), _asked_for(request)
        if response.status_code in (403, 404) and actor.is_known and asked is not None:
            kind = next(part for part in request.path.split("/") if part not in ("", "api", "v1"))
            look = Look(kind[:40], asked, client_id=None, owner_id=None, why=str(response.status_code))
            request.after_refusal.append(lambda: log_refusal(actor, look))  # type: ignore[attr-defined]  # a list: see there
        return response


def _asked_for(request: HttpRequest) -> UUID | None:
    """The id of the thing that the address names first."""
    named = [str(value) for value in request.resolver_match.kwargs.values()] if request.resolver_match else []
    try:
        return UUID(named[0]) if named else None
    except ValueError:
        return None


class IdempotencyMiddleware:
    """Runs inside the request's transaction, so the key is taken exactly when the effect is."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        text = request.headers.get("Idempotency-Key")
        actor = actor_of(request)
        if text is None or request.method != "POST" or not actor.is_known or not request.path.startswith("/api/"):
            return self.get_response(request)
        if _only_reads(request):
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
                headers={
                    SIGHT: _sight(actor, subject._meta.label, subject.pk) if subject else "",
                    **{name: response[name] for name in KEPT_HEADERS if name in response},
                },
                subject_model=subject._meta.label if subject else "",
                subject_id=subject.pk if subject else None,
            )
        return response


def _only_reads(request: HttpRequest) -> bool:
    """A search is answered anew each time: what it found then may not be the caller's to see now."""
    with suppress(Resolver404):
        return bool(getattr(getattr(resolve(request.path_info).func, "view_class", None), "reads_by_post", False))
    return False


def _sight(actor: Actor, label: str, pk: UUID | None) -> str:
    """How much the caller reads of a row: with which rights, and whether its content is open."""
    rows, rights = apps.get_model(label).objects, ",".join(sorted(actor.rights))
    if not hasattr(rows, "content_open_to"):
        return rights
    return f"{rights} {'content' if rows.content_open_to(actor).filter(pk=pk).exists() else 'envelope'}"


def _key(text: str) -> str:
    """A structured-field string; the quotes may be left out."""
    key = text.strip()
    if len(key) >= 2 and key[0] == key[-1] == '"':
        key = key[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    if not KEY.fullmatch(key):
        raise BadRequest("An Idempotency-Key is 1 to 255 visible ASCII characters.", code="bad_idempotency_key")
    return key


def _take(values: list[str]) -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute(TAKE, [uuid7(), *values, clock.real_now()])
            return bool(cursor.rowcount)
    except OperationalError as error:
        if getattr(error.__cause__, "pgcode", None) != LOCK_NOT_AVAILABLE:
            raise
        raise Conflict(
            "The first request with this key is still running; ask again in a moment.",
            code="idempotency_in_progress",
            headers={"Retry-After": "2"},
        ) from error


def _stored(request: HttpRequest, first: IdempotentRequest, fingerprint: str) -> HttpResponse:
    if first.fingerprint != fingerprint:
        raise Unprocessable("This Idempotency-Key was used for a different request.", code="idempotency_mismatch")
    if first.subject_model:
        model, actor = apps.get_model(first.subject_model), actor_of(request)
        if not model.objects.visible_to(actor).filter(pk=first.subject_id).exists():
            raise NotFound
        if _sight(actor, first.subject_model, first.subject_id) != first.headers.get(SIGHT, ""):
            raise NotFound  # some of what was answered then is not the caller's to read now
    response = HttpResponse(bytes(first.body or b""), status=first.status or 200)
    for name in KEPT_HEADERS:
        if name in first.headers:
            response[name] = first.headers[name]
    response["Idempotency-Replayed"] = "true"
    return response
