"""How a plan reads on a page and on paper: lines, goals and states in words, never in codes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.utils.dateparse import parse_date

from backend.careplans import workflow as w
from backend.careplans.models import Decision, ErrorReason, Goal, Intervention, Problem
from backend.catalog.words import label_of, places
from backend.lib.zones import day_in_words

Body = Mapping[str, Any]

STATES = {
    w.DRAFT: "Draft",
    w.ACTIVE: "Active",
    w.ON_HOLD: "On hold",
    w.COMPLETED: "Completed",
    w.REVOKED: "Revoked",
}
REASONS = {
    "client_request": "the client asked for it",
    "away": "the client is away",
    "illness": "illness",
    "waiting_for_medical": "waiting for a medical opinion",
    "no_capacity": "no capacity",
    "goals_met": "the goals are met",
    "goals_partly_met": "the goals are met in part",
    "no_further_change": "no further change",
    "client_stopped": "the client stopped",
    "replaced": "another one replaces it",
    "entered_in_error": "entered in error",
    "client_moved": "the client moved away",
    "client_died": "the client died",
    "other": "another reason",
}
ENDED: Mapping[str, str] = {
    Intervention.EndedReason.DONE: "done",
    Intervention.EndedReason.NO_EFFECT: "no effect",
    Intervention.EndedReason.REPLACED: "replaced",
    Intervention.EndedReason.CLIENT_REQUEST: "the client asked for it",
    Intervention.EndedReason.CONTRAINDICATION: "contraindicated",
    Intervention.EndedReason.ENTERED_IN_ERROR: "entered in error",
    Intervention.EndedReason.OTHER: "another reason",
    Intervention.EndedReason.LEFT: "left",
}
IN_ERROR = "Entered in error"
IN_ERROR_BECAUSE: Mapping[str, str] = {reason.value: reason.label.lower() for reason in ErrorReason}
GOALS = {
    Goal.State.ACTIVE: "",
    Goal.State.ACHIEVED: "achieved",
    Goal.State.NOT_ACHIEVED: "not achieved",
    Goal.State.DROPPED: "dropped",
}
PROBLEMS = {Problem.State.ACTIVE: "", Problem.State.RESOLVED: "resolved"}
# What became of a line, goal or problem whose clinic left.
DECIDED = {Decision.Answer.TAKE_OVER: "taken over by the lead", Decision.Answer.DROP: "dropped by the lead"}
LEFT_BECAUSE = {
    "left": "left",
    "taken_off": "taken off by the lead",
    "access_ended": "its access ended",
    "role_ended": "nobody of the discipline is there any more",
    "wrong_client": "it was about another client",
}
PACES: Mapping[float, str] = {1: "once", 2: "twice"}
THE_LEAD_SAID = "The lead said"
FRONT_DESK = "What is clinical is left out here; practitioners read it."
CLOSED = "This plan is not open to your clinic now. What your clinic wrote in it stays readable."


def state_of(plan: Body) -> str:
    """On hold: the client is away. Back on 5 January."""
    if plan.get("entered_in_error"):
        return in_error(plan)
    return because(STATES[plan["state"]], plan)


def because(said: str, plan: Body) -> str:
    """What was said, and why the plan is in the state in which it is."""
    reason = REASONS.get(plan.get("state_reason") or "", "")
    detail = plan.get("state_detail") or ""
    return said + (f": {reason}" if reason else "") + (f". {detail}" if detail else "")


def in_error(said: Body) -> str:
    """Entered in error: wrong client."""
    return f"{IN_ERROR}: {IN_ERROR_BECAUSE[said['entered_in_error']['reason']]}"


def state_of_goal(goal: Body) -> str:
    """Achieved; nothing for a goal that is worked for."""
    if goal.get("entered_in_error"):
        return in_error(goal).lower()
    return DECIDED[goal["decision"]] if goal.get("decision") else GOALS[goal["state"]]


def state_of_problem(problem: Body) -> str:
    """Resolved; nothing for a problem that stands."""
    if problem.get("entered_in_error"):
        return in_error(problem).lower()
    if not problem.get("decision"):
        return PROBLEMS[problem["state"]]
    decided, sentence = DECIDED[problem["decision"]], problem["decision_sentence"]
    return f"{decided}: {sentence}" if sentence else decided


def state_of_line(line: Body) -> str:
    """Paused; ended (left): taken over by the lead; nothing for a line that goes on."""
    if line.get("entered_in_error"):
        return in_error(line).lower()
    if line["state"] != Intervention.State.ENDED:
        return "paused" if line["state"] == Intervention.State.PAUSED else ""
    reason = ENDED.get(line.get("ended_reason") or "", "")
    detail = DECIDED[line["decision"]] if line.get("decision") else line.get("ended_detail")
    return "ended" + (f" ({reason})" if reason else "") + (f": {detail}" if detail else "")


def how_often(times_per_week: float | None, weeks: int | None) -> str:
    """Twice a week for 6 weeks; every 2 weeks."""
    length = f"for {weeks} week{'' if weeks == 1 else 's'}" if weeks else ""
    if not times_per_week:
        return length
    between = 1 / times_per_week
    is_rare = times_per_week < 1 and abs(between - round(between)) < 0.05
    often = PACES.get(times_per_week, f"{times_per_week:g} times")
    pace = f"every {round(between)} weeks" if is_rare else f"{often} a week"
    return f"{pace} {length}".strip()


def line_facts(line: Body) -> Iterator[tuple[str, str]]:
    """What a line says besides its focus; what is not known or not to be read is left out."""
    facts = {
        "Techniques": techniques(line.get("technique_ids", ())),
        "Where": places(line.get("regions", ())),
        "How often": how_often(line.get("times_per_week"), line.get("weeks")),
        "Minutes": line.get("minutes"),
        "Load": line.get("load"),
        "Avoid": avoided(line.get("avoid", ())),
        "At home": line.get("home_programme"),
        "Visits": line.get("visit_budget") and f"at most {line['visit_budget']}",
        THE_LEAD_SAID: line.get("decision_sentence"),
    }
    yield from ((name, str(said)) for name, said in facts.items() if said)


def goal_facts(goal: Body) -> Iterator[tuple[str, str]]:
    """How a goal is measured, where it began, where it leads, by when."""
    due = parse_date(goal.get("due_on") or "")
    facts = {
        "Measured by": goal.get("measure"),
        "Began at": amount(goal.get("baseline"), goal),
        "Target": amount(goal.get("target"), goal),
        "Due": day_in_words(due) if due else "",
        THE_LEAD_SAID: goal.get("decision_sentence"),
    }
    yield from ((name, said) for name, said in facts.items() if said)


def amount(value: float | None, goal: Body) -> str:
    """A measured value with the goal's unit."""
    if value is None:
        return ""
    return f"{value:g} {goal.get('unit') or ''}".strip()


def techniques(codes: Sequence[str]) -> str:
    return ", ".join(label_of("techniques", code) for code in codes)


def avoided(rows: Sequence[Body]) -> str:
    """Neck, left: spinal manipulation (dizzy after it)."""
    return "; ".join(_avoided(row) for row in rows)


def _avoided(row: Body) -> str:
    technique = techniques([row["technique_id"]]) if row.get("technique_id") else ""
    note = f" ({row['note']})" if row.get("note") else ""
    return f"{places([row])}{': ' + technique if technique else ''}{note}"


def period(row: Body) -> str:
    """From 1 December 2026 until 15 December 2026."""
    first, last = parse_date(row["from_on"] or ""), parse_date(row["until_on"] or "")
    said = [f"from {day_in_words(first)}" if first else "", f"until {day_in_words(last)}" if last else ""]
    return " ".join(part for part in said if part)


def who_said(agreement: Body, answer: str | None) -> str:
    """The parties with this answer to the newest version, named; None for those who have not answered."""
    names = [party["organization"]["display"] for party in agreement["parties"] if party["answer"] == answer]
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def facts_of(kind: str, row: Body) -> list[tuple[str, str]]:
    """The facts of a line or of a goal."""
    return list(line_facts(row) if kind == "interventions" else goal_facts(row))
