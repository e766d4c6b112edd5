"""The first two beats of every service here: the plan, locked, and whether this caller may write in it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from rest_framework.serializers import Serializer

from backend.audit import events
from backend.careplans.models import CarePlan, EnteredInError
from backend.careplans.policies import NOT_ON_TEAM, check_writes
from backend.careplans.queries import steps_told
from backend.clients.policies import SAID_ALREADY, refuse_unless, says_more
from backend.clients.queries import ask_guard
from backend.directory.eligibility import credential_problem, today_at
from backend.directory.models import PractitionerRole
from backend.lib import clock
from backend.lib.actor import Actor, ActorKind
from backend.lib.late_facts import check_late_fact
from backend.lib.problems import Conflict, Stale, invalid
from backend.lib.rest.fields import utc
from backend.lib.rest.sent import Sent
from backend.lib.rest.sent import checked as checked_by
from backend.lib.rest.views import check_made_here


class Changed(Protocol):
    """A row that says who changed it last."""

    version: int
    updated_at: datetime

    @property
    def changed_by(self) -> str: ...


def plan_to_change(plan_id: UUID | str, actor: Actor, sent: Sent) -> CarePlan:
    """A plan the caller may write in, locked: 404 when not visible, 403 when no practitioner or not on its team."""
    plan = CarePlan.objects.visible_to(actor).locked().one(plan_id)
    check_writes(actor, sent.get("on_behalf_of"))
    refuse_unless(
        CarePlan.objects.worked_on_by(actor).filter(pk=plan.pk).exists(),
        NOT_ON_TEAM,
        code="not_on_team",
    )
    return plan


def check_not_in_error(plan: CarePlan) -> None:
    """409 for whatever would be written in a plan that should not have been written itself."""
    if plan.entered_in_error_at is not None:
        raise Conflict("This plan was entered in error; write a new one.", code="entered_in_error", available=[])


def check_says_more(reason: str, said: EnteredInError, *, within: CarePlan | None = None) -> None:
    """409 unless it stands, or what is said now is the one thing that can still be: that it was about a wrong client."""
    stands = said.entered_in_error_at is None and (within is None or within.entered_in_error_at is None)
    if not stands and not says_more(reason, said.entered_in_error_reason):
        raise Conflict(SAID_ALREADY, code="entered_in_error", available=[])


def check_unfinished(plan: CarePlan) -> None:
    check_not_in_error(plan)
    if plan.is_finished:
        raise Conflict(
            f"This plan is {plan.state}; reopen it if that was a mistake, or write a new one to go on.",
            code="plan_closed",
            state=plan.state,
            available=["reopen"],
        )


def last_step(plan: CarePlan, actor: Actor) -> dict[str, Any]:
    """Since when the plan is in its state, for the refusal of a step that does not start there; and who took it there."""
    by = steps_told(actor).filter(pgh_obj=plan).values_list("changed_by", flat=True).first()
    return {"name": plan.state, "by": by or "", "at": utc(plan.entered_in_error_at or plan.state_entered_at)}


def check_not_overwritten(row: Changed, expected: int | None) -> None:
    """412 that names who changed the row meanwhile, and when, so that the caller can look and decide."""
    check_made_here(expected)
    if expected is not None and expected != row.version:
        who, when = row.changed_by or "Somebody", utc(row.updated_at)
        raise Stale(
            f"{who} changed this on {row.updated_at:%d %B at %H:%M} UTC. Load it again, then decide.",
            current_version=row.version,
            changed_by=who,
            changed_at=when,
        )


def checked(serializer: type[Serializer[Any]], sent: Sent, **context: Any) -> dict[str, Any]:
    """What was sent, or 400 with a field error for each thing that is wrong. With a ``row`` it is a merge patch."""
    values = checked_by(serializer, sent, is_patch="row" in context, **context)
    values.pop("on_behalf_of", None)
    return values


def late_fact(said: Sent, *, step_before: datetime | None) -> datetime | None:
    """When a step was made, if that is told later; 400 when it cannot be."""
    occurred_at: datetime | None = said.get("occurred_at")
    if occurred_at is not None:
        check_late_fact(occurred_at, step_before=step_before)
    return occurred_at


def practitioner_of(actor: Actor, sent: Sent, discipline: str = "") -> PractitionerRole:
    """The role that acts: the person's own, of this discipline when there is one, or the one a system names.

    Of several the first with a credential in force; 409 when none has one.
    """
    named = sent.get("on_behalf_of") if actor.kind == ActorKind.SYSTEM else None
    wanted = [named.get("practitioner_role_id")] if isinstance(named, dict) else sorted(actor.role_ids)
    roles = sorted(roles_at(actor.clinic_id, wanted), key=lambda role: role.discipline != discipline)
    if not roles:
        raise invalid("/on_behalf_of", "There is no such practitioner role in your clinic.", code="unknown_role")
    acting = next((role for role in roles if _credential_problem(role) is None), roles[0])
    check_credential(acting)
    return acting


def roles_at(organization_id: UUID, ids: Any) -> list[PractitionerRole]:
    """Those of these roles that are held at the organization now."""
    wanted = [pk for pk in map(_uuid, ids) if pk is not None]
    roles = PractitionerRole.objects.filter(pk__in=wanted, organization_id=organization_id, ended_at=None)
    found = roles.select_related("practitioner", "organization").prefetch_related("practitioner__credentials")
    return list(found.order_by("created_at", "id"))


def named_role(named: UUID | None, acting: PractitionerRole, actor: Actor) -> PractitionerRole:
    """The role of the clinic that was named, or the one that acts."""
    if named is None:
        return acting
    for role in roles_at(actor.clinic_id, [named]):
        check_credential(role)
        return role
    raise invalid("/practitioner_role_id", "There is no such practitioner role in your clinic.", code="unknown_role")


def check_credential(role: PractitionerRole) -> None:
    if problem := _credential_problem(role):
        raise Conflict(problem, code="credential_invalid")


def name_of(actor: Actor, role: PractitionerRole) -> str:
    """How an edit is signed: the person, and the system when one sent it for them."""
    name = actor.display if actor.kind == ActorKind.MEMBER else f"{role.practitioner} through {actor.display}"
    return name[:200]


def touch(plan: CarePlan, by: str, *fields: str) -> None:
    """Saves these fields of the plan with its next version; any change under a plan is a change of it."""
    plan.version, plan.updated_at, plan.changed_by = plan.version + 1, clock.now(), by
    plan.save(update_fields=[*fields, "version", "updated_at", "changed_by"])


def tell(
    type: str, plan: CarePlan, actor: Actor, subject: Any = None, occurred_at: datetime | None = None, /, **related: Any
) -> None:
    """One event, with a copy for each organization on the team to which the plan is open now."""
    is_alone = plan.member_ids == [actor.organization_id]
    told = plan.member_ids if is_alone else {*live_members(plan), actor.clinic_id}
    tell_to(told, type, plan, actor, subject, occurred_at, **related)


def live_members(plan: CarePlan) -> list[UUID]:
    """The organizations on the team whose access lives now, asked by one on it: others are told of none."""
    found: list[UUID] = ask_guard("SELECT live_members(%s)", [plan.pk])[0][0]
    return found


def tell_to(
    organizations: Iterable[UUID],
    type: str,
    plan: CarePlan,
    actor: Actor,
    subject: Any = None,
    occurred_at: datetime | None = None,
    always: bool = False,
    /,
    **related: Any,
) -> None:
    """One event for these organizations; ``always`` delivered, also to who reads the plan no more."""
    events.record(
        type,
        subject=subject or plan,
        actor=actor,
        organizations=organizations,
        client_id=plan.client_id,
        occurred_at=occurred_at,
        related={"care_plan_id": str(plan.pk), **{name: str(value) for name, value in related.items()}},
        always=always,
    )


def _credential_problem(role: PractitionerRole) -> str | None:
    return credential_problem(role, today_at(role.organization), role.practitioner.credentials.all())


def _uuid(value: Any) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None
