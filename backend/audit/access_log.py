"""Writes who looked at whom: one row per client of another clinic that was shown, and per refusal that matters."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from backend.audit.models import AccessLog
from backend.lib import clock, request_ids
from backend.lib.actor import Actor
from backend.lib.ids import uuid7
from backend.lib.prepared import Statement, array


@dataclass(frozen=True, slots=True)
class Look:
    """One thing of one client that a reader was shown."""

    subject_type: str
    subject_id: UUID
    client_id: UUID | None
    owner_id: UUID | None
    why: str = ""


# One statement for any number of looks; $10 to $15 are arrays with one element for each.
WRITE = Statement(
    """
INSERT INTO audit_accesslog (id, at, action, organization_id, owner_id, client_id, subject_type, subject_id, why,
                             actor_kind, actor_display, member_id, application_id, link_id, request_id)
SELECT look.id, $1, $2, $3, look.owner_id, look.client_id, look.subject_type, look.subject_id, look.why,
       $4, $5, $6, $7, $8, $9
  FROM unnest($10, $11, $12, $13, $14, $15) look (id, owner_id, client_id, subject_type, subject_id, why)
""",
    *("timestamptz", "text", "uuid", "text", "text", "uuid", "uuid", "uuid", "text"),
    *("uuid[]", "uuid[]", "uuid[]", "text[]", "uuid[]", "text[]"),
)


def log_looks(actor: Actor, looks: Iterable[Look], *, action: str = AccessLog.Action.READ) -> None:
    """One statement for all of them. Looks at one's own clinic's clients are not passed here."""
    seen = list(looks)
    if not seen:
        return
    columns = (
        [uuid7() for _ in seen],
        [look.owner_id for look in seen],
        [look.client_id for look in seen],
        [look.subject_type for look in seen],
        [look.subject_id for look in seen],
        [look.why for look in seen],
    )
    with WRITE.run(
        clock.real_now(),
        str(action),
        actor.organization_id,
        str(actor.kind),
        actor.display[:200],
        actor.member_id,
        actor.application_id,
        actor.link_id,
        request_ids.current(),
        *(array(column) for column in columns),
    ):
        pass


def log_refusal(actor: Actor, look: Look, *, action: str = AccessLog.Action.REFUSED) -> None:
    log_looks(actor, [look], action=action)


def organizations_that_read(
    actor: Actor, subject_type: str, subject_id: UUID, *, client_id: UUID, owner_id: UUID
) -> set[UUID]:
    """Which clinics' people opened or exported something that this organization owns so far."""
    looks = AccessLog.objects.visible_to(actor).filter(
        client_id=client_id, subject_type=subject_type, subject_id=subject_id, owner_id=owner_id
    )
    read = looks.filter(action__in=[AccessLog.Action.READ, AccessLog.Action.EXPORTED])
    return {organization_id for organization_id in read.values_list("organization_id", flat=True) if organization_id}
