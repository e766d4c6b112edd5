"""Mails that are about a client and no referral: an emergency, the client's own page."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("notifications", "0002_walls")]
    operations = [
        migrations.AddField("mail", "client_id", models.UUIDField(null=True)),
        migrations.AddIndex(
            "mail",
            models.Index(fields=["client_id"], name="mail_client", condition=models.Q(client_id__isnull=False)),
        ),
    ]
