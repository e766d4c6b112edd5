"""When a step of a plan or an answer to a proposal was made, beside when it was recorded."""

from importlib import import_module

import backend.lib.history
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

AFTER_THE_END = import_module("backend.careplans.migrations.0005_after_the_end")
instead = import_module("backend.careplans.migrations.0007_who_leaves").instead

KEEP_PLAN = AFTER_THE_END.TRIGGER.format(more=AFTER_THE_END.MAY_REVOKE)
LATE_PLAN = KEEP_PLAN.replace("state_entered_at", "state_entered_at,occurred_at")
DIES, DEATH = "end_plans_with_death(p_client uuid)", AFTER_THE_END.DEATH
DEATH_IS_NOW = DEATH.replace("state_entered_at = domain_now(),", "state_entered_at = domain_now(), occurred_at = NULL,")
KEEP_PROPOSAL = """
CREATE OR REPLACE FUNCTION keep_proposal() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE answer text[] := '{version,state,answer,answered_by,answered_at,updated_at}';
BEGIN
  IF OLD.state <> 'open' OR (to_jsonb(OLD) - answer) <> (to_jsonb(NEW) - answer)
     OR (current_user <> 'trialogue_guard' AND NEW.state = 'lapsed')
     OR (NEW.state IN ('accepted', 'declined') AND staff_organization() IS DISTINCT FROM OLD.owner_id)
     OR (NEW.state = 'withdrawn' AND staff_organization() IS DISTINCT FROM OLD.organization_id)
  THEN RAISE EXCEPTION 'a proposal is answered once, by whose it is to answer' USING ERRCODE = 'restrict_violation'; END IF;
  RETURN NEW;
END $$;
"""
LATE_PROPOSAL = KEEP_PROPOSAL.replace("answered_at,", "answered_at,occurred_at,")


class Migration(migrations.Migration):

    dependencies = [
        ('careplans', '0007_who_leaves'),
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
            name='occurred_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='careplanchange',
            name='occurred_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='proposal',
            name='occurred_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='proposalchange',
            name='occurred_at',
            field=models.DateTimeField(null=True),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='careplan',
            trigger=pgtrigger.compiler.Trigger(name='created_insert', sql=backend.lib.history.GuardedTriggerSql(func='INSERT INTO "careplans_careplanchange" ("changed_by", "client_id", "client_name", "consent_id", "created_at", "lead_organization_id", "lead_role_id", "member_ids", "occurred_at", "organization_id", "party_ids", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "published", "review_on", "state", "state_detail", "state_entered_at", "state_reason", "title", "updated_at", "version") VALUES (NEW."changed_by", NEW."client_id", NEW."client_name", NEW."consent_id", NEW."created_at", NEW."lead_organization_id", NEW."lead_role_id", NEW."member_ids", NEW."occurred_at", NEW."organization_id", NEW."party_ids", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, clock_timestamp(), \'created\', NEW."id", NEW."published", NEW."review_on", NEW."state", NEW."state_detail", NEW."state_entered_at", NEW."state_reason", NEW."title", NEW."updated_at", NEW."version"); RETURN NULL;', hash='b8b5cb4bceaf84828564bd3ac1b9bcfd891ec451', operation='INSERT', pgid='pgtrigger_created_insert_6d736', table='careplans_careplan', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='careplan',
            trigger=pgtrigger.compiler.Trigger(name='changed_update', sql=backend.lib.history.GuardedTriggerSql(condition='WHEN (OLD."client_id" IS DISTINCT FROM (NEW."client_id") OR OLD."client_name" IS DISTINCT FROM (NEW."client_name") OR OLD."consent_id" IS DISTINCT FROM (NEW."consent_id") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."lead_organization_id" IS DISTINCT FROM (NEW."lead_organization_id") OR OLD."lead_role_id" IS DISTINCT FROM (NEW."lead_role_id") OR OLD."member_ids" IS DISTINCT FROM (NEW."member_ids") OR OLD."occurred_at" IS DISTINCT FROM (NEW."occurred_at") OR OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."party_ids" IS DISTINCT FROM (NEW."party_ids") OR OLD."published" IS DISTINCT FROM (NEW."published") OR OLD."review_on" IS DISTINCT FROM (NEW."review_on") OR OLD."state" IS DISTINCT FROM (NEW."state") OR OLD."state_detail" IS DISTINCT FROM (NEW."state_detail") OR OLD."state_entered_at" IS DISTINCT FROM (NEW."state_entered_at") OR OLD."state_reason" IS DISTINCT FROM (NEW."state_reason") OR OLD."title" IS DISTINCT FROM (NEW."title"))', func='INSERT INTO "careplans_careplanchange" ("changed_by", "client_id", "client_name", "consent_id", "created_at", "lead_organization_id", "lead_role_id", "member_ids", "occurred_at", "organization_id", "party_ids", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "published", "review_on", "state", "state_detail", "state_entered_at", "state_reason", "title", "updated_at", "version") VALUES (NEW."changed_by", NEW."client_id", NEW."client_name", NEW."consent_id", NEW."created_at", NEW."lead_organization_id", NEW."lead_role_id", NEW."member_ids", NEW."occurred_at", NEW."organization_id", NEW."party_ids", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, clock_timestamp(), \'changed\', NEW."id", NEW."published", NEW."review_on", NEW."state", NEW."state_detail", NEW."state_entered_at", NEW."state_reason", NEW."title", NEW."updated_at", NEW."version"); RETURN NULL;', hash='d065ea2bd2e638bf0720b0aa99693ec1a035bf7b', operation='UPDATE', pgid='pgtrigger_changed_update_debc2', table='careplans_careplan', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='careplan',
            trigger=pgtrigger.compiler.Trigger(name='removed_delete', sql=backend.lib.history.GuardedTriggerSql(func='INSERT INTO "careplans_careplanchange" ("changed_by", "client_id", "client_name", "consent_id", "created_at", "lead_organization_id", "lead_role_id", "member_ids", "occurred_at", "organization_id", "party_ids", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "published", "review_on", "state", "state_detail", "state_entered_at", "state_reason", "title", "updated_at", "version") VALUES (OLD."changed_by", OLD."client_id", OLD."client_name", OLD."consent_id", OLD."created_at", OLD."lead_organization_id", OLD."lead_role_id", OLD."member_ids", OLD."occurred_at", OLD."organization_id", OLD."party_ids", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, clock_timestamp(), \'removed\', OLD."id", OLD."published", OLD."review_on", OLD."state", OLD."state_detail", OLD."state_entered_at", OLD."state_reason", OLD."title", OLD."updated_at", OLD."version"); RETURN NULL;', hash='507a0bb59bf1d886fd3b66016a4a49efedc6ce09', operation='DELETE', pgid='pgtrigger_removed_delete_e4ff0', table='careplans_careplan', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='proposal',
            trigger=pgtrigger.compiler.Trigger(name='created_insert', sql=backend.lib.history.GuardedTriggerSql(func='INSERT INTO "careplans_proposalchange" ("about", "answer", "answered_at", "answered_by", "by", "changes", "created_at", "kind", "occurred_at", "organization_id", "owner_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "row_id", "row_version", "state", "updated_at", "version", "why") VALUES (NEW."about", NEW."answer", NEW."answered_at", NEW."answered_by", NEW."by", NEW."changes", NEW."created_at", NEW."kind", NEW."occurred_at", NEW."organization_id", NEW."owner_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, clock_timestamp(), \'created\', NEW."id", NEW."plan_id", NEW."row_id", NEW."row_version", NEW."state", NEW."updated_at", NEW."version", NEW."why"); RETURN NULL;', hash='90e6a64ccae41b030e7c76afc1598342df6f5d5f', operation='INSERT', pgid='pgtrigger_created_insert_bf8ee', table='careplans_proposal', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='proposal',
            trigger=pgtrigger.compiler.Trigger(name='changed_update', sql=backend.lib.history.GuardedTriggerSql(condition='WHEN (OLD."about" IS DISTINCT FROM (NEW."about") OR OLD."answer" IS DISTINCT FROM (NEW."answer") OR OLD."answered_at" IS DISTINCT FROM (NEW."answered_at") OR OLD."answered_by" IS DISTINCT FROM (NEW."answered_by") OR OLD."by" IS DISTINCT FROM (NEW."by") OR OLD."changes" IS DISTINCT FROM (NEW."changes") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."occurred_at" IS DISTINCT FROM (NEW."occurred_at") OR OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."owner_id" IS DISTINCT FROM (NEW."owner_id") OR OLD."plan_id" IS DISTINCT FROM (NEW."plan_id") OR OLD."row_id" IS DISTINCT FROM (NEW."row_id") OR OLD."row_version" IS DISTINCT FROM (NEW."row_version") OR OLD."state" IS DISTINCT FROM (NEW."state") OR OLD."why" IS DISTINCT FROM (NEW."why"))', func='INSERT INTO "careplans_proposalchange" ("about", "answer", "answered_at", "answered_by", "by", "changes", "created_at", "kind", "occurred_at", "organization_id", "owner_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "row_id", "row_version", "state", "updated_at", "version", "why") VALUES (NEW."about", NEW."answer", NEW."answered_at", NEW."answered_by", NEW."by", NEW."changes", NEW."created_at", NEW."kind", NEW."occurred_at", NEW."organization_id", NEW."owner_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, clock_timestamp(), \'changed\', NEW."id", NEW."plan_id", NEW."row_id", NEW."row_version", NEW."state", NEW."updated_at", NEW."version", NEW."why"); RETURN NULL;', hash='bb24129e989463d4d473f105a8da586758ee88d9', operation='UPDATE', pgid='pgtrigger_changed_update_175c9', table='careplans_proposal', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='proposal',
            trigger=pgtrigger.compiler.Trigger(name='removed_delete', sql=backend.lib.history.GuardedTriggerSql(func='INSERT INTO "careplans_proposalchange" ("about", "answer", "answered_at", "answered_by", "by", "changes", "created_at", "kind", "occurred_at", "organization_id", "owner_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "row_id", "row_version", "state", "updated_at", "version", "why") VALUES (OLD."about", OLD."answer", OLD."answered_at", OLD."answered_by", OLD."by", OLD."changes", OLD."created_at", OLD."kind", OLD."occurred_at", OLD."organization_id", OLD."owner_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, clock_timestamp(), \'removed\', OLD."id", OLD."plan_id", OLD."row_id", OLD."row_version", OLD."state", OLD."updated_at", OLD."version", OLD."why"); RETURN NULL;', hash='b2cfcc6511b6c05234badfea20ec14830be1318b', operation='DELETE', pgid='pgtrigger_removed_delete_28495', table='careplans_proposal', when='AFTER')),
        ),
        migrations.RunSQL(LATE_PLAN, reverse_sql=KEEP_PLAN),
        migrations.RunSQL(LATE_PROPOSAL, reverse_sql=KEEP_PROPOSAL),
        *instead(DIES, DEATH, DIES, DEATH_IS_NOW, returns="SETOF jsonb"),
    ]
