"""Booking a visit and saying how it ended."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from backend.audit import events
from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.problems import invalid
from backend.visits.models import Visit


def book_visit(
    *,
    client_id: UUID | None,
    organization_id: UUID | None,
    practitioner_role_id: UUID | None,
    starts_at: datetime,
    ends_at: datetime,
    time_zone: str,
    actor: Actor,
    parties: Iterable[UUID | None] = (),
) -> Visit:
    """Books a visit; one that has begun already is a late entry and is welcome.

    ``parties`` hear of a visit with a guest, who has no organization of their own.
    """
    if client_id is None:
        raise invalid("/visit", "A visit needs a client.", code="client_required")
    if ends_at <= starts_at:
        raise invalid("/visit/ends_at", "It ends before it starts.", code="ends_before_start")
    visit = Visit(
        client_id=client_id,
        organization_id=organization_id,
        practitioner_role_id=practitioner_role_id,
        starts_at=starts_at,
        ends_at=ends_at,
        time_zone=time_zone,
    )
    visit.save(force_insert=True)
    _tell("visit.booked", visit, actor, parties)
    return visit


def end_visit(visit: Visit, *, state: str, by: str, actor: Actor, parties: Iterable[UUID | None] = ()) -> None:
    """A visit is done, missed or cancelled; the row stays."""
    visit.state, visit.cancelled_by = state, by
    visit.version += 1
    visit.updated_at = clock.now()
    visit.save(update_fields=["state", "cancelled_by", "version", "updated_at"])
    _tell(f"visit.{state}", visit, actor, parties)


def _tell(type: str, visit: Visit, actor: Actor, parties: Iterable[UUID | None]) -> None:
    is_with_a_guest = visit.organization_id is None
    events.record(
        type,
        subject=visit,
        actor=actor,
        organizations=parties if is_with_a_guest else [visit.organization_id],
        client_id=visit.client_id,
        always=is_with_a_guest,  # the referral shows it; the visit itself is in nobody's calendar here
    )
