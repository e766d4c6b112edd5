"""How each thing on a timeline reads on one line: human words from coded facts, no more than the reader may read of it.

What leaves the clinic is decided by the rows that were read; what a coordinator reads, by their rights.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from backend.careplans import words as plan_words
from backend.careplans.changes import sentences
from backend.careplans.models import CarePlan
from backend.catalog.words import label_of, places
from backend.clients.policies import reads_notes_of_precautions
from backend.clients.rendering import WHY_ACCESS, Names
from backend.lib.actor import Actor
from backend.lib.zones import zone_named
from backend.notes import words as note_words
from backend.notes.workflow import ENTERED_IN_ERROR
from backend.record.shortening import first_sentence, shortened

Row = Mapping[str, Any]
Line = tuple[str, list[str]]
NOTE_FLAGS = {
    "draft": "unsigned",
    "awaiting_cosignature": "awaiting_cosignature",
    "closed_unsigned": "closed_unsigned",
    "entered_in_error": "entered_in_error",
}
SAYS_MOST = ("assessment", "plan", "subjective", "objective")
PROPOSALS = {"change": "Proposes to change a", "add": "Proposes a new", "end": "Proposes to end a"}
REFERRALS = {
    "advice": "advice",
    "evaluate": "evaluate",
    "evaluate_and_treat": "evaluate and treat",
    "co_manage": "treat together",
}
VISITS = {
    "planned": "Visit planned for",
    "booked": "Visit booked for",
    "done": "Visit on",
    "missed": "The client did not come on",
    "cancelled": "Visit cancelled:",
}


def line_of(row: Row, actor: Actor, names: Names) -> Line:
    """The sentence and the flags of one row."""
    gist, flags = LINES[row["item_kind"], row["what"]](row, actor, names)
    return shortened(gist), flags


def _note(row: Row, actor: Actor, names: Names) -> Line:
    facts = row["facts"]
    head = note_words.KINDS.get(facts["kind"], "Note")
    amended = ["amended"] if facts["is_amended"] else []
    flags = [*([NOTE_FLAGS[facts["state"]]] if facts["state"] in NOTE_FLAGS else []), *amended]
    if not actor.reads_clinical:
        return f"{head}.", flags
    seen = _of_that_visit(facts)
    said = [part for part in (_done(seen), _pain(seen), _what_it_says(seen)) if part]
    return (f"{head}: {'; '.join(said)}" if said else f"{head}."), flags


def _of_that_visit(facts: Row) -> dict[str, list[Row]]:
    """What the visit itself says: without what was carried over from an earlier note and signed as it was."""
    carried = facts["untouched"]
    lists = {name: [] if name in carried else facts[name] or [] for name in ("findings", "techniques")}
    return {**lists, "sections": [part for part in facts["sections"] or [] if part["name"] not in carried]}


def _done(facts: Row) -> str:
    labels = (label_of("techniques", one["code"]) for one in facts["techniques"])
    return ", ".join(dict.fromkeys(labels))


def _pain(facts: Row) -> str:
    levels = [one["intensity"] for one in facts["findings"] if one["kind"] == "pain"]
    return f"pain {max(levels)}/10" if levels else ""


def _what_it_says(facts: Row) -> str:
    texts = {section["name"]: section["text"] for section in facts["sections"]}
    return next((first for name in SAYS_MOST if (first := first_sentence(texts.get(name, "")))), "")


def _ask(row: Row, actor: Actor, names: Names) -> Line:
    facts = row["facts"]
    until = f" until {day(date.fromisoformat(facts['until']))}" if facts["until"] else ""
    wanted = f" {label_of('techniques', facts['technique'])}" if facts["technique"] else ""
    said = f"{note_words.ASKS[facts['kind']]}{wanted} ({places([facts])}){until}."
    sentence = f" {facts['sentence']}" if actor.reads_clinical else ""
    over = row["what"] == "ended"
    is_error = facts["is_taken_back"] or facts["ended_because"] == ENTERED_IN_ERROR
    flags = ["entered_in_error"] if is_error else ["ended"] if facts["ended_at"] and not over else []
    return (f"No longer asked: {said}" if over else f"{said}{sentence}"), flags


def _plan(row: Row, actor: Actor, names: Names) -> Line:
    facts = row["facts"]
    title = f": {facts['title']}" if facts["title"] and actor.reads_clinical else ""
    if row["what"] == "finished":
        how = "entered in error" if facts["error"] else facts["state"]
        return f"Care plan {how}{title}.", _of_error(facts)
    return f"Care plan begun{title}.", _of_error(facts)


def _pause(row: Row, actor: Actor, names: Names) -> Line:
    """It is on hold without a reason when it was reopened."""
    facts = row["facts"]
    held = "Care plan on hold" if facts["state_reason"] else "Care plan reopened; it is on hold"
    head = held if facts["state"] == CarePlan.State.ON_HOLD else "Care plan resumed"
    said = plan_words.because(head, facts if actor.reads_clinical else {**facts, "state_detail": ""})
    return said if said.endswith(".") else f"{said}.", _of_error(facts)


def _passing(row: Row, actor: Actor, names: Names) -> Line:
    return f"{row['facts']['lead']} leads the care plan now.", _of_error(row["facts"])


def _version(row: Row, actor: Actor, names: Names) -> Line:
    head = f"Version {row['facts']['number']} of the care plan published"
    changed = sentences(row["facts"]["changes"]) if actor.reads_clinical else []
    return (f"{head}: {' '.join(changed)}" if changed else f"{head}."), _of_error(row["facts"])


def _agreement(row: Row, actor: Actor, names: Names) -> Line:
    facts = row["facts"]
    answer = "Agrees to" if facts["answer"] == "agree" else "Objects to"
    sentence = facts["sentence"] if actor.reads_clinical else ""
    return f"{answer} version {facts['number']} of the care plan{': ' + sentence if sentence else '.'}", _of_error(
        facts
    )


def _proposal(row: Row, actor: Actor, names: Names) -> Line:
    facts = row["facts"]
    about = "line of the plan" if facts["about"] == "intervention" else "goal"
    if row["what"] == "answered":
        return f"Proposal {facts['state']}{': ' + facts['answer'] if facts['answer'] else '.'}", _of_error(facts)
    return f"{PROPOSALS[facts['kind']]} {about}: {facts['why']}", _of_error(facts)


def _of_error(facts: Row) -> list[str]:
    return [ENTERED_IN_ERROR.value] if facts["error"] else []


def _visit(row: Row, actor: Actor, names: Names) -> Line:
    facts = row["facts"]
    there = datetime.fromisoformat(facts["starts_at"]).astimezone(zone_named(facts["time_zone"]))
    return f"{VISITS[facts['state']]} {day(there.date())}, {there:%H:%M}.", []


def _referral(row: Row, actor: Actor, names: Names) -> Line:
    facts = row["facts"]
    where = places(facts["regions"])
    head = f"Referral to {_recipient(facts)}"
    if row["what"] == "closed":
        return f"{head} closed{': ' + _spoken(facts['closed_how']) if facts['closed_how'] else '.'}", []
    said = [part for part in (REFERRALS[facts["kind"]], facts["reason"], where) if part]
    reads = actor.reads_clinical
    flags = ["unsent"] if row["what"] == "drafted" else []
    return f"{head}: {'; '.join(said)}", [*flags, *(["red"] if facts["has_red_flag"] and reads else [])]


def _recipient(facts: Row) -> str:
    if facts["recipient"]:
        return str(facts["recipient"])
    return f"any {label_of('disciplines', facts['discipline']).lower()} clinic"


def _report(row: Row, actor: Actor, names: Names) -> Line:
    facts = row["facts"]
    head = "Final report" if facts["is_final"] else "Interim report"
    is_unread = facts["read_at"] is None and facts["in_error_at"] is None
    to_read = ["unread_report"] if is_unread and facts["sender"] == str(actor.organization_id) else []
    flags = [*(["entered_in_error"] if facts["in_error_at"] else []), *to_read]
    if not actor.reads_clinical:
        return f"{head}.", flags
    alarming = facts["has_red_flag"] or facts["new_precautions"]
    flags += ["red"] if alarming and not facts["in_error_at"] else []
    return f"{head} ({_spoken(facts['outcome'])}): {first_sentence(facts['answer'])}", flags


def _message(row: Row, actor: Actor, names: Names) -> Line:
    facts = row["facts"]
    return f"“{first_sentence(facts['text'])}”", ["entered_in_error"] if facts["in_error_at"] else []


def _precaution(row: Row, actor: Actor, names: Names) -> Line:
    facts = row["facts"]
    where = f" ({places(facts['regions'])})" if facts["regions"] else ""
    label = f"{label_of('precautions', facts['code'])}{where}"
    if row["what"] == "ended":
        return f"No longer holds: {label}.", []
    note = f": {facts['note']}" if facts["note"] and reads_notes_of_precautions(actor) else "."
    if facts["entered_in_error_reason"]:
        return f"{label}{note}", ["entered_in_error"]
    return f"{label}{note}", ["ended"] if facts["ended_at"] else []


def _hold(row: Row, actor: Actor, names: Names) -> Line:
    facts = row["facts"]
    where = places(facts["regions"])
    if row["what"] == "cleared":
        sentence = f": {facts['clearance']}" if actor.reads_clinical else "."
        return f"Treatment may go on ({where}){sentence}", []
    return f"Do not treat: {where}, because of {_spoken(facts['because'])}.", [
        "ended" if facts["cleared_at"] else "red"
    ]


def _consent(row: Row, actor: Actor, names: Names) -> Line:
    facts = row["facts"]
    clinics = [names.get(UUID(pk), "another clinic") for pk in facts["organization_ids"]]
    others = [*(["a guest"] if facts["guests"] else []), *(["whoever takes a referral"] if facts["pools"] else [])]
    circle = ", ".join([*clinics, *others])
    if row["what"] == "refused":
        return "The client said no.", []
    if row["what"] == "withdrawn":
        return f"The client has stopped sharing: {circle}.", []
    shared = ", ".join([*facts["categories"], "safety"])
    return f"The client said yes: {circle} share {shared} with each other.", ["ended"] if facts[
        "status"
    ] == "withdrawn" else []


def _access(row: Row, actor: Actor, names: Names) -> Line:
    facts, clinic = row["facts"], names.get(row["of_organization"], "Another clinic")
    how_much = "what was sent with a referral" if facts["extent"] == "package" else "the shared record"
    why = WHY_ACCESS[facts["why"]]
    if row["what"] == "ended":  # one of several, perhaps: the others go on
        return f"{clinic}: access to {how_much} ended ({why}).", []
    return f"{clinic} may read {how_much}: {why}.", ["red"] if facts["why"] == "break_glass" else []


LINES: Mapping[tuple[str, str], Callable[[Row, Actor, Names], Line]] = {
    ("note", "written"): _note,
    ("ask", "asked"): _ask,
    ("ask", "ended"): _ask,
    ("plan", "begun"): _plan,
    ("plan", "finished"): _plan,
    ("plan", "paused"): _pause,
    ("plan", "resumed"): _pause,
    ("plan", "handed_over"): _passing,
    ("plan", "published"): _version,
    ("plan", "answered"): _agreement,
    ("proposal", "made"): _proposal,
    ("proposal", "answered"): _proposal,
    ("visit", "visited"): _visit,
    ("referral", "drafted"): _referral,
    ("referral", "sent"): _referral,
    ("referral", "closed"): _referral,
    ("report", "reported"): _report,
    ("message", "said"): _message,
    ("precaution", "recorded"): _precaution,
    ("precaution", "ended"): _precaution,
    ("hold", "placed"): _hold,
    ("hold", "cleared"): _hold,
    ("consent", "given"): _consent,
    ("consent", "refused"): _consent,
    ("consent", "withdrawn"): _consent,
    ("access", "started"): _access,
    ("access", "ended"): _access,
}


def day(value: date) -> str:
    return f"{value.day} {value:%b %Y}"


def _spoken(code: str) -> str:
    return code.replace("_", " ")
