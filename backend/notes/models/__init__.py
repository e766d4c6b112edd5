"""A note and what hangs on it. The note's row is the envelope; what was written about the client is in rows of its own.

So a part that does not leave the clinic is a row that the database does not show to the others.
"""

from typing import Any

from backend.notes.models.asks import Ask
from backend.notes.models.note import (
    WRONG_CLIENT,
    Note,
    NoteIdentifier,
    NoteQuerySet,
    SectionName,
    Signature,
    all_sections,
    broken_glass,
    own,
    roles_to_sign,
    shared_with,
)
from backend.notes.models.parts import Addendum, Finding, NoteFile, Section, TechniqueDone

PARTS: dict[str, Any] = {"findings": Finding, "techniques": TechniqueDone, "asks": Ask}

__all__ = [
    "PARTS",
    "WRONG_CLIENT",
    "Addendum",
    "Ask",
    "Finding",
    "Note",
    "NoteFile",
    "NoteIdentifier",
    "NoteQuerySet",
    "Section",
    "SectionName",
    "Signature",
    "TechniqueDone",
    "all_sections",
    "broken_glass",
    "own",
    "roles_to_sign",
    "shared_with",
]
