"""The first beats of every service here: the note, locked; what was sent, checked; and the next version, saved."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from rest_framework.serializers import Serializer

from backend.lib import clock
from backend.lib.actor import Actor
from backend.notes.models import Note

Sent = Mapping[str, Any]


def locked_note(note_id: UUID | str, actor: Actor) -> Note:
    """The note with its author and clinic, locked; 404 when it is not the caller's to see."""
    found = Note.objects.visible_to(actor).select_related("organization", "author_role")
    return found.locked().one(note_id)


def checked(serializer: type[Serializer[Any]], sent: Sent, **context: Any) -> dict[str, Any]:
    """What was sent, or 400 with a field error for each thing that is wrong."""
    checking = serializer(data=dict(sent), context=context)
    checking.is_valid(raise_exception=True)
    values: dict[str, Any] = dict(checking.validated_data)
    return values


def changed(note: Note, *fields: str) -> None:
    """Saves these fields with the next version."""
    note.version, note.updated_at = note.version + 1, clock.now()
    note.save(update_fields=[*fields, "version", "updated_at"])
