"""No plan begins or goes on after a death: a death ends them all, and one that is taken back opens the way again."""

from django.db import migrations

from backend.lib.walls import guarded_function

LIVES = """
BEGIN
  IF NEW.state NOT IN ('completed', 'revoked') AND (TG_OP = 'INSERT' OR OLD.state IN ('completed', 'revoked'))
     AND EXISTS (SELECT FROM clients_client c LEFT JOIN clients_client s ON s.id = c.merged_into_id
                  WHERE c.id = NEW.client_id AND 'deceased' IN (c.status, s.status)) THEN
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
        guarded_function("refuse_plan_after_death()", LIVES, returns="trigger"),
        migrations.RunSQL(TRIGGER, reverse_sql="DROP TRIGGER careplans_careplan_lives ON careplans_careplan"),
    ]
