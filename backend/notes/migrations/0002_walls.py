"""The walls around notes: who reads which part, and that what was signed stays, children included."""

from django.db import migrations

from backend.lib.walls import guarded_function, insert_only, wall

ORG = "(SELECT staff_organization())"
PRACTITIONER = "(SELECT app_practitioner())"
SELF = "((SELECT app_kind()) = 'client' AND {table}.client_id = (SELECT app_client()))"
BROKEN = f"""EXISTS (SELECT FROM clients_access a WHERE a.client_id = {{table}}.client_id AND a.organization_id = {ORG} AND a.extent = 'shared_record'
  AND a.from_at <= domain_now() AND (a.until IS NULL OR a.until > domain_now()) AND a.why = 'break_glass' AND a.practitioner_id = {PRACTITIONER})"""
WRITES = f"""(EXISTS (SELECT FROM clients_registration h WHERE h.client_id = {{table}}.client_id AND h.organization_id = {ORG} AND h.kind = 'home' AND h.ended_at IS NULL)
  OR EXISTS (SELECT FROM clients_access a WHERE a.client_id = {{table}}.client_id AND a.organization_id = {ORG} AND a.extent = 'shared_record'
       AND a.why <> 'break_glass' AND a.from_at <= domain_now() AND (a.until IS NULL OR a.until > domain_now())))"""
SEEN = "EXISTS (SELECT FROM clients_client c WHERE c.id = {table}.client_id)"
IN_FORCE = "k.client_id = {table}.client_id AND k.status = 'given' AND (k.ends_at IS NULL OR k.ends_at > domain_now())"


def circle(table: str, more: str = "") -> str:
    """The reader shares a circle in force with the clinic that wrote the row. Two consents are two circles."""
    return f"""EXISTS (SELECT FROM clients_consent k WHERE {IN_FORCE.format(table=table)}
     AND {ORG} = ANY(k.organization_ids) AND {table}.organization_id = ANY(k.organization_ids) {more})"""


NOTE_OWN = f"(organization_id = {ORG} AND (visibility <> 'author' OR author_practitioner_id = {PRACTITIONER}))"
EXCLUDED = f"""EXISTS (SELECT FROM clients_consent k WHERE {IN_FORCE.format(table="notes_note")} AND {PRACTITIONER} = ANY(k.excluded_practitioner_ids))"""
NOTE = f"""CASE WHEN organization_id = {ORG} THEN {NOTE_OWN}
  WHEN released_at IS NULL OR visibility <> 'care_team' OR entered_in_error_reason = 'wrong_client' THEN false
  WHEN {SELF.format(table="notes_note")} THEN true
  WHEN NOT {SEEN.format(table="notes_note")} THEN false
  WHEN NOT is_sensitive AND {BROKEN.format(table="notes_note")} THEN true
  WHEN {EXCLUDED} THEN false
  WHEN is_sensitive THEN {circle("notes_note", "AND ARRAY['notes', 'sensitive']::varchar[] <@ k.categories")}
  ELSE {circle("notes_note", "AND 'notes' = ANY(k.categories)")} END"""


def part(table: str, section: str) -> str:
    """Asks the note, whose policy answers; to another clinic only with its section."""
    return f"EXISTS (SELECT FROM notes_note n WHERE n.id = {table}.note_id AND (n.organization_id = {ORG} OR {section} = ANY(n.shared_sections)))"


def written(table: str) -> str:
    return f"EXISTS (SELECT FROM notes_note n WHERE n.id = {table}.note_id AND n.organization_id = {ORG})"


ASK = f"""organization_id = {ORG} OR (released_at IS NOT NULL AND NOT is_taken_back AND ({SELF.format(table="notes_ask")} OR ({SEEN.format(table="notes_ask")}
  AND ({BROKEN.format(table="notes_ask")} OR CASE WHEN is_sensitive THEN {circle("notes_ask", "AND 'sensitive' = ANY(k.categories)")} ELSE {circle("notes_ask")} END))))"""

# Where a colleague keeps a note to themselves: whom to ask before treating which region, and nothing else.
WITHHELD = """
DECLARE org uuid := staff_organization();
BEGIN
  IF NOT EXISTS (SELECT FROM clients_access a WHERE a.client_id = p_client AND a.organization_id = org AND a.extent = 'shared_record'
                    AND a.from_at <= domain_now() AND (a.until IS NULL OR a.until > domain_now()))
  THEN RETURN; END IF;
  RETURN QUERY SELECT q.id, q.organization_id, q.region::text, q.side::text FROM notes_ask q
    WHERE q.client_id = p_client AND q.is_sensitive AND q.released_at IS NOT NULL AND q.ended_at IS NULL
      AND (q.ends_at IS NULL OR q.ends_at > domain_now()) AND q.organization_id <> org
      AND EXISTS (SELECT FROM clients_consent k WHERE k.client_id = p_client AND k.status = 'given' AND (k.ends_at IS NULL OR k.ends_at > domain_now())
                     AND ARRAY[org, q.organization_id] <@ k.organization_ids)
      AND NOT EXISTS (SELECT FROM clients_consent k WHERE k.client_id = p_client AND k.status = 'given' AND (k.ends_at IS NULL OR k.ends_at > domain_now())
                     AND 'sensitive' = ANY(k.categories) AND ARRAY[org, q.organization_id] <@ k.organization_ids);
END
"""

# For everybody, the owner too: only a draft changes; of what was signed only what is listed here, and each of it once.
LOCK = """
CREATE FUNCTION keep_note() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  signature text[] := '{signature_kind,signed_by_role_id,signed_by,signed_license,signed_at,received_at,signed_application_id,signed_source,document_sha256,content_hash,released_at}';
  cosignature text[] := '{cosigned_by_role_id,cosigned_by,cosigned_license,cosigned_at,released_at}';
  error text[] := '{entered_in_error_reason,entered_in_error_note,entered_in_error_by,entered_in_error_at}';
  changing text[] := '{version,updated_at,state}';
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.state <> 'draft' OR NEW.signed_at IS NOT NULL OR NEW.released_at IS NOT NULL OR NEW.content_hash <> '' OR NEW.cosigned_at IS NOT NULL
       OR NEW.entered_in_error_reason <> '' THEN
      RAISE EXCEPTION 'a note begins as a draft' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF TG_OP = 'DELETE' THEN
    IF OLD.state <> 'draft' THEN RAISE EXCEPTION 'only a draft is discarded' USING ERRCODE = 'restrict_violation'; END IF;
    RETURN OLD;
  END IF;
  IF (OLD.id, OLD.client_id, OLD.organization_id, OLD.author_practitioner_id, OLD.author_role_id, OLD.author_member_id, OLD.recorded_at)
     IS DISTINCT FROM (NEW.id, NEW.client_id, NEW.organization_id, NEW.author_practitioner_id, NEW.author_role_id, NEW.author_member_id, NEW.recorded_at) THEN
    RAISE EXCEPTION 'about whom a note is, and whose, is not changed' USING ERRCODE = 'restrict_violation';
  END IF;
  CASE OLD.state || ' ' || NEW.state
    WHEN 'draft draft' THEN
      IF NEW.signed_at IS NULL AND NEW.released_at IS NULL THEN RETURN NEW; END IF;
    WHEN 'draft signed', 'draft awaiting_cosignature' THEN changing := changing || signature;
    WHEN 'draft closed_unsigned' THEN changing := changing || '{closed_by,closed_at}'::text[];
    WHEN 'awaiting_cosignature signed' THEN
      IF NEW.cosigned_at IS NULL OR (current_user = 'trialogue_app' AND coalesce(app_practitioner() = OLD.author_practitioner_id, true)) THEN
        RAISE EXCEPTION 'a colleague answers for a student''s note' USING ERRCODE = 'restrict_violation';
      END IF;
      changing := changing || cosignature;
    WHEN 'signed signed', 'awaiting_cosignature awaiting_cosignature' THEN NULL;
    WHEN 'signed entered_in_error', 'awaiting_cosignature entered_in_error', 'closed_unsigned entered_in_error' THEN changing := changing || error;
    ELSE changing := '{}';
  END CASE;
  IF (to_jsonb(OLD) - changing) <> (to_jsonb(NEW) - changing) THEN
    RAISE EXCEPTION 'a signed note is only amended' USING ERRCODE = 'restrict_violation';
  END IF;
  IF current_user = 'trialogue_app' AND OLD.state = 'draft' AND NEW.signed_at IS NOT NULL THEN
    IF NEW.signature_kind = 'here' AND app_practitioner() IS DISTINCT FROM OLD.author_practitioner_id
       OR NEW.signature_kind = 'elsewhere' AND (app_kind() <> 'system' OR NOT EXISTS (SELECT FROM directory_practitionerrole r
            WHERE r.id = NEW.signed_by_role_id AND r.practitioner_id = OLD.author_practitioner_id AND r.transmission_agreed_at IS NOT NULL))
       OR NEW.signature_kind NOT IN ('here', 'elsewhere') THEN
      RAISE EXCEPTION 'a note is signed by whoever wrote it' USING ERRCODE = 'restrict_violation';
    END IF;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER notes_note_kept BEFORE INSERT OR UPDATE OR DELETE ON notes_note FOR EACH ROW EXECUTE FUNCTION keep_note();
-- The note is locked, so that a part cannot slip in while it is being signed. Named columns may change after signing.
CREATE FUNCTION keep_part_of_note() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE whose uuid := CASE TG_OP WHEN 'DELETE' THEN OLD.note_id ELSE NEW.note_id END; found text;
BEGIN
  SELECT n.state INTO found FROM notes_note n WHERE n.id = whose FOR SHARE;
  IF TG_OP = 'UPDATE' AND OLD.note_id <> NEW.note_id THEN
    RAISE EXCEPTION 'a part stays with its note' USING ERRCODE = 'restrict_violation';
  END IF;
  IF found IS DISTINCT FROM 'draft' AND NOT (TG_OP = 'UPDATE' AND TG_NARGS > 0 AND (to_jsonb(OLD) - TG_ARGV) = (to_jsonb(NEW) - TG_ARGV)) THEN
    RAISE EXCEPTION 'a signed note is only amended, its parts too' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER notes_section_kept BEFORE INSERT OR UPDATE OR DELETE ON notes_section FOR EACH ROW EXECUTE FUNCTION keep_part_of_note();
CREATE TRIGGER notes_finding_kept BEFORE INSERT OR UPDATE OR DELETE ON notes_finding FOR EACH ROW EXECUTE FUNCTION keep_part_of_note();
CREATE TRIGGER notes_techniquedone_kept BEFORE INSERT OR UPDATE OR DELETE ON notes_techniquedone FOR EACH ROW EXECUTE FUNCTION keep_part_of_note();
CREATE TRIGGER notes_ask_kept BEFORE INSERT OR UPDATE OR DELETE ON notes_ask FOR EACH ROW
  EXECUTE FUNCTION keep_part_of_note('released_at', 'ended_at', 'ended_by', 'ended_because', 'is_taken_back');
-- What was asked, and that it ended, is never taken back; whom an ask reaches is what its note says.
CREATE FUNCTION keep_ask() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND ((OLD.released_at IS NOT NULL AND OLD.released_at IS DISTINCT FROM NEW.released_at)
     OR (OLD.ended_at IS NOT NULL AND (OLD.ended_at, OLD.ended_by, OLD.ended_because) IS DISTINCT FROM (NEW.ended_at, NEW.ended_by, NEW.ended_because))) THEN
    RAISE EXCEPTION 'an ask is raised once and ended once' USING ERRCODE = 'restrict_violation';
  END IF;
  IF NOT EXISTS (SELECT FROM notes_note n WHERE n.id = NEW.note_id AND (n.client_id, n.organization_id, n.author_role_id)
                    = (NEW.client_id, NEW.organization_id, NEW.author_role_id)) THEN
    RAISE EXCEPTION 'an ask is about whom its note is about' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER notes_ask_once BEFORE INSERT OR UPDATE ON notes_ask FOR EACH ROW EXECUTE FUNCTION keep_ask();
"""
UNLOCK = """
DROP TRIGGER notes_note_kept ON notes_note; DROP TRIGGER notes_section_kept ON notes_section; DROP TRIGGER notes_finding_kept ON notes_finding;
DROP TRIGGER notes_techniquedone_kept ON notes_techniquedone; DROP TRIGGER notes_ask_kept ON notes_ask; DROP TRIGGER notes_ask_once ON notes_ask;
DROP FUNCTION keep_note(); DROP FUNCTION keep_part_of_note(); DROP FUNCTION keep_ask();
"""


def when_written(table: str, check: str) -> migrations.RunSQL:
    """A second wall for new rows, which has to hold as well as the first."""
    return migrations.RunSQL(
        f"CREATE POLICY {table}_written ON {table} AS RESTRICTIVE FOR INSERT TO trialogue_app WITH CHECK ({check})",
        reverse_sql=f"DROP POLICY {table}_written ON {table}",
    )


class Migration(migrations.Migration):
    dependencies = [("notes", "0001_initial"), ("clients", "0003_walls"), ("visits", "0001_initial")]
    operations = [
        wall("notes_note", using=NOTE, check=NOTE_OWN),
        # Amending what one wrote needs no access to the client; a new note does, and more than a broken glass.
        when_written("notes_note", WRITES.format(table="notes_note")),
        wall("notes_noteidentifier", using=f"organization_id = {ORG}", check=f"organization_id = {ORG} AND {written('notes_noteidentifier')}"),
        wall("notes_section", using=part("notes_section", "name"), check=written("notes_section")),
        wall("notes_finding", using=part("notes_finding", "'objective'"), check=written("notes_finding")),
        wall("notes_techniquedone", using=part("notes_techniquedone", "'plan'"), check=written("notes_techniquedone")),
        wall("notes_ask", using=ASK, check=f"organization_id = {ORG} AND {written('notes_ask')}"),
        *insert_only(
            "notes_addendum",
            using=f"EXISTS (SELECT FROM notes_note n WHERE n.id = notes_addendum.note_id AND (n.organization_id = {ORG} OR notes_addendum.section = ''"
            " OR notes_addendum.section = ANY(n.shared_sections)))",
            check=f"organization_id = {ORG} AND EXISTS (SELECT FROM notes_note n WHERE n.id = notes_addendum.note_id AND n.organization_id = {ORG}"
            " AND n.state IN ('signed', 'awaiting_cosignature'))",
        ),
        guarded_function(
            "withheld_asks(p_client uuid)", WITHHELD, returns="TABLE (id uuid, organization_id uuid, region text, side text)"
        ),
        migrations.RunSQL(LOCK, reverse_sql=UNLOCK),
    ]
