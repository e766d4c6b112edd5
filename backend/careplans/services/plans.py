"""The plan itself: beginning one, its header, its states."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from backend.careplans import inputs
from backend.careplans.models import CarePlan, PlanIdentifier
from backend.careplans.policies import check_writes, sides_of
from backend.careplans.services.ending import check_client_lives, keep_access, wind_down_access
from backend.careplans.services.errors import enter_plan_in_error
from backend.careplans.services.reviewing import watch_review
from backend.careplans.services.rows import ROWS, insert_row
from backend.careplans.services.taking import (
    check_not_overwritten,
    check_unfinished,
    checked,
    last_step,
    late_fact,
    name_of,
    named_role,
    plan_to_change,
    practitioner_of,
    tell,
    touch,
)
from backend.careplans.workflow import ENTER_IN_ERROR, LEAD, PLAN_WORKFLOW
from backend.catalog.entries import PlanTemplate
from backend.catalog.queries import catalog
from backend.clients.policies import refuse_unless
from backend.clients.queries import ask_guard
from backend.clients.services.taking import named_client
from backend.directory.eligibility import today_at
from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.ids import uuid7
from backend.lib.problems import Conflict
from backend.lib.rest.sent import Sent

GOES_ON = frozenset({"activate", "resume", "reopen"})


def write_plan(*, actor: Actor, sent: Sent) -> CarePlan:
    """A draft with one organization on it: the caller's, which leads. With a template, its problem and phases are in it."""
    check_writes(actor, sent.get("on_behalf_of"))
    said = checked(inputs.NewPlan, sent)
    client = named_client(actor, said)
    check_client_lives(client.pk)
    acting = practitioner_of(actor, sent)
    lead = named_role(said.get("practitioner_role_id"), acting, actor)
    template, today = catalog().plan_templates.get(said.get("template", "")), today_at(lead.organization)
    if template:
        said.setdefault("review_on", today + timedelta(weeks=template.review_weeks))
    plan = CarePlan.objects.create(
        client=client,
        client_name=client.display,
        organization_id=actor.clinic_id,
        lead_organization_id=actor.clinic_id,
        lead_role=lead,
        member_ids=[actor.clinic_id],
        party_ids=[actor.clinic_id],
        title=said["title"],
        review_on=said.get("review_on"),
        changed_by=name_of(actor, acting),
    )
    ask_guard("SELECT join_plan(%s, %s, %s, %s, %s)", [uuid7(), plan.pk, actor.clinic_id, lead.pk, plan.changed_by])
    _number(plan, actor, said.get("identifiers", []))
    watch_review(plan)
    tell("care_plan.created", plan, actor)
    for kind, fields in _rows_of(template, today) if template else ():
        insert_row(plan, kind, checked(ROWS[kind].fields, fields), actor=actor, acting=acting)
    return plan


def _rows_of(template: PlanTemplate, begins_on: date) -> Iterator[tuple[str, dict[str, Any]]]:
    """What stands in a plan that begins with a template: its problem; its phases, one after the other."""
    yield "problems", {"text": template.problem, "icd10": template.icd10}
    for position, phase in enumerate(catalog().phases_of(template)):
        ends_before = begins_on + timedelta(weeks=phase.weeks)
        yield (
            "phases",
            {
                "name": f"{phase.label}, until {phase.ends_when}",
                "position": position,
                "from_on": begins_on.isoformat(),
                "until_on": (ends_before - timedelta(days=1)).isoformat(),
            },
        )
        begins_on = ends_before


def change_plan(plan_id: UUID | str, *, actor: Actor, sent: Sent, expected: int | None) -> CarePlan:
    """The header, by the lead; one's own numbers, by everybody on the team."""
    plan = plan_to_change(plan_id, actor, sent)
    refuse_unless(
        LEAD in sides_of(actor, plan) or set(sent) <= {"identifiers", "on_behalf_of"},
        "The lead changes the plan's title and review date; ask them.",
        code="wrong_party",
    )
    check_not_overwritten(plan, expected)
    check_unfinished(plan)
    said = checked(inputs.PlanFields, sent, row=plan)
    acting = practitioner_of(actor, sent)
    _number(plan, actor, said.pop("identifiers", None))
    for name, value in said.items():
        setattr(plan, name, value)
    touch(plan, name_of(actor, acting), *said)
    if "review_on" in said:
        watch_review(plan)
    tell("care_plan.changed", plan, actor)
    return plan


def move_plan(plan_id: UUID | str, name: object, *, actor: Actor, sent: Sent, expected: int | None) -> CarePlan:
    """Makes one step of the plan's workflow."""
    row = PLAN_WORKFLOW.known(name)
    if row.name == ENTER_IN_ERROR:
        return enter_plan_in_error(plan_id, actor=actor, sent=sent, expected=expected)
    plan = plan_to_change(plan_id, actor, sent)
    sides = sides_of(actor, plan)
    PLAN_WORKFLOW.check_party(row, sides)
    check_not_overwritten(plan, expected)
    PLAN_WORKFLOW.check_state(row, plan, sides, last_step=lambda: last_step(plan, actor))
    assert row.input is not None
    said = checked(row.input, sent)
    occurred_at = late_fact(said, step_before=_step_before(plan))
    acting = practitioner_of(actor, sent)
    if row.name in GOES_ON:
        check_client_lives(plan.client_id)
    plan.state, plan.state_entered_at, plan.occurred_at = row.target_for(plan, said), clock.now(), occurred_at
    plan.state_reason, plan.state_detail = said.get("reason", ""), said.get("detail", "")
    touch(plan, name_of(actor, acting), "state", "state_entered_at", "occurred_at", "state_reason", "state_detail")
    tell(row.event, plan, actor, plan, occurred_at)
    if plan.is_finished:
        wind_down_access(plan)
    elif row.name == "reopen":
        keep_access(plan)
        watch_review(plan)
    return plan


def _step_before(plan: CarePlan) -> datetime | None:
    """When the step was made that brought the plan where it is; a draft has made none."""
    return None if plan.state == CarePlan.State.DRAFT else plan.occurred_at or plan.state_entered_at


def _number(plan: CarePlan, actor: Actor, numbers: list[dict[str, str]] | None) -> None:
    """Replaces the organization's own numbers for the plan; 409 when another plan has one of them."""
    if numbers is None:
        return
    mine = PlanIdentifier.objects.visible_to(actor)
    for number in numbers:
        taken = mine.filter(**number).exclude(plan=plan).values_list("plan_id", flat=True).first()
        if taken is not None:
            raise Conflict(
                "This number is taken by another plan of yours.", code="identifier_taken", existing=str(taken)
            )
    mine.filter(plan=plan).delete()
    unique = {(number["system"], number["value"]) for number in numbers}
    PlanIdentifier.objects.bulk_create(
        PlanIdentifier(plan=plan, organization_id=actor.clinic_id, system=system, value=value)
        for system, value in sorted(unique)
    )
