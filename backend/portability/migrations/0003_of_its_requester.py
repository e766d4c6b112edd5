"""A clinic system sees the exports that it asked for itself. Only the service's own jobs see all of their clinic."""

from importlib import import_module

from django.db import migrations

walls = import_module("backend.portability.migrations.0002_walls")
APPLICATION = "(SELECT current_setting('app.application', true))"
REQUESTED = f"""organization_id = (SELECT staff_organization()) AND CASE (SELECT app_kind())
  WHEN 'system' THEN coalesce({APPLICATION}, '') = '' OR (member_id IS NULL AND application_id::text = {APPLICATION})
  ELSE member_id::text = (SELECT current_setting('app.member', true)) END"""


def policy(using: str) -> str:
    return f"ALTER POLICY portability_export_app ON portability_export USING ({using}) WITH CHECK ({using})"


class Migration(migrations.Migration):
    dependencies = [("portability", "0002_walls")]
    operations = [migrations.RunSQL(policy(REQUESTED), reverse_sql=policy(walls.MINE))]
