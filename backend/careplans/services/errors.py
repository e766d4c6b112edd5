"""What should not have been written: it stays as it is, struck through; about a wrong client, for who wrote it alone."""

import json
from datetime import datetime
from uuid import UUID

from backend.audit import work
from backend.careplans import inputs, queries
from backend.careplans.models import CarePlan, PlanRow, Proposal
from backend.careplans.policies import check_enters_in_error, sides_of
from backend.careplans.services.ending import ACCESS_ENDS
from backend.careplans.services.rows import ROWS, check_own
from backend.careplans.services.taking import (
    check_not_overwritten,
    check_says_more,
    checked,
    last_step,
    name_of,
    practitioner_of,
    tell_to,
)
from backend.careplans.workflow import ENTER_IN_ERROR, PLAN_WORKFLOW, PROPOSAL_WORKFLOW
from backend.clients.queries import ask_guard
from backend.lib.actor import Actor, ActorKind
from backend.lib.rest.sent import Sent

ROW_IN_ERROR = "care_plan.row_entered_in_error"


def enter_plan_in_error(plan_id: UUID | str, *, actor: Actor, sent: Sent, expected: int | None) -> CarePlan:
    """By a practitioner or an admin of the lead's clinic: the plan is revoked for good, and said to be a mistake.

    About a wrong client it is gone for everybody else at once, but for what each of them wrote; that can be said also of a
    plan that is in error for another reason.
    """
    step = PLAN_WORKFLOW[ENTER_IN_ERROR]
    plan = CarePlan.objects.visible_to(actor).locked().one(plan_id)
    check_enters_in_error(actor, sent.get("on_behalf_of"))
    sides = sides_of(actor, plan)
    PLAN_WORKFLOW.check_party(step, sides)
    check_not_overwritten(plan, expected)
    PLAN_WORKFLOW.check_state(step, plan, sides, last_step=lambda: last_step(plan, actor))
    said = checked(inputs.EnterInError, sent)
    check_says_more(said["reason"], plan)
    told = _told_of(plan, actor)
    values = [plan.pk, said["reason"], said.get("note", ""), _signed(actor, sent)]
    result = json.loads(ask_guard("SELECT enter_plan_in_error(%s, %s, %s, %s)", values)[0][0])
    _tell_lapsed(result["proposals"], plan, actor)
    for place in result["places"]:
        ends_at = datetime.fromisoformat(place["ends_at"])
        work.queue(ACCESS_ENDS, UUID(place["id"]), organization_id=UUID(place["organization"]), due_at=ends_at)
    plan = CarePlan.objects.visible_to(actor).one(plan.pk)
    _tell_always(told, step.event, plan, actor)
    return plan


def enter_row_in_error(
    plan_id: UUID | str, kind: str, row_id: UUID | str, *, actor: Actor, sent: Sent, expected: int | None
) -> PlanRow:
    """By a practitioner or an admin of the clinic that wrote the row, also when it is on the team no longer.

    That it is about a wrong client is said of a row that is in error already, too, and in a plan that is.
    """
    plan = CarePlan.objects.visible_to(actor).locked().one(plan_id)
    rows = ROWS[kind].model.objects.visible_to(actor).filter(plan=plan)
    row: PlanRow = rows.locked().one(row_id)
    check_enters_in_error(actor, sent.get("on_behalf_of"))
    check_own(row, actor)
    check_not_overwritten(row, expected)
    said = checked(inputs.EnterInError, sent)
    check_says_more(said["reason"], row, within=plan)
    told = _told_of(plan, actor)
    values = [plan.pk, kind, row.pk, said["reason"], said.get("note", ""), _signed(actor, sent)]
    lapsed = json.loads(ask_guard("SELECT enter_plan_row_in_error(%s, %s, %s, %s, %s, %s)", values)[0][0])
    plan = CarePlan.objects.visible_to(actor).one(plan.pk)
    _tell_lapsed(lapsed, plan, actor)
    _tell_always(told, ROW_IN_ERROR, plan, actor, **{f"{ROWS[kind].word}_id": row.pk})
    again: PlanRow = rows.one(row.pk)
    return again


def _signed(actor: Actor, sent: Sent) -> str:
    """Who says so: the person, or the practitioner that a system names."""
    if actor.kind == ActorKind.MEMBER:
        return actor.display[:200]
    return name_of(actor, practitioner_of(actor, sent))


def _told_of(plan: CarePlan, actor: Actor) -> set[UUID]:
    """Who could read it until now, who could once, and who did."""
    return {*plan.member_ids, *plan.party_ids, *queries.organizations_that_read(plan, actor)}


def _tell_lapsed(proposal_ids: list[str], plan: CarePlan, actor: Actor) -> None:
    for proposal_id in proposal_ids:
        tell_to(plan.member_ids, PROPOSAL_WORKFLOW["lapse"].event, plan, actor, Proposal(pk=UUID(proposal_id)))


def _tell_always(told: set[UUID], type: str, plan: CarePlan, actor: Actor, **related: UUID) -> None:
    """Ids only: whoever keeps a copy stops showing it."""
    tell_to(told, type, plan, actor, None, None, True, **related)
