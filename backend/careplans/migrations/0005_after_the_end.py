"""A finished plan leaves its parties thirty days of reading; reopening lifts that. A death ends every plan."""

from importlib import import_module

from django.db import migrations

from backend.lib.walls import guarded_function

# Who leaves a finished plan ends no line of it.
LEAVE = import_module("backend.careplans.migrations.0002_walls").LEAVE
SIGNATURE = "leave_plan(p_plan uuid, p_organization uuid, p_because text)"
HEAD = "RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public"
LINES_END = "WHERE plan_id = p_plan AND organization_id = p_organization AND state <> 'ended'"
WHILE_IT_IS_OPEN = f"{LINES_END} AND p.state NOT IN ('completed', 'revoked')"

BY_LEAD = """
  SELECT * INTO p FROM careplans_careplan WHERE careplans_careplan.id = p_plan;
  IF p.id IS NULL OR staff_organization() IS DISTINCT FROM p.lead_organization_id OR {state} THEN RAISE insufficient_privilege; END IF;
"""
FINISHED, OPEN = "p.state NOT IN ('completed', 'revoked')", "p.state IN ('completed', 'revoked')"
# A place on the care team that this plan's circle gave to one who is on its team. Other circles, and referrals, have rows of their own.
PLACE = """a.client_id = p.client_id AND a.organization_id = ANY(p.member_ids) AND a.why = 'care_team' AND a.consent_id = p.consent_id
   AND a.ended_because = '' AND (a.until IS NULL OR a.until > domain_now())"""

SHORTEN = f"""UPDATE clients_access a SET until = domain_now() + interval '30 days'
   WHERE {PLACE} AND (a.until IS NULL OR a.until > domain_now() + interval '30 days')
     AND NOT EXISTS (SELECT FROM careplans_careplan o WHERE o.client_id = p.client_id AND o.id <> p.id AND o.consent_id = p.consent_id
                        AND o.state NOT IN ('completed', 'revoked') AND a.organization_id = ANY(o.member_ids))
   RETURNING a.id, a.organization_id, a.until"""
WIND_DOWN = f"""
DECLARE p careplans_careplan;
BEGIN
  {BY_LEAD.format(state=FINISHED)}
  RETURN QUERY {SHORTEN};
END
"""
KEEP = f"""
DECLARE p careplans_careplan;
BEGIN
  {BY_LEAD.format(state=OPEN)}
  RETURN QUERY UPDATE clients_access a SET until = k.ends_at FROM clients_consent k
   WHERE {PLACE} AND k.id = a.consent_id AND k.status = 'given' AND (k.ends_at IS NULL OR k.ends_at > domain_now())
     AND a.until IS DISTINCT FROM k.ends_at
   RETURNING a.id;
END
"""
# The thirty days are over: said once, by the organization whose place it was.
RAN_OUT = """
DECLARE found uuid;
BEGIN
  UPDATE clients_access a SET ended_because = 'plan_ended'
   WHERE a.id = p_access AND a.organization_id = staff_organization() AND a.why = 'care_team' AND a.ended_because = '' AND a.until <= domain_now()
   RETURNING a.client_id INTO found;
  RETURN found;
END
"""
# Home records a death: every open plan ends, also those that others lead, in circles that home is not in.
DEATH = f"""
DECLARE p careplans_careplan; lapsed jsonb; places jsonb;
BEGIN
  IF NOT EXISTS (SELECT FROM clients_registration h WHERE h.client_id = p_client AND h.organization_id = staff_organization() AND h.kind = 'home' AND h.ended_at IS NULL)
     OR NOT EXISTS (SELECT FROM clients_client c LEFT JOIN clients_client s ON s.id = c.merged_into_id
                     WHERE c.id = p_client AND 'deceased' IN (c.status, s.status))
  THEN RAISE insufficient_privilege; END IF;
  FOR p IN SELECT * FROM careplans_careplan o WHERE o.client_id = p_client AND o.state NOT IN ('completed', 'revoked') ORDER BY o.id FOR NO KEY UPDATE
  LOOP
    UPDATE careplans_careplan SET state = 'revoked', state_reason = 'client_died', state_detail = '', state_entered_at = domain_now(),
           changed_by = 'Trialogue', version = version + 1, updated_at = domain_now() WHERE id = p.id;
    WITH gone AS (UPDATE careplans_proposal SET state = 'lapsed', version = version + 1, updated_at = domain_now()
      WHERE plan_id = p.id AND state = 'open' RETURNING id)
    SELECT coalesce(jsonb_agg(id), '[]') INTO lapsed FROM gone;
    WITH shortened AS ({SHORTEN})
    SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'organization', organization_id, 'ends_at', until)), '[]') INTO places FROM shortened;
    RETURN NEXT jsonb_build_object('plan', p.id, 'version', p.version + 1, 'members', p.member_ids, 'proposals', lapsed, 'places', places);
  END LOOP;
END
"""
# As before, and the guard may revoke; only the death of the client makes it do so.
TRIGGER = """
CREATE OR REPLACE FUNCTION keep_care_plan() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE free text[] := '{{version,updated_at,changed_by}}';
BEGIN
  IF staff_organization() = OLD.lead_organization_id
  THEN free := free || '{{title,state,state_reason,state_detail,state_entered_at,review_on,published,lead_role_id}}'; END IF;
  IF current_user = 'trialogue_guard' THEN free := free || '{{member_ids,party_ids,consent_id,lead_organization_id,lead_role_id{more}}}'; END IF;
  IF (to_jsonb(OLD) - free) <> (to_jsonb(NEW) - free)
  THEN RAISE EXCEPTION 'of this plan only % may change', array_to_string(free, ', ') USING ERRCODE = 'restrict_violation'; END IF;
  RETURN NEW;
END $$;
"""
MAY_REVOKE = ",state,state_reason,state_detail,state_entered_at"


def leaving(body: str) -> str:
    return f"CREATE OR REPLACE FUNCTION {SIGNATURE} {HEAD} AS $guard$ {body} $guard$;"


class Migration(migrations.Migration):
    dependencies = [("careplans", "0004_history_walls")]
    operations = [
        migrations.RunSQL(leaving(LEAVE.replace(LINES_END, WHILE_IT_IS_OPEN)), reverse_sql=leaving(LEAVE)),
        guarded_function(
            "wind_down_access(p_plan uuid)",
            WIND_DOWN,
            returns="TABLE (access_id uuid, organization_id uuid, ends_at timestamptz)",
        ),
        guarded_function("keep_access(p_plan uuid)", KEEP, returns="SETOF uuid"),
        guarded_function("plan_access_ran_out(p_access uuid)", RAN_OUT, returns="uuid"),
        migrations.RunSQL(TRIGGER.format(more=MAY_REVOKE), reverse_sql=TRIGGER.format(more="")),
        guarded_function("end_plans_with_death(p_client uuid)", DEATH, returns="SETOF jsonb"),
    ]
