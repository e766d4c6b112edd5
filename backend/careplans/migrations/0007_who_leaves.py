"""Whoever joins or leaves says so with a name; a place on the care team lasts as long as a plan of its own circle holds it.

A line that ended says since when.
"""

from importlib import import_module

from django.db import migrations, models

from backend.lib.walls import guarded_function

JOINS = "join_plan(p_id uuid, p_plan uuid, p_organization uuid, p_role uuid)"
LEAVES = "leave_plan(p_plan uuid, p_organization uuid, p_because text)"
NAMED = ", p_by text)"
WALLS = import_module("backend.careplans.migrations.0002_walls")
AFTER_THE_END = import_module("backend.careplans.migrations.0005_after_the_end")
JOIN = WALLS.JOIN
LEAVE = WALLS.LEAVE.replace(AFTER_THE_END.LINES_END, AFTER_THE_END.WHILE_IT_IS_OPEN)

NAMED_JOIN = JOIN.replace("version = version + 1, updated_at", "changed_by = p_by, version = version + 1, updated_at")

ENDS_AT_ONCE = LEAVE[LEAVE.index("  -- A place on a care team") : LEAVE.index("  RETURN jsonb_build_object")]
# For ever while such a plan is open, thirty days after it ended; at once when there is none.
ENDS_WITH_THE_LAST_PLAN = """  -- A place on a care team ends with the last plan of its circle that holds it.
  SELECT max(CASE WHEN o.state IN ('completed', 'revoked') THEN o.state_entered_at + interval '30 days' ELSE 'infinity' END)
    INTO held_until FROM careplans_careplan o
   WHERE o.client_id = p.client_id AND o.id <> p.id AND o.consent_id = p.consent_id AND p_organization = ANY(o.member_ids);
  held_until := greatest(coalesce(held_until, domain_now()), domain_now());
  WITH ended AS (UPDATE clients_access SET until = held_until,
           ended_because = CASE WHEN held_until > domain_now() THEN ended_because ELSE 'left_team' END
    WHERE client_id = p.client_id AND organization_id = p_organization AND why = 'care_team' AND consent_id = p.consent_id
      AND (until IS NULL OR until > domain_now()) AND held_until < coalesce(until, 'infinity')
    RETURNING id, until)
  SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'ends_at', CASE WHEN until > domain_now() THEN until END)), '[]') INTO closed FROM ended;
"""
NAMED_LEAVE = (
    LEAVE.replace("closed jsonb;", "closed jsonb; held_until timestamptz;")
    .replace("SET state = 'ended', ended_reason", "SET changed_by = p_by, state = 'ended', ended_reason")
    .replace("SET member_ids = others, lead", "SET changed_by = p_by, member_ids = others, lead")
    .replace(ENDS_AT_ONCE, ENDS_WITH_THE_LAST_PLAN)
)


def instead(old: str, old_body: str, new: str, new_body: str, *, returns: str) -> list[migrations.RunSQL]:
    """A guarded function in the place of another."""
    before, after = guarded_function(old, old_body, returns=returns), guarded_function(new, new_body, returns=returns)
    return [migrations.RunSQL(before.reverse_sql, reverse_sql=before.sql), after]


SINCE_WHEN = """
ALTER TABLE careplans_intervention DISABLE TRIGGER careplans_intervention_ended;
UPDATE careplans_intervention SET ended_at = updated_at WHERE state = 'ended' AND ended_at IS NULL;
ALTER TABLE careplans_intervention ENABLE TRIGGER careplans_intervention_ended;
"""


class Migration(migrations.Migration):
    dependencies = [("careplans", "0006_no_plan_after_death")]
    operations = [
        *instead(JOINS, JOIN, JOINS[:-1] + NAMED, NAMED_JOIN, returns="boolean"),
        *instead(LEAVES, LEAVE, LEAVES[:-1] + NAMED, NAMED_LEAVE, returns="jsonb"),
        migrations.RunSQL(SINCE_WHEN, reverse_sql=migrations.RunSQL.noop),
        migrations.AddConstraint(
            "intervention",
            models.CheckConstraint(
                condition=models.Q(state="ended", ended_at__isnull=False)
                | ~models.Q(state="ended") & models.Q(ended_at=None),
                name="line_ended_has_ended_at",
            ),
        ),
    ]
