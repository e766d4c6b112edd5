"""Files of a note: read with its objective, locked with it, gone with the draft they are taken off."""

from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

from backend.lib.walls import wall

walls = import_module("backend.notes.migrations.0002_walls")

TRIGGERS = """
CREATE TRIGGER notes_notefile_hung BEFORE INSERT ON notes_notefile FOR EACH ROW EXECUTE FUNCTION hang_file('note');
CREATE TRIGGER notes_notefile_kept BEFORE INSERT OR UPDATE OR DELETE ON notes_notefile FOR EACH ROW EXECUTE FUNCTION keep_part_of_note();
CREATE TRIGGER notes_notefile_gone AFTER DELETE ON notes_notefile FOR EACH ROW EXECUTE FUNCTION drop_file();
"""
NO_TRIGGERS = """
DROP TRIGGER notes_notefile_hung ON notes_notefile; DROP TRIGGER notes_notefile_kept ON notes_notefile; DROP TRIGGER notes_notefile_gone ON notes_notefile;
"""


class Migration(migrations.Migration):
    dependencies = [("notes", "0004_history_walls"), ("attachments", "0002_ties_and_scanning")]
    operations = [
        migrations.CreateModel(
            name="NoteFile",
            fields=[
                (
                    "attachment",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="attachments.attachment",
                    ),
                ),
                (
                    "note",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="files", to="notes.note"),
                ),
            ],
            options={"abstract": False},
        ),
        wall(
            "notes_notefile",
            using=walls.part("notes_notefile", "'objective'"),
            check=walls.written("notes_notefile"),
            grants="SELECT, INSERT, DELETE",
        ),
        migrations.RunSQL(TRIGGERS, reverse_sql=NO_TRIGGERS),
    ]
