"""The wall around the history of visits: the other side of a referral sees how a visit stands, not how it came to that."""

from django.db import migrations

from backend.lib.walls import history_wall


class Migration(migrations.Migration):
    dependencies = [("visits", "0004_history")]
    operations = history_wall("visits_visit", using="organization_id = (SELECT staff_organization())")
