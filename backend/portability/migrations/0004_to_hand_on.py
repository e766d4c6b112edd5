"""A third kind of export: what may be handed on."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("portability", "0003_of_its_requester")]
    operations = [
        migrations.AlterField(
            "export",
            "include",
            models.CharField(
                choices=[("all", "All"), ("own", "Own"), ("to_hand_on", "To Hand On")], default="all", max_length=10
            ),
        ),
    ]
