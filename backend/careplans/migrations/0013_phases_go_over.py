"""The phases of a plan are its lead's to keep: they go over with the lead, and stay readable as whoever led before kept them."""

from importlib import import_module

from django.db import migrations

from backend.lib.database_roles import APP
from backend.lib.walls import guarded_function

WALLS = import_module("backend.careplans.migrations.0002_walls")
HISTORY_WALLS = import_module("backend.careplans.migrations.0004_history_walls")
IN_ERROR_WALLS = import_module("backend.careplans.migrations.0012_entered_in_error_walls")

WHOSE_IT_IS = "(OLD.id, OLD.plan_id, OLD.organization_id, OLD.created_at) IS DISTINCT FROM (NEW.id, NEW.plan_id, NEW.organization_id, NEW.created_at)"
KEEP_ROW = IN_ERROR_WALLS.KEEP_ROW.replace(
    f"IF {WHOSE_IT_IS}\n",
    """IF (OLD.id, OLD.plan_id, OLD.created_at) IS DISTINCT FROM (NEW.id, NEW.plan_id, NEW.created_at)
     OR (OLD.organization_id <> NEW.organization_id
         AND NOT (TG_TABLE_NAME = 'careplans_phase' AND current_user = 'trialogue_guard' AND OLD.entered_in_error_at IS NULL))
""",
)

# However the lead passes, and when a new circle opens what was kept from it: the lead keeps what it reads. What was entered
# in error stays with who said so.
GO_OVER = f"""
BEGIN
  UPDATE careplans_phase SET organization_id = NEW.lead_organization_id, version = version + 1, updated_at = domain_now(),
         changed_by = CASE WHEN OLD.lead_organization_id = NEW.lead_organization_id THEN changed_by ELSE NEW.changed_by END
   WHERE plan_id = NEW.id AND organization_id <> NEW.lead_organization_id AND entered_in_error_at IS NULL AND NEW.entered_in_error_at IS NULL
     AND EXISTS (SELECT FROM clients_consent k WHERE k.id = NEW.consent_id AND {WALLS.IN_FORCE} AND NEW.lead_organization_id = ANY(k.organization_ids));
  RETURN NULL;
END
"""
TRIGGER = """
CREATE TRIGGER careplans_careplan_phases_go_over AFTER UPDATE OF lead_organization_id, consent_id ON careplans_careplan
  FOR EACH ROW EXECUTE FUNCTION phases_go_over()
"""
SEEN = HISTORY_WALLS.rows("careplans_phase")
AS_KEPT = f"""({SEEN}) OR (careplans_phasechange.organization_id = {WALLS.ORG}
  AND EXISTS (SELECT FROM careplans_careplan p WHERE p.id = careplans_phasechange.plan_id))"""
READ = f"ALTER POLICY careplans_phasechange_app ON careplans_phasechange TO {APP} USING ({{}})"
# Those that stand still already, in plans whose lead passed before.
NOW = "UPDATE careplans_careplan SET lead_organization_id = lead_organization_id"


class Migration(migrations.Migration):
    dependencies = [("careplans", "0012_entered_in_error_walls")]
    operations = [
        migrations.RunSQL(KEEP_ROW, reverse_sql=IN_ERROR_WALLS.KEEP_ROW),
        migrations.RunSQL(READ.format(AS_KEPT), reverse_sql=READ.format(SEEN)),
        guarded_function("phases_go_over()", GO_OVER, returns="trigger"),
        migrations.RunSQL(TRIGGER, reverse_sql="DROP TRIGGER careplans_careplan_phases_go_over ON careplans_careplan"),
        migrations.RunSQL(NOW, reverse_sql=migrations.RunSQL.noop),
    ]
