"""Writes who looked at whom: one row per client of another clinic that was shown, and per refusal that matters."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from backend.audit.models import AccessLog
from backend.lib import request_ids
from backend.lib.actor import Actor


@dataclass(frozen=True, slots=True)
class Look:
    """One thing of one client that a reader was shown."""

    subject_type: str
    subject_id: UUID
    client_id: UUID | None
    owner_id: UUID | None
    why: str = ""


def log_looks(actor: Actor, looks: Iterable[Look], *, action: str = AccessLog.Action.READ) -> None:
    """One statement for all of them. Looks at one's own clinic's clients are not passed here."""
    rows = [_row(actor, look, action) for look in looks]
    if rows:
        AccessLog.objects.bulk_create(rows)


def log_refusal(actor: Actor, look: Look, *, action: str = AccessLog.Action.REFUSED) -> None:
    log_looks(actor, [look], action=action)


def _row(actor: Actor, look: Look, action: str) -> AccessLog:
    return AccessLog(
        action=action,
        organization_id=actor.organization_id,
        owner_id=look.owner_id,
        client_id=look.client_id,
        subject_type=look.subject_type,
        subject_id=look.subject_id,
        why=look.why,
        actor_kind=str(actor.kind),
        actor_display=actor.display[:200],
        member_id=actor.member_id,
        application_id=actor.application_id,
        link_id=actor.link_id,
        request_id=request_ids.current(),
    )
