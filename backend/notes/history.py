"""What changed in a note: since it was released for everybody who reads it, before only for the clinic that wrote it."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import F

from backend.directory.history import LATEST, Raw, Told, change_data, changes
from backend.lib.actor import Actor
from backend.lib.rest.pages import Keyset
from backend.notes import policies
from backend.notes.models import Ask, Finding, Note, Section, TechniqueDone
from backend.notes.queries import Utc


def _told(model: Any, what: str, word: str, *names: str, moments: Sequence[str] = (), named: str = "") -> Told:
    shows = {name: F(name) for name in names} | {name: Utc(name) for name in moments}
    within = "pgh_obj_id" if model is Note else "note_id"
    return Told(model, what, word, shows, named=named, within=within)


ENVELOPE = _told(
    Note, "note", "Note", "kind", "state", "visibility", "shared_sections", "is_sensitive", "visit_id", "copied_parts", "untouched",
    "signature_kind", "signed_by", "cosigned_by", "entered_in_error_reason", "entered_in_error_note", "entered_in_error_by",
    "closed_by", moments=("occurred_at", "signed_at", "cosigned_at", "entered_in_error_at", "closed_at"),
)  # fmt: skip
ASK = _told(
    Ask, "ask", "Ask", "kind", "region", "side", "technique", "sentence", "until", "ended_by", "ended_because",
    moments=("released_at", "ended_at"), named="sentence",
)  # fmt: skip
PARTS = (
    _told(Section, "section", "Section", "name", "text", "measures", named="name"),
    _told(
        Finding, "finding", "Mark", "kind", "region", "side", "muscle", "intensity", "refers_to", "remark", named="kind"
    ),
    _told(TechniqueDone, "technique", "Technique", "technique", "regions", "minutes", named="technique"),
)
# What was said about an error or an end stays in the clinic that said it.
FOR_OTHERS = (ENVELOPE.without("entered_in_error_note"), ASK.without("ended_by", "ended_because"))


def kinds_for(actor: Actor, note: Mapping[str, Any]) -> Sequence[Told]:
    if not policies.reads_text(actor):
        return FOR_OTHERS[:1]
    if actor.is_staff and note["organization_id"] == actor.organization_id:
        return (ENVELOPE, ASK, *PARTS)
    return FOR_OTHERS


def changes_of_note(note: Mapping[str, Any], actor: Actor, keyset: Keyset = LATEST) -> list[Raw]:
    """What changed in a note that the actor may see (a row of ``queries.one_row``), newest first, as it is answered and shown."""
    kinds = kinds_for(actor, note)
    return [change_data(row, kinds) for row in changes(kinds, note["id"], actor, keyset)]
