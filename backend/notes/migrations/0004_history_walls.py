"""The walls around the histories of notes: what was written before a note was released never leaves its clinic."""

from importlib import import_module

from django.db import migrations

from backend.lib.walls import history_wall

walls = import_module("backend.notes.migrations.0002_walls")
# A part changes only in a draft. The note's own policy answers for a note that its author keeps to themselves.
NOTE = f"""EXISTS (SELECT FROM notes_note n WHERE n.id = notes_notechange.pgh_obj_id
  AND (n.organization_id = {walls.ORG} OR notes_notechange.released_at IS NOT NULL))"""
ASK = f"""{walls.written("notes_askchange")} OR (notes_askchange.released_at IS NOT NULL
  AND EXISTS (SELECT FROM notes_ask a WHERE a.id = notes_askchange.pgh_obj_id))"""


def part(history: str) -> str:
    """What an author wrote for themselves alone stays theirs, also when the note was opened to others later."""
    return f"""{walls.written(history)} AND (EXISTS (SELECT FROM notes_note n WHERE n.id = {history}.note_id AND n.author_practitioner_id = {walls.PRACTITIONER})
  OR NOT EXISTS (SELECT FROM notes_notechange v WHERE v.pgh_obj_id = {history}.note_id AND v.visibility = 'author'))"""


class Migration(migrations.Migration):
    dependencies = [("notes", "0003_history")]
    operations = [
        *history_wall("notes_note", using=NOTE),
        *history_wall("notes_section", using=part("notes_sectionchange")),
        *history_wall("notes_finding", using=part("notes_findingchange")),
        *history_wall("notes_techniquedone", using=part("notes_techniquedonechange")),
        *history_wall("notes_ask", using=ASK),
    ]
