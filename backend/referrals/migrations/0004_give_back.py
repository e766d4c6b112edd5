"""A pool's winner gives a referral back, also when it no longer belongs to the pool."""

from django.db import migrations

from backend.lib.walls import guarded_function

# An UPDATE by the app that hides the row from its writer is refused; a winner that has stopped accepting is not in the pool.
GIVE_BACK = """
BEGIN
  UPDATE referrals_referral SET recipient_organization_id = NULL, recipient_role_id = NULL, recipient_identifier = NULL,
         accepted_at = NULL, release_until = NULL
   WHERE id = p_referral AND recipient_kind = 'pool' AND recipient_organization_id = app_organization()
     AND state = 'sent' AND release_until >= domain_now();
  IF NOT FOUND THEN RAISE insufficient_privilege; END IF;
END
"""


class Migration(migrations.Migration):
    dependencies = [("referrals", "0003_unread_reports")]
    operations = [guarded_function("give_back(p_referral uuid)", GIVE_BACK)]
