"""Reading plans: the list, and one with everything in it in one statement whose children PostgreSQL makes into JSON."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db.models import (
    CharField,
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
)
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce, Concat, JSONObject, Trim

from backend.audit.access_log import Look, log_looks
from backend.careplans import policies
from backend.careplans.agreement import Kind, Standing, agreed_rows
from backend.careplans.changes import KINDS, difference, sentences
from backend.careplans.inputs import TransitionOfPlan
from backend.careplans.models import (
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
from backend.careplans.workflow import PLAN_WORKFLOW, PROPOSAL_WORKFLOW
from backend.clients.models import Client, Registration
from backend.clients.queries import ask_guard, ids_of
from backend.lib.actor import Actor, ActorKind
from backend.lib.prepared import Prepared
from backend.lib.problems import NotFound
from backend.lib.querysets import id_or_404
from backend.lib.rest.fields import utc
from backend.lib.rest.transitions import offered
from backend.lib.workflow import Workflow

MOST = 100
Raw = dict[str, Any]


class Utc(Func):
    """A time inside JSON, as the contract writes times."""

    template = """to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
    output_field = CharField()


def _label(prefix: str) -> JSONObject:
    return JSONObject(id=F(f"{prefix}_id"), display=F(f"{prefix}__name"))


ROLE = {
    "role_id": F("practitioner_role_id"),
    "role_given": F("practitioner_role__practitioner__given_name"),
    "role_family": F("practitioner_role__practitioner__family_name"),
}
EVERY_ROW = {
    "id": F("id"), "version": F("version"), "organization": _label("organization"), "changed_by": F("changed_by"),
    "created_at": Utc("created_at"), "updated_at": Utc("updated_at"),
}  # fmt: skip


def _named(*names: str) -> dict[str, F]:
    return {name: F(name) for name in names}


SHAPES: Mapping[str, JSONObject] = {
    "problems": JSONObject(**EVERY_ROW, **_named("text", "icd10", "state")),
    "goals": JSONObject(**EVERY_ROW, **_named("words", "measure", "unit", "baseline", "target", "due_on", "state")),
    "interventions": JSONObject(
        **EVERY_ROW,
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
    "decisions": JSONObject(**_named("line_id", "answer", "sentence", "by"), decided_at=Utc("decided_at")),
    "proposals": JSONObject(
        **_named(
            "id", "version", "kind", "about", "row_id", "row_version", "changes", "why", "state", "by", "answer", "answered_by",
        ),
        organization=_label("organization"),
        owner=_label("owner"),
        answered_at=Utc("answered_at"),
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
MODELS: Mapping[str, Any] = {
    "problems": Problem, "goals": Goal, "interventions": Intervention, "phases": Phase, "team": TeamMember,
    "decisions": Decision, "proposals": Proposal, "versions": PlanVersion, "agreements": Agreement,
}  # fmt: skip
BLANK_WHEN_UNKNOWN = frozenset(
    ("icd10", "measure", "unit", "home_programme", "ended_reason", "ended_detail", "ended_because", "sentence", "answer", "answered_by")
)  # fmt: skip
# What a coordinator, who plans times, does not read of a line.
CLINICAL_OF_A_LINE = (
    "focus",
    "technique_ids",
    "regions",
    "load",
    "avoid",
    "home_programme",
    "ended_reason",
    "ended_detail",
    "agreement",
)
CLINICAL = ("title", "state_detail", "problems", "goals", "proposals", "to_decide", "unpublished")
# What of the header is somebody else's words, for whom the plan is no longer open.
OTHERS = ("title", "review_on", "state_reason", "state_detail", "agreement", "unpublished", "to_decide")

HEADER = (
    "id", "version", "state", "state_reason", "state_detail", "title", "client_id", "client_display", "organization_id",
    "lead_organization_id", "lead_name", "lead_role_id", "lead_person", "review_on", "published", "changed_by", "member_ids",
    "created_at", "updated_at", "is_ours", "is_shared", "is_home", "own_numbers",
)  # fmt: skip
# For each party the newest version it says yes to, by its latest answer to each.
AGREED = """
(SELECT coalesce(jsonb_agg(jsonb_build_object('organization_id', yes.organization_id, 'number', yes.number,
                                              'goals', v.body -> 'goals', 'interventions', v.body -> 'interventions')), '[]')
   FROM (SELECT organization_id, max(number) AS number
           FROM (SELECT DISTINCT ON (a.organization_id, a.number) a.organization_id, a.number, a.answer
                   FROM careplans_agreement a WHERE a.plan_id = careplans_careplan.id
                  ORDER BY a.organization_id, a.number, a.answered_at DESC, a.id DESC) last
          WHERE answer = 'agree' GROUP BY organization_id) yes
   JOIN careplans_planversion v ON v.plan_id = careplans_careplan.id AND v.number = yes.number)
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
    found: QuerySet[CarePlan, Raw] = _with_header(CarePlan.objects.visible_to(actor), actor).values(*HEADER)
    return found


def about(client_id: UUID, actor: Actor) -> Q:
    """Of this client, of the records that became part of it, and of those the caller's clinic linked to it.

    An old id answers for the record it became part of; one's own plans are found also when the client is gone.
    """
    client = Client.objects.visible_to(actor).filter(pk=client_id).select_related("merged_into").first()
    if client is None:
        return Q(client_id=client_id)
    ids = ids_of(actor, client.merged_into or client)
    linked = Registration.objects.visible_to(actor).filter(own_client_id__in=ids, kind="linked", ended_at=None)
    return Q(client_id__in=ids) | Q(client_id__in=linked.values("client_id"))


def one_row(plan_id: UUID | str, actor: Actor) -> Raw:
    """One plan with everything a page shows, in one statement; 404 when it is not the actor's to see."""
    for row in ONE.rows(actor, pk=id_or_404(plan_id)):
        return row
    raise NotFound


def _with_header(found: CarePlanQuerySet, actor: Actor) -> CarePlanQuerySet:
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
    "decision_list",
    "proposal_list",
    "answer_list",
)


def _one(actor: Actor, *, pk: UUID) -> "QuerySet[CarePlan, Raw]":
    return whole(CarePlan.objects.visible_to(actor).filter(pk=pk), actor)


def whole(found: CarePlanQuerySet, actor: Actor, *, most: int | None = MOST) -> "QuerySet[CarePlan, Raw]":
    """Plans with everything a page shows; of each kind of row at most ``most``, None is all."""
    latest = PlanVersion.objects.visible_to(actor).filter(plan_id=OuterRef("pk"), number=OuterRef("published"))
    rows: QuerySet[CarePlan, Raw] = (
        _with_header(found, actor)
        .annotate(
            live=LiveMembers("pk"),
            agreed=RawSQL(AGREED, (), output_field=JSONField()),  # noqa: S611 - no values
            latest=Subquery(
                latest.values(data=JSONObject(**_named("number", "by", "body"), published_at=Utc("published_at")))
            ),
            team_list=children(actor, "team", "from_at", "id", most=most),
            phase_list=children(actor, "phases", "position", "id", most=most),
            problem_list=children(actor, "problems", "created_at", "id", most=most),
            goal_list=children(actor, "goals", "created_at", "id", most=most),
            line_list=children(actor, "interventions", "created_at", "id", most=most),
            decision_list=children(actor, "decisions", "decided_at", "id", most=most),
            proposal_list=children(actor, "proposals", "created_at", "id", most=most, state="open"),
            answer_list=children(actor, "agreements", "answered_at", "id", most=most, number=OuterRef("published")),
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


def rows_about(actor: Actor, kind: str, client_ids: Iterable[UUID]) -> "QuerySet[Any, Raw]":
    """The rows of one kind in all plans of a client, each with its plan."""
    visible = MODELS[kind].objects.visible_to(actor).filter(plan__client_id__in=list(client_ids))
    found: QuerySet[Any, Raw] = visible.values("id", "plan_id", data=SHAPES[kind])
    return found


def log_looks_at(actor: Actor, shown: Iterable[Raw]) -> None:
    """Writes who looked."""
    log_looks(actor, looks_at(actor, shown))


def looks_at(actor: Actor, shown: Iterable[Raw]) -> list[Look]:
    """One look for each other organization whose rows were shown; an auditor's always."""
    if actor.kind == ActorKind.CLIENT:
        return []
    audits, mine = policies.is_only_auditor(actor), actor.organization_id
    looks = []
    for row in shown:
        others = sorted(set(row["member_ids"]) - {mine}, key=str) if row["is_shared"] else []
        if not others and (audits or not row["is_home"]):
            others = [row["lead_organization_id"]]
        looks += [Look("care_plan", row["id"], row["client_id"], owner, why="care_team") for owner in others]
    return looks


# --- from a row to what the caller reads ---------------------------------------------------------------------------


def summary(row: Raw, actor: Actor) -> Raw:
    """A plan as a list shows it; what the caller may not read is named in ``withheld``."""
    said = {
        "id": str(row["id"]),
        "version": row["version"],
        "state": row["state"],
        "state_reason": row["state_reason"] or None,
        "state_detail": row["state_detail"] or None,
        "title": row["title"],
        "client": {"id": str(row["client_id"]), "display": row["client_display"]},
        "lead": {
            "organization": {"id": str(row["lead_organization_id"]), "display": row["lead_name"]},
            "practitioner_role": _person(row["lead_role_id"], row["lead_person"]),
        },
        "review_on": row["review_on"].isoformat() if row["review_on"] else None,
        "published": row["published"],
        "identifiers": row["own_numbers"],
        "changed_by": row["changed_by"],
        "created_at": utc(row["created_at"]),
        "updated_at": utc(row["updated_at"]),
    }
    return _without(said, _withheld(row, actor))


def detail(row: Raw, actor: Actor) -> Raw:
    """A plan, whole, as the caller may read it."""
    standing, withheld = standing_of(row), _withheld(row, actor)
    lines = [
        with_agreement("interventions", shown("interventions", line), standing, actor) for line in row["line_list"]
    ]
    said = {
        **summary(row, actor),
        "available_transitions": _available(row, actor),
        "team": [member_for(member, row) for member in row["team_list"]],
        "phases": [shown("phases", phase) for phase in row["phase_list"]],
        "problems": [shown("problems", problem) for problem in row["problem_list"]],
        "goals": [with_agreement("goals", shown("goals", goal), standing, actor) for goal in row["goal_list"]],
        "interventions": [line_for(line, actor) for line in lines],
        "proposals": [proposal_for(shown("proposals", proposal), row, actor) for proposal in row["proposal_list"]],
        "to_decide": to_decide(row),
        "agreement": agreement_of(row, standing),
        "unpublished": sentences(difference((row["latest"] or {}).get("body"), body_of(row))),
    }
    return _without(said, withheld)


def standing_of(row: Raw) -> Standing:
    """Who counts in this plan now, and what each agreed to."""
    agreed = {one["organization_id"]: agreed_rows(one) for one in row["agreed"]}
    return Standing(parties=[str(pk) for pk in row["live"] or ()], agreed=agreed)


def with_agreement(kind: Kind, row: Raw, standing: Standing, actor: Actor) -> Raw:
    """A line or goal with what of it is in force for the caller, and for whom it is not yet."""
    party = str(actor.organization_id or row["organization"]["id"])
    waiting = standing.waiting_for(kind, row)
    mine = standing.in_force_for(party, kind, row)
    return {
        **row,
        "agreement": {
            "state": "waiting_for_agreement" if waiting else "in_force",
            "in_force_for_you": mine is row,
            "agreed": None if mine is None or mine is row else dict(mine),
            "waiting_for": waiting,
        },
    }


def agreement_of(row: Raw, standing: Standing) -> Raw:
    """The newest version, and what each party says to it. Nobody is bound by silence."""
    latest = row["latest"]
    answers = {answer["organization"]["id"]: answer for answer in row["answer_list"]}  # the last one counts
    numbers = {one["organization_id"]: one["number"] for one in row["agreed"]}
    named = {member["organization"]["id"]: member["organization"] for member in row["team_list"]}
    return {
        "version": latest["number"] if latest else None,
        "published_at": latest["published_at"] if latest else None,
        "is_asked": len(standing.parties) > 1,
        "parties": [
            {
                "organization": named[party],
                "answer": answers[party]["answer"] if party in answers else None,
                "sentence": (answers[party]["sentence"] or None) if party in answers else None,
                "answered_at": answers[party]["answered_at"] if party in answers else None,
                "agreed_version": numbers.get(party),
            }
            for party in standing.parties
            if party in named
        ],
    }


def body_of(row: Raw) -> Raw:
    """What a version freezes: the plan as it stands, without what changes by itself."""
    kinds = {"problems": "problem_list", "goals": "goal_list", "interventions": "line_list", "phases": "phase_list"}
    frozen = {kind: [_frozen(kind, line) for line in row[name]] for kind, name in kinds.items()}
    team = [_frozen("team", member) for member in row["team_list"] if member["until"] is None]
    review_on = row["review_on"].isoformat() if row["review_on"] else None
    return {"title": row["title"], "review_on": review_on, **frozen, "team": team}


def to_decide(row: Raw) -> list[Raw]:
    """Lines whose organization left, until the lead took each over or dropped it."""
    decided = {decision["line_id"] for decision in row["decision_list"]}
    return [
        {"id": line["id"], "focus": line["focus"], "organization": line["organization"], "ended_at": line["ended_at"]}
        for line in row["line_list"]
        if line["ended_reason"] == Intervention.EndedReason.LEFT and line["id"] not in decided
    ]


def proposal_for(proposal: Raw, row: Raw, actor: Actor) -> Raw:
    """A proposal, with whether the row has changed since, and what the caller can do."""
    rows_now = {one["id"]: one["version"] for one in (*row["line_list"], *row["goal_list"])}
    made_for = proposal.pop("row_version")
    is_stale = (
        proposal["state"] == "open" and proposal["row_id"] is not None and rows_now.get(proposal["row_id"]) != made_for
    )
    subject = Proposal(
        organization_id=UUID(proposal["organization"]["id"]),
        owner_id=UUID(proposal["owner"]["id"]),
        state=proposal["state"],
    )
    steps = _steps(PROPOSAL_WORKFLOW, subject, policies.sides_of_proposal(actor, subject), actor)
    return {**proposal, "is_stale": is_stale, "available_transitions": steps}


def shown(kind: str, row: Raw) -> Raw:
    """A row's JSON as the contract has it: null for what is not known, names instead of their parts."""
    said = {name: None if value == "" and name in BLANK_WHEN_UNKNOWN else value for name, value in row.items()}
    if "role_id" in said:
        given, family = said.pop("role_given"), said.pop("role_family")
        said["practitioner_role"] = _person(said.pop("role_id"), f"{given} {family}")
    return said


def member_for(member: Raw, row: Raw) -> Raw:
    """A membership, with whether it counts now."""
    is_live = member["until"] is None and member["organization"]["id"] in standing_of(row).parties
    return {**shown("team", member), "is_live": is_live}


def line_for(line: Raw, actor: Actor) -> Raw:
    return line if policies.reads_clinical(actor) else _without(line, CLINICAL_OF_A_LINE)


def visits_used(plan_id: UUID) -> dict[UUID, tuple[int, int]]:
    """For each line of a plan: visits done and still booked at its organization since the line began."""
    return {line: (done, booked) for line, done, booked in ask_guard("SELECT * FROM visits_used(%s)", [plan_id])}


def progress(row: Raw, actor: Actor) -> Raw:
    """What is known so far: goals with where they began, lines with the visits used of their budget."""
    used = visits_used(row["id"])
    lines = [
        {
            "id": line["id"],
            "organization": line["organization"],
            "focus": line["focus"],
            "state": line["state"],
            "visit_budget": line["visit_budget"],
            "visits_done": used.get(UUID(line["id"]), (0, 0))[0],
            "visits_booked": used.get(UUID(line["id"]), (0, 0))[1],
        }
        for line in row["line_list"]
    ]
    goals = [
        {**{name: goal[name] for name in GOAL_PROGRESS}, "latest": None, "latest_at": None}
        for goal in (shown("goals", goal) for goal in row["goal_list"])
    ]
    if policies.reads_clinical(actor):
        return {"goals": goals, "interventions": lines}
    return {"interventions": [_without(line, ("focus",)) for line in lines], "withheld": ["goals"]}


GOAL_PROGRESS = ("id", "words", "measure", "unit", "baseline", "target", "due_on", "state")


def version_for(found: PlanVersion) -> Raw:
    """A version, whole: what was frozen, and what changed since the one before."""
    return {
        "number": found.number,
        "by": found.by,
        "organization": {"id": str(found.organization_id), "display": found.organization.name},
        "published_at": utc(found.published_at),
        "body": found.body,
        "changes": found.changes,
        "difference": sentences(found.changes),
    }


def _frozen(kind: str, row: Raw) -> Raw:
    """The fields a version keeps of a row: those that are compared, whose it is and under which id."""
    return {name: shown(kind, row)[name] for name in ("id", "organization", *KINDS[kind][2])}


def header_open_to(actor: Actor) -> Q:
    """Of the plans a caller sees those whose title they read: their own, and those they work on. As ``_withheld`` says."""
    worked_on = (
        CarePlan.objects.visible_to(actor) if actor.kind == ActorKind.CLIENT else CarePlan.objects.worked_on_by(actor)
    )
    return Q(organization_id=actor.organization_id) | Q(Exists(worked_on.filter(pk=OuterRef("pk"))))


def _withheld(row: Raw, actor: Actor) -> tuple[str, ...]:
    closed = not row["is_ours"] and actor.kind != ActorKind.CLIENT
    own = {"title"} if row["organization_id"] == actor.organization_id else set()
    names = {*(set(OTHERS) - own if closed else ()), *(() if policies.reads_clinical(actor) else CLINICAL)}
    return tuple(sorted(names))


def _without(said: Raw, names: Iterable[str]) -> Raw:
    left_out = [name for name in names if name in said]
    kept = {name: value for name, value in said.items() if name not in left_out}
    return {**kept, "withheld": sorted({*said.get("withheld", ()), *left_out})} if left_out else kept


def _available(row: Raw, actor: Actor) -> list[Raw]:
    subject = CarePlan(state=row["state"], lead_organization_id=row["lead_organization_id"])
    sides = policies.sides_of(actor, subject) if row["is_ours"] else set()
    return _steps(PLAN_WORKFLOW, subject, sides, actor)


def _steps(workflow: Workflow[Any], subject: Any, sides: Collection[str], actor: Actor) -> list[Raw]:
    """The transitions that this caller can make now."""
    rights = actor.rights if actor.kind == ActorKind.MEMBER else None
    return [
        offered(step, next(side for side in step.by if side in sides), TransitionOfPlan)
        for step in workflow.available(subject, sides, rights)
    ]


def _person(role_id: Any, name: str | None) -> Raw | None:
    return {"id": str(role_id), "display": name} if role_id else None


def organizations_in(body: Mapping[str, Any]) -> set[UUID]:
    """Whose rows a version holds, those of the team among them."""
    return {UUID(row["organization"]["id"]) for kind in KINDS for row in body[kind]}
