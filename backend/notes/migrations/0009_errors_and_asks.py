"""That it was about a wrong client can still be said of a note in error, once; and whom the client excluded reads no asks."""

from importlib import import_module

from django.db import migrations

walls = import_module("backend.notes.migrations.0002_walls")
WELCOME = import_module("backend.clients.migrations.0005_not_this_person").WELCOME
ASK = f"""organization_id = {walls.ORG} OR (released_at IS NOT NULL AND NOT is_taken_back AND ({walls.SELF.format(table="notes_ask")} OR ({walls.SEEN.format(table="notes_ask")}
  AND ({walls.BROKEN.format(table="notes_ask")} OR CASE WHEN is_sensitive THEN {walls.circle("notes_ask", f"AND 'sensitive' = ANY(k.categories) {WELCOME}")}
    ELSE {walls.circle("notes_ask", WELCOME)} END))))"""

KEEP_NOTE = walls.LOCK[: walls.LOCK.index("CREATE TRIGGER")].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
STAYS = "    ELSE changing := '{}';"
SAID_ONCE_MORE = """    WHEN 'entered_in_error entered_in_error' THEN
      IF OLD.entered_in_error_reason <> 'wrong_client' AND NEW.entered_in_error_reason = 'wrong_client' THEN changing := changing || error;
      ELSE changing := '{}'; END IF;
"""


class Migration(migrations.Migration):
    dependencies = [("notes", "0008_chain"), ("clients", "0005_not_this_person")]
    operations = [
        migrations.RunSQL(KEEP_NOTE.replace(STAYS, f"{SAID_ONCE_MORE}{STAYS}"), reverse_sql=KEEP_NOTE),
        migrations.RunSQL(
            f"ALTER POLICY notes_ask_app ON notes_ask USING ({ASK})",
            reverse_sql=f"ALTER POLICY notes_ask_app ON notes_ask USING ({walls.ASK})",
        ),
    ]
