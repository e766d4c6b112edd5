"""Of a visit that is tied to a referral the other side ends the booking, and says when that came about."""

from django.db import migrations

KEPT = """
DROP TRIGGER visits_visit_kept ON visits_visit;
CREATE TRIGGER visits_visit_kept BEFORE UPDATE ON visits_visit FOR EACH ROW
  WHEN (current_user = 'trialogue_app' AND OLD.organization_id IS DISTINCT FROM app_organization())
  EXECUTE FUNCTION refuse_other_columns('version', 'state', 'cancelled_by', 'occurred_at', 'updated_at');
"""
BEFORE = KEPT.replace("'occurred_at', ", "")


class Migration(migrations.Migration):
    dependencies = [("referrals", "0004_give_back")]
    operations = [migrations.RunSQL(KEPT, reverse_sql=BEFORE)]
