"""What was signed elsewhere is delivered under a draft of the same system, and nothing is signed before the client was seen."""

from django.db import migrations

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


class Migration(migrations.Migration):
    dependencies = [("notes", "0006_search")]
    operations = [migrations.RunSQL(CREATE, reverse_sql=DROP)]
