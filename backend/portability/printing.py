"""An export as pages for people: what each row says, in words, in order, with nothing that only programs need."""

import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.dateparse import parse_datetime

from backend.catalog.queries import catalog
from backend.catalog.words import places
from backend.directory.models import Organization
from backend.lib import clock
from backend.lib.typesetting import Block, Book, Chapter, Entry
from backend.lib.zones import zone_named
from backend.portability.contents import SECTIONS

Row = Mapping[str, Any]
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
DAY = re.compile(r"\d{4}-\d\d-\d\d")
FIELD = re.compile(r"{(\w+)}")
CODE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
# For programs; the JSON file holds them.
NOT_PRINTED = frozenset({
    "id", "version", "withheld", "href", "cursor", "request_id", "updated_at", "content_hash", "sha256", "document_sha256",
    "time_zone", "body", "changes", "copied_parts", "untouched", "shared_sections", "whose_move", "state_group", "is_overdue",
    "tracking", "supersedes_id", "application", "application_id", "is_ours", "row_version", "display", "client",
    "code", "practitioner_role", "taken_back",
})  # fmt: skip
ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
IS_ID = re.compile(r".*_ids?$")
# What is written is set under its own name, however short it is.
WRITTEN = frozenset({
    "subjective", "objective", "assessment", "plan", "addenda", "findings", "techniques", "measures", "asks", "text", "answer",
    "recommendations", "reason", "question", "note", "sentence", "clearance", "why", "package", "history", "goals", "problems",
    "interventions", "phases", "team", "proposals", "difference", "unpublished", "agreement", "to_decide", "tried",
    "contact_first", "attachments", "visits", "earlier", "signature", "cosignature", "integrity",
})  # fmt: skip
# How an entry is called in the index: a name in braces is a field of the row, in words; what stands between two bars is
# left out when its field is not known.
TITLES: Mapping[str, str] = {
    "client": "{display}",
    "registration": "{kind}",
    "representatives": "{name}|, {relationship}",
    "consents": "Consent of {given_at}",
    "precautions": "{label}",
    "holds": "{regions}|, since {created_at}",
    "asks": "{kind}: {region}|, {side}",
    "referrals": "{kind}, {created_at}",
    "messages": "{by}, {created_at}",
    "reports": "Report of {signature}",
    "attachments": "{name}",
    "note_files": "{name}",
    "visits": "{starts_at}|, {organization}",
    "care_plans": "{title}|, {created_at}",
    "proposals": "{kind} {about}, {created_at}",
    "versions": "Version {number}, {published_at}",
    "agreements": "{organization}: {answer}|, version {number}",
    "decisions": "{answer}, {decided_at}",
    "notes": "{kind} note, {occurred_at}|, {organization}",
}
# Many short rows: when, and what.
ROWS: Mapping[str, tuple[str, str]] = {
    "access": ("{from}", "{organization}: {why}, {extent}|, until {until}"),
    "looks": ("{at}", "{who}|, {organization}|: {action} {subject}"),
    "events": ("{recorded_at}", "{type}"),
}
# How a row inside another reads on one line; what is not named here is said field by field.
LINES: Mapping[str, str] = {
    "history": "{at}: {name}| by {by}|, {reason}",
    "visits": "{starts_at}: {state}",
    "attachments": "{name}",
    "findings": "{kind}: {region}|, {side}|, {muscle}|, {intensity} of 10|, refers to {refers_to}|, {remark}",
    "techniques": "{technique}|: {regions}|, {minutes} minutes",
    "measures": "{measure}: {value}|, {remark}",
    "asks": "{kind}: {region}|, {side}|, {technique}|, until {until}|: {sentence}",
    "precautions": "{code}|, {regions}|: {note}",
    "contact_first": "{display}",
    "addenda": "{recorded_at}|, {signature}|: {text}",
    "goals": "{words}|, {state}|, {measure}|, now {baseline}|, wanted {target}|, by {due_on}",
    "problems": "{text}|, {icd10}|, {state}",
    "interventions": (
        "{organization}: {focus}|, {technique_ids}|, {regions}|, {times_per_week} a week|, {weeks} weeks|"
        ", {minutes} minutes|, {load} load|, at home: {home_programme}|, {state}"
    ),
    "phases": "{name}|, from {from_on}|, until {until_on}",
    "team": "{organization}|, {role}|, from {from_at}|, until {until}",
    "parties": "{organization}|: {answer}|, {sentence}",
    "unread_reports": "{received_at}|, to be read by {read_due_at}",
}
# A part whose fields stand each on its own.
OPENED = frozenset({"package"})
MOST_ENTRIES, MOST_ROWS = 1_500, 500
"""How much of one section is printed, the newest: pages are set in memory. The JSON file holds all."""
STAYS = "Stays in the clinic: not signed, or kept by its author or clinic."
CONFIDENTIAL = "Confidential health information, for the people named here only."


def page_of(header: Row, rows: Iterable[tuple[str, Sequence[Row]]], clinic: Organization) -> Book:
    """The pages of an export: its facts, its index, a chapter for each section that has something in it."""
    zone = zone_named(clinic.time_zone)
    made_at = parse_datetime(header["made_at"]) or clock.now()
    counts = {one["section"]: one["count"] for one in header["index"]}
    chapters: dict[str, deque[Row]] = {}
    for section, found in rows:
        most = MOST_ROWS if section in ROWS else MOST_ENTRIES
        chapters.setdefault(section, deque(maxlen=most)).extend(found)
    return Book(
        title="Record of one client",
        sender=Block(clinic.name, [line for line in (clinic.phone, clinic.email) if line]),
        facts=[*_facts(header, zone)],
        chapters=[_chapter(name, found, _note(len(found), counts[name]), zone) for name, found in chapters.items()],
        footer=f"{CONFIDENTIAL} Export {header['export_id'][-8:]}, made {_day(made_at.astimezone(zone).date())}.",
    )


def _facts(header: Row, zone: ZoneInfo) -> Iterable[tuple[str, str]]:
    yield "Client", header["client"]["display"] or "not open to this clinic any more"
    yield "Made by", f"{header['requested_by']['display']}, {header['organization']['display']}"
    yield "Made on", said("made_at", header["made_at"], zone)
    if header["include"] == "own":
        yield "Holds", "What this clinic's own people wrote."
    if header["include"] == "to_hand_on":
        yield "Holds", "What may be handed on: without drafts, and without what stays in the clinic."
    if header["withheld"]:
        yield "Left out", ", ".join(SECTIONS[name].title for name in header["withheld"])
    for sentence in header["left_out"]:
        yield "Not handed on", sentence


def _note(printed: int, count: int) -> str:
    return "" if printed == count else f"The newest {printed} of {count} are printed here; the JSON file holds all."


def _chapter(name: str, rows: Iterable[Row], note: str, zone: ZoneInfo) -> Chapter:
    title = SECTIONS[name].title
    if name in ROWS:
        when, what = ROWS[name]
        return Chapter(title, rows=[(_filled(when, row, zone), _filled(what, row, zone)) for row in rows], note=note)
    return Chapter(title, entries=[_entry(name, row, zone) for row in rows], note=note)


def _entry(section: str, row: Row, zone: ZoneInfo) -> Entry:
    error = row.get("entered_in_error") or row.get("entered_in_error_reason")
    facts: list[tuple[str, str]] = []
    texts: list[tuple[str, str]] = []
    for name, value in _opened(row):
        if not is_printed(name) or name.startswith("entered_in_error"):
            continue
        words = said(name, value, zone)
        if not words:
            continue
        is_text = name in WRITTEN or len(words) > 90 or "\n" in words
        (texts if is_text else facts).append((label_of(name), words))
    if row.get("visibility") in ("clinic", "author") or row.get("state") in ("draft", "closed_unsigned"):
        facts.insert(0, ("Not handed out", STAYS))
    if error:
        facts.insert(0, ("Entered in error", said("entered_in_error", error, zone)))
    if withheld := row.get("withheld"):
        facts.append(("Left out", ", ".join(label_of(one.replace(".", " ")).lower() for one in withheld)))
    return Entry(
        _filled(TITLES[section], row, zone)[:200] or SECTIONS[section].title, facts, texts, is_struck=bool(error)
    )


def _opened(row: Row) -> Iterable[tuple[str, Any]]:
    for name, value in row.items():
        yield from value.items() if name in OPENED and isinstance(value, dict) else ((name, value),)


def is_printed(name: str) -> bool:
    return name not in NOT_PRINTED and not IS_ID.fullmatch(name)


def label_of(name: str) -> str:
    """The name of a field as a person says it."""
    words = name.removesuffix("_at").removesuffix("_on").replace("_", " ")
    return words[:1].upper() + words[1:]


def _filled(template: str, row: Row, zone: ZoneInfo) -> str:
    """A template with the row's fields in words; nothing a person wrote is read as a template."""
    found = "".join(_part(part, row, zone) for part in template.split("|")).strip(" ,:")
    return found[:1].upper() + found[1:]


def _part(part: str, row: Row, zone: ZoneInfo) -> str:
    words = {name: _short(name, row.get(name), zone) for name in FIELD.findall(part)}
    return FIELD.sub(lambda field: words[field[1]], part) if all(words.values()) else ""


def _short(name: str, value: Any, zone: ZoneInfo) -> str:
    if name == "signature" and isinstance(value, dict):
        return f"{said('', value['signed_at'], zone)}, {value['practitioner']}"
    if name == "subject" and isinstance(value, dict):
        return said("type", value["type"], zone).lower()
    return said(name, value, zone)


def said(name: str, value: Any, zone: ZoneInfo) -> str:
    """A value in words; empty for what is not known, and for a plain no."""
    if value in (None, "", [], {}, False):
        return ""
    if value is True:
        return "yes"
    if isinstance(value, str):
        return _text(name, value, zone)
    if isinstance(value, dict):
        return _mapping(value, zone)
    if isinstance(value, list):
        return _list(name, value, zone)
    return str(value)


def _text(name: str, value: str, zone: ZoneInfo) -> str:
    if ID.fullmatch(value):
        return ""
    if MOMENT.fullmatch(value) and (moment := parse_datetime(value)):
        there = moment.astimezone(zone)
        return f"{_day(there.date())}, {there:%H:%M}"
    if DAY.fullmatch(value):
        return _day(date.fromisoformat(value))
    if name in KINDS:
        return _of_catalog(KINDS[name], value)
    return value.replace("_", " ") if CODE.fullmatch(value) and "_" in value else value


# Fields whose value is a code of the catalog.
KINDS = {
    "region": "regions",
    "technique": "techniques",
    "technique_ids": "techniques",
    "discipline": "disciplines",
    "muscle": "muscles",
    "code": "precautions",
    "measure": "measures",
    "new_precautions": "precautions",
}


def _of_catalog(kind: str, code: str) -> str:
    found = getattr(catalog(), kind, {}).get(code)
    return str(getattr(found, "label", code))


def _mapping(value: Row, zone: ZoneInfo) -> str:
    if value.keys() == {"id", "display"}:
        return str(value["display"] or "")
    if value.keys() == {"system", "value"}:
        return f"{value['value']} ({value['system']})"
    if value.keys() == {"region", "side"}:
        return places([value])
    parts = ((name, said(name, one, zone)) for name, one in value.items() if is_printed(name) or name == "display")
    return "; ".join(f"{label_of(name)}: {words}" for name, words in parts if words)


def _list(name: str, value: Sequence[Any], zone: ZoneInfo) -> str:
    words = [text for one in value if (text := _line(name, one, zone))]
    if name == "regions":
        return "; ".join(words)
    if all(_is_short(one) for one in value):
        return ", ".join(words)
    return "\n".join(f"• {text}" for text in words)


def _line(name: str, one: Any, zone: ZoneInfo) -> str:
    if isinstance(one, dict) and name in LINES:
        return _filled(LINES[name], one, zone)
    return said(name, one, zone)


def _is_short(one: Any) -> bool:
    is_label = isinstance(one, dict) and one.keys() == {"id", "display"}
    return is_label or (isinstance(one, str | int | float) and len(str(one)) < 60)


def _day(day: date | datetime) -> str:
    return f"{day.day} {day:%B %Y}"
