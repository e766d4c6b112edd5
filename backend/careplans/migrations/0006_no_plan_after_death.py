"""No plan begins or goes on after a death: a death ends them all, and one that is taken back opens the way again."""

from django.db import migrations

from backend.lib.walls import guarded_function

# Of a record that became part of another, the other one tells.
DIED = """EXISTS (SELECT FROM clients_client c LEFT JOIN clients_client s ON s.id = c.merged_into_id
   WHERE c.id = {client} AND coalesce(s.status, c.status) = 'deceased')"""
# For who has or had something to do with the client, also when they do not see the other record.
HAS_DIED = f"""
BEGIN
  IF NOT EXISTS (SELECT FROM clients_registration g WHERE g.client_id = p_client AND g.organization_id = staff_organization())
     AND NOT EXISTS (SELECT FROM clients_access a WHERE a.client_id = p_client AND a.organization_id = staff_organization())
     AND NOT EXISTS (SELECT FROM careplans_careplan p WHERE p.client_id = p_client AND staff_organization() = ANY(p.party_ids))
  THEN RAISE insufficient_privilege; END IF;
  RETURN {DIED.format(client="p_client")};
END
"""
LIVES = f"""
BEGIN
  IF NEW.state NOT IN ('completed', 'revoked') AND (TG_OP = 'INSERT' OR OLD.state IN ('completed', 'revoked'))
     AND {DIED.format(client="NEW.client_id")} THEN
    RAISE EXCEPTION 'there is no open plan of somebody who died' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END
"""
TRIGGER = """
CREATE TRIGGER careplans_careplan_lives BEFORE INSERT OR UPDATE OF state ON careplans_careplan
  FOR EACH ROW EXECUTE FUNCTION refuse_plan_after_death()
"""


class Migration(migrations.Migration):
    dependencies = [("careplans", "0005_after_the_end"), ("clients", "0008_read_marks")]
    operations = [
        guarded_function("has_died(p_client uuid)", HAS_DIED, returns="boolean"),
        guarded_function("refuse_plan_after_death()", LIVES, returns="trigger"),
        migrations.RunSQL(TRIGGER, reverse_sql="DROP TRIGGER careplans_careplan_lives ON careplans_careplan"),
    ]
