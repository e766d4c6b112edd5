"""Which records stand for one person, as one organization knows it: merged inside a clinic, linked by that organization.

It runs with the rights of whoever asks, so it follows only what they may read, and it opens nothing: rows have walls of
their own.
"""

from django.db import migrations

from backend.lib.database_roles import APP, GUARD

RECORDS_OF = f"""
CREATE FUNCTION records_of(p_client uuid, p_organization uuid) RETURNS SETOF uuid LANGUAGE sql STABLE AS $$
  WITH RECURSIVE person(id) AS (
    SELECT p_client
    UNION
    SELECT near.id FROM person, LATERAL (
      SELECT c.merged_into_id FROM clients_client c WHERE c.id = person.id AND c.merged_into_id IS NOT NULL
      UNION ALL SELECT c.id FROM clients_client c WHERE c.merged_into_id = person.id
      UNION ALL SELECT r.own_client_id FROM clients_registration r
       WHERE r.client_id = person.id AND r.organization_id = p_organization AND r.kind = 'linked' AND r.ended_at IS NULL
      UNION ALL SELECT r.client_id FROM clients_registration r
       WHERE r.own_client_id = person.id AND r.organization_id = p_organization AND r.kind = 'linked' AND r.ended_at IS NULL
    ) near(id)
  )
  SELECT id FROM person
$$;
REVOKE ALL ON FUNCTION records_of(uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION records_of(uuid, uuid) TO {APP}, {GUARD};
"""


class Migration(migrations.Migration):
    dependencies = [("clients", "0008_read_marks")]
    operations = [migrations.RunSQL(RECORDS_OF, reverse_sql="DROP FUNCTION records_of(uuid, uuid)")]
