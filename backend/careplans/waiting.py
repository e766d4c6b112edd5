"""What of its plans waits for the caller's clinic: one rule for its pages, the API and its mails.

Nothing of this is stored. What a plan waits for follows from its rows, so that it ceases with the step itself. Only
plans that go on and that the clinic works on now wait for it.
"""

from collections.abc import Callable, Mapping
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet, Subquery, TextChoices

from backend.careplans import queries
from backend.careplans.agreement import agreed_rows, needs_agreement
from backend.careplans.models import (
    BODY,
    Agreement,
    CarePlan,
    CarePlanQuerySet,
    Goal,
    Intervention,
    PlanVersion,
    Problem,
    Proposal,
    TeamMember,
)
from backend.careplans.queries import LiveMembers, Raw, children
from backend.careplans.rendering import shown
from backend.careplans.workflow import DRAFT, FINISHED, OPEN
from backend.directory.eligibility import today_at
from backend.directory.models import Organization
from backend.lib.actor import Actor

MOST = 100
READS_OTHERS = Q(is_open=True)  # of what it does not read no step is asked
IS_SHARED = READS_OTHERS & Q(live__len__gt=1)  # alone on a plan nobody is asked


class WaitsFor(TextChoices):
    """The step that a clinic is asked for."""

    ANSWER = "answer", "Agree or object to the newest version"
    PROPOSAL = "proposal", "Answer a proposal"
    DECISION = "decision", "Take over or drop lines and goals of who left"
    OBJECTION = "objection", "See why a party objects to the newest version"
    PUBLICATION = "publication", "Publish what changed, so that the others are asked"
    REVIEW = "review", "Review it, and set the next day"


def going_on(actor: Actor) -> CarePlanQuerySet:
    """The plans that the caller's clinic works on and that are not finished."""
    ours = TeamMember.objects.filter(organization_id=actor.clinic_id, until=None)
    return CarePlan.objects.worked_on_by(actor).filter(pk__in=ours.values("plan_id")).exclude(state__in=FINISHED)


def _looked_at(actor: Actor) -> CarePlanQuerySet:
    """These, with what the rules ask of each."""
    opened = CarePlan.objects.open_to(actor).filter(pk=OuterRef("pk"))
    return going_on(actor).annotate(is_open=Exists(opened), live=LiveMembers("pk"))


def for_step(actor: Actor, step: str) -> CarePlanQuerySet:
    """The plans that wait for this step by the caller's clinic."""
    return _looked_at(actor).filter(WAITS[WaitsFor(step)](actor))


def for_any(actor: Actor) -> "QuerySet[CarePlan, Raw]":
    """The plans that wait for any step by the caller's clinic, as a list shows them; ``steps`` names what for."""
    waits = {f"waits_{step}": said(actor) for step, said in WAITS.items()}
    found = queries.with_header(_looked_at(actor).filter(reduce(or_, waits.values())), actor)
    named = {name: ExpressionWrapper(said, output_field=BooleanField()) for name, said in waits.items()}
    rows: QuerySet[CarePlan, Raw] = found.annotate(**named).values(*queries.HEADER, *named)
    return rows


def steps(row: Raw) -> list[WaitsFor]:
    """What one of these plans waits for."""
    return [step for step in WaitsFor if row[f"waits_{step}"]]


def _answers(actor: Actor) -> QuerySet[Agreement]:
    """To the newest version of a plan."""
    return Agreement.objects.visible_to(actor).filter(plan_id=OuterRef("pk"), number=OuterRef("published"))


def _for_answer(actor: Actor) -> Q:
    return Q(published__gt=0) & IS_SHARED & Q(~Exists(_answers(actor).filter(organization_id=actor.clinic_id)))


def _for_proposal(actor: Actor) -> Q:
    asked = Proposal.objects.visible_to(actor).filter(owner_id=actor.clinic_id, state=OPEN)
    return READS_OTHERS & Q(Exists(asked.filter(plan_id=OuterRef("pk"))))


def _for_decision(actor: Actor) -> Q:
    lines = Intervention.objects.visible_to(actor).filter(ended_reason=Intervention.EndedReason.LEFT)
    waits = Q(Exists(lines.filter(decision=None, plan_id=OuterRef("pk"))))
    for model in (Goal, Problem):
        waits |= Q(Exists(_left_behind(model, actor).filter(plan_id=OuterRef("pk"))))
    return _leads(actor) & READS_OTHERS & waits


def _left_behind(model: type[Goal] | type[Problem], actor: Actor) -> Any:
    """The active goals or problems whose organization is not on the team, until the lead decided upon each."""
    active = model.objects.visible_to(actor).filter(state=model.State.ACTIVE, entered_in_error_at=None, decision=None)
    return active.filter(~_on_team())


def _on_team() -> Exists:
    """Whether the organization that wrote something in a plan is on its team now."""
    of_row = {"plan_id": OuterRef("plan_id"), "organization_id": OuterRef("organization_id")}
    return Exists(TeamMember.objects.filter(**of_row, until=None))


def _for_objection(actor: Actor) -> Q:
    """Of another on the team, which no later answer of theirs replaced."""
    same = {name: OuterRef(name) for name in ("plan_id", "number", "organization_id")}
    later = Q(answered_at__gt=OuterRef("answered_at")) | Q(answered_at=OuterRef("answered_at"), id__gt=OuterRef("id"))
    replaced = Agreement.objects.visible_to(actor).filter(later, **same)
    said_no = _answers(actor).filter(answer=Agreement.Answer.OBJECT).exclude(organization_id=actor.clinic_id)
    return _leads(actor) & IS_SHARED & Q(Exists(said_no.filter(_on_team(), ~Exists(replaced))))


def _for_publication(actor: Actor) -> Q:
    return IS_SHARED & Q(pk__in=_to_publish(actor))


def _for_review(actor: Actor) -> Q:
    return _leads(actor) & Q(review_on__lte=today_at(Organization.objects.get(pk=actor.clinic_id)))


WAITS: Mapping[WaitsFor, Callable[[Actor], Q]] = {
    WaitsFor.ANSWER: _for_answer,
    WaitsFor.PROPOSAL: _for_proposal,
    WaitsFor.DECISION: _for_decision,
    WaitsFor.OBJECTION: _for_objection,
    WaitsFor.PUBLICATION: _for_publication,
    WaitsFor.REVIEW: _for_review,
}


def _leads(actor: Actor) -> Q:
    return Q(lead_organization_id=actor.clinic_id)


def _to_publish(actor: Actor) -> list[UUID]:
    """Plans the clinic leads in which a line or goal goes beyond the newest version: until it is published nobody is asked.

    What stays inside of what was agreed needs no agreement, and is nothing that waits. Rows are compared in one place
    only, ``agreement``; the database finds the plans that were changed since, of which the newest are looked at.
    """
    version = PlanVersion.objects.visible_to(actor).filter(plan_id=OuterRef("pk"), number=OuterRef("published"))
    found = _looked_at(actor).filter(_leads(actor), READS_OTHERS, member_ids__len__gt=1).exclude(state=DRAFT)
    changed = found.annotate(since=Subquery(version.values("published_at"))).filter(
        Q(since=None) | _changed_since(Goal, actor) | _changed_since(Intervention, actor)
    )
    rows = changed.annotate(
        body=Subquery(version.values(data=BODY)),
        goals_now=children(actor, "goals", "created_at", "id", decision=None),
        interventions_now=children(actor, "interventions", "created_at", "id"),
    )
    newest = rows.order_by("-updated_at", "-id").values("id", "body", "goals_now", "interventions_now")[:MOST]
    return [row["id"] for row in newest if _goes_beyond(row)]


def _changed_since(model: type[Goal] | type[Intervention], actor: Actor) -> Q:
    rows = model.objects.visible_to(actor).filter(plan_id=OuterRef("pk"), updated_at__gt=OuterRef("since"))
    return Q(Exists(rows))


def _goes_beyond(row: Mapping[str, Any]) -> bool:
    frozen = agreed_rows(row["body"] or {"goals": [], "interventions": []})
    return any(
        needs_agreement(kind, rows.get(now["id"]), shown(kind, now))
        for kind, rows in frozen.items()
        for now in row[f"{kind}_now"]
        if not now["entered_in_error"]
    )
