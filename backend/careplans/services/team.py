"""Joining and leaving the team of a plan: rows that the guard writes, and what follows from them."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from backend.audit import events, work
from backend.careplans import inputs
from backend.careplans.models import CarePlan, Goal, Intervention, Problem, Proposal, TeamMember
from backend.careplans.policies import sides_of
from backend.careplans.services.ending import ACCESS_ENDS
from backend.careplans.services.reviewing import watch_review
from backend.careplans.services.taking import (
    check_unfinished,
    checked,
    live_members,
    name_of,
    plan_to_change,
    practitioner_of,
    tell,
    tell_to,
    touch,
)
from backend.careplans.workflow import ACTIVE, LEAD, PROPOSAL_WORKFLOW
from backend.clients.models import Access, Consent, Registration
from backend.clients.policies import refuse_unless
from backend.clients.queries import ask_guard
from backend.directory.models import PractitionerRole
from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.ids import uuid7
from backend.lib.problems import Conflict, invalid
from backend.lib.rest.sent import Sent


def join_team(client_id: UUID, *, role_id: UUID | None, accepted_at: datetime, actor: Actor) -> list[CarePlan]:
    """The caller's organization joins the plans that a lead in one circle with it works from; called when it accepts.

    Needs the shared record to be open to it already. Drafts stay with who writes them, and who left since it accepted
    stays away, however late or often this runs.
    """
    ours = TeamMember.objects.visible_to(actor).filter(organization_id=actor.clinic_id)
    left = set(ours.filter(until__gte=accepted_at).values_list("plan_id", flat=True))
    joined = []
    for (plan_id,) in ask_guard("SELECT joinable_plans(%s)", [client_id]):
        if plan_id not in left and _join(plan_id, actor.clinic_id, role_id, by=actor.display):
            plan = CarePlan.objects.visible_to(actor).one(plan_id)
            tell("care_plan.member_joined", plan, actor, organization_id=actor.clinic_id)
            joined.append(plan)
    return joined


def add_member(plan_id: UUID | str, *, actor: Actor, sent: Sent) -> TeamMember:
    """The lead puts an organization on the team that shares the client's record with it already."""
    plan = plan_to_change(plan_id, actor, sent)
    refuse_unless(LEAD in sides_of(actor, plan), "The lead adds to the team; ask them.", code="wrong_party")
    check_unfinished(plan)
    said = checked(inputs.NewTeamMember, sent)
    organization_id, role_id = said["organization_id"], said.get("practitioner_role_id")
    if organization_id in plan.member_ids:
        raise Conflict("This organization is on the team already.", code="already_on_team")
    of_organization = PractitionerRole.objects.filter(organization_id=organization_id, ended_at=None)
    if role_id is not None and not of_organization.filter(pk=role_id).exists():
        raise invalid("/practitioner_role_id", "There is no such practitioner role there.", code="unknown_role")
    acting = practitioner_of(actor, sent)
    if not _join(plan.pk, organization_id, role_id, by=name_of(actor, acting)):
        raise Conflict(
            "This organization does not share the client's record in one circle with you that shares plans.",
            code="consent_required",
            missing=["consent"],
            how="Record the client's yes under consents, and send a referral; who accepts it shares the record.",
        )
    plan = _again(plan.pk, actor)
    tell("care_plan.member_joined", plan, actor, organization_id=organization_id)
    return TeamMember.objects.visible_to(actor).get(plan=plan, organization_id=organization_id, until=None)


def end_membership(plan_id: UUID | str, membership_id: UUID | str, *, actor: Actor, sent: Sent) -> CarePlan:
    """An organization leaves by its own wish, or the lead takes it off."""
    plan = plan_to_change(plan_id, actor, sent)
    member = TeamMember.objects.visible_to(actor).filter(plan=plan).one(membership_id)
    refuse_unless(
        member.organization_id == actor.organization_id or LEAD in sides_of(actor, plan),
        "An organization leaves by itself, or the lead takes it off.",
        code="wrong_party",
    )
    check_unfinished(plan)
    checked(inputs.OfPlan, sent)
    acting = practitioner_of(actor, sent)
    if member.until is not None:
        raise Conflict("This membership has ended already.", code="membership_ended")
    if plan.member_ids == [member.organization_id]:
        raise Conflict("Nobody else is on the team; complete or revoke the plan instead.", code="last_member")
    because = "left" if member.organization_id == actor.organization_id else "taken_off"
    return _leave(plan, member.organization_id, because=because, actor=actor, by=name_of(actor, acting))


def leave_teams(client_id: UUID, *, actor: Actor) -> None:
    """Takes the caller's organization off every team of a client where nothing holds it any more."""
    plans = CarePlan.objects.visible_to(actor).filter(client_id=client_id, member_ids__contains=[actor.clinic_id])
    for plan in plans:
        if not _is_held(plan, actor):
            _leave(plan, actor.clinic_id, because="access_ended", actor=actor, by=actor.display)


def move_plans(consent: Consent, actor: Actor) -> None:
    """Called in the transaction in which a circle ends: its plans go on in another one that the client said yes to.

    Whoever is not in that one leaves, as with every access that ends.
    """
    for (moved,) in ask_guard("SELECT move_plans_of_circle(%s)", [consent.pk]):
        said = json.loads(moved)
        plan = CarePlan(pk=UUID(said["plan"]), version=said["version"], client_id=consent.client_id)
        tell_to(map(UUID, said["members"]), "care_plan.changed", plan, actor)


def hand_over_role(role_id: UUID, *, actor: Actor) -> None:
    """A practitioner left: their clinic goes on where somebody is left for it, else it leaves where others are."""
    role = PractitionerRole.objects.filter(pk=role_id, organization_id=actor.clinic_id).first()
    if role is None:
        return
    for plan_id in _plans_of(role, actor):
        plan = CarePlan.objects.visible_to(actor).locked().one(plan_id)
        if actor.clinic_id not in plan.member_ids:
            continue
        goes_on = len(plan.member_ids) == 1 or _has_somebody(plan, role, actor)
        if goes_on and _is_held(plan, actor):
            _clear_role(plan, role_id, actor)
        else:
            _leave(plan, actor.clinic_id, because="role_ended", actor=actor, by=actor.display)


def _plans_of(role: PractitionerRole, actor: Actor) -> list[UUID]:
    """Where this role is its clinic's person on the team or performs a line that has not ended."""
    ours = {"organization_id": actor.clinic_id, "practitioner_role": role}
    places = TeamMember.objects.visible_to(actor).filter(**ours, until=None)
    lines = Intervention.objects.visible_to(actor).filter(**ours).exclude(state=Intervention.State.ENDED)
    named = Q(pk__in=places.values("plan_id")) | Q(pk__in=lines.values("plan_id")) | Q(lead_role=role)
    plans = CarePlan.objects.visible_to(actor).filter(named, member_ids__contains=[actor.clinic_id])
    return list(plans.order_by("pk").values_list("pk", flat=True))


def _has_somebody(plan: CarePlan, role: PractitionerRole, actor: Actor) -> bool:
    """The clinic's person on the team, the same person in another role, or somebody of the discipline of the role or of a line."""
    here = PractitionerRole.objects.filter(organization_id=actor.clinic_id, ended_at=None).exclude(pk=role.pk)
    ours = {"plan": plan, "organization_id": actor.clinic_id}
    places = TeamMember.objects.visible_to(actor).filter(**ours, until=None)
    lines = Intervention.objects.visible_to(actor).filter(**ours).exclude(state=Intervention.State.ENDED)
    return here.filter(
        Q(pk__in=places.values("practitioner_role_id"))
        | Q(practitioner_id=role.practitioner_id)
        | Q(discipline=role.discipline)
        | Q(discipline__in=lines.values("discipline"))
    ).exists()


def _join(plan_id: UUID, organization_id: UUID, role_id: UUID | None, *, by: str) -> bool:
    values = [uuid7(), plan_id, organization_id, role_id, by]
    joined: bool = ask_guard("SELECT join_plan(%s, %s, %s, %s, %s)", values)[0][0]
    return joined


def _is_held(plan: CarePlan, actor: Actor) -> bool:
    """By an access that lives, and by the plan's circle unless this is the client's home or the plan has no circle."""
    if not CarePlan.objects.worked_on_by(actor).filter(pk=plan.pk).exists():
        return False
    home = Registration.objects.visible_to(actor).filter(client_id=plan.client_id, kind="home", ended_at=None)
    circle = Consent.objects.in_force().filter(Q(pk=plan.consent_id), organization_ids__contains=[actor.clinic_id])
    return plan.consent_id is None or circle.exists() or home.exists()


def _leave(plan: CarePlan, organization_id: UUID, *, because: str, actor: Actor, by: str) -> CarePlan:
    """Ends the membership and what hangs on it, and tells who stays and who left. Does nothing the second time."""
    counted = live_members(plan)
    left = ask_guard("SELECT leave_plan(%s, %s, %s, %s)", [plan.pk, organization_id, because, by])[0][0]
    plan = _again(plan.pk, actor)
    if left is None:
        return plan
    result: dict[str, Any] = json.loads(left)
    # Whoever leads is asked, also at home when the circle has ended.
    staying = {*counted, plan.lead_organization_id} - {organization_id}
    _tell_left(plan, organization_id, "care_plan.member_left", actor, reason=because)
    if result["lead"]:
        watch_review(plan)
        tell_to(staying, "care_plan.lead_passed", plan, actor, organization_id=result["lead"])
    if result["lines"] or _left_rows(plan, organization_id, actor):
        tell_to(staying, "care_plan.lines_to_decide", plan, actor, organization_id=organization_id)
    for proposal_id in result["proposals"]:
        _tell_left(plan, organization_id, PROPOSAL_WORKFLOW["lapse"].event, actor, proposal_id=proposal_id)
    for place in result["access"]:
        if place["ends_at"] is None:
            _tell_access_ended(plan, organization_id, place["id"], actor)
        else:
            ends_at = datetime.fromisoformat(place["ends_at"])
            work.queue(ACCESS_ENDS, UUID(place["id"]), organization_id=organization_id, due_at=ends_at)
    return plan


def _left_rows(plan: CarePlan, organization_id: UUID, actor: Actor) -> bool:
    """Whether goals or problems of theirs are still worked for in a plan that goes on."""
    if plan.is_finished:
        return False
    of_them = {"plan": plan, "organization_id": organization_id, "state": ACTIVE, "entered_in_error_at": None}
    return any(model.objects.visible_to(actor).filter(**of_them).exists() for model in (Goal, Problem))


def _tell_left(plan: CarePlan, organization_id: UUID, type: str, actor: Actor, **related: str) -> None:
    """To who stays and who left; the proposals of who left are kept under their own id."""
    subject = Proposal(pk=UUID(related["proposal_id"])) if "proposal_id" in related else plan
    told = [*plan.member_ids, organization_id]
    tell_to(told, type, plan, actor, subject, organization_id=organization_id, **related)


def _tell_access_ended(plan: CarePlan, organization_id: UUID, access_id: str, actor: Actor) -> None:
    events.record(
        "access.ended",
        subject=Access(pk=UUID(access_id)),
        actor=actor,
        organizations=[organization_id],
        client_id=plan.client_id,
        related={"client_id": str(plan.client_id), "reason": "left_team"},
        always=True,
    )


def _clear_role(plan: CarePlan, role_id: UUID, actor: Actor) -> None:
    """Nobody in person for now: the organization has it."""
    ours = {"plan": plan, "organization_id": actor.clinic_id, "practitioner_role_id": role_id}
    TeamMember.objects.visible_to(actor).filter(**ours, until=None).update(practitioner_role=None)
    lines = Intervention.objects.visible_to(actor).filter(**ours).exclude(state=Intervention.State.ENDED)
    cleared = list(lines.values_list("pk", flat=True))
    _move_proposals_along(plan, lines, actor)
    lines.update(practitioner_role=None, version=F("version") + 1, updated_at=clock.now(), changed_by=actor.display)
    leads = plan.lead_role_id == role_id and plan.lead_organization_id == actor.organization_id
    if leads:
        plan.lead_role = None
    touch(plan, actor.display, *(["lead_role"] if leads else []))
    tell("care_plan.changed", plan, actor)
    for line_id in cleared:
        tell("care_plan.row_changed", plan, actor, intervention_id=line_id)


def _move_proposals_along(plan: CarePlan, lines: QuerySet[Intervention], actor: Actor) -> None:
    """What was proposed for these lines as they stand is not outdated by the next version, which says nothing else of them."""
    made_for = lines.filter(pk=OuterRef("row_id")).values("version")
    proposed = Proposal.objects.visible_to(actor).filter(plan=plan, state=Proposal.State.OPEN)
    proposed.filter(row_version=Subquery(made_for)).update(row_version=F("row_version") + 1)


def _again(plan_id: UUID, actor: Actor) -> CarePlan:
    """The plan as the guard's function left it."""
    return CarePlan.objects.visible_to(actor).one(plan_id)
