"""Widening a circle asks the client again, in SQL too."""

from django.db import migrations

from backend.lib.walls import guarded_function

# Staff record in their own clinic's name. Whoever is not home opens what others wrote no wider than a yes that another
# clinic recorded: circle, guests, pools, categories, and who is left out. The service refuses the same, with a sentence.
REFUSE = """
DECLARE org uuid := staff_organization(); homes uuid[]; known uuid[];
BEGIN
  IF org IS NULL THEN RETURN NEW; END IF;
  SELECT coalesce(array_agg(organization_id), '{}') INTO homes FROM clients_registration
   WHERE client_id = NEW.client_id AND kind = 'home' AND ended_at IS NULL;
  SELECT coalesce(array_agg(member), '{}') INTO known FROM (
    SELECT unnest(homes) AS member UNION
    SELECT unnest(k.organization_ids) FROM clients_consent k WHERE k.client_id = NEW.client_id AND k.status = 'given'
       AND (k.ends_at IS NULL OR k.ends_at > domain_now()) AND k.organization_id <> org AND org = ANY(k.organization_ids)) m WHERE member <> org;
  IF NEW.organization_id <> org OR (NEW.status = 'given' AND org <> ALL(homes) AND NEW.organization_ids && known AND NOT EXISTS (
       SELECT FROM clients_consent k WHERE k.client_id = NEW.client_id AND k.status = 'given' AND (k.ends_at IS NULL OR k.ends_at > domain_now())
          AND k.organization_id <> org AND org = ANY(k.organization_ids)
          AND NEW.organization_ids <@ k.organization_ids AND NEW.guests::text[] <@ k.guests::text[] AND NEW.categories <@ k.categories
          AND k.excluded_practitioner_ids <@ NEW.excluded_practitioner_ids
          AND NOT EXISTS (SELECT jsonb_array_elements(NEW.pools) EXCEPT SELECT jsonb_array_elements(k.pools))))
  THEN RAISE EXCEPTION 'a circle is never widened; the client is asked again' USING ERRCODE = 'restrict_violation'; END IF;
  RETURN NEW;
END
"""
TRIGGER = """CREATE TRIGGER clients_consent_no_wider BEFORE INSERT ON clients_consent FOR EACH ROW
  WHEN (current_user = 'trialogue_app') EXECUTE FUNCTION refuse_wider_circle()"""


class Migration(migrations.Migration):
    dependencies = [("clients", "0003_walls")]
    operations = [
        guarded_function("refuse_wider_circle()", REFUSE, returns="trigger"),
        migrations.RunSQL(TRIGGER, reverse_sql="DROP TRIGGER clients_consent_no_wider ON clients_consent"),
    ]
