"""The walls around the histories of care plans."""

from importlib import import_module

from django.db import migrations

from backend.lib.walls import history_wall

walls = import_module("backend.careplans.migrations.0002_walls")
# The header's words are its lead's: as one's own clinic led it, always; as others did, only while the plan is open.
HEADER = f"""EXISTS (SELECT FROM careplans_careplan p WHERE p.id = careplans_careplanchange.pgh_obj_id
  AND ({walls.CLIENT} OR careplans_careplanchange.lead_organization_id = {walls.ORG} OR {walls.OPENED}))"""


class Migration(migrations.Migration):
    dependencies = [("careplans", "0003_history")]
    operations = [
        *history_wall("careplans_careplan", using=HEADER),
        *history_wall("careplans_teammember"),
        *history_wall("careplans_problem"),
        *history_wall("careplans_goal"),
        *history_wall("careplans_intervention"),
        *history_wall("careplans_phase"),
        *history_wall("careplans_proposal"),
    ]
