"""A line of the brief as one sentence."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from backend.careplans.changes import sentences
from backend.careplans.models import CarePlan
from backend.careplans.words import ENDED, REASONS, how_often
from backend.catalog.queries import catalog
from backend.catalog.words import label_of, places
from backend.lib import clock
from backend.lib.zones import zone_named
from backend.record.shortening import gist

Row = Mapping[str, Any]
MOST_CHANGES, MOST_TECHNIQUES = 2, 4
ASKS = {"avoid": "avoid", "prefer": "prefer", "contact_me": "contact them before"}
KINDS = {
    "initial_evaluation": "Initial evaluation",
    "progress": "Progress",
    "re_evaluation": "Re-evaluation",
    "discharge": "Discharge",
    "phone": "Phone",
}
STEPS = {
    CarePlan.State.ACTIVE: "Resumed the plan",
    CarePlan.State.ON_HOLD: "Put the plan on hold",
    CarePlan.State.COMPLETED: "Completed the plan",
    CarePlan.State.REVOKED: "Revoked the plan",
}
OF_A_NOTE = ("assessment", "subjective", "objective", "plan")
PLAN_IN_ERROR = "{what} was entered in error: do not rely on it."
NOTE_IN_ERROR = "{kind} note of {day} was entered in error: do not rely on it."


def told(line: Row, *, zone: str, note: Row | None = None, earlier: Sequence[Row] = ()) -> str:
    """What happened, in one sentence. ``note`` is the note as the reader reads it.

    ``earlier`` is what its clinic and discipline measured before: values of others are no beginning of a change.
    """
    facts = line["line_facts"]
    if line["line_kind"] == "note":
        return _of_note(line, note or {}, earlier, zone)
    return TOLD[line["line_kind"]](facts, zone)


def day(moment: datetime | str | date, zone: str) -> str:
    """18 Nov, by the reader's clock; with the year when it is another one."""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    there = moment.astimezone(zone_named(zone)).date() if isinstance(moment, datetime) else moment
    text = f"{there.day} {there:%b}"
    return text if there.year == clock.now().astimezone(zone_named(zone)).year else f"{text} {there.year}"


def change_of(before: float | None, now: float) -> str:
    """6 → 4, or just 4."""
    return f"{now:g}" if before is None or before == now else f"{before:g} → {now:g}"


def technique_names(codes: Iterable[str]) -> str:
    names = [label_of("techniques", code) for code in dict.fromkeys(codes)]
    shown, rest = names[:MOST_TECHNIQUES], len(names) - MOST_TECHNIQUES
    return ", ".join(shown) + (f" and {rest} more" if rest > 0 else "")


# --- notes ---------------------------------------------------------------------------------------------------------


def _of_note(line: Row, note: Row, earlier: Sequence[Row], zone: str) -> str:
    kind = KINDS[line["line_facts"]["kind"]]
    if line["line_facts"]["error"]:
        return NOTE_IN_ERROR.format(kind=kind, day=day(line["line_occurred_at"], zone))
    carried = note.get("untouched", ())  # signed as an earlier note had it: no news of this visit
    text = next((note[name] for name in OF_A_NOTE if name not in carried and note.get(name, "").strip()), "")
    done = () if "techniques" in carried else note.get("techniques", ())
    parts = [
        technique_names(row["technique"] for row in done),
        gist(text).rstrip("."),
        *_measured(note.get("measures", ()), earlier),
    ]
    said = "; ".join(part for part in parts if part)
    return " ".join([f"{kind}: {said}." if said else f"{kind}.", *_asked(note), *_added(note, zone)])


def _measured(measures: Iterable[Row], earlier: Sequence[Row]) -> Iterable[str]:
    for measure in measures:
        before = next(
            (found["value"] for row in earlier for found in row["measures"] if _is_same(found, measure)), None
        )
        known = catalog().measures.get(measure["measure"])
        yield f"{known.label if known else measure['measure']} {change_of(before, measure['value'])}"


def _is_same(one: Row, other: Row) -> bool:
    return (one["measure"], one.get("remark", "")) == (other["measure"], other.get("remark", ""))


def _asked(note: Row) -> list[str]:
    """What it asks besides what is to be avoided, which has a line of its own."""
    return [_ask(ask) for ask in note.get("asks", ()) if ask["kind"] != "avoid" and ask["ended_at"] is None]


def _added(note: Row, zone: str) -> list[str]:
    added = note.get("addenda", ())
    return [f"Amended {day(added[-1]['recorded_at'], zone)}: {gist(added[-1]['text'])}"] if added else []


def _ask(ask: Row) -> str:
    return f"Asks you to {_what_is_asked(ask)}"


def _what_is_asked(ask: Row) -> str:
    technique = catalog().techniques.get(ask["technique"] or "")
    what = f"{ASKS[ask['kind']]} {technique.label}" if technique else ASKS[ask["kind"]]
    return f"{what}: {places([ask])}. {gist(ask['sentence'])}"


# --- everything else -----------------------------------------------------------------------------------------------


def _of_ask(facts: Row, zone: str) -> str:
    if facts["ended_at"]:
        return f"No longer asks you to {_what_is_asked(facts)}"
    until = f" Until {day(date.fromisoformat(facts['until']), zone)}." if facts["until"] else ""
    return f"{_ask(facts)}{until}"


def _of_visit(facts: Row, zone: str) -> str:
    return (
        "Saw the client; no signed note that you can read." if facts["state"] == "done" else "The client did not come."
    )


def _of_report(facts: Row, zone: str) -> str:
    name = "Report" if facts["is_final"] else "Interim report"
    if facts["in_error_at"]:
        return f"{name} was entered in error: do not rely on it."
    new = [label_of("precautions", code) for code in facts["new_precautions"]]
    alarms = (["red flag"] if facts["has_red_flag"] else []) + ([f"new: {', '.join(new)}"] if new else [])
    return f"{name}{' (' + '; '.join(alarms) + ')' if alarms else ''}: {gist(facts['answer'])}"


def _of_version(facts: Row, zone: str) -> str:
    changes = sentences(facts["changes"])
    shown, rest = changes[:MOST_CHANGES], len(changes) - MOST_CHANGES
    more = f" And {rest} more." if rest > 0 else ""
    return f"Published version {facts['number']} of the plan. {' '.join(gist(one) for one in shown)}{more}".strip()


def _of_plan_step(facts: Row, zone: str) -> str:
    """A plan is on hold without a reason when it was reopened."""
    if "led_by" in facts:
        return f"The plan is now led by {facts['led_by']}."
    if facts["entered_in_error_reason"]:
        return PLAN_IN_ERROR.format(what="The plan")
    state, detail = facts["state"], facts["state_detail"]
    reason = REASONS.get(facts["state_reason"], "")
    step = "Reopened the plan; it is on hold" if state == CarePlan.State.ON_HOLD and not reason else STEPS[state]
    return f"{step}: {reason}.{f' {gist(detail)}' if detail else ''}" if reason else f"{step}."


def _of_plan_line(facts: Row, zone: str) -> str:
    name = f"the plan line “{gist(facts['focus'])}”"
    if facts["entered_in_error_reason"]:
        return PLAN_IN_ERROR.format(what=name[:1].upper() + name[1:])
    if facts["state"] == "ended":
        why = facts["ended_detail"] or ENDED.get(facts["ended_reason"], "")
        return f"Ended {name}{': ' + gist(why) if why else '.'}"
    if facts["state"] == "paused":
        return f"Paused {name}."
    return f"{'Added' if facts['version'] == 1 else 'Changed'} {name}{_dose(facts)}."


def _dose(facts: Row) -> str:
    minutes = f"{facts['minutes']} minutes" if facts["minutes"] else ""
    parts = [how_often(facts["times_per_week"], facts["weeks"]), minutes, f"{facts['load']} load"]
    return f": {', '.join(part for part in parts if part)}"


def _of_goal(facts: Row, zone: str) -> str:
    if facts["entered_in_error_reason"]:
        return PLAN_IN_ERROR.format(what=f"The goal “{gist(facts['words'])}”")
    became = {"achieved": "Reached", "not_achieved": "Did not reach", "dropped": "Dropped"}
    verb = became.get(facts["state"]) or ("Added" if facts["version"] == 1 else "Changed")
    return f"{verb} the goal “{gist(facts['words'])}”."


def _of_proposal(facts: Row, zone: str) -> str:
    about = "line" if facts["about"] == "intervention" else "goal"
    if facts["state"] == "open":
        verbs = {
            "add": f"add a {about} of yours",
            "change": f"change a {about} of yours",
            "end": f"end a {about} of yours",
        }
        return f"Proposes to {verbs[facts['kind']]}: {gist(facts['why'])}"
    return f"{facts['state'].capitalize()} your proposal{': ' + gist(facts['answer']) if facts['answer'] else '.'}"


def _of_agreement(facts: Row, zone: str) -> str:
    verb = "Agreed" if facts["answer"] == "agree" else "Objected"
    return (
        f"{verb} to version {facts['number']} of the plan{': ' + gist(facts['sentence']) if facts['sentence'] else '.'}"
    )


def _of_precaution(facts: Row, zone: str) -> str:
    where = f" ({places(facts['regions'])})" if facts["regions"] else ""
    name = f"{label_of('precautions', facts['code'])}{where}"
    if facts["error"]:
        return f"Precaution entered in error: {name}."
    if facts["ended_at"]:
        return f"No longer holds: {name}."
    return f"Precaution: {name}{': ' + gist(facts['note']) if facts['note'] else '.'}"


def _of_hold(facts: Row, zone: str) -> str:
    where = places(facts["regions"])
    if facts["cleared_at"]:
        return f"May be treated again: {where}: {gist(facts['clearance'])}"
    return f"Do not treat: {where}, because of {facts['because'].replace('_', ' ')}."


def _of_contact_first(facts: Row, zone: str) -> str:
    where = places(facts["regions"]) if facts["regions"] else "the client"
    return f"Contact {facts['organization']} before treating {where}."


TOLD: Mapping[str, Callable[[Row, str], str]] = {
    "ask": _of_ask,
    "visit": _of_visit,
    "report": _of_report,
    "plan_version": _of_version,
    "plan": _of_plan_step,
    "plan_line": _of_plan_line,
    "goal": _of_goal,
    "proposal": _of_proposal,
    "agreement": _of_agreement,
    "precaution": _of_precaution,
    "hold": _of_hold,
    "contact_first": _of_contact_first,
}
