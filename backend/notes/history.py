"""What changed in a note: since it was released for everybody who reads it, before only for the clinic that wrote it."""

from collections.abc import Mapping
from typing import Any

from django.db.models import F

from backend.directory.history import History, Raw, Told
from backend.lib.actor import Actor
from backend.lib.expressions import Utc
from backend.notes import policies
from backend.notes.models import Ask, Finding, Note, Section, TechniqueDone


def _told(model: Any, what: str, word: str, *names: str, named: str = "", **moments: str) -> Told:
    """``moments`` are columns of times, by what they are called outside."""
    shows = {name: F(name) for name in names} | {name: Utc(column) for name, column in moments.items()}
    within = "pgh_obj_id" if model is Note else "note_id"
    return Told(model, what, word, shows, named=named, within=within)


ENVELOPE = _told(
    Note, "note", "Note", "kind", "state", "visibility", "shared_sections", "is_sensitive", "visit_id", "copied_parts", "untouched",
    "signature_kind", "signed_by", "cosigned_by", "entered_in_error_reason", "entered_in_error_note", "entered_in_error_by",
    "closed_by", **{name: name for name in ("occurred_at", "signed_at", "cosigned_at", "entered_in_error_at", "closed_at")},
)  # fmt: skip
ASK = _told(
    Ask, "ask", "Ask", "kind", "region", "side", "technique", "sentence", "until", "ended_by", "ended_because",
    named="sentence", asked_at="released_at", ended_at="ended_at",
)  # fmt: skip
PARTS = (
    _told(Section, "section", "Section", "name", "text", "measures", named="name"),
    _told(
        Finding, "finding", "Mark", "kind", "region", "side", "muscle", "intensity", "refers_to", "remark", named="kind"
    ),
    _told(TechniqueDone, "technique", "Technique", "technique", "regions", "minutes", named="technique"),
)
# What was said about an error or an end stays in the clinic that said it.
SHARED = (ENVELOPE.without("entered_in_error_note"), ASK.without("ended_by", "ended_because"))
WHOLE, FOR_OTHERS, WITHOUT_TEXT = History(ENVELOPE, ASK, *PARTS), History(*SHARED), History(SHARED[0])


def history_for(actor: Actor, note: Mapping[str, Any]) -> History:
    if not policies.reads_text(actor):
        return WITHOUT_TEXT
    if actor.is_staff and note["organization_id"] == actor.organization_id:
        return WHOLE
    return FOR_OTHERS


def changes_of_note(note: Mapping[str, Any], actor: Actor) -> list[Raw]:
    """What changed in a note that the actor may see (a row of ``queries.one_row``), newest first, as it is answered and shown."""
    return history_for(actor, note).latest(actor, note["id"])
