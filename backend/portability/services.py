"""Asking for an export, and taking its files away."""

from functools import partial
from typing import Any
from uuid import UUID

from backend.audit import work
from backend.audit.access_log import Look, log_looks
from backend.audit.models import AccessLog
from backend.clients.queries import homes_of
from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.problems import Conflict, Forbidden, Gone, NotFound
from backend.portability import contents
from backend.portability.making import MAKE, discard, still_agrees
from backend.portability.models import Export
from backend.portability.reading import Reading, check_may_export, reading_of

OUTDATED = (
    "What you may read of this client has changed since this export was made, so it is not handed out. Make a new one."
)
WHY_FAILED = {
    "outdated": OUTDATED,
    "not_allowed": "You may not export this client any more.",
    "trouble": "This export could not be made. Try again; if it fails once more, tell the operator the request's number.",
}


def request_export(client_id: UUID | str, *, actor: Actor, include: str = Export.Include.ALL) -> Export:
    """An export of one client, made by the worker with the caller's rights.

    Raises 404 when the client is not the caller's to see and their clinic has nothing of its own about them, 403 for who
    reads no clients, and behind a broken glass. Asked again while one is being made: that one.
    """
    reading = reading_of(actor, client_id, include)
    _check_is_there(reading)
    check_may_export(reading)
    asked: dict[str, Any] = {"client_id": reading.client_id, "include": include, "scopes": _scopes(actor)}
    waiting = Export.objects.visible_to(actor).filter(state__in=[Export.State.WAITING, Export.State.RUNNING], **asked)
    if under_way := waiting.first():
        return under_way
    export = Export(
        organization_id=actor.clinic_id,
        member_id=actor.member_id,
        application_id=actor.application_id,
        requested_by=actor.display,
        **asked,
    )
    export.save(force_insert=True)
    work.queue(MAKE, export.pk, organization_id=export.organization_id, due_at=clock.now())
    log_exported(export, reading)
    return export


def check_is_there(client_id: UUID | str, *, actor: Actor) -> None:
    """404 unless the client is the caller's to see, or their clinic has something of its own; 403 without the scope."""
    _check_is_there(reading_of(actor, client_id))
    if not actor.allows("clients:read"):
        raise Forbidden("This token does not carry the scope clients:read.", code="insufficient_scope")


def _check_is_there(reading: Reading) -> None:
    if reading.client is None and not contents.has_own_work(reading):
        raise NotFound


def _scopes(actor: Actor) -> list[str] | None:
    return None if actor.scopes is None else sorted(actor.scopes)


def log_exported(export: Export, reading: Reading, *, why: str = "") -> None:
    """Who exported this client, told to every clinic whose rows are in it; one's own at least."""
    owners = export.owner_ids or homes_of(export.client_id)[:1] or [export.organization_id]
    looks = [Look("export", export.pk, export.client_id, owner, why=why) for owner in owners]
    log_looks(reading.actor, looks, action=AccessLog.Action.EXPORTED)


def take_away(export_id: UUID | str, *, actor: Actor, kind: str, after_refusal: list[Any]) -> Export:
    """The export whose file goes out now: everything in it is asked for again first.

    Raises 404 for whoever did not ask for it, 409 while it is being made, when it failed or when something in it is not
    the caller's to read any more (its bytes are removed then), 410 after a day.
    """
    export = Export.objects.visible_to(actor).one(export_id)
    if export.is_being_made:
        raise Conflict("This export is still being made.", code="export_not_ready", state=export.state)
    if export.state == Export.State.FAILED:
        raise Conflict(WHY_FAILED[export.failed_because], code="export_failed", state=export.state)
    if not export.files or export.expires_at is None or export.expires_at <= clock.now():
        raise Gone("An export is kept for a day. Make a new one.", code="export_expired")
    reading = reading_of(actor, export.client_id, export.include)
    if not still_agrees(export, reading):
        after_refusal.append(partial(discard, export.pk, actor=actor))
        raise Conflict(OUTDATED, code="export_outdated", state=Export.State.FAILED)
    log_exported(export, reading, why=kind)
    return export


def last_export(client_id: UUID, *, actor: Actor) -> Export | None:
    """What the caller asked for last, of this client."""
    return Export.objects.visible_to(actor).filter(client_id=client_id).order_by("-created_at", "-id").first()
