"""What a file hangs on is said by ties of the apps above; what a scanner said of it, and what its bytes add up to now."""

from django.db import migrations, models

import backend.attachments.models
from backend.lib.walls import guarded_function

# Of a tie: the caller's own upload is taken, once. As a unique violation, which says that somebody has it already.
HANG = """
BEGIN
  UPDATE attachments_attachment SET hangs_on = TG_ARGV[0]
   WHERE id = NEW.attachment_id AND hangs_on = '' AND organization_id IS NOT DISTINCT FROM staff_organization()
     AND link_id IS NOT DISTINCT FROM app_link();
  IF NOT FOUND THEN RAISE unique_violation USING MESSAGE = 'there is no such file of yours that is still free'; END IF;
  RETURN NEW;
END
"""
# A file lives as long as its tie: taken off, it is gone.
DROP = """
BEGIN
  DELETE FROM attachments_attachment WHERE id = OLD.attachment_id;
  RETURN OLD;
END
"""
# For the worker that holds the lease on scanning this file, and for nobody else.
LEASED = """
  IF app_kind() IS DISTINCT FROM 'worker' OR NOT EXISTS (SELECT FROM audit_work w
       WHERE w.kind = 'attachment.scan' AND w.subject_id = p_file AND w.lease_until > clock_timestamp())
  THEN RAISE insufficient_privilege; END IF;"""
TO_SCAN = f"""
BEGIN {LEASED}
  RETURN (SELECT a.content FROM attachments_attachment a WHERE a.id = p_file AND a.scan_state = 'waiting');
END
"""
JUDGE = f"""
BEGIN {LEASED}
  UPDATE attachments_attachment SET scan_state = p_state WHERE id = p_file AND scan_state = 'waiting';
  RETURN FOUND;
END
"""


class Migration(migrations.Migration):
    dependencies = [("attachments", "0001_moved"), ("audit", "0002_walls"), ("clients", "0003_walls")]
    operations = [
        migrations.AddField("attachment", "hangs_on", models.CharField(blank=True, default="", max_length=20), preserve_default=False),
        migrations.AddField(
            "attachment",
            "scan_state",
            models.CharField(
                choices=[("not_scanned", "Not Scanned"), ("waiting", "Waiting"), ("clean", "Clean"), ("refused", "Refused")],
                default="not_scanned",
                max_length=20,
            ),
        ),
        migrations.AddField(
            "attachment",
            "sha256_now",
            models.GeneratedField(
                db_persist=True,
                expression=backend.attachments.models.Digest("content"),
                output_field=models.CharField(max_length=64),
            ),
        ),
        guarded_function("hang_file()", HANG, returns="trigger"),
        guarded_function("drop_file()", DROP, returns="trigger"),
        guarded_function("file_to_scan(p_file uuid)", TO_SCAN, returns="bytea"),
        guarded_function("judge_file(p_file uuid, p_state text)", JUDGE, returns="boolean"),
    ]
