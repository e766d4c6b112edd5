"""Whom the client excluded from a circle reads nothing that the others of that circle wrote, also at home."""

from importlib import import_module

from django.db import migrations

walls = import_module("backend.clients.migrations.0003_walls")

WELCOME = "AND NOT coalesce((SELECT app_practitioner()) = ANY(k.excluded_practitioner_ids), false)"
NOT_SENSITIVE = "AND (NOT clients_precaution.is_sensitive OR 'sensitive' = ANY(k.categories))"
PRECAUTION = walls.shared_in_circle(
    "clients_precaution",
    f"entered_in_error_reason <> 'wrong_client' AND {walls.circle('clients_precaution', f'{NOT_SENSITIVE} {WELCOME}')}",
)
HOLD = walls.shared_in_circle("clients_hold", walls.circle("clients_hold", WELCOME))


def change(table: str, *, using: str, before: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"ALTER POLICY {table}_app ON {table} USING ({using})",
        reverse_sql=f"ALTER POLICY {table}_app ON {table} USING ({before})",
    )


class Migration(migrations.Migration):
    dependencies = [("clients", "0004_no_wider_circle")]
    operations = [
        change("clients_precaution", using=PRECAUTION, before=walls.PRECAUTION),
        change("clients_hold", using=HOLD, before=walls.HOLD),
    ]
