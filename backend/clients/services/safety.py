"""The safety floor of every circle: precautions, and holds on treating a region."""

from typing import Any
from uuid import UUID

from backend.audit.events import record
from backend.clients.models import Client, Hold, Precaution
from backend.clients.policies import (
    SAID_ALREADY,
    TREATS,
    WRONG_CLIENT,
    records_precautions,
    refuse_unless,
    says_more,
)
from backend.clients.queries import audience_of, circle_of
from backend.clients.services.taking import organization_of, shared_client, shared_record
from backend.directory.eligibility import check_lifts_protection
from backend.lib import clock
from backend.lib.actor import Actor, ActorKind
from backend.lib.problems import Conflict

Regions = list[dict[str, str]]


def record_precaution(
    client_id: UUID, *, actor: Actor, code: str, regions: Regions, note: str = "", is_sensitive: bool = False
) -> Precaution:
    """A condition that limits care. A sensitive one leaves the clinic only where a consent says so.

    Whoever treats records one, a student too: it protects at once. Lifting it asks for a credential in force.
    """
    client = shared_client(actor, client_id)
    refuse_unless(records_precautions(actor), TREATS)
    recorded = Precaution.objects.create(
        client=client,
        organization_id=organization_of(actor),
        code=code,
        regions=regions,
        note=note,
        is_sensitive=is_sensitive,
        recorded_by=actor.display[:200],
    )
    _tell("precaution.recorded", recorded, actor, "sensitive" if is_sensitive else "")
    return recorded


def end_precaution(client_id: UUID, precaution_id: UUID, *, actor: Actor) -> Precaution:
    """It no longer holds. Ended by the clinic that recorded it."""
    found = _own_precaution(client_id, precaution_id, actor)
    refuse_unless(records_precautions(actor), TREATS)
    check_lifts_protection(actor)
    if found.ended_at is not None or found.entered_in_error_reason:
        raise Conflict("This precaution has ended already.", code="precaution_ended")
    found.ended_at, found.version = clock.now(), found.version + 1
    found.save(update_fields=["ended_at", "version"])
    _tell("precaution.ended", found, actor, "sensitive" if found.is_sensitive else "")
    return found


def mark_precaution_entered_in_error(client_id: UUID, precaution_id: UUID, *, actor: Actor, reason: str) -> Precaution:
    """It was never so. The text stays, struck through; by a practitioner or an admin of the clinic that wrote it.

    That it is of a wrong client can be said also of one that is in error for another reason.
    """
    found = _own_precaution(client_id, precaution_id, actor)
    refuse_unless(records_precautions(actor) or actor.has_right("admin"), TREATS)
    if not actor.has_right("admin"):
        check_lifts_protection(actor)
    if found.entered_in_error_reason and not says_more(reason, found.entered_in_error_reason):
        raise Conflict(SAID_ALREADY, code="entered_in_error")
    found.entered_in_error_reason, found.version = reason, found.version + 1
    found.save(update_fields=["entered_in_error_reason", "version"])
    category = "sensitive" if found.is_sensitive else ""
    _tell("precaution.entered_in_error", found, actor, category, always=reason == WRONG_CLIENT)
    return found


def place_hold(client_id: UUID, *, actor: Actor, regions: Regions, because: str) -> Hold:
    """Nobody in the circle treats these regions until a practitioner clears them."""
    client = shared_client(actor, client_id)
    refuse_unless(records_precautions(actor), TREATS)
    return _placed(client, actor, organization_id=organization_of(actor), regions=regions, because=because)


def hold_for_red_flag(
    client_id: UUID, *, actor: Actor, regions: Regions, subject_id: UUID, organization_id: UUID
) -> Hold:
    """The same because of what ``subject_id`` says, by whoever may send that, the client too.

    ``organization_id`` names the clinic whose hold it is when the client does. Only a practitioner clears it.
    """
    client = shared_client(actor, client_id)
    whose = organization_id if actor.kind == ActorKind.CLIENT else organization_of(actor)
    return _placed(client, actor, organization_id=whose, regions=regions, because="red_flag", subject_id=subject_id)


def clear_hold(client_id: UUID, hold_id: UUID, *, actor: Actor, clearance: str) -> Hold:
    """A practitioner of the circle says, with name and a sentence, why treatment may go on."""
    shared_record(actor, client_id, Hold.objects.visible_to(actor).one(hold_id))
    hold: Hold = Hold.objects.visible_to(actor).locked().one(hold_id)
    refuse_unless(actor.treats, "A practitioner clears a hold, with a sentence.")
    check_lifts_protection(actor)
    if hold.cleared_at is not None:
        raise Conflict("This hold is cleared already.", code="hold_cleared", cleared_by=hold.cleared_by)
    hold.cleared_at, hold.cleared_by, hold.clearance = clock.now(), actor.display[:200], clearance
    hold.version += 1
    hold.save(update_fields=["cleared_at", "cleared_by", "clearance", "version"])
    _tell("hold.cleared", hold, actor)
    return hold


def _placed(client: Client, actor: Actor, **facts: Any) -> Hold:
    placed = Hold.objects.create(client=client, **facts)
    _tell("hold.placed", placed, actor)
    return placed


def _own_precaution(client_id: UUID, precaution_id: UUID, actor: Actor) -> Precaution:
    shared_record(actor, client_id, Precaution.objects.visible_to(actor).one(precaution_id))
    found: Precaution = Precaution.objects.visible_to(actor).locked().one(precaution_id)
    refuse_unless(
        found.organization_id == actor.organization_id,
        "Another clinic recorded this precaution; only that clinic changes it. Ask them.",
        code="not_yours",
    )
    return found


def _tell(type: str, row: Precaution | Hold, actor: Actor, category: str = "", *, always: bool = False) -> None:
    """Those who see the client and share a circle with the clinic that wrote it."""
    circle = circle_of(row.client_id, row.organization_id, category=category)
    told = {row.organization_id, *(circle & set(audience_of(row.client_id)))}
    record(type, subject=row, actor=actor, organizations=told, client_id=row.client_id, always=always)
