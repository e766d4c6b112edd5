"""Clinics: opening one, its settings, its places."""

from collections.abc import Callable, Sequence
from datetime import time
from typing import Any
from uuid import UUID

from backend.audit import events
from backend.directory import policies
from backend.directory.models import Holiday, Location, Member, OpeningTime, Organization, User
from backend.directory.services import versions
from backend.lib.actor import Actor, ActorKind
from backend.lib.problems import BadRequest, FieldError
from backend.lib.rest.views import check_version

DueTimes = dict[str, dict[str, float]]

due_time_checks: list[Callable[[DueTimes], list[str]]] = []
"""What must hold of a clinic's own due times: each returns a sentence for everything that is wrong."""

WORKWEEK = [{"weekday": day, "opens": time(9), "closes": time(17)} for day in range(5)]
EVERYTHING = [Member.Right.PRACTITIONER, Member.Right.COORDINATOR, Member.Right.ADMIN]


def open_organization(
    *,
    user: User,
    name: str,
    time_zone: str,
    email: str = "",
    phone: str = "",
    opening_times: Sequence[dict[str, Any]] = (),
    holidays: Sequence[dict[str, Any]] = (),
) -> tuple[Organization, Member]:
    """A new clinic, in which this person has every right; open Monday to Friday, 9 to 17, unless said otherwise."""
    organization = Organization.objects.create(name=name, time_zone=time_zone, email=email, phone=phone)
    _set_opening_times(organization, opening_times or WORKWEEK)
    _set_holidays(organization, holidays)
    member = Member.objects.create(user=user, organization=organization, rights=[str(right) for right in EVERYTHING])
    actor = Actor(
        kind=ActorKind.MEMBER,
        organization_id=organization.id,
        member_id=member.id,
        user_id=user.id,
        rights=frozenset(member.rights),
        display=str(user),
    )
    events.record("organization.opened", subject=organization, actor=actor, organizations=[organization.id])
    events.record("member.added", subject=member, actor=actor, organizations=[organization.id])
    return organization, member


def change_organization(
    organization_id: UUID,
    *,
    actor: Actor,
    version: int | None = None,
    opening_times: Sequence[dict[str, Any]] | None = None,
    holidays: Sequence[dict[str, Any]] | None = None,
    **changes: Any,
) -> Organization:
    """Changes settings; opening times and holidays are replaced whole. 400 for due times looser than the defaults."""
    organization: Organization = Organization.objects.visible_to(actor).locked().one(organization_id)
    policies.require_admin(actor, organization.id)
    check_version(organization.version, version)
    if "due_times" in changes:
        _check_due_times(changes["due_times"])

    changed = versions.set_fields(organization, changes)
    if opening_times is not None:
        _set_opening_times(organization, opening_times)
    if holidays is not None:
        _set_holidays(organization, holidays)
    if changed or opening_times is not None or holidays is not None:
        versions.save(organization, changed)
        events.record("organization.changed", subject=organization, actor=actor, organizations=[organization.id])
    return organization


def add_location(*, actor: Actor, **fields: Any) -> Location:
    here = policies.require_manager(actor)
    location = Location.objects.create(organization_id=here, **fields)
    events.record("location.added", subject=location, actor=actor, organizations=[actor.organization_id])
    return location


def change_location(location_id: UUID, *, actor: Actor, version: int | None = None, **changes: Any) -> Location:
    location: Location = Location.objects.visible_to(actor).locked().one(location_id)
    policies.require_manager(actor, location.organization_id)
    check_version(location.version, version)
    if versions.apply(location, changes):
        events.record("location.changed", subject=location, actor=actor, organizations=[actor.organization_id])
    return location


def _check_due_times(due_times: DueTimes) -> None:
    wrong = [sentence for check in due_time_checks for sentence in check(due_times)]
    if wrong:
        errors = [FieldError("/due_times", sentence, "too_loose") for sentence in wrong]
        raise BadRequest(wrong[0], code="too_loose", errors=errors)


def _set_opening_times(organization: Organization, opening_times: Sequence[dict[str, Any]]) -> None:
    organization.opening_times.all().delete()
    OpeningTime.objects.bulk_create(OpeningTime(organization=organization, **stretch) for stretch in opening_times)


def _set_holidays(organization: Organization, holidays: Sequence[dict[str, Any]]) -> None:
    organization.holidays.all().delete()
    Holiday.objects.bulk_create(
        Holiday(organization=organization, on_date=day["on"], name=day.get("name", "")) for day in holidays
    )
