"""From a row of a plan to what the caller reads: what may not be read is left out and named in ``withheld``."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from backend.careplans import policies
from backend.careplans.agreement import Kind, Standing, agreed_rows
from backend.careplans.changes import KINDS, difference, sentences
from backend.careplans.inputs import TransitionOfPlan
from backend.careplans.models import CarePlan, Intervention, PlanVersion, Proposal
from backend.careplans.queries import Raw, visits_used
from backend.careplans.workflow import ACTIVE, FINISHED, PLAN_WORKFLOW, PROPOSAL_WORKFLOW
from backend.lib.actor import Actor, ActorKind
from backend.lib.rest.fields import utc, utc_or_none
from backend.lib.rest.transitions import offered
from backend.lib.workflow import Workflow

BLANK_WHEN_UNKNOWN = frozenset(
    ("icd10", "measure", "unit", "home_programme", "ended_reason", "ended_detail", "ended_because", "sentence", "answer", "answered_by",
     "decision_sentence")
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
    "decision_sentence",
    "agreement",
)
CLINICAL = ("title", "state_detail", "problems", "goals", "proposals", "to_decide", "unpublished")
# What of the header is somebody else's words, and says that and when they go on, for whom the plan is no longer open.
OTHERS = (
    "title", "review_on", "state_reason", "state_detail", "occurred_at", "agreement", "unpublished", "to_decide",
    "version", "published", "changed_by", "updated_at",
)  # fmt: skip
GOAL_PROGRESS = ("id", "words", "measure", "unit", "baseline", "target", "due_on", "state")


def summary(row: Raw, actor: Actor) -> Raw:
    """A plan as a list shows it; what the caller may not read is named in ``withheld``."""
    said = {
        "id": str(row["id"]),
        "version": row["version"],
        "state": row["state"],
        "state_reason": row["state_reason"] or None,
        "state_detail": row["state_detail"] or None,
        "occurred_at": utc_or_none(row["occurred_at"]),
        "title": row["title"],
        "client": {"id": str(row["client_id"]), "display": row["client_display"]},
        "lead": {
            "organization": {"id": str(row["lead_organization_id"]), "display": row["lead_name"]},
            "practitioner_role": _person(row["lead_role_id"], row["lead_person"]),
        },
        "review_on": row["review_on"].isoformat() if row["review_on"] else None,
        "published": row["published"],
        "entered_in_error": _plan_in_error(row, actor),
        "identifiers": row["own_numbers"],
        "changed_by": row["changed_by"],
        "created_at": utc(row["created_at"]),
        "updated_at": utc(row["updated_at"]),
    }
    return _without(said, _withheld(row, actor))


def in_error(row: Raw, actor: Actor) -> Raw:
    """That a plan was entered in error, for whoever said so: an admin reads no plan."""
    return {
        "id": str(row["id"]),
        "version": row["version"],
        "state": row["state"],
        "entered_in_error": _plan_in_error(row, actor),
    }


def row_in_error(row: Raw) -> Raw:
    """The same of a row as ``shown``."""
    return {name: row[name] for name in ("id", "version", "organization", "entered_in_error")}


def detail(row: Raw, actor: Actor) -> Raw:
    """A plan, whole, as the caller may read it."""
    standing, withheld = standing_of(row), _withheld(row, actor)
    lines = [
        with_agreement("interventions", shown("interventions", line), standing, actor) for line in row["line_list"]
    ]
    said = {
        **summary(row, actor),
        "available_transitions": _available(row, actor),
        "team": [member_for(member, standing) for member in row["team_list"]],
        "phases": [shown("phases", phase) for phase in row["phase_list"]],
        "problems": [shown("problems", problem) for problem in row["problem_list"]],
        "goals": [with_agreement("goals", shown("goals", goal), standing, actor) for goal in row["goal_list"]],
        "interventions": [line_for(line, actor) for line in lines],
        "proposals": [proposal_for(shown("proposals", proposal), row, actor) for proposal in row["proposal_list"]],
        "to_decide": to_decide(row),
        "agreement": agreement_of(row, standing, actor),
        "unpublished": unpublished(row),
    }
    return _without(said, withheld)


def unpublished(row: Raw) -> list[str]:
    """What has changed since the newest version; of a plan that was entered in error nothing will be published."""
    if row["entered_in_error_at"]:
        return []
    return sentences(difference((row["latest"] or {}).get("body"), body_of(row)))


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


def agreement_of(row: Raw, standing: Standing, actor: Actor) -> Raw:
    """The newest version, and what each party says to it. Nobody is bound by silence."""
    unread = () if actor.reads_clinical else ("sentence",)
    latest = row["latest"]
    answers = {answer["organization"]["id"]: answer for answer in reversed(row["answer_list"])}  # the newest counts
    numbers = {one["organization_id"]: one["number"] for one in row["agreed"]}
    named = {member["organization"]["id"]: member["organization"] for member in row["team_list"]}
    return {
        "version": latest["number"] if latest else None,
        "published_at": latest["published_at"] if latest else None,
        "is_asked": len(standing.parties) > 1,
        "parties": [
            _without(
                {
                    "organization": named[party],
                    "answer": answers[party]["answer"] if party in answers else None,
                    "sentence": (answers[party]["sentence"] or None) if party in answers else None,
                    "answered_at": answers[party]["answered_at"] if party in answers else None,
                    "agreed_version": numbers.get(party),
                },
                unread,
            )
            for party in standing.parties
            if party in named
        ],
    }


def body_of(row: Raw) -> Raw:
    """What a version freezes: the plan as it stands, without what changes by itself and what counts no more."""
    kinds = {"problems": "problem_list", "goals": "goal_list", "interventions": "line_list", "phases": "phase_list"}
    frozen = {kind: [_frozen(kind, line) for line in row[name] if counts(line)] for kind, name in kinds.items()}
    team = [_frozen("team", member) for member in row["team_list"] if member["until"] is None]
    review_on = row["review_on"].isoformat() if row["review_on"] else None
    return {"title": row["title"], "review_on": review_on, **frozen, "team": team}


def counts(row: Raw) -> bool:
    """Whether a row is part of the plan as it stands: a line that was left has ended, a goal or problem goes with the decision."""
    return not row["entered_in_error"] and (row.get("decision") is None or row["state"] == Intervention.State.ENDED)


def to_decide(row: Raw) -> list[Raw]:
    """What stands in the plan of an organization that left, until the lead took each over or dropped it."""
    left = {member["organization"]["id"]: member["until"] for member in row["team_list"]}
    found = [
        ("interventions", line["focus"], line, line["ended_at"])
        for line in row["line_list"]
        if line["ended_reason"] == Intervention.EndedReason.LEFT
    ]
    if row["state"] not in FINISHED:
        found += [
            (kind, one[KINDS[kind][1]], one, left[one["organization"]["id"]])
            for kind, name in (("goals", "goal_list"), ("problems", "problem_list"))
            for one in row[name]
            if one["state"] == ACTIVE and counts(one) and left.get(one["organization"]["id"])
        ]
    return [
        {"kind": kind, "id": one["id"], "name": name, "organization": one["organization"], "left_at": left_at}
        for kind, name, one, left_at in found
        if one["decision"] is None
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
    if error := said.get("entered_in_error"):
        said["entered_in_error"] = _error(error, reads_note=error["note"] is not None)
    return said


def member_for(member: Raw, standing: Standing) -> Raw:
    """A membership, with whether it counts now."""
    is_live = member["until"] is None and member["organization"]["id"] in standing.parties
    return {**shown("team", member), "is_live": is_live}


def line_for(line: Raw, actor: Actor) -> Raw:
    if actor.reads_clinical:
        return line
    error = line["entered_in_error"]
    return _without({**line, "entered_in_error": error and _error(error, reads_note=False)}, CLINICAL_OF_A_LINE)


def progress(row: Raw, actor: Actor) -> Raw:
    """What is known so far: goals with where they began, lines with the visits used of their budget.

    What was entered in error is in no count; of a plan that was, nothing is.
    """
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
        for line in _standing(row, "line_list")
    ]
    goals = [
        {**{name: goal[name] for name in GOAL_PROGRESS}, "latest": None, "latest_at": None}
        for goal in (shown("goals", goal) for goal in _standing(row, "goal_list"))
    ]
    if actor.reads_clinical:
        return {"goals": goals, "interventions": lines}
    return {"interventions": [_without(line, ("focus",)) for line in lines], "withheld": ["goals"]}


def version_for(found: PlanVersion) -> Raw:
    """A version of ``whole()``: what was frozen, and what changed since the one before, without what was taken back."""
    frozen = found.frozen
    return {
        "number": found.number,
        "by": found.by,
        "organization": {"id": str(found.organization_id), "display": found.organization.name},
        "published_at": utc(found.published_at),
        "body": frozen["body"],
        "changes": frozen["changes"],
        "difference": sentences(frozen["changes"]),
        "taken_back": sorted(frozen["taken_back"]),
    }


def version_without(version: Raw, row_ids: Collection[str]) -> Raw:
    """A version that was told, without these rows, as if they had been taken back from its reader."""
    held = {row["id"] for kind in KINDS for row in version["body"][kind]}
    body = {kind: [row for row in version["body"][kind] if row["id"] not in row_ids] for kind in KINDS}
    changes = [change for change in version["changes"] if change.get("id") not in row_ids]
    return {
        **version,
        "body": {**version["body"], **body},
        "changes": changes,
        "difference": sentences(changes),
        "taken_back": sorted({*version["taken_back"], *held.intersection(row_ids)}),
    }


def _frozen(kind: str, row: Raw) -> Raw:
    """The fields a version keeps of a row: those that are compared, whose it is and under which id."""
    said = shown(kind, row)
    return {name: said[name] for name in ("id", "organization", *KINDS[kind][2])}


def _withheld(row: Raw, actor: Actor) -> tuple[str, ...]:
    own = {"title"} if _leads(row, actor) else set()
    names = {*(set(OTHERS) - own if is_closed(row, actor) else ()), *(() if actor.reads_clinical else CLINICAL)}
    return tuple(sorted(names))


def is_closed(row: Raw, actor: Actor) -> bool:
    """Whether the header is others' words: for who is not on the team, and at once when the circle has ended, too."""
    on_it = row["is_shared"] or (row["is_ours"] and _leads(row, actor))
    return actor.kind != ActorKind.CLIENT and not on_it


def _leads(row: Raw, actor: Actor) -> bool:
    return bool(row["lead_organization_id"] == actor.organization_id)


def _without(said: Raw, names: Iterable[str]) -> Raw:
    left_out = [name for name in names if name in said]
    kept = {name: value for name, value in said.items() if name not in left_out}
    return {**kept, "withheld": sorted({*said.get("withheld", ()), *left_out})} if left_out else kept


def _available(row: Raw, actor: Actor) -> list[Raw]:
    subject = CarePlan(
        state=row["state"],
        lead_organization_id=row["lead_organization_id"],
        entered_in_error_at=row["entered_in_error_at"],
        entered_in_error_reason=row["entered_in_error_reason"],
    )
    sides = policies.sides_of(actor, subject) if row["is_ours"] else set()
    return _steps(PLAN_WORKFLOW, subject, sides, actor)


def _steps(workflow: Workflow[Any], subject: Any, sides: Collection[str], actor: Actor) -> list[Raw]:
    """The transitions that this caller can make now."""
    rights = actor.rights if actor.kind == ActorKind.MEMBER else None
    return [
        offered(step, next(side for side in step.by if side in sides), TransitionOfPlan)
        for step in workflow.available(subject, sides, rights)
    ]


def _standing(row: Raw, name: str) -> list[Raw]:
    """The rows of one kind that count."""
    return [] if row["entered_in_error_at"] else [one for one in row[name] if counts(one)]


def _plan_in_error(row: Raw, actor: Actor) -> Raw | None:
    if row["entered_in_error_at"] is None:
        return None
    error = {name: row[f"entered_in_error_{name}"] for name in ("reason", "note", "by")}
    is_own = actor.is_staff and row["entered_in_error_organization_id"] == actor.organization_id
    reads_note = is_own and (actor.reads_clinical or actor.has_right("admin"))
    return _error({**error, "at": utc(row["entered_in_error_at"])}, reads_note=reads_note)


def _error(error: Mapping[str, Any], *, reads_note: bool) -> Raw:
    """Everything stays and is shown struck through; what was said about it stays in the clinic."""
    note = {"note": error.get("note") or None} if reads_note else {}
    return {"reason": error["reason"], **note, "by": error["by"], "at": error["at"]}


def _person(role_id: Any, name: str | None) -> Raw | None:
    return {"id": str(role_id), "display": name} if role_id else None


def organizations_in(body: Mapping[str, Any]) -> set[UUID]:
    """Whose rows a version holds, those of the team among them."""
    return {UUID(row["organization"]["id"]) for kind in KINDS for row in body[kind]}
