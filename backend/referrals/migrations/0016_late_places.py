"""A place on the care team that is given when the circle's plans have ended ends with them."""

from importlib import import_module

from django.db import migrations

JOIN_CARE_TEAM = import_module("backend.referrals.migrations.0002_walls").JOIN_CARE_TEAM
HEAD = "RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public"
DECLARED = "DECLARE r referrals_referral; k clients_consent;"
ENDS = """DECLARE r referrals_referral; k clients_consent; ends timestamptz;"""
INSERTED = "  INSERT INTO clients_access"
# Thirty days after the last of them, too; after that it is not given any more.
PLAN_ENDED = """
  SELECT CASE WHEN bool_and(p.state IN ('completed', 'revoked')) THEN max(p.state_entered_at) + interval '30 days' END INTO ends
    FROM careplans_careplan p WHERE p.client_id = r.client_id AND p.consent_id = k.id AND r.recipient_organization_id = ANY(p.member_ids);
  IF ends <= domain_now() THEN RETURN; END IF;
"""


def joining(body: str) -> str:
    return f"CREATE OR REPLACE FUNCTION join_care_team(p_id uuid, p_referral uuid) {HEAD} AS $guard$ {body} $guard$;"


WITH_THE_PLAN = (
    JOIN_CARE_TEAM.replace(DECLARED, ENDS)
    .replace(INSERTED, PLAN_ENDED + INSERTED)
    .replace("domain_now(), k.ends_at, ''", "domain_now(), least(k.ends_at, ends), ''")
)


class Migration(migrations.Migration):
    dependencies = [("careplans", "0005_after_the_end"), ("referrals", "0015_not_this_person")]
    operations = [migrations.RunSQL(joining(WITH_THE_PLAN), reverse_sql=joining(JOIN_CARE_TEAM))]
