"""Histories carry their context on their own rows: the table that django-pghistory brings for it is closed and stays empty."""

from django.db import migrations

from backend.lib.database_roles import APP, GUARD


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_clients_read_who_looked"), ("pghistory", "0007_auto_20250421_0444")]
    operations = [
        migrations.RunSQL(
            f"REVOKE ALL ON pghistory_context FROM {APP}, {GUARD}",
            reverse_sql=f"GRANT SELECT, INSERT, UPDATE, DELETE ON pghistory_context TO {APP}, {GUARD}",
        ),
    ]
