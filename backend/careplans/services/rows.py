"""What stands in a plan: each row is changed by the organization it belongs to, under its id, and never removed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from rest_framework.serializers import Serializer

from backend.careplans import inputs
from backend.careplans.models import CarePlan, Decision, Goal, Intervention, Phase, PlanRow, Problem
from backend.careplans.policies import sides_of
from backend.careplans.services.taking import (
    check_not_overwritten,
    check_unfinished,
    checked,
    name_of,
    named_role,
    plan_to_change,
    practitioner_of,
    tell,
    touch,
)
from backend.careplans.workflow import LEAD
from backend.catalog.queries import catalog
from backend.clients.policies import refuse_unless
from backend.directory.models import PractitionerRole
from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.problems import Conflict, invalid
from backend.lib.rest.sent import Sent

MOST = 100
COPIED: Mapping[str, tuple[str, ...]] = {
    "interventions": (
        "focus", "technique_ids", "regions", "times_per_week", "weeks", "minutes", "load", "avoid", "home_programme",
        "visit_budget",
    ),
    "goals": ("words", "measure", "unit", "baseline", "target", "due_on"),
    "problems": ("text", "icd10"),
}  # fmt: skip
DECIDED_AS: Mapping[type[PlanRow], str] = {Intervention: "line", Goal: "goal", Problem: "problem"}


@dataclass(frozen=True, slots=True)
class RowKind:
    """One kind of row: its table, what is sent for a new one and for a change, and what events call it."""

    model: Any
    fields: type[Serializer[Any]]
    patch: type[Serializer[Any]]
    word: str
    only_lead: bool = False


ROWS: Mapping[str, RowKind] = {
    "problems": RowKind(Problem, inputs.ProblemFields, inputs.ProblemPatch, "problem"),
    "goals": RowKind(Goal, inputs.GoalFields, inputs.GoalPatch, "goal"),
    "interventions": RowKind(Intervention, inputs.InterventionFields, inputs.InterventionPatch, "intervention"),
    "phases": RowKind(Phase, inputs.PhaseFields, inputs.PhasePatch, "phase", only_lead=True),
}


def add_row(plan_id: UUID | str, kind: str, *, actor: Actor, sent: Sent) -> PlanRow:
    """A new row of the caller's own."""
    plan = plan_to_change(plan_id, actor, sent)
    _check_lead(plan, kind, actor)
    check_unfinished(plan)
    fields = checked(ROWS[kind].fields, sent)
    acting = practitioner_of(actor, sent)
    return insert_row(plan, kind, fields, actor=actor, acting=acting)


def change_row(
    plan_id: UUID | str,
    kind: str,
    row_id: UUID | str,
    *,
    actor: Actor,
    sent: Sent,
    expected: int | None,
    current: Mapping[str, Any],
) -> PlanRow:
    """A merge patch of a row of the caller's own. ``current`` is the row as the caller reads it."""
    plan = plan_to_change(plan_id, actor, sent)
    row: PlanRow = ROWS[kind].model.objects.visible_to(actor).locked().filter(plan=plan).one(row_id)
    check_own(row, actor)
    _check_lead(plan, kind, actor)
    check_not_overwritten(row, expected)
    check_unfinished(plan)
    check_counts(row)
    fields = checked(ROWS[kind].patch, sent, row=row, current=current)
    acting = practitioner_of(actor, sent, getattr(row, "discipline", ""))
    update_row(plan, kind, row, fields, actor=actor, acting=acting)
    return row


def insert_row(
    plan: CarePlan, kind: str, fields: dict[str, Any], *, actor: Actor, acting: PractitionerRole, **more: Any
) -> PlanRow:
    """Writes a new row of the acting organization."""
    of_kind = ROWS[kind]
    if of_kind.model.objects.filter(plan=plan).count() >= MOST:
        raise Conflict(f"A plan holds at most {MOST} rows of each kind.", code="too_many_rows")
    if kind == "interventions":
        fields = _performed(fields, acting, actor)
    by = name_of(actor, acting)
    row: PlanRow = of_kind.model(plan=plan, organization_id=actor.clinic_id, changed_by=by, **fields, **more)
    row.save(force_insert=True)
    touch(plan, by)
    tell("care_plan.row_added", plan, actor, **{f"{of_kind.word}_id": row.pk})
    return row


def update_row(
    plan: CarePlan, kind: str, row: PlanRow, fields: dict[str, Any], *, actor: Actor, acting: PractitionerRole
) -> None:
    """Changes a row of the acting organization."""
    if isinstance(row, Intervention):
        fields = _changed_line(row, fields, acting, actor)
    for name, value in fields.items():
        setattr(row, name, value)
    by = name_of(actor, acting)
    row.version, row.updated_at, row.changed_by = row.version + 1, clock.now(), by
    row.save()
    touch(plan, by)
    tell("care_plan.row_changed", plan, actor, **{f"{ROWS[kind].word}_id": row.pk})


def decide(plan_id: UUID | str, kind: str, row_id: UUID | str, *, actor: Actor, sent: Sent) -> Decision:
    """The lead takes over or drops a line, goal or problem whose organization left. The row stays as it was."""
    plan = plan_to_change(plan_id, actor, sent)
    row = ROWS[kind].model.objects.visible_to(actor).filter(plan=plan).one(row_id)
    refuse_unless(LEAD in sides_of(actor, plan), "The lead decides what becomes of it; ask them.", code="wrong_party")
    check_unfinished(plan)
    if not _was_left(row, plan) or is_decided(row):
        raise Conflict("There is nothing to decide about this.", code="nothing_to_decide")
    said = checked(inputs.DecisionInput if kind == "interventions" else inputs.RowDecisionInput, sent)
    acting = practitioner_of(actor, sent)
    decision = Decision.objects.create(
        plan=plan,
        organization_id=actor.clinic_id,
        **_about(row),
        answer=said["answer"],
        sentence=said.get("sentence", ""),
        by=name_of(actor, acting),
    )
    if decision.answer == Decision.Answer.TAKE_OVER:
        fields = checked(ROWS[kind].fields, {**_as_sent(kind, row), **said.get("changes", {})})
        insert_row(plan, kind, fields, actor=actor, acting=acting, continues=row)
    else:
        touch(plan, decision.by)
    tell("care_plan.line_decided", plan, actor, **{f"{ROWS[kind].word}_id": row.pk})
    return decision


def check_own(row: PlanRow, actor: Actor) -> None:
    refuse_unless(
        row.organization_id == actor.organization_id,
        "Another clinic wrote this; only that clinic changes it. Propose the change to them.",
        code="not_yours",
    )


def check_stands(row: PlanRow) -> None:
    if row.entered_in_error_at is not None:
        raise Conflict("This was entered in error; write it anew.", code="entered_in_error", available=[])


def check_counts(row: PlanRow) -> None:
    """It stands, and the lead did not decide what became of it."""
    check_stands(row)
    if isinstance(row, Goal | Problem) and is_decided(row):
        raise Conflict(
            "The lead took this over or dropped it while your clinic was away; write it anew.",
            code="decided",
            available=[],
        )


def is_decided(row: PlanRow) -> bool:
    return Decision.objects.filter(**_about(row)).exists()


def check_in_scope(technique_ids: list[str], discipline: str) -> None:
    """400 for a technique outside the usual scope of the discipline that performs the line."""
    in_scope = {technique.code for technique in catalog().techniques_of(discipline)}
    for index, code in enumerate(technique_ids):
        if code not in in_scope:
            label, who = catalog().technique(code).label, catalog().discipline(discipline).label.lower()
            raise invalid(f"/technique_ids/{index}", f"{label} is not in the scope of {who}.", code="out_of_scope")


def _check_lead(plan: CarePlan, kind: str, actor: Actor) -> None:
    refuse_unless(
        not ROWS[kind].only_lead or LEAD in sides_of(actor, plan),
        "The lead sets the phases; ask them.",
        code="wrong_party",
    )


def _performed(fields: dict[str, Any], acting: PractitionerRole, actor: Actor) -> dict[str, Any]:
    """Who performs the line, and with that its discipline, which its techniques have to fit."""
    role = named_role(fields.pop("practitioner_role_id", None), acting, actor)
    check_in_scope(fields.get("technique_ids", []), role.discipline)
    return {**fields, "practitioner_role": role, "discipline": role.discipline}


def _changed_line(line: Intervention, fields: dict[str, Any], acting: PractitionerRole, actor: Actor) -> dict[str, Any]:
    if line.state == Intervention.State.ENDED:
        raise Conflict("This line has ended; write a new one.", code="line_ended", available=[])
    if "practitioner_role_id" in fields:
        fields = _performed({"technique_ids": line.technique_ids, **fields}, acting, actor)
    else:
        check_in_scope(fields.get("technique_ids", []), line.discipline)
    if fields.get("state") == Intervention.State.ENDED:
        return {**fields, "ended_at": clock.now()}
    return {name: value for name, value in fields.items() if name not in ("ended_reason", "ended_detail")}


def _as_sent(kind: str, row: PlanRow) -> dict[str, Any]:
    """A row's own fields as somebody would send them for a new one."""
    return {name: getattr(row, name) for name in COPIED[kind]}


def _about(row: PlanRow) -> dict[str, PlanRow]:
    """The field by which a decision names this row."""
    return {DECIDED_AS[type(row)]: row}


def _was_left(row: PlanRow, plan: CarePlan) -> bool:
    """A line says that its organization left; a goal or problem is as it was, and its organization is not on the team."""
    if isinstance(row, Intervention):
        return row.ended_reason == Intervention.EndedReason.LEFT
    is_active = isinstance(row, Goal | Problem) and row.state == row.State.ACTIVE
    return is_active and row.entered_in_error_at is None and row.organization_id not in plan.member_ids
