"""An open proposal moves along with a line of its owner that gets a new version and stays what it was."""

from importlib import import_module

from django.db import migrations

KEEP_PROPOSAL = import_module("backend.careplans.migrations.0015_errors_mended").KEEP_PROPOSAL
ANSWERED_ONCE = "  IF OLD.state <> 'open' OR"
MOVES_ALONG = """  IF OLD.state = 'open' AND staff_organization() = OLD.owner_id AND NEW.row_version > OLD.row_version
     AND (to_jsonb(OLD) - 'row_version') = (to_jsonb(NEW) - 'row_version') THEN RETURN NEW; END IF;
"""


class Migration(migrations.Migration):
    dependencies = [("careplans", "0016_wider_circle")]
    operations = [
        migrations.RunSQL(
            KEEP_PROPOSAL.replace(ANSWERED_ONCE, f"{MOVES_ALONG}{ANSWERED_ONCE}"), reverse_sql=KEEP_PROPOSAL
        )
    ]
