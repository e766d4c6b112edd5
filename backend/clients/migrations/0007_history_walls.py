"""The walls around the histories of precautions, holds and consents."""

from django.db import migrations

from backend.lib.walls import history_wall


class Migration(migrations.Migration):
    dependencies = [("clients", "0006_history")]
    operations = [
        *history_wall("clients_precaution"),
        *history_wall("clients_hold"),
        *history_wall("clients_consent"),
    ]
