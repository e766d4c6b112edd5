"""The walls around care plans; joining and leaving a team; what is published, agreed or decided stays."""

from django.db import migrations

from backend.lib.walls import also, guarded_function, insert_only, wall

ORG = "(SELECT staff_organization())"
CLIENT = "(SELECT app_kind()) = 'client'"
IN_FORCE = "k.status = 'given' AND (k.ends_at IS NULL OR k.ends_at > domain_now()) AND 'plan' = ANY(k.categories)"
LIVES = "a.extent = 'shared_record' AND a.why <> 'break_glass' AND a.from_at <= domain_now() AND (a.until IS NULL OR a.until > domain_now())"

# A consent that says "not this person" closes the plan of its circle to that person.
WELCOME = """((SELECT app_practitioner()) IS NULL OR NOT EXISTS (SELECT FROM clients_consent x
  WHERE x.id = {plan}.consent_id AND (SELECT app_practitioner()) = ANY(x.excluded_practitioner_ids)))"""
# On the team now, with access that lives: may work on the plan, which begins with what is one's own.
WORKS = f"""({ORG} = ANY({{plan}}.member_ids)
  AND EXISTS (SELECT FROM clients_access a WHERE a.client_id = {{plan}}.client_id AND a.organization_id = {ORG} AND {LIVES}))"""
# And inside the plan's circle, while the client shares plans there: reads what the others wrote.
OPEN = f"""({WORKS} AND EXISTS (SELECT FROM clients_consent k
   WHERE k.id = {{plan}}.consent_id AND {IN_FORCE} AND {ORG} = ANY(k.organization_ids)))"""


def of_plan(table: str, condition: str) -> str:
    """What holds for the plan a row belongs to; the plan's own policy has answered already who sees its header."""
    return f"EXISTS (SELECT FROM careplans_careplan p WHERE p.id = {table}.plan_id AND ({condition}))"


OPENED, WORKED = OPEN.format(plan="p"), WORKS.format(plan="p")


def readable(table: str, own: str = "{table}.organization_id = {org}") -> str:
    return of_plan(table, f"{CLIENT} OR {own.format(table=table, org=ORG)} OR {OPENED}")


def own_row(table: str, more: str = "true") -> str:
    return f"{table}.organization_id = {ORG} AND {of_plan(table, f'{WORKED} AND {more}')}"


def row_wall(table: str, more: str = "true") -> migrations.RunSQL:
    return wall(table, using=readable(table), check=own_row(table, more), grants="SELECT, INSERT, UPDATE")


TRIGGERS = """
CREATE FUNCTION keep_care_plan() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE free text[] := '{version,updated_at,changed_by}';
BEGIN
  IF staff_organization() = OLD.lead_organization_id
  THEN free := free || '{title,state,state_reason,state_detail,state_entered_at,review_on,published,lead_role_id}'; END IF;
  IF current_user = 'trialogue_guard' THEN free := free || '{member_ids,party_ids,consent_id,lead_organization_id,lead_role_id}'; END IF;
  IF (to_jsonb(OLD) - free) <> (to_jsonb(NEW) - free)
  THEN RAISE EXCEPTION 'of this plan only % may change', array_to_string(free, ', ') USING ERRCODE = 'restrict_violation'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER careplans_careplan_kept BEFORE UPDATE ON careplans_careplan FOR EACH ROW EXECUTE FUNCTION keep_care_plan();

CREATE FUNCTION keep_plan_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.id, OLD.plan_id, OLD.organization_id, OLD.created_at) IS DISTINCT FROM (NEW.id, NEW.plan_id, NEW.organization_id, NEW.created_at)
  THEN RAISE EXCEPTION 'a row stays what and whose it is' USING ERRCODE = 'restrict_violation'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER careplans_phase_kept BEFORE UPDATE ON careplans_phase FOR EACH ROW EXECUTE FUNCTION keep_plan_row();
CREATE TRIGGER careplans_problem_kept BEFORE UPDATE ON careplans_problem FOR EACH ROW EXECUTE FUNCTION keep_plan_row();
CREATE TRIGGER careplans_goal_kept BEFORE UPDATE ON careplans_goal FOR EACH ROW EXECUTE FUNCTION keep_plan_row();
CREATE TRIGGER careplans_intervention_kept BEFORE UPDATE ON careplans_intervention FOR EACH ROW EXECUTE FUNCTION keep_plan_row();

-- What ended stays ended; only leaving the team makes a line one that was left.
CREATE FUNCTION keep_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_user <> 'trialogue_guard' AND (NEW.ended_reason = 'left' OR (TG_OP = 'UPDATE' AND OLD.state = 'ended'))
  THEN RAISE EXCEPTION 'a line that ended stays as it was' USING ERRCODE = 'restrict_violation'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER careplans_intervention_ended BEFORE INSERT OR UPDATE ON careplans_intervention FOR EACH ROW EXECUTE FUNCTION keep_line();

CREATE FUNCTION keep_team() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_user <> 'trialogue_guard' AND (to_jsonb(OLD) - 'practitioner_role_id') <> (to_jsonb(NEW) - 'practitioner_role_id')
  THEN RAISE EXCEPTION 'joining and leaving have functions of their own' USING ERRCODE = 'restrict_violation'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER careplans_teammember_kept BEFORE UPDATE ON careplans_teammember FOR EACH ROW EXECUTE FUNCTION keep_team();

-- A proposal is answered once: by its owner, or taken back by who made it.
CREATE FUNCTION keep_proposal() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE answer text[] := '{version,state,answer,answered_by,answered_at,updated_at}';
BEGIN
  IF OLD.state <> 'open' OR (to_jsonb(OLD) - answer) <> (to_jsonb(NEW) - answer)
     OR (current_user <> 'trialogue_guard' AND NEW.state = 'lapsed')
     OR (NEW.state IN ('accepted', 'declined') AND staff_organization() IS DISTINCT FROM OLD.owner_id)
     OR (NEW.state = 'withdrawn' AND staff_organization() IS DISTINCT FROM OLD.organization_id)
  THEN RAISE EXCEPTION 'a proposal is answered once, by whose it is to answer' USING ERRCODE = 'restrict_violation'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER careplans_proposal_kept BEFORE UPDATE ON careplans_proposal FOR EACH ROW EXECUTE FUNCTION keep_proposal();
"""
NO_TRIGGERS = """
DROP TRIGGER careplans_careplan_kept ON careplans_careplan; DROP TRIGGER careplans_phase_kept ON careplans_phase;
DROP TRIGGER careplans_problem_kept ON careplans_problem; DROP TRIGGER careplans_goal_kept ON careplans_goal;
DROP TRIGGER careplans_intervention_kept ON careplans_intervention; DROP TRIGGER careplans_intervention_ended ON careplans_intervention;
DROP TRIGGER careplans_teammember_kept ON careplans_teammember; DROP TRIGGER careplans_proposal_kept ON careplans_proposal;
DROP FUNCTION keep_care_plan(); DROP FUNCTION keep_plan_row(); DROP FUNCTION keep_line(); DROP FUNCTION keep_team(); DROP FUNCTION keep_proposal();
"""

# A plan keeps its circle while that is in force. Before it has one, or after it ended, another may take its place only when
# everybody who ever wrote in the plan is in it: two consents are two circles.
CIRCLE = f"""k.client_id = p.client_id AND {IN_FORCE} AND ARRAY[p_organization, p.lead_organization_id] <@ k.organization_ids
  AND (k.id = p.consent_id OR (p.party_ids <@ k.organization_ids AND NOT EXISTS (SELECT FROM clients_consent o WHERE o.id = p.consent_id
         AND o.status = 'given' AND (o.ends_at IS NULL OR o.ends_at > domain_now()))))"""
SHARES = f"EXISTS (SELECT FROM clients_access a WHERE a.client_id = p.client_id AND a.organization_id = p_organization AND {LIVES})"

# Plans that are worked from, whose lead shares a circle with the caller: what an organization joins when it accepts.
JOINABLE = f"""
DECLARE p_organization uuid := staff_organization();
BEGIN
  RETURN QUERY SELECT p.id FROM careplans_careplan p
    WHERE p.client_id = p_client AND p.state IN ('active', 'on_hold') AND NOT p_organization = ANY(p.member_ids) AND {SHARES}
      AND EXISTS (SELECT FROM clients_consent k WHERE {CIRCLE});
END
"""

# The first member is who wrote the plan. Others join by themselves, with a shared record that lives, or are added by the lead.
JOIN = f"""
DECLARE p careplans_careplan; circle uuid; caller uuid := staff_organization();
BEGIN
  SELECT * INTO p FROM careplans_careplan WHERE id = p_plan FOR NO KEY UPDATE;
  IF p.id IS NULL OR caller IS NULL OR p.state IN ('completed', 'revoked')
     OR (p_role IS NOT NULL AND NOT EXISTS (SELECT FROM directory_practitionerrole r WHERE r.id = p_role AND r.organization_id = p_organization))
  THEN RAISE insufficient_privilege; END IF;
  IF NOT EXISTS (SELECT FROM careplans_teammember WHERE plan_id = p_plan) THEN
    IF caller <> p_organization OR caller <> p.lead_organization_id THEN RAISE insufficient_privilege; END IF;
    INSERT INTO careplans_teammember (id, plan_id, organization_id, practitioner_role_id, role, from_at, ended_because)
    VALUES (p_id, p_plan, p_organization, p_role, 'lead', domain_now(), '');
    RETURN true;
  END IF;
  IF p_organization = ANY(p.member_ids) THEN RETURN true; END IF;
  IF caller NOT IN (p_organization, p.lead_organization_id) OR NOT caller = ANY(p.member_ids || p_organization)
  THEN RAISE insufficient_privilege; END IF;
  SELECT k.id INTO circle FROM clients_consent k WHERE {CIRCLE} ORDER BY (k.id = p.consent_id) DESC NULLS LAST, k.ends_at DESC NULLS FIRST LIMIT 1;
  IF circle IS NULL OR NOT {SHARES} THEN RETURN false; END IF;
  UPDATE careplans_careplan SET consent_id = circle, member_ids = member_ids || p_organization,
         party_ids = array_remove(party_ids, p_organization) || p_organization, version = version + 1, updated_at = domain_now()
   WHERE id = p_plan;
  INSERT INTO careplans_teammember (id, plan_id, organization_id, practitioner_role_id, role, from_at, ended_because)
  VALUES (p_id, p_plan, p_organization, p_role, 'member', domain_now(), '');
  RETURN true;
END
"""

# Who leaves: by its own wish, taken off by the lead, or because its access or its circle has ended, which anybody on the team
# may then say. Its lines end and stay; the lead passes to the client's home, else to who has been on the team longest.
LEAVE = f"""
DECLARE p careplans_careplan; caller uuid := staff_organization(); others uuid[]; heir uuid; n integer; closed jsonb; lapsed jsonb;
BEGIN
  SELECT * INTO p FROM careplans_careplan WHERE id = p_plan FOR NO KEY UPDATE;
  IF p.id IS NULL OR NOT caller = ANY(p.party_ids) THEN RAISE insufficient_privilege; END IF;
  IF NOT p_organization = ANY(p.member_ids) THEN RETURN NULL; END IF;
  IF caller NOT IN (p_organization, p.lead_organization_id)
     AND {SHARES} AND (p.consent_id IS NULL OR EXISTS (SELECT FROM clients_consent k WHERE k.id = p.consent_id AND {IN_FORCE} AND p_organization = ANY(k.organization_ids)))
  THEN RAISE insufficient_privilege; END IF;
  others := array_remove(p.member_ids, p_organization);
  UPDATE careplans_teammember SET until = domain_now(), ended_because = p_because
   WHERE plan_id = p_plan AND organization_id = p_organization AND until IS NULL;
  UPDATE careplans_intervention SET state = 'ended', ended_reason = 'left', ended_at = domain_now(), version = version + 1, updated_at = domain_now()
   WHERE plan_id = p_plan AND organization_id = p_organization AND state <> 'ended';
  GET DIAGNOSTICS n = ROW_COUNT;
  WITH gone AS (UPDATE careplans_proposal SET state = 'lapsed', version = version + 1, updated_at = domain_now()
    WHERE plan_id = p_plan AND state = 'open' AND p_organization IN (organization_id, owner_id) RETURNING id)
  SELECT coalesce(jsonb_agg(id), '[]') INTO lapsed FROM gone;
  heir := p.lead_organization_id;
  IF heir = p_organization AND cardinality(others) > 0 THEN
    SELECT t.organization_id INTO heir FROM careplans_teammember t
     WHERE t.plan_id = p_plan AND t.until IS NULL
     ORDER BY EXISTS (SELECT FROM clients_access a WHERE a.client_id = p.client_id AND a.organization_id = t.organization_id AND {LIVES}) DESC,
              EXISTS (SELECT FROM clients_registration r WHERE r.client_id = p.client_id AND r.organization_id = t.organization_id AND r.kind = 'home' AND r.ended_at IS NULL) DESC,
              t.from_at, t.id LIMIT 1;
    UPDATE careplans_teammember SET role = 'lead' WHERE plan_id = p_plan AND organization_id = heir AND until IS NULL;
  END IF;
  UPDATE careplans_careplan SET member_ids = others, lead_organization_id = heir, version = version + 1, updated_at = domain_now(),
         lead_role_id = CASE WHEN heir = p_organization THEN NULL WHEN heir = p.lead_organization_id THEN lead_role_id
           ELSE (SELECT practitioner_role_id FROM careplans_teammember WHERE plan_id = p_plan AND organization_id = heir AND until IS NULL) END
   WHERE id = p_plan;
  -- A place on a care team that no plan holds any more ends with it.
  WITH ended AS (UPDATE clients_access SET until = domain_now(), ended_because = 'left_team'
    WHERE client_id = p.client_id AND organization_id = p_organization AND why = 'care_team' AND consent_id = p.consent_id
      AND (until IS NULL OR until > domain_now())
      AND NOT EXISTS (SELECT FROM careplans_careplan o WHERE o.client_id = p.client_id AND o.id <> p.id AND p_organization = ANY(o.member_ids))
    RETURNING id)
  SELECT coalesce(jsonb_agg(id), '[]') INTO closed FROM ended;
  RETURN jsonb_build_object('lead', CASE WHEN heir <> p.lead_organization_id THEN heir END, 'lines', n, 'access', closed, 'proposals', lapsed);
END
"""

# The organizations on the team whose access lives now, for who is on it and for the client.
LIVE = f"""
DECLARE p careplans_careplan; found uuid[];
BEGIN
  SELECT * INTO p FROM careplans_careplan WHERE id = p_plan;
  IF NOT (staff_organization() = ANY(p.member_ids) OR (app_kind() = 'client' AND p.client_id = app_client())) THEN RETURN '{{}}'; END IF;
  SELECT array_agg(t.organization_id ORDER BY t.from_at, t.id) INTO found FROM careplans_teammember t
   WHERE t.plan_id = p_plan AND t.until IS NULL
     AND EXISTS (SELECT FROM clients_access a WHERE a.client_id = p.client_id AND a.organization_id = t.organization_id AND {LIVES})
     AND (p.consent_id IS NULL OR t.organization_id = staff_organization()
          OR EXISTS (SELECT FROM clients_consent k WHERE k.id = p.consent_id AND {IN_FORCE} AND t.organization_id = ANY(k.organization_ids)));
  RETURN coalesce(found, '{{}}');
END
"""

# Visits of a line's own organization and discipline since the line began: numbers only, for who reads the line.
VISITS_USED = f"""
DECLARE p careplans_careplan; org uuid := staff_organization(); shared boolean;
BEGIN
  SELECT * INTO p FROM careplans_careplan WHERE id = p_plan;
  shared := (app_kind() = 'client' AND p.client_id = app_client()) OR (org = ANY(live_members(p_plan))
    AND EXISTS (SELECT FROM clients_consent k WHERE k.id = p.consent_id AND {IN_FORCE} AND org = ANY(k.organization_ids)));
  RETURN QUERY SELECT l.id, count(*) FILTER (WHERE v.state = 'done')::integer, count(*) FILTER (WHERE v.state = 'booked')::integer
    FROM careplans_intervention l
    JOIN visits_visit v ON v.client_id = p.client_id AND v.organization_id = l.organization_id
     AND v.starts_at >= l.created_at AND (l.ended_at IS NULL OR v.starts_at < l.ended_at)
    LEFT JOIN directory_practitionerrole r ON r.id = v.practitioner_role_id
   WHERE l.plan_id = p_plan AND (r.id IS NULL OR r.discipline = l.discipline)
     AND (l.organization_id = org OR shared)
   GROUP BY l.id;
END
"""

PARTIES = "careplans_proposal.organization_id = {org} OR careplans_proposal.owner_id = {org}"


class Migration(migrations.Migration):
    dependencies = [("careplans", "0001_initial"), ("clients", "0003_walls")]
    operations = [
        migrations.RunSQL(TRIGGERS, reverse_sql=NO_TRIGGERS),
        wall(
            "careplans_careplan",
            using=f"({ORG} = ANY(party_ids) AND {WELCOME.format(plan='careplans_careplan')}) OR ({CLIENT} AND client_id = (SELECT app_client()))",
            check=WORKS.format(plan="careplans_careplan"),
            grants="SELECT, INSERT, UPDATE",
        ),
        also(
            "careplans_careplan",
            "careplans_careplan_begins",
            "INSERT",
            f"organization_id = {ORG} AND lead_organization_id = {ORG} AND member_ids = ARRAY[{ORG}] AND party_ids = ARRAY[{ORG}]"
            " AND consent_id IS NULL AND state = 'draft' AND published = 0",
        ),
        wall(
            "careplans_planidentifier",
            using=f"organization_id = {ORG}",
            check=f"organization_id = {ORG} AND {of_plan('careplans_planidentifier', 'true')}",
        ),
        wall(
            "careplans_teammember",
            using=readable("careplans_teammember"),
            check=own_row("careplans_teammember"),
            grants="SELECT, UPDATE",
        ),
        row_wall("careplans_problem"),
        row_wall("careplans_goal"),
        row_wall("careplans_intervention"),
        row_wall("careplans_phase", f"p.lead_organization_id = {ORG}"),
        wall(
            "careplans_proposal",
            using=readable("careplans_proposal", PARTIES),
            check=f"{ORG} IN (organization_id, owner_id) AND {of_plan('careplans_proposal', OPENED)}",
            grants="SELECT, INSERT, UPDATE",
        ),
        also(
            "careplans_proposal",
            "careplans_proposal_begins",
            "INSERT",
            f"organization_id = {ORG} AND owner_id <> {ORG} AND state = 'open' AND "
            + of_plan("careplans_proposal", "careplans_proposal.owner_id = ANY(p.member_ids)"),
        ),
        *insert_only(
            "careplans_planversion",
            using=readable("careplans_planversion", "{table}.holds_ids <@ ARRAY[{org}]"),
            check=own_row(
                "careplans_planversion",
                f"p.lead_organization_id = {ORG} AND careplans_planversion.number = p.published + 1"
                f" AND careplans_planversion.holds_ids @> ARRAY[{ORG}]",
            ),
        ),
        *insert_only(
            "careplans_agreement",
            using=readable("careplans_agreement"),
            check=own_row("careplans_agreement", "careplans_agreement.number BETWEEN 1 AND p.published"),
        ),
        *insert_only(
            "careplans_decision",
            using=readable("careplans_decision"),
            check=own_row(
                "careplans_decision",
                f"p.lead_organization_id = {ORG} AND EXISTS (SELECT FROM careplans_intervention l"
                " WHERE l.id = careplans_decision.line_id AND l.plan_id = p.id AND l.ended_reason = 'left')",
            ),
        ),
        guarded_function("joinable_plans(p_client uuid)", JOINABLE, returns="SETOF uuid"),
        guarded_function("join_plan(p_id uuid, p_plan uuid, p_organization uuid, p_role uuid)", JOIN, returns="boolean"),
        guarded_function("leave_plan(p_plan uuid, p_organization uuid, p_because text)", LEAVE, returns="jsonb"),
        guarded_function("live_members(p_plan uuid)", LIVE, returns="uuid[]"),
        guarded_function(
            "visits_used(p_plan uuid)", VISITS_USED, returns="TABLE (line_id uuid, done integer, booked integer)"
        ),
    ]
