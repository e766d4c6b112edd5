"""What was signed elsewhere is delivered under a draft of the same system, and nothing is signed before the client was seen.

What somebody kept to themselves is the clinic's to look after once they work there no longer.
"""

from importlib import import_module

from django.db import migrations

walls = import_module("backend.notes.migrations.0002_walls")
# For everybody, the owner too. Who asks is known of the app's own role.
CREATE = """
CREATE FUNCTION keep_signing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.application_id IS DISTINCT FROM NEW.application_id THEN
    RAISE EXCEPTION 'which system began a note is not changed' USING ERRCODE = 'restrict_violation';
  END IF;
  IF OLD.signed_at IS NOT NULL OR NEW.signed_at IS NULL THEN RETURN NEW; END IF;
  IF NEW.signed_at < NEW.occurred_at THEN
    RAISE EXCEPTION 'a note is not signed before the client was seen' USING ERRCODE = 'restrict_violation';
  END IF;
  IF NEW.signature_kind = 'elsewhere' AND (OLD.application_id IS NULL OR NEW.signed_application_id IS DISTINCT FROM OLD.application_id
     OR (current_user = 'trialogue_app' AND nullif(current_setting('app.application', true), '')::uuid IS DISTINCT FROM OLD.application_id)) THEN
    RAISE EXCEPTION 'a system signs what it began itself' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER notes_note_signing BEFORE UPDATE ON notes_note FOR EACH ROW EXECUTE FUNCTION keep_signing();
"""
DROP = "DROP TRIGGER notes_note_signing ON notes_note; DROP FUNCTION keep_signing();"

OVERSEES = """(SELECT EXISTS (SELECT FROM directory_member m WHERE m.id = nullif(current_setting('app.member', true), '')::uuid
  AND m.organization_id = staff_organization() AND m.ended_at IS NULL AND m.rights && '{admin,auditor}'))"""
STAYS = """EXISTS (SELECT FROM directory_practitionerrole r WHERE r.practitioner_id = notes_note.author_practitioner_id
  AND r.organization_id = notes_note.organization_id AND r.ended_at IS NULL)"""
OWN = f"""(organization_id = {walls.ORG} AND (visibility <> 'author' OR author_practitioner_id = {walls.PRACTITIONER} OR ({OVERSEES} AND NOT {STAYS})))"""


def policy(own: str) -> str:
    using = walls.NOTE.replace(walls.NOTE_OWN, own)
    return f"ALTER POLICY notes_note_app ON notes_note USING ({using}) WITH CHECK ({own})"


class Migration(migrations.Migration):
    dependencies = [("notes", "0006_search")]
    operations = [
        migrations.RunSQL(CREATE, reverse_sql=DROP),
        migrations.RunSQL(policy(OWN), reverse_sql=policy(walls.NOTE_OWN)),
    ]
