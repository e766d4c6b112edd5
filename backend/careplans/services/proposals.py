"""Suggesting a change to a row that is another party's, and what its owner answers."""

from typing import Any
from uuid import UUID

from rest_framework.exceptions import ValidationError

from backend.careplans import inputs
from backend.careplans.models import CarePlan, Goal, Intervention, PlanRow, Proposal
from backend.careplans.policies import sides_of_proposal
from backend.careplans.services.rows import ROWS, check_counts, check_in_scope, insert_row, update_row
from backend.careplans.services.taking import (
    check_not_overwritten,
    check_unfinished,
    checked,
    late_fact,
    name_of,
    plan_to_change,
    practitioner_of,
    tell,
    touch,
)
from backend.careplans.workflow import PROPOSAL_WORKFLOW
from backend.directory.models import PractitionerRole
from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.problems import Conflict, invalid
from backend.lib.rest.fields import utc
from backend.lib.rest.sent import Sent

Kind, About = Proposal.Kind, Proposal.About
KIND_OF_ROW = {About.INTERVENTION: "interventions", About.GOAL: "goals"}
MOST_OPEN = 100


def propose(plan_id: UUID | str, *, actor: Actor, sent: Sent) -> Proposal:
    """A suggestion to the party that owns a line or goal, checked as the owner's own change would be."""
    plan = plan_to_change(plan_id, actor, sent)
    check_unfinished(plan)
    said = checked(inputs.NewProposal, sent)
    row = _row_of(plan, said, actor)
    owner_id = row.organization_id if row else said["owner_id"]
    _check_owner(plan, owner_id, actor)
    changes = dict(said.get("changes", {}))
    _checked_changes(said["about"], said["kind"], changes, row, why=said["why"])
    acting = practitioner_of(actor, sent)
    if plan.proposals.filter(state=Proposal.State.OPEN).count() >= MOST_OPEN:
        raise Conflict(f"A plan has at most {MOST_OPEN} open proposals.", code="too_many_rows")
    proposal = Proposal.objects.create(
        plan=plan,
        organization_id=actor.clinic_id,
        owner_id=owner_id,
        kind=said["kind"],
        about=said["about"],
        row_id=row.pk if row else None,
        row_version=row.version if row else None,
        changes=changes,
        why=said["why"],
        by=name_of(actor, acting),
    )
    touch(plan, proposal.by)
    tell("proposal.made", plan, actor, proposal)
    return proposal


def move_proposal(
    plan_id: UUID | str, proposal_id: UUID | str, name: object, *, actor: Actor, sent: Sent, expected: int | None
) -> Proposal:
    """Accepts, declines or withdraws. Accepting makes the change, as the owner's own."""
    step = PROPOSAL_WORKFLOW.known(name)
    plan = plan_to_change(plan_id, actor, sent)
    proposal = Proposal.objects.visible_to(actor).locked().filter(plan=plan).one(proposal_id)
    sides = sides_of_proposal(actor, proposal)
    PROPOSAL_WORKFLOW.check_party(step, sides)
    check_not_overwritten(proposal, expected)
    PROPOSAL_WORKFLOW.check_state(step, proposal, sides, last_step=lambda: _last_step(proposal))
    assert step.input is not None
    said = checked(step.input, sent)
    proposal.occurred_at = late_fact(said, step_before=proposal.created_at)
    acting = practitioner_of(actor, sent)
    if step.name == "accept":
        check_unfinished(plan)
        row = _carry_out(plan, proposal, although_changed=said["although_changed"], actor=actor, acting=acting)
        proposal.made_row_id = row.pk if proposal.row_id is None else None
    proposal.state = step.target_for(proposal, said)
    proposal.answer, proposal.answered_by = said.get("answer", ""), name_of(actor, acting)
    proposal.answered_at = proposal.updated_at = clock.now()
    proposal.version += 1
    proposal.save(
        update_fields=[
            "state", "made_row_id", "answer", "answered_by", "answered_at", "occurred_at", "updated_at", "version",
        ]
    )  # fmt: skip
    touch(plan, proposal.answered_by)
    tell(step.event, plan, actor, proposal, proposal.occurred_at)
    return proposal


def _carry_out(
    plan: CarePlan, proposal: Proposal, *, although_changed: bool, actor: Actor, acting: PractitionerRole
) -> PlanRow:
    """Makes the change, and gives the row in which it stands."""
    kind = KIND_OF_ROW[About(proposal.about)]
    if proposal.row_id is None:
        fields = _checked_changes(proposal.about, proposal.kind, proposal.changes, None, why=proposal.why)
        return insert_row(plan, kind, fields, actor=actor, acting=acting)
    row: PlanRow = ROWS[kind].model.objects.visible_to(actor).locked().filter(plan=plan).one(proposal.row_id)
    if row.version != proposal.row_version and not although_changed:
        raise Conflict(
            f"{row.changed_by} has changed this since it was proposed. Look at it again; accept it with "
            "although_changed, or decline it.",
            code="proposal_stale",
            changed_by=row.changed_by,
            changed_at=utc(row.updated_at),
        )
    fields = _checked_changes(proposal.about, proposal.kind, proposal.changes, row, why=proposal.why)
    update_row(plan, kind, row, fields, actor=actor, acting=acting)
    return row


def _row_of(plan: CarePlan, said: dict[str, Any], actor: Actor) -> PlanRow | None:
    if said["kind"] == Kind.ADD:
        return None
    rows = ROWS[KIND_OF_ROW[About(said["about"])]].model.objects.visible_to(actor).filter(plan=plan)
    found: PlanRow | None = rows.filter(pk=said["row_id"]).first()
    if found is None:
        raise invalid("/row_id", "There is no such row in this plan.", code="unknown_row")
    check_counts(found)
    if isinstance(found, Intervention) and found.state == Intervention.State.ENDED:
        raise Conflict("This line has ended; propose a new one.", code="line_ended", available=[])
    return found


def _check_owner(plan: CarePlan, owner_id: UUID, actor: Actor) -> None:
    if owner_id == actor.organization_id:
        raise Conflict("This is your own; change it.", code="own_row")
    if owner_id not in plan.member_ids:
        raise invalid("/owner_id", "This organization is not on the plan's team.", code="unknown_organization")


def _checked_changes(
    about: str, kind: str, changes: dict[str, Any], row: PlanRow | None, *, why: str
) -> dict[str, Any]:
    """The fields of the row that would change, or 400 with what is wrong, as for the owner's own change."""
    of_kind = ROWS[KIND_OF_ROW[About(about)]]
    try:
        if "on_behalf_of" in changes:
            raise ValidationError({"on_behalf_of": ["This field is not known here."]}, code="unknown_field")
        if row is None:
            return checked(of_kind.fields, changes)
        if kind == Kind.END:
            changes = _end(about, changes, why)
        fields = checked(of_kind.fields, changes, row=row)
    except ValidationError as error:
        raise ValidationError({"changes": error.detail}) from error
    if isinstance(row, Intervention):
        check_in_scope(fields.get("technique_ids", []), row.discipline)
    return fields


def _end(about: str, changes: dict[str, Any], why: str) -> dict[str, Any]:
    """What ending the row changes in it. Of a line the reason may be proposed, too; else it is why it is proposed."""
    if not set(changes) <= ({"ended_reason", "ended_detail"} if about == About.INTERVENTION else set()):
        raise ValidationError("A proposal to end something changes nothing else.", code="unknown_field")
    if about == About.GOAL:
        return {"state": Goal.State.DROPPED.value}
    reason = {"ended_reason": Intervention.EndedReason.OTHER.value, "ended_detail": why}
    return {**reason, **changes, "state": Intervention.State.ENDED.value}


def _last_step(proposal: Proposal) -> dict[str, Any]:
    return {"name": proposal.state, "by": proposal.changed_by, "at": utc(proposal.updated_at)}
