"""A file hangs on a referral by a tie, whose wall is the one the file had; the bytes follow their ties. No byte is touched."""

from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

import backend.lib.clock
from backend.lib.walls import also, wall

walls = import_module("backend.referrals.migrations.0002_walls")
reach = import_module("backend.referrals.migrations.0007_reach_of_words")
errors = import_module("backend.referrals.migrations.0011_entered_in_error")
welcome = import_module("backend.referrals.migrations.0015_not_this_person")
drafts = import_module("backend.referrals.migrations.0006_files_come_off_drafts")

FILES, TIES = "attachments_attachment", "referrals_referralfile"
STAFF = "(SELECT staff_organization())"
OF_REPORT = f"(report_id IS NULL OR EXISTS (SELECT FROM referrals_report p WHERE p.id = {TIES}.report_id))"
OPEN = f"({reach.reached(TIES)} AND {OF_REPORT}) OR {reach.OWN_FILE}"
# Who reads what a file hangs on reads the file: the tie's own policy answers. Free, it is its uploader's.
BYTES = f"""CASE hangs_on
  WHEN '' THEN organization_id = {STAFF} OR (link_id IS NOT NULL AND link_id = (SELECT app_link()))
  WHEN 'referral' THEN EXISTS (SELECT FROM {TIES} t WHERE t.attachment_id = {FILES}.id)
  WHEN 'note' THEN EXISTS (SELECT FROM notes_notefile t WHERE t.attachment_id = {FILES}.id)
  ELSE false END"""
UPLOAD = f"""hangs_on = '' AND scan_state IN ('not_scanned', 'waiting') AND organization_id IS NOT DISTINCT FROM {STAFF}
  AND link_id IS NOT DISTINCT FROM (SELECT app_link()) AND num_nonnulls(organization_id, link_id) = 1"""

MOVE = f"""
DROP TRIGGER {FILES}_fixed ON {FILES}; DROP TRIGGER {FILES}_reach ON {FILES};
INSERT INTO {TIES} (attachment_id, referral_id, report_id, organization_id, link_id, reaches_recipient, created_at)
SELECT id, referral_id, report_id, organization_id, link_id, reaches_recipient, created_at FROM {FILES} WHERE referral_id IS NOT NULL;
UPDATE {FILES} SET hangs_on = 'referral' WHERE referral_id IS NOT NULL;
-- Asked now, because a table with a question that is still open is not altered.
SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED;
ALTER POLICY {FILES}_app ON {FILES} USING ({BYTES}) WITH CHECK ({UPLOAD});
DROP POLICY {FILES}_welcome ON {FILES};
ALTER TABLE {FILES} DROP COLUMN referral_id, DROP COLUMN report_id, DROP COLUMN reaches_recipient;
DROP FUNCTION refuse_attached_change();
REVOKE ALL ON {FILES} FROM trialogue_app; GRANT SELECT, INSERT ON {FILES} TO trialogue_app;
"""
MOVE_BACK = f"""
REVOKE ALL ON {FILES} FROM trialogue_app; GRANT SELECT, INSERT, UPDATE ON {FILES} TO trialogue_app;
ALTER TABLE {FILES} ADD COLUMN referral_id uuid REFERENCES referrals_referral DEFERRABLE INITIALLY DEFERRED,
  ADD COLUMN report_id uuid REFERENCES referrals_report DEFERRABLE INITIALLY DEFERRED, ADD COLUMN reaches_recipient boolean NOT NULL DEFAULT true;
UPDATE {FILES} f SET referral_id = t.referral_id, report_id = t.report_id, reaches_recipient = t.reaches_recipient
  FROM {TIES} t WHERE t.attachment_id = f.id;
DELETE FROM {TIES};
UPDATE {FILES} SET hangs_on = '' WHERE hangs_on = 'referral';
SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED;
CREATE INDEX ON {FILES} (referral_id); CREATE INDEX ON {FILES} (report_id);
ALTER TABLE {FILES} ALTER COLUMN reaches_recipient DROP DEFAULT;
ALTER POLICY {FILES}_app ON {FILES} USING ((referral_id IS NOT NULL AND {reach.reached(FILES)}
    AND {errors.OF_REPORT.replace(errors.FILES, FILES)}) OR {reach.OWN_FILE})
  WITH CHECK ((referral_id IS NULL OR {walls.content(FILES)}) AND {walls.OWN_NAME});
CREATE POLICY {FILES}_welcome ON {FILES} AS RESTRICTIVE FOR SELECT TO trialogue_app USING ({welcome.own_or_welcome(FILES)});
{drafts.TAKEN_OFF.replace("referrals_attachment", FILES)}
CREATE TRIGGER {FILES}_fixed BEFORE UPDATE OR DELETE ON {FILES} FOR EACH ROW EXECUTE FUNCTION refuse_attached_change();
CREATE TRIGGER {FILES}_reach BEFORE INSERT OR UPDATE ON {FILES} FOR EACH ROW
  WHEN (current_user = 'trialogue_app') EXECUTE FUNCTION say_whether_it_reaches();
"""

# For everybody, the owner too: bytes are what was uploaded, they are hung once, and judged once.
KEPT = f"""
CREATE FUNCTION keep_file() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.id, OLD.organization_id, OLD.link_id, OLD.name, OLD.media_type, OLD.size, OLD.sha256, OLD.content, OLD."by", OLD.created_at) IS DISTINCT FROM
     (NEW.id, NEW.organization_id, NEW.link_id, NEW.name, NEW.media_type, NEW.size, NEW.sha256, NEW.content, NEW."by", NEW.created_at)
     OR (OLD.hangs_on <> NEW.hangs_on AND OLD.hangs_on <> '')
     OR (OLD.scan_state <> NEW.scan_state AND NOT (OLD.scan_state = 'waiting' AND NEW.scan_state IN ('clean', 'refused'))) THEN
    RAISE EXCEPTION 'an attachment is not changed' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER {FILES}_kept BEFORE UPDATE ON {FILES} FOR EACH ROW EXECUTE FUNCTION keep_file();
CREATE FUNCTION keep_file_of_referral() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND OLD.report_id IS NULL AND EXISTS (
       SELECT FROM referrals_referral r WHERE r.id = OLD.referral_id AND r.state = 'draft' AND r.sent_at IS NULL
          AND r.sender_organization_id = app_organization()) THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'a file is taken off a draft only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER {TIES}_hung BEFORE INSERT ON {TIES} FOR EACH ROW EXECUTE FUNCTION hang_file('referral');
CREATE TRIGGER {TIES}_reach BEFORE INSERT ON {TIES} FOR EACH ROW
  WHEN (current_user = 'trialogue_app') EXECUTE FUNCTION say_whether_it_reaches();
CREATE TRIGGER {TIES}_kept BEFORE UPDATE OR DELETE ON {TIES} FOR EACH ROW EXECUTE FUNCTION keep_file_of_referral();
CREATE TRIGGER {TIES}_gone AFTER DELETE ON {TIES} FOR EACH ROW EXECUTE FUNCTION drop_file();
"""
NOT_KEPT = f"""
DROP TRIGGER {TIES}_gone ON {TIES}; DROP TRIGGER {TIES}_kept ON {TIES}; DROP TRIGGER {TIES}_reach ON {TIES}; DROP TRIGGER {TIES}_hung ON {TIES};
DROP TRIGGER {FILES}_kept ON {FILES}; DROP FUNCTION keep_file_of_referral(); DROP FUNCTION keep_file();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("referrals", "0017_links_of_the_loop"),
        ("attachments", "0002_ties_and_scanning"),
        ("notes", "0005_files"),
    ]
    operations = [
        migrations.SeparateDatabaseAndState(state_operations=[migrations.DeleteModel("Attachment")]),
        migrations.CreateModel(
            name="ReferralFile",
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
                ("link_id", models.UUIDField(null=True)),
                ("reaches_recipient", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField(default=backend.lib.clock.now)),
                (
                    "organization",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="directory.organization"
                    ),
                ),
                (
                    "referral",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="files", to="referrals.referral"),
                ),
                (
                    "report",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="files", to="referrals.report"
                    ),
                ),
            ],
            options={"abstract": False},
        ),
        wall(TIES, using=OPEN, check=f"{walls.content(TIES)} AND {walls.OWN_NAME}", grants="SELECT, INSERT, DELETE"),
        also(TIES, f"{TIES}_welcome", "SELECT", welcome.own_or_welcome(TIES)),
        migrations.RunSQL(MOVE, reverse_sql=MOVE_BACK),
        migrations.RunSQL(KEPT, reverse_sql=NOT_KEPT),
    ]
