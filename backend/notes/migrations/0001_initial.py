"""Notes, what hangs on them, and what was added to them."""

import backend.lib.clock
import backend.lib.ids
import backend.notes.models
import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('clients', '0003_walls'),
        ('directory', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Note',
            fields=[
                ('signature_kind', models.CharField(blank=True, choices=[('here', 'Here'), ('elsewhere', 'Elsewhere')], max_length=20)),
                ('signed_by', models.CharField(blank=True, max_length=200)),
                ('signed_license', models.CharField(blank=True, max_length=200)),
                ('signed_at', models.DateTimeField(null=True)),
                ('received_at', models.DateTimeField(null=True)),
                ('signed_application_id', models.UUIDField(null=True)),
                ('signed_source', models.JSONField(null=True)),
                ('document_sha256', models.CharField(blank=True, max_length=64)),
                ('content_hash', models.CharField(blank=True, max_length=64)),
                ('id', models.UUIDField(default=backend.lib.ids.uuid7, primary_key=True, serialize=False)),
                ('version', models.IntegerField(default=1)),
                ('client_display', models.CharField(max_length=201)),
                ('author_practitioner_id', models.UUIDField()),
                ('author_member_id', models.UUIDField(null=True)),
                ('application_id', models.UUIDField(null=True)),
                ('discipline', models.CharField(max_length=40)),
                ('visit_id', models.UUIDField(null=True)),
                ('kind', models.CharField(choices=[('initial_evaluation', 'Initial Evaluation'), ('progress', 'Progress'), ('re_evaluation', 'Re Evaluation'), ('discharge', 'Discharge'), ('phone', 'Phone')], max_length=20)),
                ('state', models.CharField(choices=[('draft', 'Draft'), ('awaiting_cosignature', 'Awaiting Cosignature'), ('signed', 'Signed'), ('entered_in_error', 'Entered In Error'), ('closed_unsigned', 'Closed Unsigned')], default='draft', max_length=30)),
                ('visibility', models.CharField(choices=[('care_team', 'Care Team'), ('clinic', 'Clinic'), ('author', 'Author')], default='care_team', max_length=10)),
                ('shared_sections', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('subjective', 'Subjective'), ('objective', 'Objective'), ('assessment', 'Assessment'), ('plan', 'Plan')], max_length=20), default=backend.notes.models.all_sections, size=None)),
                ('is_sensitive', models.BooleanField(default=False)),
                ('copied_parts', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), default=list, size=None)),
                ('untouched', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), default=list, size=None)),
                ('occurred_at', models.DateTimeField()),
                ('recorded_at', models.DateTimeField(default=backend.lib.clock.now)),
                ('updated_at', models.DateTimeField(default=backend.lib.clock.now)),
                ('cosigned_by', models.CharField(blank=True, max_length=200)),
                ('cosigned_license', models.CharField(blank=True, max_length=200)),
                ('cosigned_at', models.DateTimeField(null=True)),
                ('released_at', models.DateTimeField(null=True)),
                ('entered_in_error_reason', models.CharField(blank=True, max_length=40)),
                ('entered_in_error_note', models.TextField(blank=True)),
                ('entered_in_error_by', models.CharField(blank=True, max_length=200)),
                ('entered_in_error_at', models.DateTimeField(null=True)),
                ('closed_by', models.CharField(blank=True, max_length=200)),
                ('closed_at', models.DateTimeField(null=True)),
                ('author_role', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.practitionerrole')),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notes', to='clients.client')),
                ('copied_from', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='copies', to='notes.note')),
                ('cosigned_by_role', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.practitionerrole')),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.organization')),
                ('signed_by_role', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.practitionerrole')),
            ],
        ),
        migrations.CreateModel(
            name='Finding',
            fields=[
                ('id', models.UUIDField(default=backend.lib.ids.uuid7, primary_key=True, serialize=False)),
                ('position', models.PositiveSmallIntegerField()),
                ('kind', models.CharField(choices=[('pain', 'Pain'), ('trigger_point', 'Trigger Point'), ('tight_band', 'Tight Band'), ('restriction', 'Restriction'), ('numbness', 'Numbness'), ('treated', 'Treated')], max_length=20)),
                ('region', models.CharField(max_length=40)),
                ('side', models.CharField(max_length=10)),
                ('muscle', models.CharField(blank=True, max_length=40)),
                ('intensity', models.PositiveSmallIntegerField(null=True)),
                ('refers_to', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), default=list, size=None)),
                ('remark', models.CharField(blank=True, max_length=200)),
                ('note', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='findings', to='notes.note')),
            ],
        ),
        migrations.CreateModel(
            name='Ask',
            fields=[
                ('id', models.UUIDField(default=backend.lib.ids.uuid7, primary_key=True, serialize=False)),
                ('is_sensitive', models.BooleanField(default=False)),
                ('position', models.PositiveSmallIntegerField()),
                ('kind', models.CharField(choices=[('avoid', 'Avoid'), ('prefer', 'Prefer'), ('contact_me', 'Contact Me')], max_length=20)),
                ('region', models.CharField(max_length=40)),
                ('side', models.CharField(max_length=10)),
                ('technique', models.CharField(blank=True, max_length=40)),
                ('sentence', models.CharField(max_length=500)),
                ('until', models.DateField(null=True)),
                ('ends_at', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField(default=backend.lib.clock.now)),
                ('released_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('ended_by', models.CharField(blank=True, max_length=200)),
                ('ended_because', models.CharField(blank=True, max_length=500)),
                ('is_taken_back', models.BooleanField(default=False)),
                ('author_role', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.practitionerrole')),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='clients.client')),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.organization')),
                ('note', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='asks', to='notes.note')),
            ],
        ),
        migrations.CreateModel(
            name='Addendum',
            fields=[
                ('signature_kind', models.CharField(blank=True, choices=[('here', 'Here'), ('elsewhere', 'Elsewhere')], max_length=20)),
                ('signed_by', models.CharField(blank=True, max_length=200)),
                ('signed_license', models.CharField(blank=True, max_length=200)),
                ('signed_at', models.DateTimeField(null=True)),
                ('received_at', models.DateTimeField(null=True)),
                ('signed_application_id', models.UUIDField(null=True)),
                ('signed_source', models.JSONField(null=True)),
                ('document_sha256', models.CharField(blank=True, max_length=64)),
                ('content_hash', models.CharField(blank=True, max_length=64)),
                ('id', models.UUIDField(default=backend.lib.ids.uuid7, primary_key=True, serialize=False)),
                ('reason', models.CharField(choices=[('correction', 'Correction'), ('late_entry', 'Late Entry'), ('clarification', 'Clarification'), ('result', 'Result'), ('other', 'Other')], max_length=20)),
                ('section', models.CharField(blank=True, choices=[('subjective', 'Subjective'), ('objective', 'Objective'), ('assessment', 'Assessment'), ('plan', 'Plan')], max_length=20)),
                ('text', models.TextField()),
                ('occurred_at', models.DateTimeField(null=True)),
                ('recorded_at', models.DateTimeField(default=backend.lib.clock.now)),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.organization')),
                ('signed_by_role', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.practitionerrole')),
                ('note', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='addenda', to='notes.note')),
            ],
            options={
                'ordering': ['recorded_at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='NoteIdentifier',
            fields=[
                ('id', models.UUIDField(default=backend.lib.ids.uuid7, primary_key=True, serialize=False)),
                ('system', models.CharField(max_length=200)),
                ('value', models.CharField(max_length=200)),
                ('note', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='identifiers', to='notes.note')),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.organization')),
            ],
        ),
        migrations.CreateModel(
            name='Section',
            fields=[
                ('id', models.UUIDField(default=backend.lib.ids.uuid7, primary_key=True, serialize=False)),
                ('name', models.CharField(choices=[('subjective', 'Subjective'), ('objective', 'Objective'), ('assessment', 'Assessment'), ('plan', 'Plan')], max_length=20)),
                ('text', models.TextField(blank=True)),
                ('measures', models.JSONField(default=list)),
                ('note', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sections', to='notes.note')),
            ],
        ),
        migrations.CreateModel(
            name='TechniqueDone',
            fields=[
                ('id', models.UUIDField(default=backend.lib.ids.uuid7, primary_key=True, serialize=False)),
                ('position', models.PositiveSmallIntegerField()),
                ('technique', models.CharField(max_length=40)),
                ('regions', models.JSONField(default=list)),
                ('minutes', models.PositiveSmallIntegerField(null=True)),
                ('note', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='techniques', to='notes.note')),
            ],
        ),
        migrations.AddIndex(
            model_name='note',
            index=models.Index(fields=['organization', '-recorded_at', '-id'], name='note_written'),
        ),
        migrations.AddIndex(
            model_name='note',
            index=models.Index(fields=['client', '-recorded_at', '-id'], name='note_client'),
        ),
        migrations.AddIndex(
            model_name='note',
            index=models.Index(condition=models.Q(('state', 'draft')), fields=['author_practitioner_id'], name='note_unsigned'),
        ),
        migrations.AddConstraint(
            model_name='note',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('signed_at', None), ('state__in', ['draft', 'closed_unsigned'])), models.Q(('signed_at__isnull', False), ('state__in', ['signed', 'awaiting_cosignature'])), models.Q(('entered_in_error_at__isnull', False), ('state', 'entered_in_error')), _connector='OR'), name='note_state_is_true'),
        ),
        migrations.AddConstraint(
            model_name='note',
            constraint=models.CheckConstraint(condition=models.Q(('released_at', None), ('signed_at__isnull', False), _connector='OR'), name='note_released_is_signed'),
        ),
        migrations.AddConstraint(
            model_name='note',
            constraint=models.CheckConstraint(condition=models.Q(('cosigned_by_role', None), models.Q(('cosigned_by_role', models.F('signed_by_role')), _negated=True), _connector='OR'), name='note_cosigned_by_another'),
        ),
        migrations.AddConstraint(
            model_name='finding',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('intensity__lte', 10), ('kind', 'pain')), models.Q(models.Q(('kind', 'pain'), _negated=True), ('intensity', None)), _connector='OR'), name='pain_from_0_to_10'),
        ),
        migrations.AddIndex(
            model_name='ask',
            index=models.Index(fields=['client', '-created_at', '-id'], name='ask_client'),
        ),
        migrations.AddIndex(
            model_name='addendum',
            index=models.Index(fields=['note', 'recorded_at'], name='addendum_of'),
        ),
        migrations.AddConstraint(
            model_name='noteidentifier',
            constraint=models.UniqueConstraint(fields=('organization', 'system', 'value'), name='note_identifier_once'),
        ),
        migrations.AddConstraint(
            model_name='section',
            constraint=models.UniqueConstraint(fields=('note', 'name'), name='section_once'),
        ),
    ]
