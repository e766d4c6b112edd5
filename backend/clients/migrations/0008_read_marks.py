"""What each practitioner has read, with its wall: written by that practitioner only, and never changed."""

from importlib import import_module

import backend.lib.clock
import backend.lib.ids
import django.db.models.deletion
from django.db import migrations, models

from backend.lib.walls import insert_only

walls = import_module("backend.clients.migrations.0003_walls")

# A broken glass is for reading only: it leaves no mark.
WRITES = " OR ".join(rule.format(client="clients_readmark.client_id") for rule in (walls.HOME, walls.OPEN_TO_WRITE))


class Migration(migrations.Migration):

    dependencies = [
        ('clients', '0007_history_walls'),
        ('directory', '0002_enrollment'),
    ]

    operations = [
        migrations.CreateModel(
            name='ReadMark',
            fields=[
                ('id', models.UUIDField(default=backend.lib.ids.uuid7, primary_key=True, serialize=False)),
                ('practitioner_id', models.UUIDField()),
                ('member_id', models.UUIDField()),
                ('subject_type', models.CharField(max_length=20)),
                ('subject_id', models.UUIDField()),
                ('version', models.IntegerField()),
                ('read_at', models.DateTimeField(default=backend.lib.clock.now)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='clients.client')),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.organization')),
            ],
            options={
                'indexes': [models.Index(fields=['client', 'practitioner_id'], name='read_mark_client')],
                'constraints': [models.UniqueConstraint(fields=('practitioner_id', 'organization', 'subject_type', 'subject_id', 'version'), name='read_once')],
            },
        ),
        *insert_only(
            "clients_readmark",
            using=f"organization_id = {walls.ORG}",
            check=f"organization_id = {walls.ORG} AND practitioner_id = (SELECT app_practitioner()) AND ({WRITES})",
        ),
    ]
