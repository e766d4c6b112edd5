"""A plan moves on to a wider circle that all its parties are in, and to another one when its own ends.

A place on the care team belongs to the plans of its circle also when they have moved on.
"""

from importlib import import_module

from django.db import migrations

from backend.lib.walls import guarded_function

WALLS = import_module("backend.careplans.migrations.0002_walls")
AFTER_THE_END = import_module("backend.careplans.migrations.0005_after_the_end")
WHO_LEAVES = import_module("backend.careplans.migrations.0007_who_leaves")
LATE_STEPS = import_module("backend.careplans.migrations.0008_late_steps")
WROTE = import_module("backend.careplans.migrations.0012_entered_in_error_walls").WROTE
ERRORS_MENDED = import_module("backend.careplans.migrations.0015_errors_mended")
said_anew, replaced = ERRORS_MENDED.said_anew, ERRORS_MENDED.replaced

# --- joining ---------------------------------------------------------------------------------------------------------

# The plan's own circle, or one that everybody who ever was on the plan is in; while the plan's own is in force, that
# keeps out whomever it keeps out. Two consents are two circles.
CIRCLE = f"""k.client_id = p.client_id AND {WALLS.IN_FORCE} AND ARRAY[p_organization, p.lead_organization_id] <@ k.organization_ids
  AND (k.id = p.consent_id OR (p.party_ids <@ k.organization_ids AND NOT EXISTS (SELECT FROM clients_consent o WHERE o.id = p.consent_id
         AND o.status = 'given' AND (o.ends_at IS NULL OR o.ends_at > domain_now())
         AND NOT o.excluded_practitioner_ids <@ k.excluded_practitioner_ids)))"""
JOINABLE = said_anew(WALLS.JOINABLE, (WALLS.CIRCLE, CIRCLE))
JOIN = said_anew(WHO_LEAVES.NAMED_JOIN, (WALLS.CIRCLE, CIRCLE))

# --- when a circle ends ------------------------------------------------------------------------------------------------

# Its plans move to another that holds the lead, somebody else on their team, and everybody who ever wrote in them: most of
# the team first, then the newest. Where nothing was written by somebody who is not in it, nobody reads more than before.
ANSWERED = "SELECT owner_id FROM careplans_proposal WHERE plan_id = p.id AND answered_at IS NOT NULL"
MOVE = f"""
DECLARE p careplans_careplan; circle uuid; members uuid[];
BEGIN
  IF NOT EXISTS (SELECT FROM clients_consent e WHERE e.id = p_consent
                    AND (staff_organization() = ANY(e.organization_ids) OR (app_kind() = 'client' AND e.client_id = app_client()))
                    AND (e.status <> 'given' OR e.ends_at <= domain_now()))
  THEN RAISE insufficient_privilege; END IF;
  FOR p IN SELECT * FROM careplans_careplan o WHERE o.consent_id = p_consent ORDER BY o.id FOR NO KEY UPDATE
  LOOP
    SELECT k.id, team.members INTO circle, members FROM clients_consent k
     CROSS JOIN LATERAL (SELECT array_agg(member) AS members FROM unnest(p.member_ids) member WHERE member = ANY(k.organization_ids)) team
     WHERE k.client_id = p.client_id AND {WALLS.IN_FORCE} AND p.lead_organization_id = ANY(k.organization_ids) AND cardinality(team.members) > 1
       AND ARRAY({WROTE} UNION {ANSWERED}) <@ k.organization_ids
       AND EXISTS (SELECT FROM clients_consent e WHERE e.id = p_consent AND e.excluded_practitioner_ids <@ k.excluded_practitioner_ids)
     ORDER BY cardinality(team.members) DESC, k.given_at DESC, k.id DESC LIMIT 1;
    CONTINUE WHEN circle IS NULL;
    UPDATE careplans_careplan SET consent_id = circle, version = version + 1, updated_at = domain_now() WHERE id = p.id;
    RETURN NEXT jsonb_build_object('plan', p.id, 'version', p.version + 1, 'members', members);
  END LOOP;
END
"""

# --- places ------------------------------------------------------------------------------------------------------------

# The consents by which a plan was shared, now and before.
CIRCLES = "(SELECT h.consent_id FROM careplans_careplanchange h WHERE h.pgh_obj_id = {plan}.id)"
OF_ITS_CIRCLES = ("a.why = 'care_team' AND a.consent_id = p.consent_id", f"a.why = 'care_team' AND a.consent_id IN {CIRCLES.format(plan='p')}")  # fmt: skip
HELD_BY_ANOTHER = ("o.id <> p.id AND o.consent_id = p.consent_id", f"o.id <> p.id AND a.consent_id IN {CIRCLES.format(plan='o')}")  # fmt: skip
WIND_DOWN = said_anew(AFTER_THE_END.WIND_DOWN, OF_ITS_CIRCLES, HELD_BY_ANOTHER)
KEEP = said_anew(AFTER_THE_END.KEEP, OF_ITS_CIRCLES)
DEATH = said_anew(LATE_STEPS.DEATH_IS_NOW, OF_ITS_CIRCLES, HELD_BY_ANOTHER)
PLAN_IN_ERROR = said_anew(ERRORS_MENDED.PLAN_IN_ERROR, OF_ITS_CIRCLES, HELD_BY_ANOTHER)
ENDS_WITH_THE_LAST_PLAN = f"""  -- A place on a care team ends with the last plan of its circle that holds it.
  WITH place AS (SELECT a.id, greatest(domain_now(), (SELECT max(CASE WHEN o.state IN ('completed', 'revoked') THEN o.state_entered_at + interval '30 days' ELSE 'infinity' END)
        FROM careplans_careplan o WHERE o.client_id = p.client_id AND o.id <> p.id AND a.consent_id IN {CIRCLES.format(plan="o")}
         AND p_organization = ANY(o.member_ids))) AS held_until
      FROM clients_access a WHERE a.client_id = p.client_id AND a.organization_id = p_organization AND a.why = 'care_team'
       AND a.consent_id IN {CIRCLES.format(plan="p")} AND (a.until IS NULL OR a.until > domain_now())),
  ended AS (UPDATE clients_access a SET until = place.held_until,
           ended_because = CASE WHEN place.held_until > domain_now() THEN a.ended_because ELSE 'left_team' END
    FROM place WHERE a.id = place.id AND place.held_until < coalesce(a.until, 'infinity')
    RETURNING a.id, a.until)
  SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'ends_at', CASE WHEN until > domain_now() THEN until END)), '[]') INTO closed FROM ended;
"""
LEAVE = said_anew(
    WHO_LEAVES.NAMED_LEAVE,
    ("closed jsonb; held_until timestamptz;", "closed jsonb;"),
    (WHO_LEAVES.ENDS_WITH_THE_LAST_PLAN, ENDS_WITH_THE_LAST_PLAN),
)


class Migration(migrations.Migration):
    dependencies = [("careplans", "0015_errors_mended"), ("clients", "0010_another_yes")]
    operations = [
        replaced("joinable_plans(p_client uuid)", WALLS.JOINABLE, JOINABLE, returns="SETOF uuid"),
        replaced(WHO_LEAVES.JOINS[:-1] + WHO_LEAVES.NAMED, WHO_LEAVES.NAMED_JOIN, JOIN, returns="boolean"),
        replaced(WHO_LEAVES.LEAVES[:-1] + WHO_LEAVES.NAMED, WHO_LEAVES.NAMED_LEAVE, LEAVE, returns="jsonb"),
        replaced(
            "wind_down_access(p_plan uuid)",
            AFTER_THE_END.WIND_DOWN,
            WIND_DOWN,
            returns="TABLE (access_id uuid, organization_id uuid, ends_at timestamptz)",
        ),
        replaced("keep_access(p_plan uuid)", AFTER_THE_END.KEEP, KEEP, returns="SETOF uuid"),
        replaced(LATE_STEPS.DIES, LATE_STEPS.DEATH_IS_NOW, DEATH, returns="SETOF jsonb"),
        replaced(
            "enter_plan_in_error(p_plan uuid, p_reason text, p_note text, p_by text)",
            ERRORS_MENDED.PLAN_IN_ERROR,
            PLAN_IN_ERROR,
            returns="jsonb",
        ),
        guarded_function("move_plans_of_circle(p_consent uuid)", MOVE, returns="SETOF jsonb"),
    ]
