"""The lead of a plan goes over to another member of its team; whoever led stays on it."""

from uuid import UUID

from backend.careplans import inputs
from backend.careplans.models import CarePlan
from backend.careplans.policies import sides_of
from backend.careplans.services.reviewing import watch_review
from backend.careplans.services.taking import (
    check_unfinished,
    checked,
    name_of,
    plan_to_change,
    practitioner_of,
    roles_at,
    tell,
)
from backend.careplans.workflow import LEAD
from backend.clients.policies import refuse_unless
from backend.clients.queries import ask_guard
from backend.lib.actor import Actor
from backend.lib.problems import Conflict, invalid
from backend.lib.rest.sent import Sent


def hand_over_lead(plan_id: UUID | str, *, actor: Actor, sent: Sent) -> CarePlan:
    """The lead lets another organization lead that is on the team now."""
    plan = plan_to_change(plan_id, actor, sent)
    refuse_unless(LEAD in sides_of(actor, plan), "The lead hands the plan over; ask them.", code="wrong_party")
    check_unfinished(plan)
    said = checked(inputs.NewLead, sent)
    organization_id, role_id = said["organization_id"], said.get("practitioner_role_id")
    if organization_id == plan.lead_organization_id:
        raise Conflict("This organization leads the plan already.", code="already_leads")
    if role_id is not None and not roles_at(organization_id, [role_id]):
        raise invalid("/practitioner_role_id", "There is no such practitioner role there.", code="unknown_role")
    acting = practitioner_of(actor, sent)
    values = [plan.pk, organization_id, role_id, name_of(actor, acting)]
    if not ask_guard("SELECT hand_over_lead(%s, %s, %s, %s)", values)[0][0]:
        raise Conflict(
            "This organization is not on the team now; only who is on it, with access that lives, can lead.",
            code="not_on_team",
        )
    return tell_lead_passed(plan.pk, actor=actor)


def tell_lead_passed(plan_id: UUID, *, actor: Actor) -> CarePlan:
    """Says to the team who leads now, who is told of the review as well, and answers with the plan as the guard left it."""
    plan = CarePlan.objects.visible_to(actor).select_related("lead_organization").one(plan_id)
    watch_review(plan)
    tell("care_plan.lead_passed", plan, actor, organization_id=plan.lead_organization_id)
    return plan
