"""What changed in a note: since it was released for everybody who reads it, before only for the clinic that wrote it."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import partial
from typing import Any

from django.db.models import F

from backend.catalog.words import SIDES, label_of, places
from backend.directory.history import History, Told
from backend.directory.wording import Wording, in_words
from backend.lib.actor import Actor
from backend.lib.expressions import Utc
from backend.lib.zones import day_in_words
from backend.notes import words
from backend.notes.models import Ask, Finding, Note, Section, TechniqueDone


def _parts(names: Iterable[str]) -> str:
    return ", ".join(words.PARTS[name].lower() for name in names)


def _measures(rows: Iterable[words.Row]) -> str:
    return "; ".join(words.measure(row) for row in rows)


def _until(day: str) -> str:
    return day_in_words(date.fromisoformat(day))


def _zones(codes: Iterable[str]) -> str:
    return ", ".join(label_of("body_zones", code) for code in codes)


def _for_programs(value: object) -> str:
    """An id says nothing to a person: that it changed stands in the sentence."""
    return ""


PLACE: Mapping[str, Callable[[Any], str]] = {
    "region": partial(label_of, "regions"),
    "side": lambda side: SIDES.get(side, side),
}
OF_NOTE = Wording(
    begun="begun",
    first="signed",
    fields={
        "kind": "kind of note", "visibility": "who reads it", "shared_sections": "sections that others read",
        "is_sensitive": "mark as sensitive", "visit_id": "visit", "untouched": "what was gone through",
        "copied_parts": "what was copied", "occurred_at": "when the client was seen",
    },
    states={
        "signed": "signed",
        "awaiting_cosignature": "signed by a student",
        "awaiting_cosignature>signed": "co-signed",
        "entered_in_error": "entered in error",
        "closed_unsigned": "closed unsigned",
    },
    reasons={"entered_in_error_reason": {code: said.lower() for code, said in words.IN_ERROR_BECAUSE.items()}},
    implied=(
        "signature_kind", "signed_by", "signed_at", "cosigned_by", "cosigned_at", "entered_in_error_note", "entered_in_error_by",
        "entered_in_error_at", "closed_by", "closed_at", "untouched",
    ),
    values={
        "kind": words.KINDS.__getitem__, "state": in_words, "visibility": words.VISIBLE_TO.__getitem__,
        "shared_sections": _parts, "visit_id": _for_programs, "untouched": _parts, "copied_parts": _parts,
    },
)  # fmt: skip
OF_ASK = Wording(
    first="asked of the others",
    fields={"region": "place", "side": "place", "sentence": "wording", "until": "last day"},
    events={"asked_at": "asked of the others", "ended_at": "ended"},
    implied=("ended_by", "ended_because"),
    values={**PLACE, "kind": words.ASKS.__getitem__, "technique": partial(label_of, "techniques"), "until": _until},
)
OF_SECTION = Wording(
    named=lambda name: words.SECTIONS[name],
    fields={"text": "words"},
    values={"name": words.SECTIONS.__getitem__, "measures": _measures},
)
OF_FINDING = Wording(
    named=lambda kind: words.FINDINGS[kind],
    fields={"region": "place", "side": "place", "intensity": "strength", "refers_to": "where it refers"},
    values={**PLACE, "kind": words.FINDINGS.__getitem__, "muscle": partial(label_of, "muscles"), "refers_to": _zones},
)
OF_TECHNIQUE = Wording(
    named=partial(label_of, "techniques"),
    fields={"regions": "places"},
    values={"technique": partial(label_of, "techniques"), "regions": places},
)


def _told(model: Any, what: str, word: str, *names: str, named: str = "", wording: Wording, **moments: str) -> Told:
    """``moments`` are columns of times, by what they are called outside."""
    shows = {name: F(name) for name in names} | {name: Utc(column) for name, column in moments.items()}
    within = "pgh_obj_id" if model is Note else "note_id"
    return Told(model, what, word, shows, named=named, within=within, wording=wording)


ENVELOPE = _told(
    Note, "note", "", "kind", "state", "visibility", "shared_sections", "is_sensitive", "visit_id", "copied_parts", "untouched",
    "signature_kind", "signed_by", "cosigned_by", "entered_in_error_reason", "entered_in_error_note", "entered_in_error_by",
    "closed_by", wording=OF_NOTE, **{name: name for name in ("occurred_at", "signed_at", "cosigned_at", "entered_in_error_at", "closed_at")},
)  # fmt: skip
ASK = _told(
    Ask, "ask", "Ask", "kind", "region", "side", "technique", "sentence", "until", "ended_by", "ended_because",
    named="sentence", wording=OF_ASK, asked_at="released_at", ended_at="ended_at",
)  # fmt: skip
PARTS = (
    _told(Section, "section", "Section", "name", "text", "measures", named="name", wording=OF_SECTION),
    _told(
        Finding,
        "finding",
        "Finding",
        "kind",
        "region",
        "side",
        "muscle",
        "intensity",
        "refers_to",
        "remark",
        named="kind",
        wording=OF_FINDING,
    ),
    _told(
        TechniqueDone,
        "technique",
        "Technique",
        "technique",
        "regions",
        "minutes",
        named="technique",
        wording=OF_TECHNIQUE,
    ),
)
# What was said about an error or an end stays in the clinic that said it.
SHARED = (ENVELOPE.without("entered_in_error_note"), ASK.without("ended_by", "ended_because"))
WHOLE, FOR_OTHERS, WITHOUT_TEXT = History(ENVELOPE, ASK, *PARTS), History(*SHARED), History(SHARED[0])


def history_for(actor: Actor, note: Mapping[str, Any]) -> History:
    """What the actor reads of what changed in a note they may see (a row of ``queries.one_row``), by the API and on pages."""
    if not actor.reads_clinical:
        return WITHOUT_TEXT
    if actor.is_staff and note["organization_id"] == actor.organization_id:
        return WHOLE
    return FOR_OTHERS
