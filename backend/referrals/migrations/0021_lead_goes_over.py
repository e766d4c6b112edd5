"""With a referral that transfers the lead, who accepts it leads the sender's plans that both are on, once.

Whether it does is the sender's to say until it is sent, and stays as it was sent.
"""

from importlib import import_module

from django.db import migrations

from backend.lib.walls import guarded_function

KEPT = import_module("backend.referrals.migrations.0002_walls").KEPT
IN_FORCE = import_module("backend.careplans.migrations.0002_walls").IN_FORCE
PASS = import_module("backend.careplans.migrations.0009_lead_goes_over").PASS

# In its circle, unless both sides are one clinic.
TOGETHER = f"""heir = ANY(live_members(p.id)) AND (heir = r.sender_organization_id OR EXISTS (SELECT FROM clients_consent k
  WHERE k.id = p.consent_id AND {IN_FORCE} AND ARRAY[r.sender_organization_id, heir] <@ k.organization_ids))"""
# The lead has gone over since: what was handed back afterwards stays where it is.
HAS_PASSED = """EXISTS (SELECT FROM careplans_careplanchange c WHERE c.pgh_obj_id = p.id AND c.pgh_moment >= r.accepted_at
  AND (c.lead_organization_id <> r.sender_organization_id OR c.lead_role_id = r.recipient_role_id))"""
PASS_LEADS = f"""
DECLARE r referrals_referral; p careplans_careplan; heir uuid := staff_organization(); person uuid; signed text;
BEGIN
  SELECT * INTO r FROM referrals_referral WHERE id = p_referral;
  SELECT s.by INTO signed FROM referrals_step s WHERE s.referral_id = r.id AND s.organization_id = heir AND s.name = 'accept'
   ORDER BY s.recorded_at DESC, s.id DESC LIMIT 1;
  IF heir IS NULL OR r.recipient_organization_id IS DISTINCT FROM heir OR NOT r.transfer OR signed IS NULL
  THEN RAISE insufficient_privilege; END IF;
  IF r.state NOT IN ('accepted', 'times_offered', 'waitlisted', 'booked', 'in_care', 'cancellation_requested', 'reported')
  THEN RETURN; END IF;
  FOR p IN SELECT * FROM careplans_careplan o WHERE o.client_id = r.client_id AND o.lead_organization_id = r.sender_organization_id
              AND o.state NOT IN ('completed', 'revoked') AND o.created_at <= r.accepted_at ORDER BY o.id FOR NO KEY UPDATE
  LOOP
    CONTINUE WHEN {HAS_PASSED} OR NOT ({TOGETHER});
    SELECT o.id INTO person FROM directory_practitionerrole o WHERE o.id = r.recipient_role_id AND o.organization_id = heir AND o.ended_at IS NULL;
    {PASS}
    RETURN NEXT p.id;
  END LOOP;
END
"""

KEEP = KEPT[: KEPT.index("CREATE TRIGGER referrals_referral_kept")].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
AS_SENT = KEEP.replace("OLD.technique_ids)", "OLD.technique_ids, OLD.transfer)").replace(
    "NEW.technique_ids)", "NEW.technique_ids, NEW.transfer)"
)


class Migration(migrations.Migration):
    dependencies = [("careplans", "0009_lead_goes_over"), ("referrals", "0020_files_of_whom")]
    operations = [
        migrations.RunSQL(AS_SENT, reverse_sql=KEEP),
        guarded_function("pass_leads(p_referral uuid)", PASS_LEADS, returns="SETOF uuid"),
    ]
