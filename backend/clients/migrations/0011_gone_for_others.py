"""What is about a wrong client is gone for a broken glass and for the client; whom the client excluded is not told whom to ask."""

from importlib import import_module

from django.db import migrations

from backend.lib.walls import guarded_function

walls = import_module("backend.clients.migrations.0003_walls")
not_this_person = import_module("backend.clients.migrations.0005_not_this_person")

CLIENT = "clients_precaution.client_id"
CIRCLE = walls.circle("clients_precaution", f"{not_this_person.NOT_SENSITIVE} {not_this_person.WELCOME}")
OTHERS = f"{walls.SELF.format(client=CLIENT)} OR {walls.BROKEN.format(client=CLIENT)} OR {CIRCLE}"
PRECAUTION = f"""({walls.child("clients_precaution")} AND (organization_id = {walls.ORG}
  OR (entered_in_error_reason <> 'wrong_client' AND ({OTHERS}))))"""

NAMED = "p_client uuid, p_practitioner uuid DEFAULT NULL"
RETURNS = "TABLE (id uuid, organization_id uuid, regions jsonb)"
BEFORE = guarded_function("withheld_precautions(p_client uuid)", walls.WITHHELD, returns=RETURNS)


def welcoming(body: str) -> str:
    """A circle that says "not this person" is none for that person, nor for the system that reads for them."""
    body = body.replace("BEGIN", "  reader uuid := coalesce(app_practitioner(), p_practitioner);\nBEGIN", 1)
    return body.replace(
        "<@ k.organization_ids)",
        "<@ k.organization_ids AND NOT coalesce(reader = ANY(k.excluded_practitioner_ids), false))",
    )


class Migration(migrations.Migration):
    dependencies = [("clients", "0010_another_yes")]
    operations = [
        not_this_person.change("clients_precaution", using=PRECAUTION, before=not_this_person.PRECAUTION),
        migrations.RunSQL(BEFORE.reverse_sql, reverse_sql=BEFORE.sql),
        guarded_function(f"withheld_precautions({NAMED})", welcoming(walls.WITHHELD), returns=RETURNS),
    ]
