"""Whoever leads hands the plan over to another member of its team, and stays on it."""

from django.db import migrations

from backend.lib.walls import guarded_function

# The plan in ``p`` goes over to ``heir``, in person to ``person`` when one is named; a plan has one lead at a time.
PASS = """
  UPDATE careplans_teammember SET role = 'member' WHERE plan_id = p.id AND role = 'lead' AND until IS NULL;
  UPDATE careplans_teammember SET role = 'lead', practitioner_role_id = coalesce(person, practitioner_role_id)
   WHERE plan_id = p.id AND organization_id = heir AND until IS NULL RETURNING practitioner_role_id INTO person;
  UPDATE careplans_careplan SET lead_organization_id = heir, lead_role_id = person, changed_by = signed, version = version + 1,
         updated_at = domain_now()
   WHERE id = p.id;
"""
HAND_OVER = f"""
DECLARE p careplans_careplan; heir uuid := p_organization; person uuid := p_role; signed text := p_by;
BEGIN
  SELECT * INTO p FROM careplans_careplan WHERE id = p_plan FOR NO KEY UPDATE;
  IF p.id IS NULL OR staff_organization() IS DISTINCT FROM p.lead_organization_id OR p.state IN ('completed', 'revoked')
     OR NOT p.lead_organization_id = ANY(live_members(p.id))
     OR (p_role IS NOT NULL AND NOT EXISTS (SELECT FROM directory_practitionerrole r
           WHERE r.id = p_role AND r.organization_id = p_organization AND r.ended_at IS NULL))
  THEN RAISE insufficient_privilege; END IF;
  IF heir = p.lead_organization_id OR NOT heir = ANY(live_members(p.id)) THEN RETURN false; END IF;
  {PASS}
  RETURN true;
END
"""


class Migration(migrations.Migration):
    dependencies = [("careplans", "0008_late_steps")]
    operations = [
        guarded_function(
            "hand_over_lead(p_plan uuid, p_organization uuid, p_role uuid, p_by text)", HAND_OVER, returns="boolean"
        )
    ]
