"""How many referrals wait for a guest who has an account now, so that pages can offer to move them."""

from django.db import migrations

from backend.lib.walls import guarded_function

COUNT = """
DECLARE mine directory_practitionerrole; address text; found integer;
BEGIN
  SELECT lower(u.email) INTO address FROM directory_member m JOIN directory_user u ON u.id = m.user_id
   WHERE m.id = nullif(current_setting('app.member', true), '')::uuid AND m.organization_id = staff_organization() AND m.ended_at IS NULL;
  SELECT p.* INTO mine FROM directory_practitionerrole p
   WHERE p.id = p_role AND p.practitioner_id = app_practitioner() AND p.organization_id = staff_organization() AND p.ended_at IS NULL;
  IF app_kind() <> 'member' OR address IS NULL OR mine.id IS NULL THEN RAISE insufficient_privilege; END IF;
  SELECT count(*) INTO found FROM referrals_referral f JOIN referrals_guest g ON g.referral_id = f.id
   WHERE f.recipient_kind = 'guest' AND f.recipient_organization_id IS NULL AND f.sent_at IS NOT NULL AND f.content_gone_because = ''
     AND f.discipline = mine.discipline AND f.sender_organization_id <> mine.organization_id AND lower(g.email) = address;
  RETURN found;
END
"""


class Migration(migrations.Migration):
    dependencies = [("referrals", "0011_entered_in_error")]
    operations = [guarded_function("guest_referrals_to_claim(p_role uuid)", COUNT, returns="integer")]
