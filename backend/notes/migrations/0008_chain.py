"""What was signed of a note, as its events tell it: for whoever may read the note, whichever clinic's events these are."""

from importlib import import_module

from django.db import migrations

from backend.lib.walls import guarded_function

walls = import_module("backend.notes.migrations.0002_walls")
NOTE = walls.NOTE.replace(walls.NOTE_OWN, import_module("backend.notes.migrations.0007_signing_and_leaving").OWN)

# Each event stands once for every clinic that was told, and all of these copies have to say the same.
CHAIN = f"""
DECLARE chain jsonb;
BEGIN
  IF NOT EXISTS (SELECT FROM notes_note WHERE id = p_note AND ({NOTE})) THEN RETURN '[]'; END IF;
  WITH told AS (
    SELECT coalesce(e.related ->> 'addendum_id', e.type) AS about, max(e.subject_version) AS version,
           jsonb_agg(DISTINCT coalesce(e.related ->> 'signed_hash', '')) AS hashes
      FROM audit_event e WHERE e.subject_id = p_note AND e.type IN ('note.signed', 'note.cosigned', 'note.amended')
      GROUP BY e.change_id, coalesce(e.related ->> 'addendum_id', e.type))
  SELECT jsonb_agg(jsonb_build_object('about', coalesce(t.about, a.id), 'told', coalesce(t.hashes, '[]'), 'kept', a.content_hash)
                   ORDER BY t.version NULLS LAST)
    INTO chain FROM told t
    FULL JOIN (SELECT id::text, content_hash FROM notes_addendum WHERE note_id = p_note) a ON a.id = t.about;
  RETURN coalesce(chain, '[]');
END
"""


class Migration(migrations.Migration):
    dependencies = [("notes", "0007_signing_and_leaving"), ("audit", "0004_history_walls")]
    operations = [guarded_function("chain_of_note(p_note uuid)", CHAIN, returns="jsonb", reads_only=True)]
