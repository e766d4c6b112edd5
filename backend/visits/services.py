"""Entering a visit, and saying how it went."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from backend.audit import events
from backend.clients.models import Client
from backend.directory.models import Organization, PractitionerRole
from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.late_facts import check_late_fact
from backend.lib.problems import Conflict, invalid
from backend.lib.rest.transitions import checked
from backend.lib.rest.views import check_version
from backend.lib.workflow import Transition
from backend.visits import workflow as w
from backend.visits.models import Visit
from backend.visits.policies import check_keeps
from backend.visits.queries import lines_for
from backend.visits.workflow import WORKFLOW


def enter_visit(client_id: UUID, *, actor: Actor, fields: Mapping[str, Any]) -> Visit:
    """A visit of the caller's clinic: planned, booked, or entered after it took place.

    Raises 400 for a role that is not the clinic's, 409 for one that cannot have taken place yet, or when the client died.
    """
    clinic: Organization = Organization.objects.one(actor.organization_id)
    visit = Visit(
        client_id=client_id,
        organization=clinic,
        practitioner_role=_role_here(fields.get("practitioner_role_id"), clinic),
        state=fields["state"],
        starts_at=fields["starts_at"],
        ends_at=fields["ends_at"],
        time_zone=fields.get("time_zone") or clinic.time_zone,
        occurred_at=fields.get("occurred_at"),
        line_ids=_lines_of(client_id, fields.get("line_ids"), actor),
    )
    if visit.occurred_at is not None:
        check_late_fact(visit.occurred_at)
    _check_begun(visit, visit.state, visit.occurred_at)
    return _add(visit, actor)


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
    """Books a visit for a referral; one that has begun already is a late entry and is welcome.

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
    return _add(visit, actor, parties)


def take(
    visit_id: UUID | str, name: object, *, actor: Actor, expected_version: int | None = None
) -> tuple[Transition[Visit], Visit]:
    """The transition that was asked for and its visit, locked, when this caller may make it now."""
    row = WORKFLOW.known(name)
    visit = Visit.objects.visible_to(actor).locked().one(visit_id)
    check_keeps(actor)
    check_version(visit.version, expected_version)
    WORKFLOW.check_state(row, visit, {w.CLINIC})
    return row, visit


def carry_out(row: Transition[Visit], visit: Visit, *, actor: Actor, details: Mapping[str, Any]) -> Visit:
    """Makes a transition that was taken. Raises 400 for bad details, 409 when the visit had not begun."""
    said = checked(row, details)
    target, occurred_at = row.target_for(visit, said), said.get("occurred_at")
    if occurred_at is not None:
        check_late_fact(occurred_at, step_before=visit.occurred_at or visit.updated_at)
    _check_begun(visit, target, occurred_at)
    also = []
    if "line_ids" in said:
        visit.line_ids, also = _lines_of(visit.client_id, said["line_ids"], actor), ["line_ids"]
    enter_state(visit, target, actor=actor, by=said.get("by", ""), occurred_at=occurred_at, also=also)
    return visit


def change_visit(
    visit_id: UUID | str, *, actor: Actor, fields: Mapping[str, Any], expected_version: int | None = None
) -> Visit:
    """Says afterwards which lines of care plans a visit was for."""
    visit = Visit.objects.visible_to(actor).locked().one(visit_id)
    check_keeps(actor)
    check_version(visit.version, expected_version)
    line_ids = fields.get("line_ids", visit.line_ids)
    if line_ids == visit.line_ids:
        return visit
    visit.line_ids = _lines_of(visit.client_id, line_ids, actor)
    visit.version += 1
    visit.updated_at = clock.now()
    visit.save(update_fields=["line_ids", "version", "updated_at"])
    _record("visit.changed", visit, actor)
    return visit


def enter_state(
    visit: Visit,
    state: str,
    *,
    actor: Actor,
    by: str = "",
    occurred_at: datetime | None = None,
    parties: Iterable[UUID | None] = (),
    also: Iterable[str] = (),
) -> None:
    """The visit's next state; the row stays. ``also`` are other fields that were set with it."""
    visit.state, visit.cancelled_by, visit.occurred_at = state, by, occurred_at
    visit.version += 1
    visit.updated_at = clock.now()
    visit.save(update_fields=[*also, "state", "cancelled_by", "occurred_at", "version", "updated_at"])
    _record(f"visit.{visit.state}", visit, actor, parties)


def cancel_coming_visits(client_id: UUID, *, actor: Actor) -> None:
    """What the caller's clinic still had in its calendar for a client who died."""
    coming = Visit.objects.visible_to(actor).filter(client_id=client_id, state__in=w.COMING, starts_at__gt=clock.now())
    for visit in coming.order_by("pk").locked():
        enter_state(visit, w.CANCELLED, actor=actor)


def _add(visit: Visit, actor: Actor, parties: Iterable[UUID | None] = ()) -> Visit:
    client = Client.objects.visible_to(actor).filter(pk=visit.client_id).first()
    if client is not None:
        if client.status == Client.Status.DECEASED and visit.state in w.COMING:
            raise Conflict("This client died; no visit can be booked.", code="client_deceased")
        visit.client_name = client.display
    visit.save(force_insert=True)
    _record(f"visit.{visit.state}", visit, actor, parties)
    return visit


def _record(type: str, visit: Visit, actor: Actor, parties: Iterable[UUID | None] = ()) -> None:
    is_with_a_guest = visit.organization_id is None
    events.record(
        type,
        subject=visit,
        actor=actor,
        organizations=parties if is_with_a_guest else [visit.organization_id],
        client_id=visit.client_id,
        occurred_at=visit.occurred_at,
        always=is_with_a_guest,  # the referral shows it; the visit itself is in nobody's calendar here
    )


def _lines_of(client_id: UUID, named: list[UUID] | None, actor: Actor) -> list[UUID] | None:
    """What was named, when all of it is the clinic's own, of plans of this client."""
    if named:
        known = set(lines_for(client_id, actor).filter(pk__in=named).values_list("pk", flat=True))
        for index, line_id in enumerate(named):
            if line_id not in known:
                raise invalid(
                    f"/line_ids/{index}",
                    "Name a line of your own clinic in a plan of this client.",
                    code="unknown_line",
                )
    return named


def _role_here(role_id: UUID | None, clinic: Organization) -> PractitionerRole | None:
    if role_id is None:
        return None
    role: PractitionerRole | None = clinic.roles.filter(pk=role_id, ended_at=None).first()
    if role is None:
        raise invalid(
            "/practitioner_role_id", "There is no such practitioner role in your clinic.", code="unknown_role"
        )
    return role


def _check_begun(visit: Visit, state: str, occurred_at: datetime | None) -> None:
    if state in w.HELD and visit.starts_at > (occurred_at or clock.now()):
        raise Conflict("The visit has not begun yet.", code="visit_not_begun")
