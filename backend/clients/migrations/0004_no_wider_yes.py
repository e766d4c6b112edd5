"""Sharing is not transitive: staff who are not home write down no yes that opens what others wrote about the client."""

from django.db import migrations

KEEP = """
CREATE FUNCTION refuse_wider_yes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE org uuid := staff_organization();
BEGIN
  IF app_kind() = 'client' THEN RETURN NEW; END IF;
  IF NEW.organization_id IS DISTINCT FROM org THEN
    RAISE EXCEPTION 'a clinic writes down what it was told itself' USING ERRCODE = 'restrict_violation';
  END IF;
  IF NEW.status <> 'given' OR org IN (SELECT homes_of(NEW.client_id)) THEN RETURN NEW; END IF;
  IF EXISTS (SELECT FROM (SELECT homes_of(NEW.client_id) UNION
                          SELECT unnest(k.organization_ids) FROM clients_consent k
                           WHERE k.client_id = NEW.client_id AND k.organization_id <> org AND k.status = 'given'
                             AND (k.ends_at IS NULL OR k.ends_at > domain_now())) AS known (id)
              WHERE id <> org AND id = ANY(NEW.organization_ids))
     AND NOT EXISTS (SELECT FROM clients_consent k
                      WHERE k.client_id = NEW.client_id AND k.organization_id <> org AND k.status = 'given'
                        AND (k.ends_at IS NULL OR k.ends_at > domain_now())
                        AND NEW.organization_ids <@ k.organization_ids AND NEW.categories <@ k.categories
                        AND k.excluded_practitioner_ids <@ NEW.excluded_practitioner_ids)
  THEN RAISE EXCEPTION 'the client, or the clinic that registered them, shares more' USING ERRCODE = 'restrict_violation'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER clients_consent_narrow BEFORE INSERT ON clients_consent FOR EACH ROW
  WHEN (current_user = 'trialogue_app') EXECUTE FUNCTION refuse_wider_yes();
"""


class Migration(migrations.Migration):
    dependencies = [("clients", "0003_walls")]
    operations = [
        migrations.RunSQL(
            KEEP,
            reverse_sql="DROP TRIGGER clients_consent_narrow ON clients_consent; DROP FUNCTION refuse_wider_yes();",
        )
    ]
