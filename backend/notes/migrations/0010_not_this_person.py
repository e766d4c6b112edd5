"""Whom the client excluded from a circle is not told whom to ask about its sensitive notes."""

from importlib import import_module

from django.db import migrations

from backend.lib.walls import guarded_function

WITHHELD = import_module("backend.notes.migrations.0002_walls").WITHHELD
gone_for_others = import_module("backend.clients.migrations.0011_gone_for_others")
RETURNS = "TABLE (id uuid, organization_id uuid, region text, side text)"
BEFORE = guarded_function("withheld_asks(p_client uuid)", WITHHELD, returns=RETURNS)


class Migration(migrations.Migration):
    dependencies = [("notes", "0009_errors_and_asks"), ("clients", "0011_gone_for_others")]
    operations = [
        migrations.RunSQL(BEFORE.reverse_sql, reverse_sql=BEFORE.sql),
        guarded_function(f"withheld_asks({gone_for_others.NAMED})", gone_for_others.welcoming(WITHHELD), returns=RETURNS),
    ]
