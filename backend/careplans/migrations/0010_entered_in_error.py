"""What was entered in error, of plans and of what stands in them: why, by whom and when."""

import backend.lib.history
import django.contrib.postgres.fields
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('careplans', '0009_lead_goes_over'),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='careplan',
            name='created_insert',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='careplan',
            name='changed_update',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='careplan',
            name='removed_delete',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='goal',
            name='created_insert',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='goal',
            name='changed_update',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='goal',
            name='removed_delete',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='intervention',
            name='created_insert',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='intervention',
            name='changed_update',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='intervention',
            name='removed_delete',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='phase',
            name='created_insert',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='phase',
            name='changed_update',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='phase',
            name='removed_delete',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='problem',
            name='created_insert',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='problem',
            name='changed_update',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='problem',
            name='removed_delete',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='proposal',
            name='created_insert',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='proposal',
            name='changed_update',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='proposal',
            name='removed_delete',
        ),
        migrations.AddField(
            model_name='careplan',
            name='entered_in_error_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='careplan',
            name='entered_in_error_by',
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name='careplan',
            name='entered_in_error_note',
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name='careplan',
            name='entered_in_error_reason',
            field=models.CharField(blank=True, choices=[('wrong_client', 'Wrong client'), ('wrong_entry', 'Wrong entry'), ('duplicate', 'Entered twice'), ('other', 'Another reason')], max_length=40),
        ),
        migrations.AddField(
            model_name='careplanchange',
            name='entered_in_error_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='careplanchange',
            name='entered_in_error_by',
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name='careplanchange',
            name='entered_in_error_note',
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name='careplanchange',
            name='entered_in_error_reason',
            field=models.CharField(blank=True, choices=[('wrong_client', 'Wrong client'), ('wrong_entry', 'Wrong entry'), ('duplicate', 'Entered twice'), ('other', 'Another reason')], max_length=40),
        ),
        migrations.AddField(
            model_name='goal',
            name='entered_in_error_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='goal',
            name='entered_in_error_by',
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name='goal',
            name='entered_in_error_note',
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name='goal',
            name='entered_in_error_reason',
            field=models.CharField(blank=True, choices=[('wrong_client', 'Wrong client'), ('wrong_entry', 'Wrong entry'), ('duplicate', 'Entered twice'), ('other', 'Another reason')], max_length=40),
        ),
        migrations.AddField(
            model_name='goalchange',
            name='entered_in_error_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='goalchange',
            name='entered_in_error_by',
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name='goalchange',
            name='entered_in_error_note',
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name='goalchange',
            name='entered_in_error_reason',
            field=models.CharField(blank=True, choices=[('wrong_client', 'Wrong client'), ('wrong_entry', 'Wrong entry'), ('duplicate', 'Entered twice'), ('other', 'Another reason')], max_length=40),
        ),
        migrations.AddField(
            model_name='intervention',
            name='entered_in_error_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='intervention',
            name='entered_in_error_by',
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name='intervention',
            name='entered_in_error_note',
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name='intervention',
            name='entered_in_error_reason',
            field=models.CharField(blank=True, choices=[('wrong_client', 'Wrong client'), ('wrong_entry', 'Wrong entry'), ('duplicate', 'Entered twice'), ('other', 'Another reason')], max_length=40),
        ),
        migrations.AddField(
            model_name='interventionchange',
            name='entered_in_error_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='interventionchange',
            name='entered_in_error_by',
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name='interventionchange',
            name='entered_in_error_note',
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name='interventionchange',
            name='entered_in_error_reason',
            field=models.CharField(blank=True, choices=[('wrong_client', 'Wrong client'), ('wrong_entry', 'Wrong entry'), ('duplicate', 'Entered twice'), ('other', 'Another reason')], max_length=40),
        ),
        migrations.AddField(
            model_name='phase',
            name='entered_in_error_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='phase',
            name='entered_in_error_by',
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name='phase',
            name='entered_in_error_note',
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name='phase',
            name='entered_in_error_reason',
            field=models.CharField(blank=True, choices=[('wrong_client', 'Wrong client'), ('wrong_entry', 'Wrong entry'), ('duplicate', 'Entered twice'), ('other', 'Another reason')], max_length=40),
        ),
        migrations.AddField(
            model_name='phasechange',
            name='entered_in_error_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='phasechange',
            name='entered_in_error_by',
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name='phasechange',
            name='entered_in_error_note',
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name='phasechange',
            name='entered_in_error_reason',
            field=models.CharField(blank=True, choices=[('wrong_client', 'Wrong client'), ('wrong_entry', 'Wrong entry'), ('duplicate', 'Entered twice'), ('other', 'Another reason')], max_length=40),
        ),
        migrations.AddField(
            model_name='problem',
            name='entered_in_error_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='problem',
            name='entered_in_error_by',
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name='problem',
            name='entered_in_error_note',
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name='problem',
            name='entered_in_error_reason',
            field=models.CharField(blank=True, choices=[('wrong_client', 'Wrong client'), ('wrong_entry', 'Wrong entry'), ('duplicate', 'Entered twice'), ('other', 'Another reason')], max_length=40),
        ),
        migrations.AddField(
            model_name='problemchange',
            name='entered_in_error_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='problemchange',
            name='entered_in_error_by',
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name='problemchange',
            name='entered_in_error_note',
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name='problemchange',
            name='entered_in_error_reason',
            field=models.CharField(blank=True, choices=[('wrong_client', 'Wrong client'), ('wrong_entry', 'Wrong entry'), ('duplicate', 'Entered twice'), ('other', 'Another reason')], max_length=40),
        ),
        migrations.AddField(
            model_name='proposal',
            name='kept_for_ids',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), null=True, size=None),
        ),
        migrations.AddField(
            model_name='proposalchange',
            name='kept_for_ids',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), null=True, size=None),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='careplan',
            trigger=pgtrigger.compiler.Trigger(name='created_insert', sql=backend.lib.history.GuardedTriggerSql(func='INSERT INTO "careplans_careplanchange" ("changed_by", "client_id", "client_name", "consent_id", "created_at", "entered_in_error_at", "entered_in_error_by", "entered_in_error_note", "entered_in_error_reason", "lead_organization_id", "lead_role_id", "member_ids", "occurred_at", "organization_id", "party_ids", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "published", "review_on", "state", "state_detail", "state_entered_at", "state_reason", "title", "updated_at", "version") VALUES (NEW."changed_by", NEW."client_id", NEW."client_name", NEW."consent_id", NEW."created_at", NEW."entered_in_error_at", NEW."entered_in_error_by", NEW."entered_in_error_note", NEW."entered_in_error_reason", NEW."lead_organization_id", NEW."lead_role_id", NEW."member_ids", NEW."occurred_at", NEW."organization_id", NEW."party_ids", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, clock_timestamp(), \'created\', NEW."id", NEW."published", NEW."review_on", NEW."state", NEW."state_detail", NEW."state_entered_at", NEW."state_reason", NEW."title", NEW."updated_at", NEW."version"); RETURN NULL;', hash='8f492db8962eb7a62388a3f8f59c67bac090ef65', operation='INSERT', pgid='pgtrigger_created_insert_6d736', table='careplans_careplan', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='careplan',
            trigger=pgtrigger.compiler.Trigger(name='changed_update', sql=backend.lib.history.GuardedTriggerSql(condition='WHEN (OLD."client_id" IS DISTINCT FROM (NEW."client_id") OR OLD."client_name" IS DISTINCT FROM (NEW."client_name") OR OLD."consent_id" IS DISTINCT FROM (NEW."consent_id") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."entered_in_error_at" IS DISTINCT FROM (NEW."entered_in_error_at") OR OLD."entered_in_error_by" IS DISTINCT FROM (NEW."entered_in_error_by") OR OLD."entered_in_error_note" IS DISTINCT FROM (NEW."entered_in_error_note") OR OLD."entered_in_error_reason" IS DISTINCT FROM (NEW."entered_in_error_reason") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."lead_organization_id" IS DISTINCT FROM (NEW."lead_organization_id") OR OLD."lead_role_id" IS DISTINCT FROM (NEW."lead_role_id") OR OLD."member_ids" IS DISTINCT FROM (NEW."member_ids") OR OLD."occurred_at" IS DISTINCT FROM (NEW."occurred_at") OR OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."party_ids" IS DISTINCT FROM (NEW."party_ids") OR OLD."published" IS DISTINCT FROM (NEW."published") OR OLD."review_on" IS DISTINCT FROM (NEW."review_on") OR OLD."state" IS DISTINCT FROM (NEW."state") OR OLD."state_detail" IS DISTINCT FROM (NEW."state_detail") OR OLD."state_entered_at" IS DISTINCT FROM (NEW."state_entered_at") OR OLD."state_reason" IS DISTINCT FROM (NEW."state_reason") OR OLD."title" IS DISTINCT FROM (NEW."title"))', func='INSERT INTO "careplans_careplanchange" ("changed_by", "client_id", "client_name", "consent_id", "created_at", "entered_in_error_at", "entered_in_error_by", "entered_in_error_note", "entered_in_error_reason", "lead_organization_id", "lead_role_id", "member_ids", "occurred_at", "organization_id", "party_ids", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "published", "review_on", "state", "state_detail", "state_entered_at", "state_reason", "title", "updated_at", "version") VALUES (NEW."changed_by", NEW."client_id", NEW."client_name", NEW."consent_id", NEW."created_at", NEW."entered_in_error_at", NEW."entered_in_error_by", NEW."entered_in_error_note", NEW."entered_in_error_reason", NEW."lead_organization_id", NEW."lead_role_id", NEW."member_ids", NEW."occurred_at", NEW."organization_id", NEW."party_ids", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, clock_timestamp(), \'changed\', NEW."id", NEW."published", NEW."review_on", NEW."state", NEW."state_detail", NEW."state_entered_at", NEW."state_reason", NEW."title", NEW."updated_at", NEW."version"); RETURN NULL;', hash='a32cf9186989efb4ade1842ecfbd64f19eafc4d1', operation='UPDATE', pgid='pgtrigger_changed_update_debc2', table='careplans_careplan', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='careplan',
            trigger=pgtrigger.compiler.Trigger(name='removed_delete', sql=backend.lib.history.GuardedTriggerSql(func='INSERT INTO "careplans_careplanchange" ("changed_by", "client_id", "client_name", "consent_id", "created_at", "entered_in_error_at", "entered_in_error_by", "entered_in_error_note", "entered_in_error_reason", "lead_organization_id", "lead_role_id", "member_ids", "occurred_at", "organization_id", "party_ids", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "published", "review_on", "state", "state_detail", "state_entered_at", "state_reason", "title", "updated_at", "version") VALUES (OLD."changed_by", OLD."client_id", OLD."client_name", OLD."consent_id", OLD."created_at", OLD."entered_in_error_at", OLD."entered_in_error_by", OLD."entered_in_error_note", OLD."entered_in_error_reason", OLD."lead_organization_id", OLD."lead_role_id", OLD."member_ids", OLD."occurred_at", OLD."organization_id", OLD."party_ids", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, clock_timestamp(), \'removed\', OLD."id", OLD."published", OLD."review_on", OLD."state", OLD."state_detail", OLD."state_entered_at", OLD."state_reason", OLD."title", OLD."updated_at", OLD."version"); RETURN NULL;', hash='d627d909937ce8d20d4f812446aea4abadba6e00', operation='DELETE', pgid='pgtrigger_removed_delete_e4ff0', table='careplans_careplan', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='goal',
            trigger=pgtrigger.compiler.Trigger(name='created_insert', sql=backend.lib.history.GuardedTriggerSql(func='INSERT INTO "careplans_goalchange" ("baseline", "changed_by", "created_at", "due_on", "entered_in_error_at", "entered_in_error_by", "entered_in_error_note", "entered_in_error_reason", "measure", "organization_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "state", "target", "unit", "updated_at", "version", "words") VALUES (NEW."baseline", NEW."changed_by", NEW."created_at", NEW."due_on", NEW."entered_in_error_at", NEW."entered_in_error_by", NEW."entered_in_error_note", NEW."entered_in_error_reason", NEW."measure", NEW."organization_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, clock_timestamp(), \'created\', NEW."id", NEW."plan_id", NEW."state", NEW."target", NEW."unit", NEW."updated_at", NEW."version", NEW."words"); RETURN NULL;', hash='eb6c7f53d261572965e60c798b87ef3a68ac0844', operation='INSERT', pgid='pgtrigger_created_insert_d8af8', table='careplans_goal', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='goal',
            trigger=pgtrigger.compiler.Trigger(name='changed_update', sql=backend.lib.history.GuardedTriggerSql(condition='WHEN (OLD."baseline" IS DISTINCT FROM (NEW."baseline") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."due_on" IS DISTINCT FROM (NEW."due_on") OR OLD."entered_in_error_at" IS DISTINCT FROM (NEW."entered_in_error_at") OR OLD."entered_in_error_by" IS DISTINCT FROM (NEW."entered_in_error_by") OR OLD."entered_in_error_note" IS DISTINCT FROM (NEW."entered_in_error_note") OR OLD."entered_in_error_reason" IS DISTINCT FROM (NEW."entered_in_error_reason") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."measure" IS DISTINCT FROM (NEW."measure") OR OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."plan_id" IS DISTINCT FROM (NEW."plan_id") OR OLD."state" IS DISTINCT FROM (NEW."state") OR OLD."target" IS DISTINCT FROM (NEW."target") OR OLD."unit" IS DISTINCT FROM (NEW."unit") OR OLD."words" IS DISTINCT FROM (NEW."words"))', func='INSERT INTO "careplans_goalchange" ("baseline", "changed_by", "created_at", "due_on", "entered_in_error_at", "entered_in_error_by", "entered_in_error_note", "entered_in_error_reason", "measure", "organization_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "state", "target", "unit", "updated_at", "version", "words") VALUES (NEW."baseline", NEW."changed_by", NEW."created_at", NEW."due_on", NEW."entered_in_error_at", NEW."entered_in_error_by", NEW."entered_in_error_note", NEW."entered_in_error_reason", NEW."measure", NEW."organization_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, clock_timestamp(), \'changed\', NEW."id", NEW."plan_id", NEW."state", NEW."target", NEW."unit", NEW."updated_at", NEW."version", NEW."words"); RETURN NULL;', hash='06d5edf79e952796cd94652812fea7a9b2283829', operation='UPDATE', pgid='pgtrigger_changed_update_53b4a', table='careplans_goal', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='goal',
            trigger=pgtrigger.compiler.Trigger(name='removed_delete', sql=backend.lib.history.GuardedTriggerSql(func='INSERT INTO "careplans_goalchange" ("baseline", "changed_by", "created_at", "due_on", "entered_in_error_at", "entered_in_error_by", "entered_in_error_note", "entered_in_error_reason", "measure", "organization_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "state", "target", "unit", "updated_at", "version", "words") VALUES (OLD."baseline", OLD."changed_by", OLD."created_at", OLD."due_on", OLD."entered_in_error_at", OLD."entered_in_error_by", OLD."entered_in_error_note", OLD."entered_in_error_reason", OLD."measure", OLD."organization_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, clock_timestamp(), \'removed\', OLD."id", OLD."plan_id", OLD."state", OLD."target", OLD."unit", OLD."updated_at", OLD."version", OLD."words"); RETURN NULL;', hash='0353cab96dd25987e9d096e81e66dedb24434e8a', operation='DELETE', pgid='pgtrigger_removed_delete_c0cd5', table='careplans_goal', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='intervention',
            trigger=pgtrigger.compiler.Trigger(name='created_insert', sql=backend.lib.history.GuardedTriggerSql(func='INSERT INTO "careplans_interventionchange" ("avoid", "changed_by", "continues_id", "created_at", "discipline", "ended_at", "ended_detail", "ended_reason", "entered_in_error_at", "entered_in_error_by", "entered_in_error_note", "entered_in_error_reason", "focus", "home_programme", "load", "minutes", "organization_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "practitioner_role_id", "regions", "state", "technique_ids", "times_per_week", "updated_at", "version", "visit_budget", "weeks") VALUES (NEW."avoid", NEW."changed_by", NEW."continues_id", NEW."created_at", NEW."discipline", NEW."ended_at", NEW."ended_detail", NEW."ended_reason", NEW."entered_in_error_at", NEW."entered_in_error_by", NEW."entered_in_error_note", NEW."entered_in_error_reason", NEW."focus", NEW."home_programme", NEW."load", NEW."minutes", NEW."organization_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, clock_timestamp(), \'created\', NEW."id", NEW."plan_id", NEW."practitioner_role_id", NEW."regions", NEW."state", NEW."technique_ids", NEW."times_per_week", NEW."updated_at", NEW."version", NEW."visit_budget", NEW."weeks"); RETURN NULL;', hash='51c61074245d45435833f9cb69dec10b6264102a', operation='INSERT', pgid='pgtrigger_created_insert_2c05d', table='careplans_intervention', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='intervention',
            trigger=pgtrigger.compiler.Trigger(name='changed_update', sql=backend.lib.history.GuardedTriggerSql(condition='WHEN (OLD."avoid" IS DISTINCT FROM (NEW."avoid") OR OLD."continues_id" IS DISTINCT FROM (NEW."continues_id") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."discipline" IS DISTINCT FROM (NEW."discipline") OR OLD."ended_at" IS DISTINCT FROM (NEW."ended_at") OR OLD."ended_detail" IS DISTINCT FROM (NEW."ended_detail") OR OLD."ended_reason" IS DISTINCT FROM (NEW."ended_reason") OR OLD."entered_in_error_at" IS DISTINCT FROM (NEW."entered_in_error_at") OR OLD."entered_in_error_by" IS DISTINCT FROM (NEW."entered_in_error_by") OR OLD."entered_in_error_note" IS DISTINCT FROM (NEW."entered_in_error_note") OR OLD."entered_in_error_reason" IS DISTINCT FROM (NEW."entered_in_error_reason") OR OLD."focus" IS DISTINCT FROM (NEW."focus") OR OLD."home_programme" IS DISTINCT FROM (NEW."home_programme") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."load" IS DISTINCT FROM (NEW."load") OR OLD."minutes" IS DISTINCT FROM (NEW."minutes") OR OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."plan_id" IS DISTINCT FROM (NEW."plan_id") OR OLD."practitioner_role_id" IS DISTINCT FROM (NEW."practitioner_role_id") OR OLD."regions" IS DISTINCT FROM (NEW."regions") OR OLD."state" IS DISTINCT FROM (NEW."state") OR OLD."technique_ids" IS DISTINCT FROM (NEW."technique_ids") OR OLD."times_per_week" IS DISTINCT FROM (NEW."times_per_week") OR OLD."visit_budget" IS DISTINCT FROM (NEW."visit_budget") OR OLD."weeks" IS DISTINCT FROM (NEW."weeks"))', func='INSERT INTO "careplans_interventionchange" ("avoid", "changed_by", "continues_id", "created_at", "discipline", "ended_at", "ended_detail", "ended_reason", "entered_in_error_at", "entered_in_error_by", "entered_in_error_note", "entered_in_error_reason", "focus", "home_programme", "load", "minutes", "organization_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "practitioner_role_id", "regions", "state", "technique_ids", "times_per_week", "updated_at", "version", "visit_budget", "weeks") VALUES (NEW."avoid", NEW."changed_by", NEW."continues_id", NEW."created_at", NEW."discipline", NEW."ended_at", NEW."ended_detail", NEW."ended_reason", NEW."entered_in_error_at", NEW."entered_in_error_by", NEW."entered_in_error_note", NEW."entered_in_error_reason", NEW."focus", NEW."home_programme", NEW."load", NEW."minutes", NEW."organization_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, clock_timestamp(), \'changed\', NEW."id", NEW."plan_id", NEW."practitioner_role_id", NEW."regions", NEW."state", NEW."technique_ids", NEW."times_per_week", NEW."updated_at", NEW."version", NEW."visit_budget", NEW."weeks"); RETURN NULL;', hash='1c7bb787290c8f1da6bb22e776df0bef55f5c2c7', operation='UPDATE', pgid='pgtrigger_changed_update_fb3bd', table='careplans_intervention', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='intervention',
            trigger=pgtrigger.compiler.Trigger(name='removed_delete', sql=backend.lib.history.GuardedTriggerSql(func='INSERT INTO "careplans_interventionchange" ("avoid", "changed_by", "continues_id", "created_at", "discipline", "ended_at", "ended_detail", "ended_reason", "entered_in_error_at", "entered_in_error_by", "entered_in_error_note", "entered_in_error_reason", "focus", "home_programme", "load", "minutes", "organization_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "practitioner_role_id", "regions", "state", "technique_ids", "times_per_week", "updated_at", "version", "visit_budget", "weeks") VALUES (OLD."avoid", OLD."changed_by", OLD."continues_id", OLD."created_at", OLD."discipline", OLD."ended_at", OLD."ended_detail", OLD."ended_reason", OLD."entered_in_error_at", OLD."entered_in_error_by", OLD."entered_in_error_note", OLD."entered_in_error_reason", OLD."focus", OLD."home_programme", OLD."load", OLD."minutes", OLD."organization_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, clock_timestamp(), \'removed\', OLD."id", OLD."plan_id", OLD."practitioner_role_id", OLD."regions", OLD."state", OLD."technique_ids", OLD."times_per_week", OLD."updated_at", OLD."version", OLD."visit_budget", OLD."weeks"); RETURN NULL;', hash='2084459e5e16d769fac6b64e712a8db5edcecfa2', operation='DELETE', pgid='pgtrigger_removed_delete_977fe', table='careplans_intervention', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='phase',
            trigger=pgtrigger.compiler.Trigger(name='created_insert', sql=backend.lib.history.GuardedTriggerSql(func='INSERT INTO "careplans_phasechange" ("changed_by", "created_at", "entered_in_error_at", "entered_in_error_by", "entered_in_error_note", "entered_in_error_reason", "from_on", "name", "organization_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "position", "until_on", "updated_at", "version") VALUES (NEW."changed_by", NEW."created_at", NEW."entered_in_error_at", NEW."entered_in_error_by", NEW."entered_in_error_note", NEW."entered_in_error_reason", NEW."from_on", NEW."name", NEW."organization_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, clock_timestamp(), \'created\', NEW."id", NEW."plan_id", NEW."position", NEW."until_on", NEW."updated_at", NEW."version"); RETURN NULL;', hash='06916178f45745590229eb2281e58fbc59379057', operation='INSERT', pgid='pgtrigger_created_insert_890cd', table='careplans_phase', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='phase',
            trigger=pgtrigger.compiler.Trigger(name='changed_update', sql=backend.lib.history.GuardedTriggerSql(condition='WHEN (OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."entered_in_error_at" IS DISTINCT FROM (NEW."entered_in_error_at") OR OLD."entered_in_error_by" IS DISTINCT FROM (NEW."entered_in_error_by") OR OLD."entered_in_error_note" IS DISTINCT FROM (NEW."entered_in_error_note") OR OLD."entered_in_error_reason" IS DISTINCT FROM (NEW."entered_in_error_reason") OR OLD."from_on" IS DISTINCT FROM (NEW."from_on") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."name" IS DISTINCT FROM (NEW."name") OR OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."plan_id" IS DISTINCT FROM (NEW."plan_id") OR OLD."position" IS DISTINCT FROM (NEW."position") OR OLD."until_on" IS DISTINCT FROM (NEW."until_on"))', func='INSERT INTO "careplans_phasechange" ("changed_by", "created_at", "entered_in_error_at", "entered_in_error_by", "entered_in_error_note", "entered_in_error_reason", "from_on", "name", "organization_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "position", "until_on", "updated_at", "version") VALUES (NEW."changed_by", NEW."created_at", NEW."entered_in_error_at", NEW."entered_in_error_by", NEW."entered_in_error_note", NEW."entered_in_error_reason", NEW."from_on", NEW."name", NEW."organization_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, clock_timestamp(), \'changed\', NEW."id", NEW."plan_id", NEW."position", NEW."until_on", NEW."updated_at", NEW."version"); RETURN NULL;', hash='bb6f96cdd7e2043f0295eb92d3baad9747bf24fa', operation='UPDATE', pgid='pgtrigger_changed_update_8b732', table='careplans_phase', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='phase',
            trigger=pgtrigger.compiler.Trigger(name='removed_delete', sql=backend.lib.history.GuardedTriggerSql(func='INSERT INTO "careplans_phasechange" ("changed_by", "created_at", "entered_in_error_at", "entered_in_error_by", "entered_in_error_note", "entered_in_error_reason", "from_on", "name", "organization_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "position", "until_on", "updated_at", "version") VALUES (OLD."changed_by", OLD."created_at", OLD."entered_in_error_at", OLD."entered_in_error_by", OLD."entered_in_error_note", OLD."entered_in_error_reason", OLD."from_on", OLD."name", OLD."organization_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, clock_timestamp(), \'removed\', OLD."id", OLD."plan_id", OLD."position", OLD."until_on", OLD."updated_at", OLD."version"); RETURN NULL;', hash='ab522797eb045f491a838e17a181368202225003', operation='DELETE', pgid='pgtrigger_removed_delete_30ac6', table='careplans_phase', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='problem',
            trigger=pgtrigger.compiler.Trigger(name='created_insert', sql=backend.lib.history.GuardedTriggerSql(func='INSERT INTO "careplans_problemchange" ("changed_by", "created_at", "entered_in_error_at", "entered_in_error_by", "entered_in_error_note", "entered_in_error_reason", "icd10", "organization_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "state", "text", "updated_at", "version") VALUES (NEW."changed_by", NEW."created_at", NEW."entered_in_error_at", NEW."entered_in_error_by", NEW."entered_in_error_note", NEW."entered_in_error_reason", NEW."icd10", NEW."organization_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, clock_timestamp(), \'created\', NEW."id", NEW."plan_id", NEW."state", NEW."text", NEW."updated_at", NEW."version"); RETURN NULL;', hash='b5386bb24dbafe9cc4173b9cfa2df3d2c114dac6', operation='INSERT', pgid='pgtrigger_created_insert_c3ae8', table='careplans_problem', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='problem',
            trigger=pgtrigger.compiler.Trigger(name='changed_update', sql=backend.lib.history.GuardedTriggerSql(condition='WHEN (OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."entered_in_error_at" IS DISTINCT FROM (NEW."entered_in_error_at") OR OLD."entered_in_error_by" IS DISTINCT FROM (NEW."entered_in_error_by") OR OLD."entered_in_error_note" IS DISTINCT FROM (NEW."entered_in_error_note") OR OLD."entered_in_error_reason" IS DISTINCT FROM (NEW."entered_in_error_reason") OR OLD."icd10" IS DISTINCT FROM (NEW."icd10") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."plan_id" IS DISTINCT FROM (NEW."plan_id") OR OLD."state" IS DISTINCT FROM (NEW."state") OR OLD."text" IS DISTINCT FROM (NEW."text"))', func='INSERT INTO "careplans_problemchange" ("changed_by", "created_at", "entered_in_error_at", "entered_in_error_by", "entered_in_error_note", "entered_in_error_reason", "icd10", "organization_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "state", "text", "updated_at", "version") VALUES (NEW."changed_by", NEW."created_at", NEW."entered_in_error_at", NEW."entered_in_error_by", NEW."entered_in_error_note", NEW."entered_in_error_reason", NEW."icd10", NEW."organization_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, clock_timestamp(), \'changed\', NEW."id", NEW."plan_id", NEW."state", NEW."text", NEW."updated_at", NEW."version"); RETURN NULL;', hash='bd1ca5fda84f9b22b8cf3833ed0d9c7ec80704a5', operation='UPDATE', pgid='pgtrigger_changed_update_5aad4', table='careplans_problem', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='problem',
            trigger=pgtrigger.compiler.Trigger(name='removed_delete', sql=backend.lib.history.GuardedTriggerSql(func='INSERT INTO "careplans_problemchange" ("changed_by", "created_at", "entered_in_error_at", "entered_in_error_by", "entered_in_error_note", "entered_in_error_reason", "icd10", "organization_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "state", "text", "updated_at", "version") VALUES (OLD."changed_by", OLD."created_at", OLD."entered_in_error_at", OLD."entered_in_error_by", OLD."entered_in_error_note", OLD."entered_in_error_reason", OLD."icd10", OLD."organization_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, clock_timestamp(), \'removed\', OLD."id", OLD."plan_id", OLD."state", OLD."text", OLD."updated_at", OLD."version"); RETURN NULL;', hash='3aca42b57789eb06ea50f6ed890bf1d623c6031b', operation='DELETE', pgid='pgtrigger_removed_delete_3145c', table='careplans_problem', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='proposal',
            trigger=pgtrigger.compiler.Trigger(name='created_insert', sql=backend.lib.history.GuardedTriggerSql(func='INSERT INTO "careplans_proposalchange" ("about", "answer", "answered_at", "answered_by", "by", "changes", "created_at", "kept_for_ids", "kind", "occurred_at", "organization_id", "owner_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "row_id", "row_version", "state", "updated_at", "version", "why") VALUES (NEW."about", NEW."answer", NEW."answered_at", NEW."answered_by", NEW."by", NEW."changes", NEW."created_at", NEW."kept_for_ids", NEW."kind", NEW."occurred_at", NEW."organization_id", NEW."owner_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, clock_timestamp(), \'created\', NEW."id", NEW."plan_id", NEW."row_id", NEW."row_version", NEW."state", NEW."updated_at", NEW."version", NEW."why"); RETURN NULL;', hash='59a170781947bef1cb179fd6244009c9ba7c5b82', operation='INSERT', pgid='pgtrigger_created_insert_bf8ee', table='careplans_proposal', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='proposal',
            trigger=pgtrigger.compiler.Trigger(name='changed_update', sql=backend.lib.history.GuardedTriggerSql(condition='WHEN (OLD."about" IS DISTINCT FROM (NEW."about") OR OLD."answer" IS DISTINCT FROM (NEW."answer") OR OLD."answered_at" IS DISTINCT FROM (NEW."answered_at") OR OLD."answered_by" IS DISTINCT FROM (NEW."answered_by") OR OLD."by" IS DISTINCT FROM (NEW."by") OR OLD."changes" IS DISTINCT FROM (NEW."changes") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."kept_for_ids" IS DISTINCT FROM (NEW."kept_for_ids") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."occurred_at" IS DISTINCT FROM (NEW."occurred_at") OR OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."owner_id" IS DISTINCT FROM (NEW."owner_id") OR OLD."plan_id" IS DISTINCT FROM (NEW."plan_id") OR OLD."row_id" IS DISTINCT FROM (NEW."row_id") OR OLD."row_version" IS DISTINCT FROM (NEW."row_version") OR OLD."state" IS DISTINCT FROM (NEW."state") OR OLD."why" IS DISTINCT FROM (NEW."why"))', func='INSERT INTO "careplans_proposalchange" ("about", "answer", "answered_at", "answered_by", "by", "changes", "created_at", "kept_for_ids", "kind", "occurred_at", "organization_id", "owner_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "row_id", "row_version", "state", "updated_at", "version", "why") VALUES (NEW."about", NEW."answer", NEW."answered_at", NEW."answered_by", NEW."by", NEW."changes", NEW."created_at", NEW."kept_for_ids", NEW."kind", NEW."occurred_at", NEW."organization_id", NEW."owner_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, clock_timestamp(), \'changed\', NEW."id", NEW."plan_id", NEW."row_id", NEW."row_version", NEW."state", NEW."updated_at", NEW."version", NEW."why"); RETURN NULL;', hash='4103e79adf6cb06462bc1c98ab3c2f2a5d0543cd', operation='UPDATE', pgid='pgtrigger_changed_update_175c9', table='careplans_proposal', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='proposal',
            trigger=pgtrigger.compiler.Trigger(name='removed_delete', sql=backend.lib.history.GuardedTriggerSql(func='INSERT INTO "careplans_proposalchange" ("about", "answer", "answered_at", "answered_by", "by", "changes", "created_at", "kept_for_ids", "kind", "occurred_at", "organization_id", "owner_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "row_id", "row_version", "state", "updated_at", "version", "why") VALUES (OLD."about", OLD."answer", OLD."answered_at", OLD."answered_by", OLD."by", OLD."changes", OLD."created_at", OLD."kept_for_ids", OLD."kind", OLD."occurred_at", OLD."organization_id", OLD."owner_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, clock_timestamp(), \'removed\', OLD."id", OLD."plan_id", OLD."row_id", OLD."row_version", OLD."state", OLD."updated_at", OLD."version", OLD."why"); RETURN NULL;', hash='96cef0da4c127d75d5e02a44408e9a81d3b7dd8d', operation='DELETE', pgid='pgtrigger_removed_delete_28495', table='careplans_proposal', when='AFTER')),
        ),
    ]
