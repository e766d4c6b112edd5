"""Visits from before are named as their clients are now."""

from django.db import migrations

FILL = """
UPDATE visits_visit v SET client_name = btrim(concat_ws(' ', c.given_name, c.family_name))
  FROM clients_client c WHERE c.id = v.client_id AND v.client_name = ''
"""


class Migration(migrations.Migration):
    dependencies = [("visits", "0002_client_name"), ("clients", "0002_initial")]
    operations = [migrations.RunSQL(FILL, reverse_sql=migrations.RunSQL.noop)]
