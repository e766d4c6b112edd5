"""The walls around links and codes."""

from django.db import migrations

from backend.lib.walls import guarded_function, wall

ORG = "(SELECT app_organization())"

# A client who died gets no more mails from anybody: a clinic of theirs may end every link, and so may the client.
REVOKE = """
DECLARE ended integer;
BEGIN
  IF NOT (EXISTS (SELECT FROM clients_registration WHERE client_id = p_client AND organization_id = app_organization()
                     AND kind = 'home' AND ended_at IS NULL)
          OR EXISTS (SELECT FROM clients_access WHERE client_id = p_client AND organization_id = app_organization()
                        AND extent = 'shared_record' AND from_at <= domain_now() AND (until IS NULL OR until > domain_now()))
          OR (app_kind() = 'client' AND p_client = app_client()))
  THEN RAISE insufficient_privilege; END IF;
  UPDATE links_link SET revoked_at = domain_now(), version = version + 1 WHERE client_id = p_client AND revoked_at IS NULL;
  GET DIAGNOSTICS ended = ROW_COUNT;
  RETURN ended;
END
"""

FIXED = """
CREATE FUNCTION refuse_link_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.purpose, OLD.organization_id, OLD.contact) <> (NEW.purpose, NEW.organization_id, NEW.contact)
     OR (OLD.client_id, OLD.referral_id) IS DISTINCT FROM (NEW.client_id, NEW.referral_id)
     OR (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at)
     OR (OLD.id = app_link() AND NEW.expires_at IS DISTINCT FROM OLD.expires_at) THEN
    RAISE EXCEPTION 'what a link opens, and to whom, is never changed' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER links_link_fixed BEFORE UPDATE ON links_link FOR EACH ROW EXECUTE FUNCTION refuse_link_change();
CREATE FUNCTION refuse_more_tries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.id, OLD.link_id, OLD.code_hash, OLD.created_at) <> (NEW.id, NEW.link_id, NEW.code_hash, NEW.created_at)
     OR NEW.tries < OLD.tries OR (OLD.used_at IS NOT NULL AND NEW.used_at IS DISTINCT FROM OLD.used_at) THEN
    RAISE EXCEPTION 'a code is tried a few times and used once' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER links_code_fixed BEFORE UPDATE ON links_code FOR EACH ROW EXECUTE FUNCTION refuse_more_tries();
"""


class Migration(migrations.Migration):
    dependencies = [("links", "0001_initial"), ("audit", "0002_walls"), ("clients", "0003_walls")]
    operations = [
        # Whoever holds a link finds its row; only an organization makes one, in its own name.
        wall(
            "links_link",
            using=f"organization_id = {ORG} OR id = (SELECT app_link())",
            grants="SELECT, INSERT, UPDATE",
        ),
        # A code is between the service and who holds the link; the organization that sent it has no part in it.
        wall("links_code", using="link_id = (SELECT app_link())", grants="SELECT, INSERT, UPDATE"),
        migrations.RunSQL(
            FIXED,
            reverse_sql="DROP TRIGGER links_link_fixed ON links_link; DROP FUNCTION refuse_link_change();"
            " DROP TRIGGER links_code_fixed ON links_code; DROP FUNCTION refuse_more_tries();",
        ),
        guarded_function("revoke_links_of_client(p_client uuid)", REVOKE, returns="integer"),
    ]
