"""Which lines a visit counts for: one rule, asked by a plan's budgets and by whoever shows visits."""

from importlib import import_module

from django.db import migrations

from backend.lib.database_roles import APP
from backend.lib.walls import guarded_function

WALLS = import_module("backend.careplans.migrations.0002_walls")
instead = import_module("backend.careplans.migrations.0007_who_leaves").instead

# The rule, told in words by ``visits.queries.lines_counted``. Of anybody's visits, so only the two below may ask it.
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
     WHERE v.line_ids IS NULL AND v.starts_at >= l.created_at AND (l.ended_at IS NULL OR v.starts_at < l.ended_at)
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

# Of the caller's own visits.
OWN = """
BEGIN
  RETURN QUERY SELECT c.visit_id, c.line_id, c.because
    FROM count_visits(ARRAY(SELECT v.id FROM visits_visit v WHERE v.id = ANY(p_visits) AND v.organization_id = staff_organization())) c;
END
"""

# Of a plan, for who reads its lines: numbers only.
USED = f"""
DECLARE p careplans_careplan; org uuid := staff_organization(); shared boolean;
BEGIN
  SELECT * INTO p FROM careplans_careplan WHERE id = p_plan;
  shared := (app_kind() = 'client' AND p.client_id = app_client()) OR (org = ANY(live_members(p_plan))
    AND EXISTS (SELECT FROM clients_consent k WHERE k.id = p.consent_id AND {WALLS.IN_FORCE} AND org = ANY(k.organization_ids)));
  RETURN QUERY SELECT l.id, count(*) FILTER (WHERE v.state = 'done')::integer, count(*) FILTER (WHERE v.state = 'booked')::integer
    FROM count_visits(ARRAY(
           SELECT v.id FROM (SELECT DISTINCT o.organization_id FROM careplans_intervention o WHERE o.plan_id = p_plan) party
             JOIN visits_visit v ON v.organization_id = party.organization_id AND v.state IN ('done', 'booked')
              AND v.client_id IN (SELECT records_of(p.client_id, party.organization_id)))) c
    JOIN careplans_intervention l ON l.id = c.line_id AND l.plan_id = p_plan
    JOIN visits_visit v ON v.id = c.visit_id
   WHERE l.organization_id = org OR shared
   GROUP BY l.id;
END
"""

COUNT_VISITS = "count_visits(p_visits uuid[])"
COUNTED = "TABLE (visit_id uuid, line_id uuid, because text)"
VISITS_USED = "visits_used(p_plan uuid)"


class Migration(migrations.Migration):
    dependencies = [
        ("careplans", "0009_lead_goes_over"),
        ("clients", "0009_records_of"),
        ("notes", "0008_chain"),
        ("visits", "0006_lines_of_visits"),
    ]
    operations = [
        guarded_function(COUNT_VISITS, COUNT, returns=COUNTED, reads_only=True),
        migrations.RunSQL(f"REVOKE EXECUTE ON FUNCTION count_visits(uuid[]) FROM {APP}", reverse_sql=migrations.RunSQL.noop),
        guarded_function("count_own_visits(p_visits uuid[])", OWN, returns=COUNTED, reads_only=True),
        *instead(
            VISITS_USED,
            WALLS.VISITS_USED,
            VISITS_USED,
            USED,
            returns="TABLE (line_id uuid, done integer, booked integer)",
        ),
    ]
