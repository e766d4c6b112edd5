"""What a consent that ends had opened stays open by another yes of the client that says the same."""

from importlib import import_module

from django.db import migrations

END_CONSENT = import_module("backend.clients.migrations.0003_walls").END_CONSENT
SIGNATURE = "end_access_of_consent(p_consent uuid, p_because text)"
HEAD = """RETURNS TABLE (id uuid, organization_id uuid, client_id uuid, referral_id uuid) LANGUAGE plpgsql SECURITY DEFINER
 SET search_path = pg_catalog, public"""
ENDS = "  RETURN QUERY UPDATE"
# In force, between the same two sides, keeping out whomever the other kept out, and no longer than it says itself: that of a
# plan they are both on, else the newest; never one that who keeps the access by it wrote down itself. A package shows what was
# sent under the old one, so it needs all of its categories; of a shared record each part asks by itself which circles share it.
# What had ended already for another reason is not revived.
ANOTHER_YES = """
  UPDATE clients_access a SET consent_id = kept.yes, until = kept.ends_at
    FROM (SELECT h.id, other.id AS yes, CASE WHEN h.until IS NOT DISTINCT FROM k.ends_at THEN other.ends_at ELSE least(h.until, other.ends_at) END AS ends_at
            FROM clients_access h JOIN clients_consent k ON k.id = h.consent_id JOIN referrals_referral r ON r.id = h.referral_id
           CROSS JOIN LATERAL (SELECT o.id, o.ends_at FROM clients_consent o
              WHERE o.client_id = k.client_id AND o.id <> k.id AND o.status = 'given' AND (o.ends_at IS NULL OR o.ends_at > domain_now())
                AND ARRAY[h.organization_id, r.sender_organization_id] <@ o.organization_ids
                AND (o.method = 'link' OR o.organization_id <> h.organization_id)
                AND k.excluded_practitioner_ids <@ o.excluded_practitioner_ids
                AND (h.extent = 'shared_record' OR k.categories <@ o.categories)
              ORDER BY EXISTS (SELECT FROM careplans_careplan p WHERE p.consent_id = o.id AND h.organization_id = ANY(p.member_ids)) DESC,
                       o.given_at DESC, o.id DESC LIMIT 1) other
           WHERE h.consent_id = p_consent AND h.why NOT IN ('home', 'break_glass') AND h.ended_because = ''
             AND (h.until IS NULL OR h.until > domain_now() OR h.until = k.ends_at)) kept
   WHERE a.id = kept.id;
"""


def ending(body: str) -> str:
    return f"CREATE OR REPLACE FUNCTION {SIGNATURE} {HEAD} AS $guard$ {body} $guard$;"


class Migration(migrations.Migration):
    dependencies = [("clients", "0009_records_of")]
    operations = [
        migrations.RunSQL(ending(END_CONSENT.replace(ENDS, ANOTHER_YES + ENDS)), reverse_sql=ending(END_CONSENT))
    ]
