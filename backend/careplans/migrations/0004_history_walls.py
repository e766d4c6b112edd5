"""The walls around the histories of care plans."""

from importlib import import_module

from django.db import migrations

from backend.lib.walls import history_wall

walls = import_module("backend.careplans.migrations.0002_walls")


def joined(history: str, plan: str) -> str:
    """The reader's clinic had joined the plan by then: what others wrote and struck out before stays theirs."""
    return f"""EXISTS (SELECT FROM careplans_teammember m WHERE m.plan_id = {history}.{plan} AND m.organization_id = {walls.ORG}
     AND m.from_at <= {history}.pgh_moment)"""


# The header's words are its lead's: as one's own clinic led it, always; as others did, only while the plan is open.
HEADER = f"""EXISTS (SELECT FROM careplans_careplan p WHERE p.id = careplans_careplanchange.pgh_obj_id
  AND ({walls.CLIENT} OR careplans_careplanchange.lead_organization_id = {walls.ORG}
    OR ({walls.OPENED} AND {joined("careplans_careplanchange", "pgh_obj_id")})))"""


def rows(tracked: str) -> str:
    history = f"{tracked}change"
    return f"""EXISTS (SELECT FROM {tracked} t WHERE t.id = {history}.pgh_obj_id)
  AND ((SELECT app_kind()) = 'client' OR {history}.organization_id = {walls.ORG} OR {joined(history, "plan_id")})"""


class Migration(migrations.Migration):
    dependencies = [("careplans", "0003_history")]
    operations = [
        *history_wall("careplans_careplan", using=HEADER),
        *history_wall("careplans_teammember", using=rows("careplans_teammember")),
        *history_wall("careplans_problem", using=rows("careplans_problem")),
        *history_wall("careplans_goal", using=rows("careplans_goal")),
        *history_wall("careplans_intervention", using=rows("careplans_intervention")),
        *history_wall("careplans_phase", using=rows("careplans_phase")),
        *history_wall("careplans_proposal", using=rows("careplans_proposal")),
    ]
