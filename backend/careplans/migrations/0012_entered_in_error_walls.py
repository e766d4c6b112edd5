"""What was entered in error stays as it is; what was about a wrong client is for who wrote it, in published versions, too."""

from importlib import import_module

from django.db import migrations

from backend.lib.database_roles import APP
from backend.lib.walls import also, guarded_function

WALLS = import_module("backend.careplans.migrations.0002_walls")
AFTER_THE_END = import_module("backend.careplans.migrations.0005_after_the_end")
LATE_STEPS = import_module("backend.careplans.migrations.0008_late_steps")
LINES_OF_VISITS = import_module("backend.careplans.migrations.0011_lines_of_visits")
instead = import_module("backend.careplans.migrations.0007_who_leaves").instead
ORG = WALLS.ORG
ROWS = ("careplans_problem", "careplans_goal", "careplans_intervention", "careplans_phase")

# --- what nobody changes any more -------------------------------------------------------------------------------------

KEEP_PLAN = """
CREATE OR REPLACE FUNCTION keep_care_plan() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE free text[] := '{version,updated_at,changed_by}';
BEGIN
  IF staff_organization() = OLD.lead_organization_id THEN
    free := free || '{lead_role_id}';
    IF OLD.entered_in_error_at IS NULL
    THEN free := free || '{title,state,state_reason,state_detail,state_entered_at,occurred_at,review_on,published}'; END IF;
  END IF;
  IF current_user = 'trialogue_guard' THEN
    free := free || '{member_ids,party_ids,consent_id,lead_organization_id,lead_role_id}';
    IF OLD.entered_in_error_at IS NULL
    THEN free := free || '{state,state_reason,state_detail,state_entered_at,occurred_at,entered_in_error_reason,entered_in_error_note,entered_in_error_by,entered_in_error_at}'; END IF;
  END IF;
  IF (to_jsonb(OLD) - free) <> (to_jsonb(NEW) - free)
  THEN RAISE EXCEPTION 'of this plan only % may change', array_to_string(free, ', ') USING ERRCODE = 'restrict_violation'; END IF;
  RETURN NEW;
END $$;
"""
KEEP_ROW = """
CREATE OR REPLACE FUNCTION keep_plan_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.id, OLD.plan_id, OLD.organization_id, OLD.created_at) IS DISTINCT FROM (NEW.id, NEW.plan_id, NEW.organization_id, NEW.created_at)
  THEN RAISE EXCEPTION 'a row stays what and whose it is' USING ERRCODE = 'restrict_violation'; END IF;
  IF current_user <> 'trialogue_guard' AND (OLD.entered_in_error_at IS NOT NULL
     OR (OLD.entered_in_error_reason, OLD.entered_in_error_note, OLD.entered_in_error_by, OLD.entered_in_error_at)
        IS DISTINCT FROM (NEW.entered_in_error_reason, NEW.entered_in_error_note, NEW.entered_in_error_by, NEW.entered_in_error_at))
  THEN RAISE EXCEPTION 'what was entered in error stays as it is' USING ERRCODE = 'restrict_violation'; END IF;
  RETURN NEW;
END $$;
"""
ROW_BEFORE = """
CREATE OR REPLACE FUNCTION keep_plan_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.id, OLD.plan_id, OLD.organization_id, OLD.created_at) IS DISTINCT FROM (NEW.id, NEW.plan_id, NEW.organization_id, NEW.created_at)
  THEN RAISE EXCEPTION 'a row stays what and whose it is' USING ERRCODE = 'restrict_violation'; END IF;
  RETURN NEW;
END $$;
"""
# Who keeps a proposal is the guard's to say, also of one that was answered.
KEEP_PROPOSAL = """
CREATE OR REPLACE FUNCTION keep_proposal() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE answer text[] := '{version,state,answer,answered_by,answered_at,occurred_at,updated_at}';
BEGIN
  IF current_user = 'trialogue_guard' AND (to_jsonb(OLD) - 'kept_for_ids') = (to_jsonb(NEW) - 'kept_for_ids') THEN RETURN NEW; END IF;
  IF OLD.state <> 'open' OR (to_jsonb(OLD) - answer) <> (to_jsonb(NEW) - answer)
     OR (current_user <> 'trialogue_guard' AND NEW.state = 'lapsed')
     OR (NEW.state IN ('accepted', 'declined') AND staff_organization() IS DISTINCT FROM OLD.owner_id)
     OR (NEW.state = 'withdrawn' AND staff_organization() IS DISTINCT FROM OLD.organization_id)
  THEN RAISE EXCEPTION 'a proposal is answered once, by whose it is to answer' USING ERRCODE = 'restrict_violation'; END IF;
  RETURN NEW;
END $$;
"""

# --- what was about a wrong client ------------------------------------------------------------------------------------

TAKEN_BACK = "entered_in_error_reason = 'wrong_client'"
NOT_YET = "entered_in_error_at IS NULL AND entered_in_error_reason = '' AND entered_in_error_note = '' AND entered_in_error_by = ''"

# What a version holds is read through this alone, by who reads the version: the rule of its policy, which the guard is not under.
FROZEN = f"""
DECLARE v careplans_planversion; taken uuid[]; org uuid := staff_organization();
BEGIN
  SELECT w.* INTO v FROM careplans_planversion w JOIN careplans_careplan p ON p.id = w.plan_id
   WHERE w.id = p_version
     AND ((org = ANY(p.party_ids) AND {WALLS.WELCOME.format(plan="p")} AND (w.holds_ids <@ ARRAY[org] OR {WALLS.OPENED}))
       OR (app_kind() = 'client' AND p.client_id = app_client() AND p.entered_in_error_reason <> 'wrong_client'));
  IF v.id IS NULL THEN RETURN NULL; END IF;
  SELECT coalesce(array_agg(r.id), '{{}}') INTO taken FROM (
    SELECT id, organization_id FROM careplans_problem WHERE plan_id = v.plan_id AND {TAKEN_BACK}
    UNION ALL SELECT id, organization_id FROM careplans_goal WHERE plan_id = v.plan_id AND {TAKEN_BACK}
    UNION ALL SELECT id, organization_id FROM careplans_intervention WHERE plan_id = v.plan_id AND {TAKEN_BACK}
    UNION ALL SELECT id, organization_id FROM careplans_phase WHERE plan_id = v.plan_id AND {TAKEN_BACK}
  ) r WHERE r.organization_id IS DISTINCT FROM org;
  IF taken = '{{}}' THEN RETURN jsonb_build_object('body', v.body, 'changes', v.changes, 'taken_back', '[]'::jsonb); END IF;
  RETURN jsonb_build_object(
    'body', (SELECT jsonb_object_agg(part.key, CASE WHEN jsonb_typeof(part.value) <> 'array' THEN part.value ELSE
               (SELECT coalesce(jsonb_agg(one.row ORDER BY one.place), '[]') FROM jsonb_array_elements(part.value) WITH ORDINALITY one(row, place)
                 WHERE NOT coalesce((one.row ->> 'id')::uuid = ANY(taken), false)) END) FROM jsonb_each(v.body) part),
    'changes', (SELECT coalesce(jsonb_agg(one.row ORDER BY one.place), '[]') FROM jsonb_array_elements(v.changes) WITH ORDINALITY one(row, place)
                 WHERE NOT coalesce((one.row ->> 'id')::uuid = ANY(taken), false)),
    'taken_back', (SELECT coalesce(jsonb_agg(DISTINCT gone), '[]') FROM unnest(taken) gone
                    WHERE strpos(v.body::text || v.changes::text, gone::text) > 0));
END
"""
KNOWN_OF_A_VERSION = "id, plan_id, organization_id, number, holds_ids, by, published_at"
ONLY_THROUGH_THE_GUARD = f"""
REVOKE SELECT ON careplans_planversion FROM {APP};
GRANT SELECT ({KNOWN_OF_A_VERSION}) ON careplans_planversion TO {APP};
"""
AS_BEFORE = f"REVOKE SELECT ({KNOWN_OF_A_VERSION}) ON careplans_planversion FROM {APP}; GRANT SELECT ON careplans_planversion TO {APP};"

# --- which lines a visit counts for: never one that was entered in error, by itself or with its plan -----------------------

COUNT = """
BEGIN
  RETURN QUERY
  WITH visit AS (
    SELECT v.id, v.client_id, v.organization_id, v.starts_at, v.line_ids, r.discipline
      FROM visits_visit v LEFT JOIN directory_practitionerrole r ON r.id = v.practitioner_role_id
     WHERE v.id = ANY(p_visits)
  ), person AS MATERIALIZED (
    SELECT one.client_id, ARRAY(SELECT c.id FROM clients_client me JOIN clients_client c ON coalesce(me.merged_into_id, me.id) IN (c.id, c.merged_into_id)
                                 WHERE me.id = one.client_id) AS records
      FROM (SELECT DISTINCT v.client_id FROM visit v WHERE v.line_ids IS NULL) one
  ), possible AS MATERIALIZED (
    SELECT v.id AS visit_id, l.id AS line_id, l.technique_ids, l.regions
      FROM visit v JOIN person USING (client_id)
      JOIN careplans_careplan p ON p.client_id = ANY(person.records)
      JOIN careplans_intervention l ON l.plan_id = p.id AND l.organization_id = v.organization_id
     WHERE v.line_ids IS NULL AND l.entered_in_error_at IS NULL AND p.entered_in_error_at IS NULL AND v.starts_at >= l.created_at AND (l.ended_at IS NULL OR v.starts_at < l.ended_at)
       AND (v.discipline IS NULL OR v.discipline = l.discipline)
       AND NOT (p.state IN ('completed', 'revoked') AND coalesce(p.occurred_at, p.state_entered_at) <= v.starts_at)
  ), note AS MATERIALIZED (
    SELECT v.id AS visit_id, n.id
      FROM visit v JOIN person USING (client_id)
      JOIN notes_note n ON n.client_id = ANY(person.records) AND n.visit_id = v.id AND n.organization_id = v.organization_id
     WHERE v.line_ids IS NULL AND n.state IN ('signed', 'awaiting_cosignature') AND n.visibility <> 'author'
  ), technique AS MATERIALIZED (
    SELECT note.visit_id, t.id, t.technique, t.regions FROM note JOIN notes_techniquedone t ON t.note_id = note.id
  ), place AS (
    SELECT t.visit_id, spot ->> 'region' AS region, spot ->> 'side' AS side
      FROM technique t, jsonb_array_elements(t.regions) spot
    UNION
    SELECT note.visit_id, f.region, f.side FROM note JOIN notes_finding f ON f.note_id = note.id AND f.kind = 'treated'
  ), done AS (
    SELECT t.visit_id, l.line_id, here.fits, bool_or(here.fits) OVER (PARTITION BY t.id) AS fits_one
      FROM technique t JOIN possible l ON l.visit_id = t.visit_id AND t.technique = ANY(l.technique_ids),
      LATERAL (SELECT EXISTS (SELECT FROM jsonb_array_elements(t.regions) a, jsonb_array_elements(l.regions) b
                               WHERE a ->> 'region' = b ->> 'region' AND NOT ARRAY[a ->> 'side', b ->> 'side'] @> '{left,right}') AS fits) here
  ), told AS (
    SELECT d.visit_id, d.line_id, 'technique' AS because, 1 AS place FROM done d WHERE d.fits = d.fits_one
    UNION
    SELECT l.visit_id, l.line_id, 'region', 2 FROM possible l JOIN place a ON a.visit_id = l.visit_id, jsonb_array_elements(l.regions) b
     WHERE a.region = b ->> 'region' AND NOT ARRAY[a.side, b ->> 'side'] @> '{left,right}'
    UNION
    SELECT l.visit_id, l.line_id, 'discipline', 3 FROM possible l
  )
  SELECT v.id, named.line_id, 'named' FROM visit v, unnest(v.line_ids) AS named(line_id)
  UNION ALL
  SELECT best.visit_id, best.line_id, best.because
    FROM (SELECT t.*, rank() OVER (PARTITION BY t.visit_id ORDER BY t.place) AS nth FROM told t) best WHERE best.nth = 1;
END
"""

# --- entering in error ------------------------------------------------------------------------------------------------

LAPSE = """WITH gone AS (UPDATE careplans_proposal SET state = 'lapsed', version = version + 1, updated_at = domain_now()
    WHERE plan_id = p.id AND state = 'open'{about} RETURNING id)
  SELECT coalesce(jsonb_agg(id), '[]') INTO lapsed FROM gone"""
# Whoever wrote something in the plan, its title among it; they keep that, and nothing else of it.
WROTE = """SELECT organization_id FROM careplans_problem WHERE plan_id = p.id
    UNION SELECT organization_id FROM careplans_goal WHERE plan_id = p.id
    UNION SELECT organization_id FROM careplans_intervention WHERE plan_id = p.id
    UNION SELECT organization_id FROM careplans_phase WHERE plan_id = p.id
    UNION SELECT organization_id FROM careplans_proposal WHERE plan_id = p.id
    UNION SELECT organization_id FROM careplans_planversion WHERE plan_id = p.id
    UNION SELECT organization_id FROM careplans_agreement WHERE plan_id = p.id
    UNION SELECT organization_id FROM careplans_decision WHERE plan_id = p.id
    UNION SELECT lead_organization_id FROM careplans_careplanchange WHERE pgh_obj_id = p.id"""

# Answers that are kept to be given again hold what was read then: nobody is given these any more.
FORGET = """UPDATE audit_idempotentrequest SET headers = headers || '{":sight": "taken back"}'
     WHERE subject_id = p.id OR subject_id IN (SELECT id FROM careplans_planversion WHERE plan_id = p.id)
        OR subject_id IN (SELECT id FROM careplans_proposal WHERE plan_id = p.id)"""

# By the lead's clinic, once. It ends as a revoked plan ends; about a wrong client, the others are off its team at once.
PLAN_IN_ERROR = f"""
DECLARE p careplans_careplan; lapsed jsonb; places jsonb; is_wrong_client boolean := p_reason = 'wrong_client'; lead uuid := staff_organization();
BEGIN
  SELECT * INTO p FROM careplans_careplan WHERE id = p_plan FOR NO KEY UPDATE;
  IF p.id IS NULL OR lead IS DISTINCT FROM p.lead_organization_id OR p.entered_in_error_at IS NOT NULL
     OR p_reason IS NULL OR p_reason NOT IN ('wrong_client', 'wrong_entry', 'duplicate', 'other')
  THEN RAISE insufficient_privilege; END IF;
  UPDATE careplans_careplan SET state = 'revoked', state_reason = 'entered_in_error', state_detail = '', state_entered_at = domain_now(), occurred_at = NULL,
         entered_in_error_reason = p_reason, entered_in_error_note = p_note, entered_in_error_by = p_by, entered_in_error_at = domain_now(),
         member_ids = CASE WHEN is_wrong_client THEN ARRAY[lead] ELSE member_ids END,
         party_ids = CASE WHEN is_wrong_client THEN ARRAY(SELECT party FROM unnest(p.party_ids) party WHERE party = lead OR party IN ({WROTE})) ELSE party_ids END,
         changed_by = p_by, version = version + 1, updated_at = domain_now()
   WHERE id = p.id;
  {LAPSE.format(about="")};
  WITH shortened AS ({AFTER_THE_END.SHORTEN})
  SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'organization', organization_id, 'ends_at', until)), '[]') INTO places FROM shortened;
  IF is_wrong_client THEN
    UPDATE careplans_teammember SET until = domain_now(), ended_because = 'wrong_client'
     WHERE plan_id = p.id AND organization_id <> lead AND until IS NULL;
    UPDATE careplans_proposal SET kept_for_ids = ARRAY[organization_id, lead] WHERE plan_id = p.id;
    {FORGET};
  END IF;
  RETURN jsonb_build_object('proposals', lapsed, 'places', places);
END
"""
# By the clinic that wrote the row, once, while the plan itself stands. A line has ended with that.
ROW_IN_ERROR = f"""
DECLARE p careplans_careplan; found uuid; lapsed jsonb; written text := CASE p_kind WHEN 'problems' THEN 'careplans_problem' WHEN 'goals' THEN 'careplans_goal'
  WHEN 'interventions' THEN 'careplans_intervention' WHEN 'phases' THEN 'careplans_phase' END;
BEGIN
  SELECT * INTO p FROM careplans_careplan WHERE id = p_plan FOR NO KEY UPDATE;
  IF p.id IS NULL OR p.entered_in_error_at IS NOT NULL OR written IS NULL OR staff_organization() IS NULL
     OR p_reason IS NULL OR p_reason NOT IN ('wrong_client', 'wrong_entry', 'duplicate', 'other')
  THEN RAISE insufficient_privilege; END IF;
  EXECUTE format('UPDATE %I SET entered_in_error_reason = $3, entered_in_error_note = $4, entered_in_error_by = $5, entered_in_error_at = domain_now(),
         changed_by = $5, version = version + 1, updated_at = domain_now()
   WHERE id = $1 AND plan_id = $2 AND organization_id = staff_organization() AND entered_in_error_at IS NULL RETURNING id', written)
   INTO found USING p_row, p.id, p_reason, p_note, p_by;
  IF found IS NULL THEN RAISE insufficient_privilege; END IF;
  IF p_kind = 'interventions' THEN
    UPDATE careplans_intervention SET state = 'ended', ended_reason = 'entered_in_error', ended_at = coalesce(ended_at, domain_now()) WHERE id = found;
  END IF;
  {LAPSE.format(about=" AND row_id = found")};
  IF p_reason = 'wrong_client' THEN
    UPDATE careplans_proposal SET kept_for_ids = ARRAY[organization_id, owner_id] WHERE plan_id = p.id AND row_id = found;
    {FORGET};
  END IF;
  UPDATE careplans_careplan SET changed_by = p_by, version = version + 1, updated_at = domain_now() WHERE id = p.id;
  RETURN lapsed;
END
"""

NOT_FOR_THE_APP = f"REVOKE EXECUTE ON FUNCTION count_visits(uuid[]) FROM {APP}"


class Migration(migrations.Migration):
    dependencies = [("careplans", "0010_entered_in_error"), ("careplans", "0011_lines_of_visits")]
    operations = [
        migrations.RunSQL(KEEP_PLAN, reverse_sql=LATE_STEPS.LATE_PLAN),
        migrations.RunSQL(KEEP_ROW, reverse_sql=ROW_BEFORE),
        migrations.RunSQL(KEEP_PROPOSAL, reverse_sql=LATE_STEPS.LATE_PROPOSAL),
        also(
            "careplans_careplan",
            "careplans_careplan_of_the_client",
            "SELECT",
            f"entered_in_error_reason <> 'wrong_client' OR {ORG} = ANY(party_ids)",
        ),
        *(also(row, f"{row}_of_the_client", "SELECT", f"entered_in_error_reason <> 'wrong_client' OR organization_id = {ORG}") for row in ROWS),
        also("careplans_proposal", "careplans_proposal_kept_for", "SELECT", f"kept_for_ids IS NULL OR {ORG} = ANY(kept_for_ids)"),
        *(also(table, f"{table}_stands", "INSERT", NOT_YET) for table in ("careplans_careplan", *ROWS)),
        also("careplans_proposal", "careplans_proposal_for_all", "INSERT", "kept_for_ids IS NULL"),
        migrations.RunSQL(migrations.RunSQL.noop, reverse_sql=NOT_FOR_THE_APP),
        *instead(
            LINES_OF_VISITS.COUNT_VISITS,
            LINES_OF_VISITS.COUNT,
            LINES_OF_VISITS.COUNT_VISITS,
            COUNT,
            returns=LINES_OF_VISITS.COUNTED,
        ),
        migrations.RunSQL(NOT_FOR_THE_APP, reverse_sql=migrations.RunSQL.noop),
        guarded_function("frozen_in_version(p_version uuid)", FROZEN, returns="jsonb", reads_only=True),
        migrations.RunSQL(ONLY_THROUGH_THE_GUARD, reverse_sql=AS_BEFORE),
        guarded_function(
            "enter_plan_in_error(p_plan uuid, p_reason text, p_note text, p_by text)", PLAN_IN_ERROR, returns="jsonb"
        ),
        guarded_function(
            "enter_plan_row_in_error(p_plan uuid, p_kind text, p_row uuid, p_reason text, p_note text, p_by text)",
            ROW_IN_ERROR,
            returns="jsonb",
        ),
    ]
