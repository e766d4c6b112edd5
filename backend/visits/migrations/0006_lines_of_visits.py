"""A visit may name the lines of care plans that it was for: of its own organization, about the same person."""

import backend.lib.history
import django.contrib.postgres.fields
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

from backend.lib.database_roles import GUARD

FITS = f"""
CREATE FUNCTION keep_lines_of_visit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  IF NEW.organization_id IS DISTINCT FROM staff_organization() OR EXISTS (
       SELECT FROM unnest(NEW.line_ids) AS named(id) WHERE NOT EXISTS (
         SELECT FROM careplans_intervention l JOIN careplans_careplan p ON p.id = l.plan_id
          WHERE l.id = named.id AND l.organization_id = NEW.organization_id
            AND p.client_id IN (SELECT records_of(NEW.client_id, NEW.organization_id))))
  THEN RAISE EXCEPTION 'a visit names lines of its own organization for its own client' USING ERRCODE = 'restrict_violation'; END IF;
  RETURN NEW;
END $$;
ALTER FUNCTION keep_lines_of_visit() OWNER TO {GUARD};
REVOKE ALL ON FUNCTION keep_lines_of_visit() FROM PUBLIC;
CREATE TRIGGER visits_visit_lines BEFORE INSERT OR UPDATE OF line_ids, client_id, organization_id ON visits_visit FOR EACH ROW
  WHEN (NEW.line_ids IS NOT NULL) EXECUTE FUNCTION keep_lines_of_visit();
"""
NOT_KEPT = "DROP TRIGGER visits_visit_lines ON visits_visit; DROP FUNCTION keep_lines_of_visit();"


class Migration(migrations.Migration):

    dependencies = [
        ('careplans', '0002_walls'),
        ('clients', '0009_records_of'),
        ('visits', '0005_history_walls'),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='visit',
            name='created_insert',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='visit',
            name='changed_update',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='visit',
            name='removed_delete',
        ),
        migrations.AddField(
            model_name='visit',
            name='line_ids',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), null=True, size=None),
        ),
        migrations.AddField(
            model_name='visitchange',
            name='line_ids',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), null=True, size=None),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='visit',
            trigger=pgtrigger.compiler.Trigger(name='created_insert', sql=backend.lib.history.GuardedTriggerSql(func='INSERT INTO "visits_visitchange" ("cancelled_by", "client_id", "client_name", "created_at", "ends_at", "line_ids", "occurred_at", "organization_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "practitioner_role_id", "starts_at", "state", "time_zone", "updated_at", "version") VALUES (NEW."cancelled_by", NEW."client_id", NEW."client_name", NEW."created_at", NEW."ends_at", NEW."line_ids", NEW."occurred_at", NEW."organization_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, clock_timestamp(), \'created\', NEW."id", NEW."practitioner_role_id", NEW."starts_at", NEW."state", NEW."time_zone", NEW."updated_at", NEW."version"); RETURN NULL;', hash='7643a0b9cb00c9aaab1345898633ceec6a9cc6f9', operation='INSERT', pgid='pgtrigger_created_insert_d7226', table='visits_visit', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='visit',
            trigger=pgtrigger.compiler.Trigger(name='changed_update', sql=backend.lib.history.GuardedTriggerSql(condition='WHEN (OLD."cancelled_by" IS DISTINCT FROM (NEW."cancelled_by") OR OLD."client_id" IS DISTINCT FROM (NEW."client_id") OR OLD."client_name" IS DISTINCT FROM (NEW."client_name") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."ends_at" IS DISTINCT FROM (NEW."ends_at") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."line_ids" IS DISTINCT FROM (NEW."line_ids") OR OLD."occurred_at" IS DISTINCT FROM (NEW."occurred_at") OR OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."practitioner_role_id" IS DISTINCT FROM (NEW."practitioner_role_id") OR OLD."starts_at" IS DISTINCT FROM (NEW."starts_at") OR OLD."state" IS DISTINCT FROM (NEW."state") OR OLD."time_zone" IS DISTINCT FROM (NEW."time_zone"))', func='INSERT INTO "visits_visitchange" ("cancelled_by", "client_id", "client_name", "created_at", "ends_at", "line_ids", "occurred_at", "organization_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "practitioner_role_id", "starts_at", "state", "time_zone", "updated_at", "version") VALUES (NEW."cancelled_by", NEW."client_id", NEW."client_name", NEW."created_at", NEW."ends_at", NEW."line_ids", NEW."occurred_at", NEW."organization_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, clock_timestamp(), \'changed\', NEW."id", NEW."practitioner_role_id", NEW."starts_at", NEW."state", NEW."time_zone", NEW."updated_at", NEW."version"); RETURN NULL;', hash='df682f99a0552f56b18335f934b563ebfc6d41b1', operation='UPDATE', pgid='pgtrigger_changed_update_7c1a6', table='visits_visit', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='visit',
            trigger=pgtrigger.compiler.Trigger(name='removed_delete', sql=backend.lib.history.GuardedTriggerSql(func='INSERT INTO "visits_visitchange" ("cancelled_by", "client_id", "client_name", "created_at", "ends_at", "line_ids", "occurred_at", "organization_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "practitioner_role_id", "starts_at", "state", "time_zone", "updated_at", "version") VALUES (OLD."cancelled_by", OLD."client_id", OLD."client_name", OLD."created_at", OLD."ends_at", OLD."line_ids", OLD."occurred_at", OLD."organization_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, clock_timestamp(), \'removed\', OLD."id", OLD."practitioner_role_id", OLD."starts_at", OLD."state", OLD."time_zone", OLD."updated_at", OLD."version"); RETURN NULL;', hash='1a2a6eae3ab5aee6ea817a962799e15d739a56ab', operation='DELETE', pgid='pgtrigger_removed_delete_c7c00', table='visits_visit', when='AFTER')),
        ),
        migrations.RunSQL(FITS, reverse_sql=NOT_KEPT),
    ]
