"""Reading plans: the list, and one with everything in it in one statement whose children PostgreSQL makes into JSON."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db.models import (
    Case,
    Exists,
    F,
    Func,
    JSONField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    UUIDField,
    Value,
    When,
)
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce, Concat, JSONObject, Trim

from backend.audit import access_log
from backend.audit.access_log import Look, log_looks
from backend.careplans.models import (
    BODY,
    Agreement,
    CarePlan,
    CarePlanQuerySet,
    Decision,
    Goal,
    Intervention,
    Phase,
    PlanIdentifier,
    PlanVersion,
    Problem,
    Proposal,
    TeamMember,
)
from backend.careplans.workflow import FINISHED
from backend.clients.models import Client, Registration
from backend.clients.queries import ask_guard, records_of
from backend.lib.actor import Actor, ActorKind
from backend.lib.expressions import Utc
from backend.lib.history import history_of
from backend.lib.prepared import Prepared
from backend.lib.problems import NotFound
from backend.lib.querysets import id_or_404

MOST = 100
Raw = dict[str, Any]


def _label(prefix: str) -> JSONObject:
    return JSONObject(id=F(f"{prefix}_id"), display=F(f"{prefix}__name"))


ROLE = {
    "role_id": F("practitioner_role_id"),
    "role_given": F("practitioner_role__practitioner__given_name"),
    "role_family": F("practitioner_role__practitioner__family_name"),
}
IS_OURS = Q(organization_id=Func(function="staff_organization", output_field=UUIDField()))
# What was said of an error besides its reason stays in the clinic that said it.
ERROR = JSONObject(
    reason="entered_in_error_reason",
    note=Case(When(IS_OURS, then="entered_in_error_note")),
    by="entered_in_error_by",
    at=Utc("entered_in_error_at"),
)
EVERY_ROW = {
    "entered_in_error": Case(When(entered_in_error_at__isnull=False, then=ERROR), output_field=JSONField()),
    "id": F("id"), "version": F("version"), "organization": _label("organization"), "changed_by": F("changed_by"),
    "created_at": Utc("created_at"), "updated_at": Utc("updated_at"),
}  # fmt: skip
# What the lead decided when its organization left: of no other row, and nothing to who does not read decisions.
DECIDED = {"decision": F("decision__answer"), "decision_sentence": F("decision__sentence")}


def _named(*names: str) -> dict[str, F]:
    return {name: F(name) for name in names}


SHAPES: Mapping[str, JSONObject] = {
    "problems": JSONObject(**EVERY_ROW, **DECIDED, **_named("text", "icd10", "state", "continues_id")),
    "goals": JSONObject(
        **EVERY_ROW,
        **DECIDED,
        **_named("words", "measure", "unit", "baseline", "target", "due_on", "state", "continues_id"),
    ),
    "interventions": JSONObject(
        **EVERY_ROW,
        **DECIDED,
        **ROLE,
        **_named(
            "discipline", "focus", "technique_ids", "regions", "times_per_week", "weeks", "minutes", "load", "avoid",
            "home_programme", "visit_budget", "state", "ended_reason", "ended_detail", "continues_id",
        ),
        ended_at=Utc("ended_at"),
    ),
    "phases": JSONObject(**EVERY_ROW, **_named("name", "position", "from_on", "until_on")),
    "team": JSONObject(
        **_named("id", "role", "ended_because"),
        **ROLE,
        organization=_label("organization"),
        from_at=Utc("from_at"),
        until=Utc("until"),
    ),
    "decisions": JSONObject(
        **_named("line_id", "goal_id", "problem_id", "answer", "sentence", "by"), decided_at=Utc("decided_at")
    ),
    "proposals": JSONObject(
        **_named(
            "id", "version", "kind", "about", "row_id", "row_version", "changes", "why", "state", "by", "answer", "answered_by",
        ),
        organization=_label("organization"),
        owner=_label("owner"),
        answered_at=Utc("answered_at"),
        occurred_at=Utc("occurred_at"),
        created_at=Utc("created_at"),
        updated_at=Utc("updated_at"),
    ),
    "versions": JSONObject(**_named("number", "by"), organization=_label("organization"), published_at=Utc("published_at")),
    "agreements": JSONObject(
        **_named("id", "number", "answer", "sentence", "by"),
        organization=_label("organization"),
        answered_at=Utc("answered_at"),
    ),
}  # fmt: skip
SAID_WRONG = ("entered_in_error_reason", "entered_in_error_by", "entered_in_error_at")
MODELS: Mapping[str, Any] = {
    "problems": Problem, "goals": Goal, "interventions": Intervention, "phases": Phase, "team": TeamMember,
    "decisions": Decision, "proposals": Proposal, "versions": PlanVersion, "agreements": Agreement,
}  # fmt: skip

HEADER = (
    "id", "version", "state", "state_reason", "state_detail", "title", "client_id", "client_display", "organization_id",
    "lead_organization_id", "lead_name", "lead_role_id", "lead_person", "review_on", "published", "changed_by", "member_ids",
    "occurred_at", "created_at", "updated_at", "is_ours", "is_shared", "is_home", "own_numbers",
    "entered_in_error_reason", "entered_in_error_note", "entered_in_error_by", "entered_in_error_at",
    "entered_in_error_organization_id",
)  # fmt: skip
# For each party the newest version it says yes to, by its latest answer to each.
AGREED = """
(SELECT coalesce(jsonb_agg(jsonb_build_object('organization_id', yes.organization_id, 'number', yes.number,
                                              'goals', frozen.body -> 'goals', 'interventions', frozen.body -> 'interventions')), '[]')
   FROM (SELECT organization_id, max(number) AS number
           FROM (SELECT DISTINCT ON (a.organization_id, a.number) a.organization_id, a.number, a.answer
                   FROM careplans_agreement a WHERE a.plan_id = careplans_careplan.id
                  ORDER BY a.organization_id, a.number, a.answered_at DESC, a.id DESC) last
          WHERE answer = 'agree' GROUP BY organization_id) yes
   JOIN careplans_planversion v ON v.plan_id = careplans_careplan.id AND v.number = yes.number
  CROSS JOIN LATERAL (SELECT frozen_in_version(v.id) -> 'body' AS body) frozen)
"""


class LiveMembers(Func):
    """The organizations on a plan's team whose access lives now; empty for who does not see the plan."""

    function = "live_members"
    output_field = ArrayField(UUIDField())


def children(actor: Actor, kind: str, *order: str, most: int | None = MOST, **filters: Any) -> ArraySubquery:
    found = MODELS[kind].objects.visible_to(actor).filter(plan_id=OuterRef("pk"), **filters).order_by(*order)
    return ArraySubquery(found.values(data=SHAPES[kind])[:most])


def rows(actor: Actor) -> "QuerySet[CarePlan, Raw]":
    """Every plan the actor sees, with what a list shows."""
    seen = CarePlan.objects.visible_to(actor)
    if actor.is_staff:  # an index finds a clinic's plans by its places on their teams
        seen = seen.filter(pk__in=TeamMember.objects.filter(organization_id=actor.clinic_id).values("plan_id"))
    found: QuerySet[CarePlan, Raw] = with_header(seen, actor).values(*HEADER)
    return found


def about(client_id: UUID, actor: Actor) -> Q:
    """Of this person, under whichever record; one's own plans are found also when the client is gone."""
    return Q(client_id__in=records_of(client_id, actor))


def changed_since(moment: datetime, actor: Actor) -> Q:
    """Of ``rows``: those changed since; of one that is closed to the caller only that their clinic left it since."""
    if not actor.is_staff:
        return Q(updated_at__gte=moment)
    own = TeamMember.objects.visible_to(actor).filter(plan_id=OuterRef("pk"), organization_id=actor.clinic_id)
    opened = Q(is_shared=True) | Q(is_ours=True, lead_organization_id=actor.organization_id)
    return opened & Q(updated_at__gte=moment) | Q(Exists(own.filter(until__gte=moment)))


def one_row(plan_id: UUID | str, actor: Actor) -> Raw:
    """One plan with everything a page shows, in one statement; 404 when it is not the actor's to see."""
    for row in ONE.rows(actor, pk=id_or_404(plan_id)):
        return row
    raise NotFound


def with_header(found: CarePlanQuerySet, actor: Actor) -> CarePlanQuerySet:
    """Plans with what a list shows of each, beside the fields of the plan itself: ``HEADER`` names both."""
    client = Client.objects.visible_to(actor).filter(pk=OuterRef("client_id"))
    home = Registration.objects.visible_to(actor).filter(client_id=OuterRef("client_id"), kind="home", ended_at=None)
    numbers = PlanIdentifier.objects.visible_to(actor).filter(plan_id=OuterRef("pk")).order_by("system", "value")
    name = Trim(Concat(F("given_name"), Value(" "), F("family_name")))
    return found.annotate(
        client_display=Coalesce(Subquery(client.values(name=name)), F("client_name")),
        lead_name=F("lead_organization__name"),
        lead_person=Concat(
            F("lead_role__practitioner__given_name"), Value(" "), F("lead_role__practitioner__family_name")
        ),
        is_ours=Exists(CarePlan.objects.worked_on_by(actor).filter(pk=OuterRef("pk"))),
        is_shared=Exists(CarePlan.objects.open_to(actor).filter(pk=OuterRef("pk"))),
        is_home=Exists(home),
        own_numbers=ArraySubquery(numbers.values(data=JSONObject(**_named("system", "value")))),
    )


LISTS = (
    "team_list",
    "phase_list",
    "problem_list",
    "goal_list",
    "line_list",
    "proposal_list",
    "answer_list",
)


def _one(actor: Actor, *, pk: UUID) -> "QuerySet[CarePlan, Raw]":
    return whole(CarePlan.objects.visible_to(actor).filter(pk=pk), actor)


def whole(found: CarePlanQuerySet, actor: Actor, *, most: int | None = MOST) -> "QuerySet[CarePlan, Raw]":
    """Plans with everything a page shows; of each kind of row at most ``most``, None is all."""
    latest = PlanVersion.objects.visible_to(actor).filter(plan_id=OuterRef("pk"), number=OuterRef("published"))
    rows: QuerySet[CarePlan, Raw] = (
        with_header(found, actor)
        .annotate(
            live=LiveMembers("pk"),
            agreed=RawSQL(AGREED, (), output_field=JSONField()),  # noqa: S611 - no values
            latest=Subquery(
                latest.values(data=JSONObject(**_named("number", "by"), body=BODY, published_at=Utc("published_at")))
            ),
            team_list=children(actor, "team", "from_at", "id", most=most),
            phase_list=children(actor, "phases", "position", "id", most=most),
            problem_list=children(actor, "problems", "created_at", "id", most=most),
            goal_list=children(actor, "goals", "created_at", "id", most=most),
            line_list=children(actor, "interventions", "created_at", "id", most=most),
            proposal_list=children(actor, "proposals", "created_at", "id", most=most, state="open"),
            answer_list=children(actor, "agreements", "-answered_at", "-id", most=most, number=OuterRef("published")),
        )
        .values(*HEADER, "live", "agreed", "latest", *LISTS)
    )
    return rows


ONE = Prepared(_one)


def page_rows(actor: Actor, plan_id: UUID, kind: str) -> "QuerySet[Any, Raw]":
    """The rows of one kind for a list: what orders it, and the row as JSON."""
    order = {"versions": "published_at", "agreements": "answered_at", "team": "from_at"}.get(kind, "created_at")
    found: QuerySet[Any, Raw] = (
        MODELS[kind].objects.visible_to(actor).filter(plan_id=plan_id).values("id", order, data=SHAPES[kind])
    )
    return found


def one_decision(decision_id: UUID, actor: Actor) -> Raw:
    found: Raw = Decision.objects.visible_to(actor).values_list(SHAPES["decisions"], flat=True).get(pk=decision_id)
    return found


def rows_about(actor: Actor, kind: str, client_ids: Iterable[UUID]) -> "QuerySet[Any, Raw]":
    """The rows of one kind in all plans of a client, each with its plan."""
    visible = MODELS[kind].objects.visible_to(actor).filter(plan__client_id__in=list(client_ids))
    found: QuerySet[Any, Raw] = visible.values("id", "plan_id", data=SHAPES[kind])
    return found


def without_words(actor: Actor) -> "QuerySet[CarePlan, Raw]":
    """The plans one's clinic is or was on, newest first, by what an admin may know: no title, no client."""
    person = Concat(F("lead_role__practitioner__given_name"), Value(" "), F("lead_role__practitioner__family_name"))
    found: QuerySet[CarePlan, Raw] = (
        CarePlan.objects.visible_to(actor)
        .annotate(led_by=F("lead_organization__name"), lead_person=person)
        .order_by("-pk")
        .values(
            "id",
            "state",
            "created_at",
            "version",
            "lead_organization_id",
            "led_by",
            "lead_person",
            *SAID_WRONG,
        )
    )
    return found


def own_rows_without_words(actor: Actor, plan_id: UUID) -> dict[str, list[Raw]]:
    """What one's clinic wrote in a plan, by kind and in the order of its page: who, when, and no word of it."""
    return {
        kind: list(
            MODELS[kind].objects.visible_to(actor)
            .filter(plan_id=plan_id, organization_id=actor.clinic_id)
            .order_by("position" if kind == "phases" else "created_at", "id")
            .values("id", "version", "created_at", "changed_by", *SAID_WRONG)
        )
        for kind in ("problems", "goals", "interventions", "phases")
    }  # fmt: skip


def log_looks_at(actor: Actor, shown: Iterable[Raw]) -> None:
    """Writes who looked."""
    log_looks(actor, looks_at(actor, shown))


def looks_at(actor: Actor, shown: Iterable[Raw]) -> list[Look]:
    """One look for each other organization whose rows were shown; an auditor's always."""
    if actor.kind == ActorKind.CLIENT:
        return []
    audits, mine = actor.reads_as_auditor, actor.organization_id
    looks = []
    for row in shown:
        others = sorted(set(row["member_ids"]) - {mine}, key=str) if row["is_shared"] else []
        if not others and (audits or not row["is_home"]):
            others = [row["lead_organization_id"]]
        looks += [Look("care_plan", row["id"], row["client_id"], owner, why="care_team") for owner in others]
    return looks


def visits_used(plan_id: UUID) -> dict[UUID, tuple[int, int]]:
    """For each line of a plan: visits done and still booked at its organization since the line began."""
    return {line: (done, booked) for line, done, booked in ask_guard("SELECT * FROM visits_used(%s)", [plan_id])}


def header_open_to(actor: Actor) -> Q:
    """Of the plans a caller sees those whose title they read: which they lead, or are open to them. As ``rendering`` says."""
    opened = CarePlan.objects.open_to(actor).filter(pk=OuterRef("pk"))
    return Q(lead_organization_id=actor.organization_id) | Q(Exists(opened))


def endings_told(actor: Actor) -> QuerySet[Any]:
    """Of the finished plans a caller sees those whose end it was told: its clinic was on the team then.

    That one was entered in error is told to every party.
    """
    finished = CarePlan.objects.visible_to(actor).filter(state__in=FINISHED)
    if not actor.is_staff:
        return finished
    there = TeamMember.objects.visible_to(actor).filter(
        Q(until=None) | Q(until__gte=OuterRef("state_entered_at")),
        plan_id=OuterRef("pk"),
        organization_id=actor.clinic_id,
        from_at__lte=OuterRef("state_entered_at"),
    )
    return finished.filter(Q(Exists(there)) | Q(entered_in_error_at__isnull=False))


def steps_told(actor: Actor) -> QuerySet[Any]:
    """Of the histories a caller reads, for each plan the row that its newest step left: into the state in which it is now.

    Of one that was entered in error that is when it was said: it may have ended long before.
    """
    steps: QuerySet[Any] = history_of(CarePlan).objects.visible_to(actor)
    moved = Q(state_entered_at=F("pgh_obj__state_entered_at"), updated_at=F("state_entered_at"))
    erred = Q(entered_in_error_at=F("pgh_obj__entered_in_error_at"), updated_at=F("entered_in_error_at"))
    return steps.filter(moved & Q(pgh_obj__entered_in_error_at=None) | erred)


def leads_told(actor: Actor) -> QuerySet[Any]:
    """The rows of ``leads_passed`` with which the lead went over to who has it now."""
    return leads_passed(actor).filter(lead_organization_id=F("pgh_obj__lead_organization_id"))


def leads_passed(actor: Actor) -> QuerySet[Any]:
    """Of the histories a caller reads, the rows with which the lead went over; ``led_before`` had it until then."""
    return _changes_of(actor, "lead_organization_id", "led_before").exclude(led_before=F("lead_organization_id"))


def pauses(actor: Actor) -> QuerySet[Any]:
    """Of the histories a caller reads, the rows with which a plan was put on hold, was reopened or went on after that.

    Those that the step itself left: a caller who reads only later ones was not there.
    """
    held = CarePlan.State.ON_HOLD
    moved = _changes_of(actor, "state", "state_before").filter(updated_at=F("state_entered_at"))
    changed = moved.exclude(state_before=F("state"))
    return changed.filter(Q(state=held) | Q(state=CarePlan.State.ACTIVE, state_before=held))


def _changes_of(actor: Actor, field: str, before: str) -> QuerySet[Any]:
    """The histories of plans a caller reads, each row with what the field was in the one before; without the first."""
    told = history_of(CarePlan).objects.visible_to(actor)
    earlier = told.filter(pgh_obj_id=OuterRef("pgh_obj_id"), pgh_created_at__lt=OuterRef("pgh_created_at"))
    was = Subquery(earlier.order_by("-pgh_created_at", "-pgh_id").values(field)[:1])
    found: QuerySet[Any] = told.annotate(**{before: was}).filter(**{f"{before}__isnull": False})
    return found


def organizations_that_read(plan: CarePlan, actor: Actor) -> set[UUID]:
    """Which clinics' people opened or exported a plan of which the caller's clinic has rows so far, from the access log."""
    return access_log.organizations_that_read(
        actor, "care_plan", plan.pk, client_id=plan.client_id, owner_id=actor.clinic_id
    )
