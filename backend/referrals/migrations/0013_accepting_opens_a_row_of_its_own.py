"""Accepting ends the access to the package and opens one to the shared record: each row says one thing, since when."""

from importlib import import_module

from django.db import migrations

TAKEN = import_module("backend.referrals.migrations.0009_pool_rules").TAKEN
SIGNATURE = "share_record(p_id uuid, p_referral uuid)"
HEAD = "RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public"
CHECKED = f"""
DECLARE r referrals_referral; k clients_consent; org uuid := app_organization();
BEGIN
  SELECT * INTO r FROM referrals_referral WHERE id = p_referral;
  -- The consent it was sent under, else another in force that covers both sides.
  SELECT c.* INTO k FROM clients_consent c
   WHERE c.client_id = r.client_id AND c.status = 'given' AND (c.ends_at IS NULL OR c.ends_at > domain_now())
     AND r.sender_organization_id = ANY(c.organization_ids) AND (org = ANY(c.organization_ids) OR (c.id = r.consent_id AND r.recipient_kind = 'pool'))
   ORDER BY (c.id = r.consent_id) DESC, c.ends_at DESC NULLS FIRST LIMIT 1;
  IF r.recipient_organization_id IS DISTINCT FROM org OR r.sent_at IS NULL OR r.accepted_at IS NULL OR r.client_id IS NULL
     OR NOT {TAKEN} OR r.closed_at IS NOT NULL OR r.sender_organization_id = org
  THEN RAISE insufficient_privilege; END IF;
  IF k.id IS NULL
  THEN RAISE insufficient_privilege; END IF;
"""
OWN_ROW = """
  UPDATE clients_access SET until = domain_now(), ended_because = 'accepted'
   WHERE referral_id = r.id AND organization_id = org AND extent = 'package' AND (until IS NULL OR until > domain_now());
  INSERT INTO clients_access (id, client_id, organization_id, why, extent, referral_id, consent_id, reason, from_at, until, ended_because)
  VALUES (p_id, r.client_id, org, 'referral', 'shared_record', r.id, k.id, '', domain_now(), k.ends_at, '');
"""
RAISED = """
  UPDATE clients_access SET extent = 'shared_record'
   WHERE referral_id = r.id AND organization_id = org AND (until IS NULL OR until > domain_now());
  IF NOT FOUND THEN
    INSERT INTO clients_access (id, client_id, organization_id, why, extent, referral_id, consent_id, reason, from_at, until, ended_because)
    VALUES (p_id, r.client_id, org, 'referral', 'shared_record', r.id, k.id, '', domain_now(), k.ends_at, '');
  END IF;
"""


def replaced(change: str) -> str:
    return f"CREATE OR REPLACE FUNCTION {SIGNATURE} {HEAD} AS $guard$ {CHECKED} {change} END $guard$;"


class Migration(migrations.Migration):
    dependencies = [("referrals", "0012_guest_referrals_to_claim")]
    operations = [migrations.RunSQL(replaced(OWN_ROW), reverse_sql=replaced(RAISED))]
