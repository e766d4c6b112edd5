"""A code whose mail did not leave says so, for whoever waits for it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("links", "0002_walls")]
    operations = [
        migrations.AddField("code", "was_not_sent", models.BooleanField(default=False, db_default=False)),
    ]
