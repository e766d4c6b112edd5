"""Files that go with a note."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet

from backend.attachments.models import HOLDERS, Holder
from backend.attachments.services import hang
from backend.audit.access_log import Look
from backend.lib.actor import Actor
from backend.notes import queries
from backend.notes.models import Note, NoteFile


def look_at(file: NoteFile, actor: Actor) -> Look | None:
    """What is logged when one is opened: as a look at its note."""
    return queries.look_at(queries.facts_of_look(file.note_id, actor), actor, "attachment", file.pk)


HOLDERS["note"] = Holder(NoteFile, "notes", look_at)


def files_of(note_id: UUID, actor: Actor) -> "QuerySet[NoteFile, UUID]":
    """The files of a note that the actor reads, by id."""
    return NoteFile.objects.visible_to(actor).filter(note_id=note_id).values_list("attachment_id", flat=True)


def replace_files(note: Note, ids: Iterable[UUID], actor: Actor) -> None:
    """Makes these the draft's files: one that is left out is gone, one that is new is an upload that is still free."""
    wanted = list(ids)
    ties = NoteFile.objects.visible_to(actor).filter(note=note)
    ties.exclude(pk__in=wanted).delete()
    kept = set(ties.values_list("pk", flat=True))
    hang(wanted, lambda pk: NoteFile(attachment_id=pk, note=note), pointer="/attachment_ids", kept=kept)
