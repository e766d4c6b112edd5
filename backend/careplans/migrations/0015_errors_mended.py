"""What was entered in error can turn out to be about a wrong client; who said so, what it made and when it ended stay known."""

from importlib import import_module

import backend.lib.history
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

WALLS = import_module("backend.careplans.migrations.0012_entered_in_error_walls")
LINES_OF_VISITS = import_module("backend.careplans.migrations.0011_lines_of_visits")


def said_anew(body: str, *parts: tuple[str, str]) -> str:
    """The same with each of these parts, which stands in it once, in other words."""
    for old, new in parts:
        assert body.count(old) == 1, old
        body = body.replace(old, new)
    return body


def replaced(signature: str, before: str, after: str, *, returns: str, reads_only: bool = False) -> migrations.RunSQL:
    """A guarded function with another body: whose it is and who may call it stays."""
    said = f"""CREATE OR REPLACE FUNCTION {signature} RETURNS {returns} LANGUAGE plpgsql {"STABLE" if reads_only else "VOLATILE"} SECURITY DEFINER
      SET search_path = pg_catalog, public AS $guard$ {{}} $guard$;"""
    return migrations.RunSQL(said.format(after), reverse_sql=said.format(before))


# --- what was said already -------------------------------------------------------------------------------------------

# Who led when it was said, from the history.
WHO_SAID_IT = """
ALTER TABLE careplans_careplan DISABLE TRIGGER USER;
UPDATE careplans_careplan p SET entered_in_error_organization_id = coalesce(
    (SELECT h.lead_organization_id FROM careplans_careplanchange h
      WHERE h.pgh_obj_id = p.id AND h.entered_in_error_at = p.entered_in_error_at ORDER BY h.pgh_id LIMIT 1), p.lead_organization_id)
 WHERE p.entered_in_error_at IS NOT NULL;
ALTER TABLE careplans_careplan ENABLE TRIGGER USER;
"""
# Who reads a proposal about a wrong client still: never more than read it until now.
KEPT = "ARRAY(SELECT reader FROM unnest(ARRAY[organization_id, {}]) reader WHERE kept_for_ids IS NULL OR reader = ANY(kept_for_ids))"
# An addition was accepted in the moment in which its owner wrote the row.
WHAT_IT_MADE = f"""
ALTER TABLE careplans_proposal DISABLE TRIGGER USER;
UPDATE careplans_proposal a SET made_row_id = (
    SELECT r.id FROM (SELECT id, plan_id, organization_id, created_at, 'goal' AS about FROM careplans_goal
                      UNION ALL SELECT id, plan_id, organization_id, created_at, 'intervention' FROM careplans_intervention) r
     WHERE (r.plan_id, r.organization_id, r.about) = (a.plan_id, a.owner_id, a.about)
       AND r.created_at BETWEEN a.answered_at - interval '1 minute' AND a.answered_at ORDER BY r.created_at DESC LIMIT 1)
 WHERE a.kind = 'add' AND a.state = 'accepted';
UPDATE careplans_proposal SET kept_for_ids = {KEPT.format("owner_id")}
 WHERE made_row_id IN (SELECT id FROM careplans_goal WHERE {WALLS.TAKEN_BACK} UNION SELECT id FROM careplans_intervention WHERE {WALLS.TAKEN_BACK});
ALTER TABLE careplans_proposal ENABLE TRIGGER USER;
"""

# --- what can still be said, and of what -------------------------------------------------------------------------------

OF_A_PLAN = "entered_in_error_reason,entered_in_error_note,entered_in_error_by,entered_in_error_at"
KEEP_PLAN = f"""
CREATE OR REPLACE FUNCTION keep_care_plan() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE free text[] := '{{version,updated_at,changed_by}}';
BEGIN
  IF staff_organization() = OLD.lead_organization_id THEN
    free := free || '{{lead_role_id}}';
    IF OLD.entered_in_error_at IS NULL
    THEN free := free || '{{title,state,state_reason,state_detail,state_entered_at,occurred_at,review_on,published}}'; END IF;
  END IF;
  IF current_user = 'trialogue_guard' THEN
    free := free || '{{member_ids,party_ids,consent_id,lead_organization_id,lead_role_id}}';
    IF OLD.entered_in_error_at IS NULL OR (OLD.entered_in_error_reason <> 'wrong_client' AND NEW.entered_in_error_reason = 'wrong_client')
    THEN free := free || '{{state,state_reason,state_detail,state_entered_at,occurred_at,{OF_A_PLAN},entered_in_error_organization_id}}'; END IF;
  END IF;
  IF (to_jsonb(OLD) - free) <> (to_jsonb(NEW) - free)
  THEN RAISE EXCEPTION 'of this plan only % may change', array_to_string(free, ', ') USING ERRCODE = 'restrict_violation'; END IF;
  RETURN NEW;
END $$;
"""
KEEP_PROPOSAL = said_anew(WALLS.KEEP_PROPOSAL, ("{version,state,answer,", "{version,state,made_row_id,answer,"))

# Once more, when it turns out to be about a wrong client. One that had ended before keeps when that was, and its thirty days.
PLAN_IN_ERROR = said_anew(
    WALLS.PLAN_IN_ERROR,
    (
        "OR p.entered_in_error_at IS NOT NULL",
        "OR (p.entered_in_error_at IS NOT NULL AND (NOT is_wrong_client OR p.entered_in_error_reason = 'wrong_client'))",
    ),
    (
        "state_entered_at = domain_now(), occurred_at = NULL,",
        """entered_in_error_organization_id = lead,
         state_entered_at = CASE WHEN p.state IN ('completed', 'revoked') THEN p.state_entered_at ELSE domain_now() END,
         occurred_at = CASE WHEN p.state IN ('completed', 'revoked') THEN p.occurred_at END,""",
    ),
    ("kept_for_ids = ARRAY[organization_id, lead]", f"kept_for_ids = {KEPT.format('lead')}"),
)
# The same of a row, whatever its plan was said to be; and of the proposal by which its words came in.
ROW_IN_ERROR = said_anew(
    WALLS.ROW_IN_ERROR,
    ("OR p.entered_in_error_at IS NOT NULL OR", "OR (p.entered_in_error_at IS NOT NULL AND p_reason <> 'wrong_client') OR"),
    (
        "AND entered_in_error_at IS NULL RETURNING id', written)",
        "AND (entered_in_error_at IS NULL OR ($3 = ''wrong_client'' AND entered_in_error_reason <> $3)) RETURNING id', written)",
    ),
    ("kept_for_ids = ARRAY[organization_id, owner_id]", f"kept_for_ids = {KEPT.format('owner_id')}"),
    ("WHERE plan_id = p.id AND row_id = found;", "WHERE plan_id = p.id AND found IN (row_id, made_row_id);"),
)

# --- which lines a visit counts for --------------------------------------------------------------------------------------

COUNT = said_anew(
    WALLS.COUNT,
    ("n.visibility <> 'author'", "n.visibility = 'care_team' AND NOT n.is_sensitive"),
    (
        "SELECT v.id, named.line_id, 'named' FROM visit v, unnest(v.line_ids) AS named(line_id)",
        """SELECT v.id, l.id, 'named' FROM visit v JOIN careplans_intervention l ON l.id = ANY(v.line_ids)
    JOIN careplans_careplan p ON p.id = l.plan_id WHERE l.entered_in_error_at IS NULL AND p.entered_in_error_at IS NULL""",
    ),
)


class Migration(migrations.Migration):

    dependencies = [
        ('careplans', '0014_what_was_left'),
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
            name='entered_in_error_organization_id',
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name='careplanchange',
            name='entered_in_error_organization_id',
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name='proposal',
            name='made_row_id',
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name='proposalchange',
            name='made_row_id',
            field=models.UUIDField(null=True),
        ),
        migrations.RunSQL(WHO_SAID_IT, reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL(WHAT_IT_MADE, reverse_sql=migrations.RunSQL.noop),
        pgtrigger.migrations.AddTrigger(
            model_name='careplan',
            trigger=pgtrigger.compiler.Trigger(name='created_insert', sql=backend.lib.history.GuardedTriggerSql(func='INSERT INTO "careplans_careplanchange" ("changed_by", "client_id", "client_name", "consent_id", "created_at", "entered_in_error_at", "entered_in_error_by", "entered_in_error_note", "entered_in_error_organization_id", "entered_in_error_reason", "lead_organization_id", "lead_role_id", "member_ids", "occurred_at", "organization_id", "party_ids", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "published", "review_on", "state", "state_detail", "state_entered_at", "state_reason", "title", "updated_at", "version") VALUES (NEW."changed_by", NEW."client_id", NEW."client_name", NEW."consent_id", NEW."created_at", NEW."entered_in_error_at", NEW."entered_in_error_by", NEW."entered_in_error_note", NEW."entered_in_error_organization_id", NEW."entered_in_error_reason", NEW."lead_organization_id", NEW."lead_role_id", NEW."member_ids", NEW."occurred_at", NEW."organization_id", NEW."party_ids", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, clock_timestamp(), \'created\', NEW."id", NEW."published", NEW."review_on", NEW."state", NEW."state_detail", NEW."state_entered_at", NEW."state_reason", NEW."title", NEW."updated_at", NEW."version"); RETURN NULL;', hash='e21fcaf3cfc88d3e2330b79df527883abb828abf', operation='INSERT', pgid='pgtrigger_created_insert_6d736', table='careplans_careplan', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='careplan',
            trigger=pgtrigger.compiler.Trigger(name='changed_update', sql=backend.lib.history.GuardedTriggerSql(condition='WHEN (OLD."client_id" IS DISTINCT FROM (NEW."client_id") OR OLD."client_name" IS DISTINCT FROM (NEW."client_name") OR OLD."consent_id" IS DISTINCT FROM (NEW."consent_id") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."entered_in_error_at" IS DISTINCT FROM (NEW."entered_in_error_at") OR OLD."entered_in_error_by" IS DISTINCT FROM (NEW."entered_in_error_by") OR OLD."entered_in_error_note" IS DISTINCT FROM (NEW."entered_in_error_note") OR OLD."entered_in_error_organization_id" IS DISTINCT FROM (NEW."entered_in_error_organization_id") OR OLD."entered_in_error_reason" IS DISTINCT FROM (NEW."entered_in_error_reason") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."lead_organization_id" IS DISTINCT FROM (NEW."lead_organization_id") OR OLD."lead_role_id" IS DISTINCT FROM (NEW."lead_role_id") OR OLD."member_ids" IS DISTINCT FROM (NEW."member_ids") OR OLD."occurred_at" IS DISTINCT FROM (NEW."occurred_at") OR OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."party_ids" IS DISTINCT FROM (NEW."party_ids") OR OLD."published" IS DISTINCT FROM (NEW."published") OR OLD."review_on" IS DISTINCT FROM (NEW."review_on") OR OLD."state" IS DISTINCT FROM (NEW."state") OR OLD."state_detail" IS DISTINCT FROM (NEW."state_detail") OR OLD."state_entered_at" IS DISTINCT FROM (NEW."state_entered_at") OR OLD."state_reason" IS DISTINCT FROM (NEW."state_reason") OR OLD."title" IS DISTINCT FROM (NEW."title"))', func='INSERT INTO "careplans_careplanchange" ("changed_by", "client_id", "client_name", "consent_id", "created_at", "entered_in_error_at", "entered_in_error_by", "entered_in_error_note", "entered_in_error_organization_id", "entered_in_error_reason", "lead_organization_id", "lead_role_id", "member_ids", "occurred_at", "organization_id", "party_ids", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "published", "review_on", "state", "state_detail", "state_entered_at", "state_reason", "title", "updated_at", "version") VALUES (NEW."changed_by", NEW."client_id", NEW."client_name", NEW."consent_id", NEW."created_at", NEW."entered_in_error_at", NEW."entered_in_error_by", NEW."entered_in_error_note", NEW."entered_in_error_organization_id", NEW."entered_in_error_reason", NEW."lead_organization_id", NEW."lead_role_id", NEW."member_ids", NEW."occurred_at", NEW."organization_id", NEW."party_ids", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, clock_timestamp(), \'changed\', NEW."id", NEW."published", NEW."review_on", NEW."state", NEW."state_detail", NEW."state_entered_at", NEW."state_reason", NEW."title", NEW."updated_at", NEW."version"); RETURN NULL;', hash='28aeac92bc085d1349cba82758edbff922874429', operation='UPDATE', pgid='pgtrigger_changed_update_debc2', table='careplans_careplan', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='careplan',
            trigger=pgtrigger.compiler.Trigger(name='removed_delete', sql=backend.lib.history.GuardedTriggerSql(func='INSERT INTO "careplans_careplanchange" ("changed_by", "client_id", "client_name", "consent_id", "created_at", "entered_in_error_at", "entered_in_error_by", "entered_in_error_note", "entered_in_error_organization_id", "entered_in_error_reason", "lead_organization_id", "lead_role_id", "member_ids", "occurred_at", "organization_id", "party_ids", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "published", "review_on", "state", "state_detail", "state_entered_at", "state_reason", "title", "updated_at", "version") VALUES (OLD."changed_by", OLD."client_id", OLD."client_name", OLD."consent_id", OLD."created_at", OLD."entered_in_error_at", OLD."entered_in_error_by", OLD."entered_in_error_note", OLD."entered_in_error_organization_id", OLD."entered_in_error_reason", OLD."lead_organization_id", OLD."lead_role_id", OLD."member_ids", OLD."occurred_at", OLD."organization_id", OLD."party_ids", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, clock_timestamp(), \'removed\', OLD."id", OLD."published", OLD."review_on", OLD."state", OLD."state_detail", OLD."state_entered_at", OLD."state_reason", OLD."title", OLD."updated_at", OLD."version"); RETURN NULL;', hash='44555dad99b49fe0c83bcc5f0f962078cf80412f', operation='DELETE', pgid='pgtrigger_removed_delete_e4ff0', table='careplans_careplan', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='proposal',
            trigger=pgtrigger.compiler.Trigger(name='created_insert', sql=backend.lib.history.GuardedTriggerSql(func='INSERT INTO "careplans_proposalchange" ("about", "answer", "answered_at", "answered_by", "by", "changes", "created_at", "kept_for_ids", "kind", "made_row_id", "occurred_at", "organization_id", "owner_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "row_id", "row_version", "state", "updated_at", "version", "why") VALUES (NEW."about", NEW."answer", NEW."answered_at", NEW."answered_by", NEW."by", NEW."changes", NEW."created_at", NEW."kept_for_ids", NEW."kind", NEW."made_row_id", NEW."occurred_at", NEW."organization_id", NEW."owner_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, clock_timestamp(), \'created\', NEW."id", NEW."plan_id", NEW."row_id", NEW."row_version", NEW."state", NEW."updated_at", NEW."version", NEW."why"); RETURN NULL;', hash='6bc5b3d0c34b1e0cd24581142f4e77efe824df62', operation='INSERT', pgid='pgtrigger_created_insert_bf8ee', table='careplans_proposal', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='proposal',
            trigger=pgtrigger.compiler.Trigger(name='changed_update', sql=backend.lib.history.GuardedTriggerSql(condition='WHEN (OLD."about" IS DISTINCT FROM (NEW."about") OR OLD."answer" IS DISTINCT FROM (NEW."answer") OR OLD."answered_at" IS DISTINCT FROM (NEW."answered_at") OR OLD."answered_by" IS DISTINCT FROM (NEW."answered_by") OR OLD."by" IS DISTINCT FROM (NEW."by") OR OLD."changes" IS DISTINCT FROM (NEW."changes") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."kept_for_ids" IS DISTINCT FROM (NEW."kept_for_ids") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."made_row_id" IS DISTINCT FROM (NEW."made_row_id") OR OLD."occurred_at" IS DISTINCT FROM (NEW."occurred_at") OR OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."owner_id" IS DISTINCT FROM (NEW."owner_id") OR OLD."plan_id" IS DISTINCT FROM (NEW."plan_id") OR OLD."row_id" IS DISTINCT FROM (NEW."row_id") OR OLD."row_version" IS DISTINCT FROM (NEW."row_version") OR OLD."state" IS DISTINCT FROM (NEW."state") OR OLD."why" IS DISTINCT FROM (NEW."why"))', func='INSERT INTO "careplans_proposalchange" ("about", "answer", "answered_at", "answered_by", "by", "changes", "created_at", "kept_for_ids", "kind", "made_row_id", "occurred_at", "organization_id", "owner_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "row_id", "row_version", "state", "updated_at", "version", "why") VALUES (NEW."about", NEW."answer", NEW."answered_at", NEW."answered_by", NEW."by", NEW."changes", NEW."created_at", NEW."kept_for_ids", NEW."kind", NEW."made_row_id", NEW."occurred_at", NEW."organization_id", NEW."owner_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, clock_timestamp(), \'changed\', NEW."id", NEW."plan_id", NEW."row_id", NEW."row_version", NEW."state", NEW."updated_at", NEW."version", NEW."why"); RETURN NULL;', hash='d60678271b3b856a316f56b522742693cd80c738', operation='UPDATE', pgid='pgtrigger_changed_update_175c9', table='careplans_proposal', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='proposal',
            trigger=pgtrigger.compiler.Trigger(name='removed_delete', sql=backend.lib.history.GuardedTriggerSql(func='INSERT INTO "careplans_proposalchange" ("about", "answer", "answered_at", "answered_by", "by", "changes", "created_at", "kept_for_ids", "kind", "made_row_id", "occurred_at", "organization_id", "owner_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "row_id", "row_version", "state", "updated_at", "version", "why") VALUES (OLD."about", OLD."answer", OLD."answered_at", OLD."answered_by", OLD."by", OLD."changes", OLD."created_at", OLD."kept_for_ids", OLD."kind", OLD."made_row_id", OLD."occurred_at", OLD."organization_id", OLD."owner_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, clock_timestamp(), \'removed\', OLD."id", OLD."plan_id", OLD."row_id", OLD."row_version", OLD."state", OLD."updated_at", OLD."version", OLD."why"); RETURN NULL;', hash='7da9272f1e2e0adb3050ead74ad9b005f9a9fac0', operation='DELETE', pgid='pgtrigger_removed_delete_28495', table='careplans_proposal', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='proposal',
            constraint=models.CheckConstraint(condition=models.Q(('made_row_id', None), models.Q(('kind', 'add'), ('state', 'accepted')), _connector='OR'), name='an_accepted_addition_made_a_row'),
        ),
        migrations.RunSQL(KEEP_PLAN, reverse_sql=WALLS.KEEP_PLAN),
        migrations.RunSQL(KEEP_PROPOSAL, reverse_sql=WALLS.KEEP_PROPOSAL),
        replaced(
            "enter_plan_in_error(p_plan uuid, p_reason text, p_note text, p_by text)",
            WALLS.PLAN_IN_ERROR,
            PLAN_IN_ERROR,
            returns="jsonb",
        ),
        replaced(
            "enter_plan_row_in_error(p_plan uuid, p_kind text, p_row uuid, p_reason text, p_note text, p_by text)",
            WALLS.ROW_IN_ERROR,
            ROW_IN_ERROR,
            returns="jsonb",
        ),
        replaced(
            LINES_OF_VISITS.COUNT_VISITS, WALLS.COUNT, COUNT, returns=LINES_OF_VISITS.COUNTED, reads_only=True
        ),
    ]
