"""A pool: who is eligible is asked in one place, an answered advice is taken like an accepted referral, and the sender
hears when nobody is left."""

from importlib import import_module

from django.db import migrations

from backend.lib.walls import guarded_function

walls = import_module("backend.referrals.migrations.0002_walls")

# The same that eligibility.eligible_roles asks at send, on the day it is at the clinic. The wall does not know which kind
# of credential a discipline asks for, which is data of the catalog: there any that is in force will do.
TAKES_FROM_POOL = """
BEGIN
  RETURN EXISTS (SELECT FROM directory_practitionerrole p
      JOIN directory_organization o ON o.id = p.organization_id
      CROSS JOIN LATERAL (SELECT (domain_now() AT TIME ZONE o.time_zone)::date AS today) here
      LEFT JOIN directory_location l ON l.id = p.location_id
    WHERE p.organization_id = p_organization AND p.discipline = p_discipline AND p.is_accepting AND p.ended_at IS NULL
      AND (p.away_until IS NULL OR p.away_until < here.today)
      AND (btrim(p_near) = '' OR upper(l.city) = upper(btrim(p_near)) OR upper(l.postal_code) = upper(btrim(p_near)))
      AND EXISTS (SELECT FROM directory_credential c
            WHERE c.practitioner_id = p.practitioner_id AND c.discipline = p.discipline AND c.status = 'verified'
              AND (p_kind IS NULL OR c.kind = p_kind)
              AND (c.issued_on IS NULL OR c.issued_on <= here.today) AND (c.expires_on IS NULL OR c.expires_on >= here.today)));
END
"""

# Whether anybody of the pool who has not let it pass could still take the referral.
POOL_IS_LEFT = """
DECLARE r referrals_referral;
BEGIN
  SELECT * INTO r FROM referrals_referral WHERE id = p_referral;
  IF r.recipient_kind <> 'pool' THEN RAISE insufficient_privilege; END IF;
  RETURN EXISTS (SELECT FROM (SELECT DISTINCT organization_id FROM directory_practitionerrole WHERE discipline = r.discipline) o
    WHERE o.organization_id <> r.sender_organization_id
      AND NOT EXISTS (SELECT FROM referrals_poolpass x WHERE x.referral_id = r.id AND x.organization_id = o.organization_id)
      AND takes_from_pool(o.organization_id, r.discipline, r.pool_near, p_kind));
END
"""

POOL = f"""(recipient_kind = 'pool' AND recipient_organization_id IS NULL AND state = 'sent'
  AND takes_from_pool({walls.ORG}, discipline, pool_near, NULL))"""
ENVELOPE = walls.ENVELOPE.replace(walls.POOL, POOL)
SEES = "ALTER POLICY referrals_referral_app ON referrals_referral"

# Taken by accepting, or by answering an advice.
TAKEN = "(r.state = 'accepted' OR (r.state = 'reported' AND r.kind = 'advice' AND r.recipient_kind = 'pool'))"
JOIN_CIRCLE = walls.JOIN_CIRCLE.replace("r.state <> 'accepted'", f"NOT {TAKEN}")
SHARE_RECORD = walls.SHARE_RECORD.replace("r.state <> 'accepted'", f"NOT {TAKEN}")
BODIES = {
    "join_circle(p_referral uuid)": (JOIN_CIRCLE, walls.JOIN_CIRCLE),
    "share_record(p_id uuid, p_referral uuid)": (SHARE_RECORD, walls.SHARE_RECORD),
}


def says(signature: str, body: str) -> str:
    """A guard's function with another body; who owns it and who may call it stays."""
    return (
        f"CREATE OR REPLACE FUNCTION {signature} RETURNS void LANGUAGE plpgsql SECURITY DEFINER "
        f"SET search_path = pg_catalog, public AS $guard$ {body} $guard$"
    )


class Migration(migrations.Migration):
    dependencies = [("referrals", "0008_client_died"), ("directory", "0001_initial")]
    operations = [
        guarded_function(
            "takes_from_pool(p_organization uuid, p_discipline text, p_near text, p_kind text)",
            TAKES_FROM_POOL,
            returns="boolean",
        ),
        # Reads only: the planner may call it as seldom as a policy allows.
        migrations.RunSQL(
            "ALTER FUNCTION takes_from_pool(uuid, text, text, text) STABLE", reverse_sql=migrations.RunSQL.noop
        ),
        guarded_function("pool_is_left(p_referral uuid, p_kind text)", POOL_IS_LEFT, returns="boolean"),
        migrations.RunSQL(
            f"{SEES} USING ({ENVELOPE}) WITH CHECK ({ENVELOPE})",
            reverse_sql=f"{SEES} USING ({walls.ENVELOPE}) WITH CHECK ({walls.ENVELOPE})",
        ),
        *(
            migrations.RunSQL(says(signature, after), reverse_sql=says(signature, before))
            for signature, (after, before) in BODIES.items()
        ),
    ]
