"""The walls around mails and notices."""

from django.db import migrations

from backend.lib.walls import wall

ORG = "(SELECT app_organization())"


class Migration(migrations.Migration):
    dependencies = [("notifications", "0001_initial"), ("audit", "0002_walls")]
    operations = [
        wall("notifications_mail", using=f"organization_id = {ORG}", grants="SELECT, INSERT, UPDATE"),
        wall("notifications_notice", using=f"organization_id = {ORG}", grants="SELECT, INSERT, UPDATE"),
        # Filled in a sandbox only, whose mailbox is open to everybody who runs it.
        wall("notifications_sandboxmail", using="true", grants="SELECT, INSERT"),
    ]
