"""The client's name as it stood when the visit was entered."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("visits", "0001_initial")]
    operations = [
        migrations.AddField(
            model_name="visit",
            name="client_name",
            field=models.CharField(blank=True, default="", max_length=201),
        ),
    ]
