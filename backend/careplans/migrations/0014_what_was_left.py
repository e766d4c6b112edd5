"""What stands in a plan of who left is decided upon by the lead: goals and problems, as lines are."""

from importlib import import_module

import backend.lib.history
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

from backend.lib.database_roles import APP

WALLS = import_module("backend.careplans.migrations.0002_walls")
LINE = "EXISTS (SELECT FROM careplans_intervention l WHERE l.id = careplans_decision.line_id AND l.plan_id = p.id AND l.ended_reason = 'left')"
ROW = """EXISTS (SELECT FROM careplans_{kind} r WHERE r.id = careplans_decision.{kind}_id AND r.plan_id = p.id AND r.state = 'active'
  AND r.entered_in_error_at IS NULL AND NOT r.organization_id = ANY(p.member_ids))"""
LEADS = f"p.lead_organization_id = {WALLS.ORG}"
OF_LINES = WALLS.own_row("careplans_decision", f"{LEADS} AND {LINE}")
OF_ALL = WALLS.own_row("careplans_decision", f"{LEADS} AND ({LINE} OR {ROW.format(kind='goal')} OR {ROW.format(kind='problem')})")
DECIDES = f"ALTER POLICY careplans_decision_app ON careplans_decision TO {APP} WITH CHECK ({{}})"

# What the lead decided upon stays as it was, also when its organization comes back; that it was an error may be said for ever.
KEEP = """
CREATE FUNCTION keep_decided() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_user <> 'trialogue_guard' AND EXISTS (SELECT FROM careplans_decision d WHERE OLD.id IN (d.goal_id, d.problem_id))
  THEN RAISE EXCEPTION 'what the lead decided upon stays as it was' USING ERRCODE = 'restrict_violation'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER careplans_goal_decided BEFORE UPDATE ON careplans_goal FOR EACH ROW EXECUTE FUNCTION keep_decided();
CREATE TRIGGER careplans_problem_decided BEFORE UPDATE ON careplans_problem FOR EACH ROW EXECUTE FUNCTION keep_decided();
"""
NOT_KEPT = """
DROP TRIGGER careplans_goal_decided ON careplans_goal; DROP TRIGGER careplans_problem_decided ON careplans_problem;
DROP FUNCTION keep_decided();
"""



class Migration(migrations.Migration):

    dependencies = [
        ('careplans', '0013_phases_go_over'),
        ('directory', '0002_enrollment'),
    ]

    operations = [
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
        migrations.AddField(
            model_name='decision',
            name='goal',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='decision', to='careplans.goal'),
        ),
        migrations.AddField(
            model_name='decision',
            name='problem',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='decision', to='careplans.problem'),
        ),
        migrations.AddField(
            model_name='goal',
            name='continues',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='continued_by', to='careplans.goal'),
        ),
        migrations.AddField(
            model_name='goalchange',
            name='continues',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='careplans.goal'),
        ),
        migrations.AddField(
            model_name='problem',
            name='continues',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='continued_by', to='careplans.problem'),
        ),
        migrations.AddField(
            model_name='problemchange',
            name='continues',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='careplans.problem'),
        ),
        migrations.AlterField(
            model_name='decision',
            name='line',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='decision', to='careplans.intervention'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='goal',
            trigger=pgtrigger.compiler.Trigger(name='created_insert', sql=backend.lib.history.GuardedTriggerSql(func='INSERT INTO "careplans_goalchange" ("baseline", "changed_by", "continues_id", "created_at", "due_on", "entered_in_error_at", "entered_in_error_by", "entered_in_error_note", "entered_in_error_reason", "measure", "organization_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "state", "target", "unit", "updated_at", "version", "words") VALUES (NEW."baseline", NEW."changed_by", NEW."continues_id", NEW."created_at", NEW."due_on", NEW."entered_in_error_at", NEW."entered_in_error_by", NEW."entered_in_error_note", NEW."entered_in_error_reason", NEW."measure", NEW."organization_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, clock_timestamp(), \'created\', NEW."id", NEW."plan_id", NEW."state", NEW."target", NEW."unit", NEW."updated_at", NEW."version", NEW."words"); RETURN NULL;', hash='75244e77b5e0e6f16e13c7bf00d5679f1f53e173', operation='INSERT', pgid='pgtrigger_created_insert_d8af8', table='careplans_goal', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='goal',
            trigger=pgtrigger.compiler.Trigger(name='changed_update', sql=backend.lib.history.GuardedTriggerSql(condition='WHEN (OLD."baseline" IS DISTINCT FROM (NEW."baseline") OR OLD."continues_id" IS DISTINCT FROM (NEW."continues_id") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."due_on" IS DISTINCT FROM (NEW."due_on") OR OLD."entered_in_error_at" IS DISTINCT FROM (NEW."entered_in_error_at") OR OLD."entered_in_error_by" IS DISTINCT FROM (NEW."entered_in_error_by") OR OLD."entered_in_error_note" IS DISTINCT FROM (NEW."entered_in_error_note") OR OLD."entered_in_error_reason" IS DISTINCT FROM (NEW."entered_in_error_reason") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."measure" IS DISTINCT FROM (NEW."measure") OR OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."plan_id" IS DISTINCT FROM (NEW."plan_id") OR OLD."state" IS DISTINCT FROM (NEW."state") OR OLD."target" IS DISTINCT FROM (NEW."target") OR OLD."unit" IS DISTINCT FROM (NEW."unit") OR OLD."words" IS DISTINCT FROM (NEW."words"))', func='INSERT INTO "careplans_goalchange" ("baseline", "changed_by", "continues_id", "created_at", "due_on", "entered_in_error_at", "entered_in_error_by", "entered_in_error_note", "entered_in_error_reason", "measure", "organization_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "state", "target", "unit", "updated_at", "version", "words") VALUES (NEW."baseline", NEW."changed_by", NEW."continues_id", NEW."created_at", NEW."due_on", NEW."entered_in_error_at", NEW."entered_in_error_by", NEW."entered_in_error_note", NEW."entered_in_error_reason", NEW."measure", NEW."organization_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, clock_timestamp(), \'changed\', NEW."id", NEW."plan_id", NEW."state", NEW."target", NEW."unit", NEW."updated_at", NEW."version", NEW."words"); RETURN NULL;', hash='89c7ae0c3df20bfd89c886b6e4b55f764d819186', operation='UPDATE', pgid='pgtrigger_changed_update_53b4a', table='careplans_goal', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='goal',
            trigger=pgtrigger.compiler.Trigger(name='removed_delete', sql=backend.lib.history.GuardedTriggerSql(func='INSERT INTO "careplans_goalchange" ("baseline", "changed_by", "continues_id", "created_at", "due_on", "entered_in_error_at", "entered_in_error_by", "entered_in_error_note", "entered_in_error_reason", "measure", "organization_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "state", "target", "unit", "updated_at", "version", "words") VALUES (OLD."baseline", OLD."changed_by", OLD."continues_id", OLD."created_at", OLD."due_on", OLD."entered_in_error_at", OLD."entered_in_error_by", OLD."entered_in_error_note", OLD."entered_in_error_reason", OLD."measure", OLD."organization_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, clock_timestamp(), \'removed\', OLD."id", OLD."plan_id", OLD."state", OLD."target", OLD."unit", OLD."updated_at", OLD."version", OLD."words"); RETURN NULL;', hash='e58b45c974a2ea61a56a4e747d2b46d2aa79b02f', operation='DELETE', pgid='pgtrigger_removed_delete_c0cd5', table='careplans_goal', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='problem',
            trigger=pgtrigger.compiler.Trigger(name='created_insert', sql=backend.lib.history.GuardedTriggerSql(func='INSERT INTO "careplans_problemchange" ("changed_by", "continues_id", "created_at", "entered_in_error_at", "entered_in_error_by", "entered_in_error_note", "entered_in_error_reason", "icd10", "organization_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "state", "text", "updated_at", "version") VALUES (NEW."changed_by", NEW."continues_id", NEW."created_at", NEW."entered_in_error_at", NEW."entered_in_error_by", NEW."entered_in_error_note", NEW."entered_in_error_reason", NEW."icd10", NEW."organization_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, clock_timestamp(), \'created\', NEW."id", NEW."plan_id", NEW."state", NEW."text", NEW."updated_at", NEW."version"); RETURN NULL;', hash='646874996f958d8729e789aefbdfed58af65da8c', operation='INSERT', pgid='pgtrigger_created_insert_c3ae8', table='careplans_problem', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='problem',
            trigger=pgtrigger.compiler.Trigger(name='changed_update', sql=backend.lib.history.GuardedTriggerSql(condition='WHEN (OLD."continues_id" IS DISTINCT FROM (NEW."continues_id") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."entered_in_error_at" IS DISTINCT FROM (NEW."entered_in_error_at") OR OLD."entered_in_error_by" IS DISTINCT FROM (NEW."entered_in_error_by") OR OLD."entered_in_error_note" IS DISTINCT FROM (NEW."entered_in_error_note") OR OLD."entered_in_error_reason" IS DISTINCT FROM (NEW."entered_in_error_reason") OR OLD."icd10" IS DISTINCT FROM (NEW."icd10") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."plan_id" IS DISTINCT FROM (NEW."plan_id") OR OLD."state" IS DISTINCT FROM (NEW."state") OR OLD."text" IS DISTINCT FROM (NEW."text"))', func='INSERT INTO "careplans_problemchange" ("changed_by", "continues_id", "created_at", "entered_in_error_at", "entered_in_error_by", "entered_in_error_note", "entered_in_error_reason", "icd10", "organization_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "state", "text", "updated_at", "version") VALUES (NEW."changed_by", NEW."continues_id", NEW."created_at", NEW."entered_in_error_at", NEW."entered_in_error_by", NEW."entered_in_error_note", NEW."entered_in_error_reason", NEW."icd10", NEW."organization_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, clock_timestamp(), \'changed\', NEW."id", NEW."plan_id", NEW."state", NEW."text", NEW."updated_at", NEW."version"); RETURN NULL;', hash='d88b5402ded05564eaba2d09d4a0e3f0864e3f26', operation='UPDATE', pgid='pgtrigger_changed_update_5aad4', table='careplans_problem', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='problem',
            trigger=pgtrigger.compiler.Trigger(name='removed_delete', sql=backend.lib.history.GuardedTriggerSql(func='INSERT INTO "careplans_problemchange" ("changed_by", "continues_id", "created_at", "entered_in_error_at", "entered_in_error_by", "entered_in_error_note", "entered_in_error_reason", "icd10", "organization_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "state", "text", "updated_at", "version") VALUES (OLD."changed_by", OLD."continues_id", OLD."created_at", OLD."entered_in_error_at", OLD."entered_in_error_by", OLD."entered_in_error_note", OLD."entered_in_error_reason", OLD."icd10", OLD."organization_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, clock_timestamp(), \'removed\', OLD."id", OLD."plan_id", OLD."state", OLD."text", OLD."updated_at", OLD."version"); RETURN NULL;', hash='6572b5279f6fff4c3b77e57ebc76fff3c82b2f5c', operation='DELETE', pgid='pgtrigger_removed_delete_3145c', table='careplans_problem', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='decision',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('goal', None), ('line__isnull', False), ('problem', None)), models.Q(('goal__isnull', False), ('line', None), ('problem', None)), models.Q(('goal', None), ('line', None), ('problem__isnull', False)), _connector='OR'), name='a_decision_is_about_one_row'),
        ),
        migrations.RunSQL(DECIDES.format(OF_ALL), reverse_sql=DECIDES.format(OF_LINES)),
        migrations.RunSQL(KEEP, reverse_sql=NOT_KEPT),
    ]
