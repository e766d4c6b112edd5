"""A report or message can be said to be a mistake: once, by the clinic that wrote it, and nothing else of it changes."""

from importlib import import_module

from django.db import migrations, models

walls = import_module("backend.referrals.migrations.0002_walls")
reach = import_module("backend.referrals.migrations.0007_reach_of_words")

REASONS = [("wrong_client", "Wrong Client"), ("wrong_entry", "Wrong Entry")]
FIELDS = {
    "in_error_at": models.DateTimeField(null=True),
    "in_error_by": models.CharField(max_length=200, blank=True, default=""),
    "in_error_reason": models.CharField(max_length=20, choices=REASONS, blank=True, default=""),
    "in_error_note": models.TextField(blank=True, default=""),
}
IN_ERROR = ", ".join(FIELDS)
SIGNED = """
CREATE OR REPLACE FUNCTION refuse_signed_report_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE later text[] := '{{read_at,read_by,plan_change,read_due_at{more}}}';
BEGIN
  IF TG_OP = 'DELETE' OR (to_jsonb(OLD) - later) <> (to_jsonb(NEW) - later)
     OR (OLD.read_at IS NOT NULL AND NEW.read_at IS DISTINCT FROM OLD.read_at){also} THEN
    RAISE EXCEPTION 'a signed report is not changed' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
"""
# Whose mistake it was: the clinic's that signed it, or the sender's that wrote down what a guest said.
ALSO = """
     OR ((OLD.in_error_at, OLD.in_error_by, OLD.in_error_reason, OLD.in_error_note)
           IS DISTINCT FROM (NEW.in_error_at, NEW.in_error_by, NEW.in_error_reason, NEW.in_error_note)
         AND (OLD.in_error_at IS NOT NULL OR NOT coalesce(OLD.organization_id = app_organization(),
               OLD.signature_kind = 'recorded_by_sender' AND EXISTS (SELECT FROM referrals_referral r
                 WHERE r.id = OLD.referral_id AND r.sender_organization_id = app_organization()))))"""
WRITTEN = """
CREATE FUNCTION refuse_message_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE mistake text[] := '{in_error_at,in_error_by,in_error_reason,in_error_note}';
BEGIN
  IF TG_OP = 'DELETE' OR OLD.in_error_at IS NOT NULL OR OLD.organization_id IS DISTINCT FROM app_organization()
     OR (to_jsonb(OLD) - mistake) <> (to_jsonb(NEW) - mistake) THEN
    RAISE EXCEPTION 'a message is not changed' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
DROP TRIGGER referrals_message_append_only ON referrals_message;
CREATE TRIGGER referrals_message_append_only BEFORE UPDATE OR DELETE ON referrals_message FOR EACH ROW EXECUTE FUNCTION refuse_message_change();
"""
NOT_WRITTEN = """
DROP TRIGGER referrals_message_append_only ON referrals_message; DROP FUNCTION refuse_message_change();
CREATE TRIGGER referrals_message_append_only BEFORE UPDATE OR DELETE ON referrals_message FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""
MESSAGES, FILES, REPORTS = reach.MESSAGES, reach.FILES, "referrals_report"
RIGHT_CLIENT = "in_error_reason <> 'wrong_client'"
# The report's own policy answers whether who asks may read it.
OF_REPORT = f"(report_id IS NULL OR EXISTS (SELECT FROM {REPORTS} p WHERE p.id = {FILES}.report_id))"
RECORDED = f"""(signature_kind = 'recorded_by_sender' AND EXISTS (SELECT FROM referrals_referral r
  WHERE r.id = {REPORTS}.referral_id AND r.sender_organization_id = {walls.ORG}))"""
REPORT_BEFORE = f"{walls.content(REPORTS)} OR {reach.OWN}"
REPORT_POLICY = f"ALTER POLICY {REPORTS}_app ON {REPORTS}"


class Migration(migrations.Migration):
    dependencies = [("referrals", "0010_guest_address")]
    operations = [
        *(
            migrations.AddField(model, name, field, preserve_default=name == "in_error_at")
            for model in ("report", "message")
            for name, field in FIELDS.items()
        ),
        migrations.AddField("message", "member_id", models.UUIDField(null=True)),
        migrations.RunSQL(
            SIGNED.format(more=f",{IN_ERROR.replace(' ', '')}", also=ALSO), reverse_sql=SIGNED.format(more="", also="")
        ),
        migrations.RunSQL(WRITTEN, reverse_sql=NOT_WRITTEN),
        migrations.RunSQL(
            f"GRANT UPDATE ({IN_ERROR}) ON {MESSAGES} TO trialogue_app",
            reverse_sql=f"REVOKE UPDATE ({IN_ERROR}) ON {MESSAGES} FROM trialogue_app",
        ),
        migrations.RunSQL(
            f"{REPORT_POLICY} USING (({walls.content(REPORTS)} AND {RIGHT_CLIENT}) OR {RECORDED} OR {reach.OWN})"
            f" WITH CHECK ({walls.content(REPORTS)} OR {reach.OWN})",
            reverse_sql=f"{REPORT_POLICY} USING ({REPORT_BEFORE}) WITH CHECK ({walls.content(REPORTS)})",
        ),
        reach.reads(
            MESSAGES,
            f"({reach.reached(MESSAGES)} AND {RIGHT_CLIENT}) OR {reach.OWN}",
            f"{reach.reached(MESSAGES)} OR {reach.OWN}",
        ),
        reach.reads(
            FILES,
            f"(referral_id IS NOT NULL AND {reach.reached(FILES)} AND {OF_REPORT}) OR {reach.OWN_FILE}",
            f"(referral_id IS NOT NULL AND {reach.reached(FILES)}) OR {reach.OWN_FILE}",
        ),
    ]
