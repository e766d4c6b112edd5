"""The wall of the access log lets a client, behind their own link, read who looked at them."""

from django.db import migrations

STAFF = "organization_id = (SELECT app_organization()) OR owner_id = (SELECT app_organization())"
CLIENT = "((SELECT app_kind()) = 'client' AND client_id = (SELECT app_client()))"


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_walls")]
    operations = [
        migrations.RunSQL(
            f"ALTER POLICY audit_accesslog_app ON audit_accesslog USING ({STAFF} OR {CLIENT})",
            reverse_sql=f"ALTER POLICY audit_accesslog_app ON audit_accesslog USING ({STAFF})",
        )
    ]
