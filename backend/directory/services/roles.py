"""Joining a clinic, what is offered there, and leaving it."""

from typing import Any
from uuid import UUID

from backend.audit import events
from backend.directory import policies
from backend.directory.models import Location, Practitioner, PractitionerRole
from backend.directory.services import versions
from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.problems import Conflict, invalid
from backend.lib.rest.views import check_version


def start_role(*, actor: Actor, practitioner_id: UUID, discipline: str, **fields: Any) -> PractitionerRole:
    """A practitioner begins to work in the caller's organization."""
    practitioner: Practitioner = Practitioner.objects.visible_to(actor).locked().one(practitioner_id)
    policies.may_start_role(actor, practitioner)
    here = policies.organization_of(actor)
    _check_location(fields, here)
    same = PractitionerRole.objects.filter(
        practitioner=practitioner, organization_id=here, discipline=discipline, ended_at=None
    )
    if same.exists():
        raise Conflict(f"{practitioner} has this role here already.", code="role_exists")
    role = PractitionerRole.objects.create(
        practitioner=practitioner, organization_id=here, discipline=discipline, **fields
    )
    _record("practitioner_role.started", role, actor)
    return role


def change_role(role_id: UUID, *, actor: Actor, version: int | None = None, **changes: Any) -> PractitionerRole:
    role = _live(role_id, actor)
    policies.may_change_role(actor, role)
    check_version(role.version, version)
    _refuse_ended(role)
    _check_location(changes, role.organization_id)
    if versions.apply(role, changes):
        _record("practitioner_role.changed", role, actor)
    return role


def agree_to_transmission(role_id: UUID, *, actor: Actor, agreed: bool) -> PractitionerRole:
    """The practitioner lets the clinic's system deliver what they sign in their own software, or takes that back."""
    role = _live(role_id, actor)
    policies.may_agree_to_transmission(actor, role)
    _refuse_ended(role)
    if agreed != (role.transmission_agreed_at is not None):
        # A signature's time, which a moved clock never moves.
        versions.apply(role, {"transmission_agreed_at": clock.real_now() if agreed else None})
        _record("practitioner_role.changed", role, actor)
    return role


def end_role(role_id: UUID, *, actor: Actor, reason: str = "") -> PractitionerRole:
    """The practitioner leaves. Whoever holds something open for them reacts to ``practitioner_role.ended``."""
    role = _live(role_id, actor)
    policies.may_change_role(actor, role)
    _refuse_ended(role)
    return _end(role, actor, reason)


def end_roles_of(user_id: UUID, organization_id: UUID, *, actor: Actor, reason: str) -> None:
    """Ends every role a person holds in an organization."""
    roles = PractitionerRole.objects.locked().filter(
        practitioner__user_id=user_id, organization_id=organization_id, ended_at=None
    )
    for role in roles:
        _end(role, actor, reason)


def _end(role: PractitionerRole, actor: Actor, reason: str) -> PractitionerRole:
    versions.apply(
        role,
        {
            "ended_at": clock.now(),
            "ended_because": reason,
            "is_accepting": False,
            "transmission_agreed_at": None,
        },
    )
    _record("practitioner_role.ended", role, actor)
    return role


def _live(role_id: UUID, actor: Actor) -> PractitionerRole:
    role: PractitionerRole = PractitionerRole.objects.visible_to(actor).locked().one(role_id)
    return role


def _refuse_ended(role: PractitionerRole) -> None:
    if role.ended_at is not None:
        raise Conflict("This role has ended; start a new one instead.", code="role_ended")


def _check_location(fields: dict[str, Any], organization_id: UUID) -> None:
    location_id: UUID | None = fields.get("location_id")
    if location_id is None:
        return
    if not Location.objects.filter(pk=location_id, organization_id=organization_id).exists():
        raise invalid("/location_id", "This is no location of your organization.", code="unknown_location")


def _record(type: str, role: PractitionerRole, actor: Actor) -> None:
    events.record(
        type,
        subject=role,
        actor=actor,
        organizations=[role.organization_id],
        related={"practitioner_id": str(role.practitioner_id)},
    )
