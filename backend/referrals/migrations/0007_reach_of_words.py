"""What a recipient received never grows: words and files that come after its live reason ended do not reach it."""

from importlib import import_module

from django.db import migrations, models

from backend.lib.walls import guarded_function

walls = import_module("backend.referrals.migrations.0002_walls")

# Whether the recipient has a live reason to read what is written now. The consent's row is locked, so that a withdrawal
# waits or has won.
RECIPIENT_READS = """
DECLARE r referrals_referral; found uuid;
BEGIN
  SELECT * INTO r FROM referrals_referral WHERE id = p_referral;
  IF NOT (app_organization() IN (r.sender_organization_id, r.recipient_organization_id) OR r.recipient_kind = 'pool'
          OR (app_kind() = 'client' AND r.client_id = app_client()) OR (app_kind() = 'guest' AND r.id = app_referral()))
  THEN RAISE insufficient_privilege; END IF;
  IF r.client_id IS NULL OR r.sent_at IS NULL OR r.recipient_organization_id = r.sender_organization_id THEN RETURN true; END IF;
  IF r.recipient_organization_id IS NOT NULL THEN
    SELECT k.id INTO found FROM clients_access a JOIN clients_consent k ON k.id = a.consent_id
     WHERE a.referral_id = r.id AND a.organization_id = r.recipient_organization_id
       AND a.from_at <= domain_now() AND (a.until IS NULL OR a.until > domain_now())
       AND k.status = 'given' AND (k.ends_at IS NULL OR k.ends_at > domain_now()) LIMIT 1 FOR SHARE OF k;
  ELSIF r.closed_at IS NULL AND r.state NOT IN ('declined', 'expired', 'unreachable', 'client_declined') THEN
    SELECT k.id INTO found FROM clients_consent k
     WHERE k.client_id = r.client_id AND k.status = 'given' AND (k.ends_at IS NULL OR k.ends_at > domain_now())
       AND r.sender_organization_id = ANY(k.organization_ids)
       AND ((r.recipient_kind = 'pool' AND k.id = r.consent_id)
            OR EXISTS (SELECT FROM referrals_guest g WHERE g.referral_id = r.id AND lower(g.email) = ANY(k.guests)))
     LIMIT 1 FOR SHARE;
  END IF;
  RETURN found IS NOT NULL;
END
"""

REACH = """
CREATE FUNCTION say_whether_it_reaches() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.reaches_recipient := NEW.referral_id IS NULL OR recipient_reads(NEW.referral_id);
  RETURN NEW;
END $$;
CREATE TRIGGER referrals_message_reach BEFORE INSERT ON referrals_message FOR EACH ROW
  WHEN (current_user = 'trialogue_app') EXECUTE FUNCTION say_whether_it_reaches();
CREATE TRIGGER referrals_attachment_reach BEFORE INSERT OR UPDATE ON referrals_attachment FOR EACH ROW
  WHEN (current_user = 'trialogue_app') EXECUTE FUNCTION say_whether_it_reaches();
"""
NO_REACH = """
DROP TRIGGER referrals_message_reach ON referrals_message; DROP TRIGGER referrals_attachment_reach ON referrals_attachment;
DROP FUNCTION say_whether_it_reaches();
"""


def reached(table: str) -> str:
    """The content is open, and this part of it was written for who reads it, or is read by the sender or the client."""
    return f"""({walls.content(table)} AND (reaches_recipient OR EXISTS (SELECT FROM referrals_referral r WHERE r.id = {table}.referral_id
      AND (r.sender_organization_id = {walls.ORG} OR {walls.CLIENT.format(client="r.client_id")}))))"""


def reads(table: str, using: str, before: str) -> migrations.RunSQL:
    policy = f"ALTER POLICY {table}_app ON {table} USING"
    return migrations.RunSQL(f"{policy} ({using})", reverse_sql=f"{policy} ({before})")


MESSAGES, FILES = "referrals_message", "referrals_attachment"
OWN = f"organization_id = {walls.ORG}"
OWN_FILE = f"{OWN} OR (link_id IS NOT NULL AND link_id = (SELECT app_link()))"


class Migration(migrations.Migration):
    dependencies = [("referrals", "0006_files_come_off_drafts")]
    operations = [
        migrations.AddField("message", "reaches_recipient", models.BooleanField(default=True)),
        migrations.AddField("attachment", "reaches_recipient", models.BooleanField(default=True)),
        guarded_function("recipient_reads(p_referral uuid)", RECIPIENT_READS, returns="boolean"),
        migrations.RunSQL(REACH, reverse_sql=NO_REACH),
        reads(MESSAGES, f"{reached(MESSAGES)} OR {OWN}", f"{walls.content(MESSAGES)} OR {OWN}"),
        reads(
            FILES,
            f"(referral_id IS NOT NULL AND {reached(FILES)}) OR {OWN_FILE}",
            f"(referral_id IS NOT NULL AND {walls.content(FILES)}) OR {OWN_FILE}",
        ),
    ]
