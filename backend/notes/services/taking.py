"""The first beat of every service here, the note, locked; and the last, the next version, saved."""

from uuid import UUID

from backend.lib import clock
from backend.lib.actor import Actor
from backend.notes.models import Note


def locked_note(note_id: UUID | str, actor: Actor) -> Note:
    """The note with its author and clinic, locked; 404 when it is not the caller's to see."""
    found = Note.objects.visible_to(actor).select_related("organization", "author_role")
    return found.locked().one(note_id)


def changed(note: Note, *fields: str) -> None:
    """Saves these fields with the next version."""
    note.version, note.updated_at = note.version + 1, clock.now()
    note.save(update_fields=[*fields, "version", "updated_at"])
