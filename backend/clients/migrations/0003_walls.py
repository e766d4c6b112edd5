"""The walls around clients, and the only doors through them."""

from django.db import migrations

from backend.lib.walls import guarded_function, wall

ORG = "(SELECT app_organization())"
HOME = f"EXISTS (SELECT FROM clients_registration r WHERE r.client_id = {{client}} AND r.organization_id = {ORG} AND r.kind = 'home' AND r.ended_at IS NULL)"
OPEN = f"EXISTS (SELECT FROM clients_access a WHERE a.client_id = {{client}} AND a.organization_id = {ORG} AND a.extent = 'shared_record' AND a.from_at <= domain_now() AND (a.until IS NULL OR a.until > domain_now()))"
SEES = f"({HOME} OR {OPEN} OR ((SELECT app_kind()) = 'client' AND {{client}} = (SELECT app_client())))"
# Rows that hang on a client ask the client's own table, whose policy answers.
CHILD = "EXISTS (SELECT FROM clients_client c WHERE c.id = {table}.client_id)"


def sees(client: str) -> str:
    return SEES.format(client=client)


def child(table: str) -> str:
    return CHILD.format(table=table)


SENSITIVE = f"""(NOT is_sensitive OR organization_id = {ORG} OR EXISTS (
  SELECT FROM clients_consent k WHERE k.client_id = clients_precaution.client_id AND k.status = 'given'
     AND (k.ends_at IS NULL OR k.ends_at > domain_now()) AND 'sensitive' = ANY(k.categories)
     AND {ORG} = ANY(k.organization_ids) AND clients_precaution.organization_id = ANY(k.organization_ids)))"""

REGISTER = """
DECLARE org uuid := app_organization();
BEGIN
  IF org IS NULL OR app_kind() NOT IN ('member', 'system') THEN RAISE insufficient_privilege; END IF;
  -- A home registration is made with the client, never for one that exists: that would be writing oneself in.
  IF EXISTS (SELECT FROM clients_client WHERE id = p_client) OR EXISTS (SELECT FROM clients_registration WHERE client_id = p_client)
  THEN RAISE insufficient_privilege; END IF;
  INSERT INTO clients_registration (id, client_id, organization_id, kind, created_at) VALUES (p_registration, p_client, org, 'home', domain_now());
  INSERT INTO clients_access (id, client_id, organization_id, why, extent, reason, from_at, ended_because)
  VALUES (p_access, p_client, org, 'home', 'shared_record', '', domain_now(), '');
END
"""

LINK = """
DECLARE org uuid := app_organization();
BEGIN
  IF NOT EXISTS (SELECT FROM clients_registration WHERE client_id = p_own AND organization_id = org AND kind = 'home' AND ended_at IS NULL)
     OR NOT EXISTS (SELECT FROM clients_access WHERE client_id = p_client AND organization_id = org AND why = 'referral'
                       AND (until IS NULL OR until > domain_now()))
  THEN RAISE insufficient_privilege; END IF;
  INSERT INTO clients_registration (id, client_id, organization_id, kind, own_client_id, created_at)
  VALUES (p_id, p_client, org, 'linked', p_own, domain_now());
END
"""

UNLINK = """
BEGIN
  UPDATE clients_registration r SET ended_at = domain_now()
   WHERE r.id = p_id AND r.kind = 'linked' AND r.ended_at IS NULL
     AND (r.organization_id = app_organization()
          OR EXISTS (SELECT FROM clients_registration h WHERE h.client_id = r.client_id AND h.organization_id = app_organization()
                        AND h.kind = 'home' AND h.ended_at IS NULL));
  RETURN FOUND;
END
"""

# Who may end what a consent opened: an organization of the circle, or the client.
END_CONSENT = """
BEGIN
  IF NOT EXISTS (SELECT FROM clients_consent WHERE id = p_consent
                    AND (app_organization() = ANY(organization_ids) OR (app_kind() = 'client' AND client_id = app_client())))
  THEN RAISE insufficient_privilege; END IF;
  RETURN QUERY UPDATE clients_access SET until = domain_now(), ended_because = p_because
    WHERE consent_id = p_consent AND why <> 'home' AND (until IS NULL OR until > domain_now())
    RETURNING id, organization_id, client_id, referral_id;
END
"""

# The same circle again, later: what it keeps open stays open until the new end.
RENEW_CONSENT = """
DECLARE old clients_consent; new clients_consent;
BEGIN
  SELECT * INTO old FROM clients_consent WHERE id = p_old; SELECT * INTO new FROM clients_consent WHERE id = p_new;
  IF NOT (app_organization() = ANY(old.organization_ids) OR (app_kind() = 'client' AND old.client_id = app_client()))
     OR old.client_id <> new.client_id OR NOT (old.organization_ids <@ new.organization_ids) OR new.status <> 'given'
  THEN RAISE insufficient_privilege; END IF;
  UPDATE clients_access SET consent_id = p_new, until = new.ends_at
   WHERE consent_id = p_old AND (until IS NULL OR until > domain_now());
END
"""

BREAK_GLASS = """
DECLARE org uuid := app_organization();
BEGIN
  IF app_kind() <> 'member' OR length(trim(p_reason)) < 10
     OR NOT EXISTS (SELECT FROM directory_organization WHERE id = org AND break_glass_enabled)
     OR NOT (EXISTS (SELECT FROM clients_registration WHERE client_id = p_client AND organization_id = org AND kind = 'home')
             OR EXISTS (SELECT FROM clients_consent WHERE client_id = p_client AND org = ANY(organization_ids) AND status <> 'refused'))
  THEN RAISE insufficient_privilege; END IF;
  INSERT INTO clients_access (id, client_id, organization_id, why, extent, practitioner_id, reason, from_at, until, ended_because)
  VALUES (p_id, p_client, org, 'break_glass', 'shared_record', p_practitioner, p_reason, domain_now(), domain_now() + interval '60 minutes', '');
END
"""

# Whom a notice about a client concerns: where they are registered. Ids of organizations only.
HOMES = """
BEGIN
  RETURN QUERY SELECT organization_id FROM clients_registration WHERE client_id = p_client AND kind = 'home' AND ended_at IS NULL;
END
"""

# Whether breaking the glass could open this client for the caller: a yes says only what the caller's own records say.
MAY_BREAK_GLASS = """
BEGIN
  RETURN EXISTS (SELECT FROM clients_registration WHERE client_id = p_client AND organization_id = app_organization() AND kind = 'home')
      OR EXISTS (SELECT FROM clients_consent WHERE client_id = p_client AND app_organization() = ANY(organization_ids) AND status <> 'refused');
END
"""


class Migration(migrations.Migration):
    dependencies = [("clients", "0002_initial"), ("audit", "0002_walls")]
    operations = [
        wall("clients_registration", using=f"organization_id = {ORG}", grants="SELECT"),
        wall(
            "clients_access",
            using=f"organization_id = {ORG} OR {HOME.format(client='clients_access.client_id')}",
            grants="SELECT",
        ),
        wall("clients_client", using=sees("clients_client.id"), grants="SELECT, INSERT, UPDATE"),
        wall("clients_clientidentifier", using=f"organization_id = {ORG}"),
        wall("clients_representative", using=child("clients_representative"), grants="SELECT, INSERT, UPDATE"),
        wall(
            "clients_consent",
            using=f"{ORG} = ANY(organization_ids) OR ((SELECT app_kind()) = 'client' AND client_id = (SELECT app_client()))",
            check=f"({ORG} = ANY(organization_ids) AND {sees('clients_consent.client_id')})"
            f" OR (status <> 'given' AND {ORG} = ANY(organization_ids))"
            " OR ((SELECT app_kind()) = 'client' AND client_id = (SELECT app_client()))",
            grants="SELECT, INSERT, UPDATE",
        ),
        wall(
            "clients_precaution",
            using=f"{child('clients_precaution')} AND {SENSITIVE}",
            check=f"organization_id = {ORG} AND {child('clients_precaution')}",
            grants="SELECT, INSERT, UPDATE",
        ),
        wall("clients_hold", using=child("clients_hold"), grants="SELECT, INSERT, UPDATE"),
        guarded_function("register_client(p_client uuid, p_registration uuid, p_access uuid)", REGISTER),
        guarded_function("link_client(p_id uuid, p_client uuid, p_own uuid)", LINK),
        guarded_function("unlink_client(p_id uuid)", UNLINK, returns="boolean"),
        guarded_function(
            "end_access_of_consent(p_consent uuid, p_because text)",
            END_CONSENT,
            returns="TABLE (id uuid, organization_id uuid, client_id uuid, referral_id uuid)",
        ),
        guarded_function("renew_consent(p_old uuid, p_new uuid)", RENEW_CONSENT),
        guarded_function("break_glass(p_id uuid, p_client uuid, p_practitioner uuid, p_reason text)", BREAK_GLASS),
        guarded_function("homes_of(p_client uuid)", HOMES, returns="SETOF uuid"),
        guarded_function("may_break_glass(p_client uuid)", MAY_BREAK_GLASS, returns="boolean"),
    ]
