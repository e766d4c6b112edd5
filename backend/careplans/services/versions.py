"""Publishing a version, and what each party says to it."""

from uuid import UUID

from backend.careplans import inputs, queries, rendering
from backend.careplans.changes import difference
from backend.careplans.models import Agreement, CarePlan, PlanVersion
from backend.careplans.policies import sides_of
from backend.careplans.services.taking import (
    check_not_overwritten,
    check_unfinished,
    checked,
    live_members,
    name_of,
    plan_to_change,
    practitioner_of,
    tell,
    touch,
)
from backend.careplans.workflow import LEAD
from backend.clients.policies import refuse_unless
from backend.lib.actor import Actor
from backend.lib.problems import Conflict, invalid
from backend.lib.rest.sent import Sent


def publish(plan_id: UUID | str, *, actor: Actor, sent: Sent, expected: int | None) -> PlanVersion:
    """Freezes the plan as it stands. Who publishes agrees; everybody else is asked."""
    plan = plan_to_change(plan_id, actor, sent)
    refuse_unless(LEAD in sides_of(actor, plan), "The lead publishes a plan; ask them.", code="wrong_party")
    check_not_overwritten(plan, expected)
    check_unfinished(plan)
    checked(inputs.OfPlan, sent)
    acting = practitioner_of(actor, sent)
    row = queries.one_row(plan.pk, actor)
    body = rendering.body_of(row)
    changes = difference((row["latest"] or {}).get("body"), body)
    if not changes:
        raise Conflict("Nothing has changed since the newest version.", code="nothing_changed", number=plan.published)
    version = PlanVersion.objects.create(
        plan=plan,
        organization_id=actor.clinic_id,
        number=plan.published + 1,
        holds_ids=sorted(rendering.organizations_in(body), key=str),
        body=body,
        changes=changes,
        by=name_of(actor, acting),
    )
    plan.published = version.number
    touch(plan, version.by, "published")
    _write_answer(plan, version.number, Agreement.Answer.AGREE, by=version.by, actor=actor)
    tell("care_plan.published", plan, actor, number=version.number)
    return version


def answer_version(plan_id: UUID | str, *, actor: Actor, sent: Sent) -> Agreement:
    """One party's yes or no to one version. The latest counts; silence is no answer."""
    plan = plan_to_change(plan_id, actor, sent)
    check_unfinished(plan)
    said = checked(inputs.AgreementInput, sent)
    number, answer = said["number"], Agreement.Answer(said["answer"])
    if number > plan.published:
        raise invalid("/number", "There is no version of this number.", code="unknown_version")
    if len(live_members(plan)) <= 1:
        raise Conflict("Your clinic is alone on this plan; nobody is asked.", code="no_agreement_needed")
    if answer == Agreement.Answer.AGREE and number < plan.published:
        raise Conflict(
            f"Version {plan.published} has replaced this one; read it, and answer that.",
            code="version_superseded",
            number=plan.published,
        )
    acting = practitioner_of(actor, sent)
    by = name_of(actor, acting)
    written = _write_answer(plan, number, answer, sentence=said.get("sentence", ""), by=by, actor=actor)
    touch(plan, by)
    if answer == Agreement.Answer.AGREE:
        tell("care_plan.agreed", plan, actor, number=number)
    else:
        tell("care_plan.objected", plan, actor, number=number)
    return written


def _write_answer(
    plan: CarePlan, number: int, answer: Agreement.Answer, *, by: str, actor: Actor, sentence: str = ""
) -> Agreement:
    return Agreement.objects.create(
        plan=plan, organization_id=actor.clinic_id, number=number, answer=answer, sentence=sentence, by=by
    )
