"""Whose mail came back is the same person at a corrected address, until somebody has opened it."""

from django.db import migrations

from backend.lib.walls import guarded_function

# The client named the person; the address is corrected where the yes names it, too. Afterwards it is another person.
CORRECT = """
DECLARE r referrals_referral; g referrals_guest;
BEGIN
  SELECT * INTO r FROM referrals_referral WHERE id = p_referral;
  SELECT * INTO g FROM referrals_guest WHERE referral_id = p_referral FOR UPDATE;
  IF g.referral_id IS NULL OR r.recipient_kind <> 'guest' OR r.sender_organization_id IS DISTINCT FROM staff_organization()
     OR r.recipient_organization_id IS NOT NULL OR r.sent_at IS NULL OR r.closed_at IS NOT NULL OR r.opened_at IS NOT NULL
     OR g.attested_at IS NOT NULL OR p_email = '' OR p_email <> lower(p_email)
     OR EXISTS (SELECT FROM links_link l WHERE l.referral_id = r.id AND l.purpose = 'guest' AND l.opened_at IS NOT NULL)
  THEN RAISE insufficient_privilege; END IF;
  UPDATE clients_consent SET guests = array_append(array_remove(guests, lower(g.email)::varchar), p_email::varchar), version = version + 1
   WHERE id = r.consent_id AND status = 'given' AND lower(g.email) = ANY(guests);
  UPDATE referrals_guest SET email = p_email, bounced_at = NULL WHERE referral_id = r.id;
END
"""

KEEP_GUEST = """
CREATE OR REPLACE FUNCTION keep_guest() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE later text[] := '{{bounced_at}}';
BEGIN
  {guard}IF (to_jsonb(OLD) - later) <> (to_jsonb(NEW) - later) AND (app_kind() <> 'guest' OR OLD.attested_at IS NOT NULL
       OR (OLD.referral_id, OLD.name, OLD.discipline, OLD.email) IS DISTINCT FROM (NEW.referral_id, NEW.name, NEW.discipline, NEW.email)) THEN
    RAISE EXCEPTION 'whom the sender asked stays; a guest says once who they are' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
"""
KEEP_CIRCLE = """
CREATE OR REPLACE FUNCTION keep_circle() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE answer text[] := '{{version,status,withdrawn_at,withdrawn_reason,expires_on,ends_at,method,given_by_name,given_by_relationship,recorded_by_member_id,recorded_by,given_at,occurred_at,earlier}}';
BEGIN
  IF current_user = 'trialogue_guard' THEN answer := answer || '{{{guards}}}'::text[]; END IF;
  IF OLD.status <> 'given' OR (to_jsonb(OLD) - answer) <> (to_jsonb(NEW) - answer)
  THEN RAISE EXCEPTION 'a circle is never changed; the client is asked again' USING ERRCODE = 'restrict_violation'; END IF;
  RETURN NEW;
END $$;
"""
GUARD_CORRECTS = "IF current_user = 'trialogue_guard' THEN later := later || '{email}'::text[]; END IF;\n  "


class Migration(migrations.Migration):
    dependencies = [("referrals", "0009_pool_rules"), ("clients", "0003_walls"), ("links", "0002_walls")]
    operations = [
        migrations.RunSQL(KEEP_GUEST.format(guard=GUARD_CORRECTS), reverse_sql=KEEP_GUEST.format(guard="")),
        migrations.RunSQL(
            KEEP_CIRCLE.format(guards="organization_ids,guests"), reverse_sql=KEEP_CIRCLE.format(guards="organization_ids")
        ),
        guarded_function("correct_guest_address(p_referral uuid, p_email text)", CORRECT),
    ]
