"""How a note reads, for pages and paper: its parts, findings, measures, asks and signatures in words."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from backend.catalog.queries import catalog
from backend.catalog.words import label_of, places
from backend.lib.zones import day_in_words
from backend.notes.models import Addendum, Ask, Finding, Note, SectionName, Signature

Row = Mapping[str, Any]

KINDS: dict[str, str] = {
    Note.Kind.INITIAL_EVALUATION: "Initial evaluation",
    Note.Kind.PROGRESS: "Progress note",
    Note.Kind.RE_EVALUATION: "Re-evaluation",
    Note.Kind.DISCHARGE: "Discharge note",
    Note.Kind.PHONE: "Phone note",
}
STATES: dict[str, str] = {
    Note.State.DRAFT: "Draft: this note is not signed.",
    Note.State.AWAITING_COSIGNATURE: "Signed by a student; a colleague has not co-signed it yet.",
    Note.State.ENTERED_IN_ERROR: "This note was entered in error.",
    Note.State.CLOSED_UNSIGNED: "Closed unsigned: whoever wrote it left without signing it.",
}
SECTIONS: dict[str, str] = {
    SectionName.SUBJECTIVE: "Subjective",
    SectionName.OBJECTIVE: "Objective",
    SectionName.ASSESSMENT: "Assessment",
    SectionName.PLAN: "Plan",
}
PARTS: dict[str, str] = {
    **SECTIONS,
    "findings": "Findings",
    "measures": "Measures",
    "techniques": "Techniques",
    "asks": "Asks",
}
FINDINGS: dict[str, str] = {
    Finding.Kind.PAIN: "Pain",
    Finding.Kind.TRIGGER_POINT: "Trigger point",
    Finding.Kind.TIGHT_BAND: "Tight band",
    Finding.Kind.RESTRICTION: "Restriction",
    Finding.Kind.NUMBNESS: "Numbness",
    Finding.Kind.TREATED: "Treated",
}
ASKS: dict[str, str] = {Ask.Kind.AVOID: "Avoid", Ask.Kind.PREFER: "Prefer", Ask.Kind.CONTACT_ME: "Contact me first"}
VISIBLE_TO: dict[str, str] = {
    Note.Visibility.CARE_TEAM: "The care team",
    Note.Visibility.CLINIC: "This clinic only",
    Note.Visibility.AUTHOR: "Its author only",
}
AMENDED_BECAUSE: dict[str, str] = {
    Addendum.Reason.CORRECTION: "Correction",
    Addendum.Reason.LATE_ENTRY: "Late entry",
    Addendum.Reason.CLARIFICATION: "Clarification",
    Addendum.Reason.RESULT: "A result came",
    Addendum.Reason.OTHER: "Another reason",
}
IN_ERROR_BECAUSE = {
    "wrong_client": "Wrong client",
    "wrong_entry": "Wrong entry",
    "duplicate": "Entered twice",
    "other": "Another reason",
}
SIGNATURES: dict[str, str] = {
    Signature.Kind.HERE: "Signed here: the signer was signed in to Trialogue as themselves.",
    Signature.Kind.ELSEWHERE: "Signed elsewhere: in the clinic's own software, sent by that clinic's system.",
}


def finding(row: Row) -> str:
    """Neck, right: pain 5 of 10."""
    muscle = f" in {label_of('muscles', row['muscle'])}" if row["muscle"] else ""
    strength = f" {row['intensity']} of 10" if row["intensity"] is not None else ""
    zones = ", ".join(label_of("body_zones", code).lower() for code in row["refers_to"])
    refers = f", refers to {zones}" if zones else ""
    remark = f". {row['remark']}" if row["remark"] else ""
    return f"{places([row])}: {FINDINGS[row['kind']].lower()}{strength}{muscle}{refers}{remark}"


def technique(row: Row) -> str:
    """Trigger point therapy: Neck, right (15 min)."""
    where = f": {places(row['regions'])}" if row["regions"] else ""
    minutes = f" ({row['minutes']} min)" if row["minutes"] else ""
    return f"{label_of('techniques', row['technique'])}{where}{minutes}"


def measure(row: Row) -> str:
    """Joint range of motion: 55 degrees (rotation left)."""
    known = catalog().measures.get(row["measure"])
    unit = f" {known.unit}" if known else ""
    remark = f" ({row['remark']})" if row.get("remark") else ""
    return f"{label_of('measures', row['measure'])}: {row['value']:g}{unit}{remark}"


def ask(row: Row) -> str:
    """Avoid thrust: Neck, right, until 9 December 2026. No thrust for 48 hours."""
    until = f", until {day_in_words(date.fromisoformat(row['until']))}" if row["until"] else ""
    ended = " Ended." if row["ended_at"] else ""
    return f"{ask_in_short(row)}{until}. {row['sentence']}{ended}"


def ask_in_short(row: Row) -> str:
    """What is asked, without its sentence: Avoid High-velocity thrust: Neck, right."""
    technique_named = f" {label_of('techniques', row['technique'])}" if row.get("technique") else ""
    return f"{ASKS[row['kind']]}{technique_named}: {places([row])}"


def copied(body: Row) -> str:
    """Which parts were carried over, and which of them nobody touched; empty when nothing was."""
    if not body["copied_parts"]:
        return ""
    untouched = _named(body["untouched"])
    rest = f"; kept as they were: {untouched}" if untouched else "; each was gone through"
    return f"{_named(body['copied_parts'])}{rest}"


def discipline(code: str) -> str:
    return label_of("disciplines", code)


def _named(parts: list[str]) -> str:
    return ", ".join(PARTS[part] for part in parts)
