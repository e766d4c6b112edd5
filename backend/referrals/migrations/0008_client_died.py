"""Both sides of a referral may know that its client died, whether or not they see the client's record."""

from django.db import migrations

from backend.lib.walls import guarded_function

CLIENT_DIED = """
DECLARE r referrals_referral;
BEGIN
  SELECT * INTO r FROM referrals_referral WHERE id = p_referral;
  IF NOT (app_organization() IN (r.sender_organization_id, r.recipient_organization_id) OR r.recipient_kind = 'pool'
          OR (app_kind() = 'client' AND r.client_id = app_client()) OR (app_kind() = 'guest' AND r.id = app_referral()))
  THEN RAISE insufficient_privilege; END IF;
  RETURN EXISTS (SELECT FROM clients_client c WHERE c.id = r.client_id AND c.status = 'deceased');
END
"""


class Migration(migrations.Migration):
    dependencies = [("referrals", "0007_reach_of_words")]
    operations = [guarded_function("client_died(p_referral uuid)", CLIENT_DIED, returns="boolean")]
