"""A file that was attached to a draft can be taken off again; what was sent keeps its files."""

from django.db import migrations

TAKEN_OFF = """
CREATE OR REPLACE FUNCTION refuse_attached_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF OLD.report_id IS NULL AND EXISTS (
         SELECT FROM referrals_referral r WHERE r.id = OLD.referral_id AND r.state = 'draft' AND r.sent_at IS NULL
            AND r.sender_organization_id = app_organization()) THEN
      RETURN OLD;
    END IF;
    RAISE EXCEPTION 'a file is taken off a draft only' USING ERRCODE = 'restrict_violation';
  END IF;
  IF OLD.referral_id IS NOT NULL OR OLD.content <> NEW.content OR OLD.sha256 <> NEW.sha256 THEN
    RAISE EXCEPTION 'an attachment is not changed' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
GRANT DELETE ON referrals_attachment TO trialogue_app;
"""
FIXED = """
CREATE OR REPLACE FUNCTION refuse_attached_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR OLD.referral_id IS NOT NULL OR OLD.content <> NEW.content OR OLD.sha256 <> NEW.sha256 THEN
    RAISE EXCEPTION 'an attachment is not changed' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
REVOKE DELETE ON referrals_attachment FROM trialogue_app;
"""


class Migration(migrations.Migration):
    dependencies = [("referrals", "0005_visits_of_care")]
    operations = [migrations.RunSQL(TAKEN_OFF, reverse_sql=FIXED)]
