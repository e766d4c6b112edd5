"""The walls around clients, and the only doors through them."""

from django.db import migrations

from backend.lib.walls import guarded_function, wall

# Null for whoever does not act for an organization: a client's or guest's link never opens what staff may see.
FUNCTIONS = """
CREATE FUNCTION staff_organization() RETURNS uuid LANGUAGE sql STABLE
  AS $$ SELECT CASE WHEN app_kind() IN ('member', 'system') THEN app_organization() END $$;
CREATE FUNCTION app_practitioner() RETURNS uuid LANGUAGE sql STABLE AS $$
  SELECT p.id FROM directory_practitioner p JOIN directory_member m ON m.user_id = p.user_id
   WHERE m.id = nullif(current_setting('app.member', true), '')::uuid AND m.organization_id = staff_organization() AND m.ended_at IS NULL $$;
CREATE FUNCTION refuse_other_columns() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (to_jsonb(OLD) - TG_ARGV) <> (to_jsonb(NEW) - TG_ARGV) THEN
    RAISE EXCEPTION 'of % only % may change', TG_TABLE_NAME, array_to_string(TG_ARGV, ', ') USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
-- A consent says what the client said. The guard alone lets a pool's winner into the circle that named the pool, and out again.
CREATE FUNCTION keep_circle() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE answer text[] := '{version,status,withdrawn_at,withdrawn_reason,expires_on,ends_at,method,given_by_name,given_by_relationship,recorded_by_member_id,recorded_by,given_at,occurred_at,earlier}';
BEGIN
  IF current_user = 'trialogue_guard' THEN answer := answer || '{organization_ids}'; END IF;
  IF OLD.status <> 'given' OR (to_jsonb(OLD) - answer) <> (to_jsonb(NEW) - answer)
  THEN RAISE EXCEPTION 'a circle is never changed; the client is asked again' USING ERRCODE = 'restrict_violation'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER clients_consent_circle BEFORE UPDATE ON clients_consent FOR EACH ROW EXECUTE FUNCTION keep_circle();
CREATE TRIGGER clients_precaution_kept BEFORE UPDATE ON clients_precaution FOR EACH ROW
  EXECUTE FUNCTION refuse_other_columns('version', 'ended_at', 'entered_in_error_reason');
CREATE TRIGGER clients_hold_kept BEFORE UPDATE ON clients_hold FOR EACH ROW
  EXECUTE FUNCTION refuse_other_columns('version', 'cleared_at', 'cleared_by', 'clearance');
CREATE TRIGGER clients_representative_kept BEFORE UPDATE ON clients_representative FOR EACH ROW
  EXECUTE FUNCTION refuse_other_columns('ended_at');
CREATE TRIGGER clients_identifier_kept BEFORE UPDATE ON clients_clientidentifier FOR EACH ROW EXECUTE FUNCTION refuse_other_columns('value');
"""
NO_FUNCTIONS = """
DROP TRIGGER clients_consent_circle ON clients_consent; DROP TRIGGER clients_precaution_kept ON clients_precaution;
DROP TRIGGER clients_hold_kept ON clients_hold; DROP TRIGGER clients_representative_kept ON clients_representative;
DROP TRIGGER clients_identifier_kept ON clients_clientidentifier;
DROP FUNCTION keep_circle(); DROP FUNCTION refuse_other_columns(); DROP FUNCTION app_practitioner(); DROP FUNCTION staff_organization();
"""

ORG = "(SELECT staff_organization())"
SELF = "((SELECT app_kind()) = 'client' AND {client} = (SELECT app_client()))"
HOME = f"EXISTS (SELECT FROM clients_registration r WHERE r.client_id = {{client}} AND r.organization_id = {ORG} AND r.kind = 'home' AND r.ended_at IS NULL)"
# A consent that says "not this person" opens nothing to that person.
WELCOME = """((SELECT app_practitioner()) IS NULL OR NOT EXISTS (SELECT FROM clients_consent x
  WHERE x.id = a.consent_id AND (SELECT app_practitioner()) = ANY(x.excluded_practitioner_ids)))"""
LIVE = f"a.organization_id = {ORG} AND a.extent = 'shared_record' AND a.from_at <= domain_now() AND (a.until IS NULL OR a.until > domain_now())"
# A broken glass is open to the person who broke it, and never for writing.
OPEN = f"EXISTS (SELECT FROM clients_access a WHERE a.client_id = {{client}} AND {LIVE} AND (a.why <> 'break_glass' OR a.practitioner_id = (SELECT app_practitioner())) AND {WELCOME})"
OPEN_TO_WRITE = f"EXISTS (SELECT FROM clients_access a WHERE a.client_id = {{client}} AND {LIVE} AND a.why <> 'break_glass')"
BROKEN = f"EXISTS (SELECT FROM clients_access a WHERE a.client_id = {{client}} AND {LIVE} AND a.why = 'break_glass' AND a.practitioner_id = (SELECT app_practitioner()))"
# Rows that hang on a client ask the client's own table, whose policy answers.
CHILD = "EXISTS (SELECT FROM clients_client c WHERE c.id = {table}.client_id)"


def sees(client: str) -> str:
    return f"({HOME} OR {OPEN} OR {SELF})".format(client=client)


def writes(client: str) -> str:
    return f"({HOME} OR {OPEN_TO_WRITE})".format(client=client)


def child(table: str) -> str:
    return CHILD.format(table=table)


def circle(table: str, more: str = "") -> str:
    """The reader shares a circle in force with the clinic that wrote the row. Two consents are two circles."""
    return f"""EXISTS (SELECT FROM clients_consent k WHERE k.client_id = {table}.client_id AND k.status = 'given'
     AND (k.ends_at IS NULL OR k.ends_at > domain_now()) AND {ORG} = ANY(k.organization_ids)
     AND {table}.organization_id = ANY(k.organization_ids) {more})"""


def shared_in_circle(table: str, shared: str) -> str:
    client = f"{table}.client_id"
    own = f"organization_id = {ORG} OR {SELF.format(client=client)} OR {BROKEN.format(client=client)}"
    return f"({child(table)} AND ({own} OR {shared}))"


PRECAUTION = shared_in_circle(
    "clients_precaution",
    "entered_in_error_reason <> 'wrong_client' AND CASE WHEN is_sensitive THEN "
    + circle("clients_precaution", "AND 'sensitive' = ANY(k.categories)")
    + " ELSE "
    + circle("clients_precaution")
    + " END",
)
HOLD = shared_in_circle("clients_hold", circle("clients_hold"))

REGISTER = """
DECLARE org uuid := staff_organization();
BEGIN
  IF org IS NULL THEN RAISE insufficient_privilege; END IF;
  -- A home registration is made with the client, never for one that exists: that would be writing oneself in.
  IF EXISTS (SELECT FROM clients_client WHERE id = p_client) OR EXISTS (SELECT FROM clients_registration WHERE client_id = p_client)
  THEN RAISE insufficient_privilege; END IF;
  INSERT INTO clients_registration (id, client_id, organization_id, kind, created_at) VALUES (p_registration, p_client, org, 'home', domain_now());
  INSERT INTO clients_access (id, client_id, organization_id, why, extent, reason, from_at, ended_because)
  VALUES (p_access, p_client, org, 'home', 'shared_record', '', domain_now(), '');
END
"""

LINK = """
DECLARE org uuid := staff_organization();
BEGIN
  IF NOT EXISTS (SELECT FROM clients_registration WHERE client_id = p_own AND organization_id = org AND kind = 'home' AND ended_at IS NULL)
     OR EXISTS (SELECT FROM clients_registration WHERE client_id = p_client AND organization_id = org AND kind = 'home')
     OR NOT EXISTS (SELECT FROM clients_access WHERE client_id = p_client AND organization_id = org AND why IN ('referral', 'care_team')
                       AND from_at <= domain_now() AND (until IS NULL OR until > domain_now()))
  THEN RAISE insufficient_privilege; END IF;
  INSERT INTO clients_registration (id, client_id, organization_id, kind, own_client_id, created_at)
  VALUES (p_id, p_client, org, 'linked', p_own, domain_now());
END
"""

# The clinic that linked takes its own link back; the home clinic takes back any, without learning whether there was one.
UNLINK = """
DECLARE org uuid := staff_organization();
BEGIN
  IF org IS NULL OR NOT (p_organization = org OR EXISTS (SELECT FROM clients_registration h WHERE h.client_id = p_client
       AND h.organization_id = org AND h.kind = 'home' AND h.ended_at IS NULL))
  THEN RAISE insufficient_privilege; END IF;
  RETURN QUERY UPDATE clients_registration r SET ended_at = domain_now()
   WHERE r.client_id = p_client AND r.organization_id = p_organization AND r.kind = 'linked' AND r.ended_at IS NULL RETURNING r.id;
END
"""

# Ends what a consent opened, once it was withdrawn or has run out; called by an organization of the circle, or the client.
END_CONSENT = """
BEGIN
  IF NOT EXISTS (SELECT FROM clients_consent k WHERE k.id = p_consent
                    AND (staff_organization() = ANY(k.organization_ids) OR (app_kind() = 'client' AND k.client_id = app_client()))
                    AND (k.status <> 'given' OR k.ends_at <= domain_now()))
  THEN RAISE insufficient_privilege; END IF;
  RETURN QUERY UPDATE clients_access a SET until = least(a.until, domain_now()), ended_because = p_because
    WHERE a.consent_id = p_consent AND a.why NOT IN ('home', 'break_glass') AND a.ended_because = ''
    RETURNING a.id, a.organization_id, a.client_id, a.referral_id;
END
"""

# The client said yes again: what the consent keeps open until its old end stays open until the new one.
EXTEND_CONSENT = """
DECLARE k clients_consent;
BEGIN
  SELECT * INTO k FROM clients_consent WHERE id = p_consent;
  IF k.id IS NULL OR NOT (staff_organization() = ANY(k.organization_ids) OR (app_kind() = 'client' AND k.client_id = app_client()))
     OR k.status <> 'given' OR k.ends_at <= domain_now()
  THEN RAISE insufficient_privilege; END IF;
  UPDATE clients_access SET until = k.ends_at
   WHERE consent_id = p_consent AND why NOT IN ('home', 'break_glass') AND ended_because = ''
     AND until IS NOT DISTINCT FROM p_old_end AND (until IS NULL OR until > domain_now());
END
"""

BREAK_GLASS = """
DECLARE org uuid := staff_organization();
BEGIN
  IF app_kind() <> 'member' OR length(btrim(p_reason)) < 10 OR app_practitioner() IS NULL
     OR NOT EXISTS (SELECT FROM directory_organization WHERE id = org AND break_glass_enabled)
     OR NOT (EXISTS (SELECT FROM clients_registration WHERE client_id = p_client AND organization_id = org AND kind = 'home')
             OR EXISTS (SELECT FROM clients_consent WHERE client_id = p_client AND org = ANY(organization_ids) AND status <> 'refused'))
     OR EXISTS (SELECT FROM clients_consent WHERE client_id = p_client AND app_practitioner() = ANY(excluded_practitioner_ids))
  THEN RAISE insufficient_privilege; END IF;
  INSERT INTO clients_access (id, client_id, organization_id, why, extent, practitioner_id, reason, from_at, until, ended_because)
  VALUES (p_id, p_client, org, 'break_glass', 'shared_record', app_practitioner(), p_reason, domain_now(), domain_now() + interval '60 minutes', '');
END
"""

# Whom a notice about a client concerns: where they are registered. Ids of organizations only.
HOMES = """
BEGIN
  RETURN QUERY SELECT organization_id FROM clients_registration WHERE client_id = p_client AND kind = 'home' AND ended_at IS NULL;
END
"""

# Who is told of a change: homes and those whose access lives. Nothing for a caller who does not see the client.
AUDIENCE = """
BEGIN
  IF NOT ((app_kind() = 'client' AND p_client = app_client())
     OR EXISTS (SELECT FROM clients_registration WHERE client_id = p_client AND organization_id = staff_organization() AND kind = 'home' AND ended_at IS NULL)
     OR EXISTS (SELECT FROM clients_access WHERE client_id = p_client AND organization_id = staff_organization()
                   AND from_at <= domain_now() AND (until IS NULL OR until > domain_now())))
  THEN RETURN; END IF;
  RETURN QUERY SELECT a.organization_id FROM clients_access a WHERE a.client_id = p_client AND a.why <> 'break_glass'
    AND a.from_at <= domain_now() AND (a.until IS NULL OR a.until > domain_now()) AND (NOT p_whole_record OR a.extent = 'shared_record')
    GROUP BY a.organization_id;
END
"""

# Whether breaking the glass could open this client for the caller: a yes says only what the caller's own records say.
MAY_BREAK_GLASS = """
BEGIN
  RETURN EXISTS (SELECT FROM clients_registration WHERE client_id = p_client AND organization_id = staff_organization() AND kind = 'home')
      OR EXISTS (SELECT FROM clients_consent WHERE client_id = p_client AND staff_organization() = ANY(organization_ids) AND status <> 'refused');
END
"""

# Any consent of the client, also one of another circle, that says "not this person" of the caller.
EXCLUDED = """
BEGIN
  RETURN EXISTS (SELECT FROM clients_consent WHERE client_id = p_client AND app_practitioner() = ANY(excluded_practitioner_ids));
END
"""

# Where a colleague keeps something sensitive to themselves: whom to ask before treating which region, and nothing else.
WITHHELD = """
DECLARE org uuid := staff_organization();
BEGIN
  IF NOT EXISTS (SELECT FROM clients_access a WHERE a.client_id = p_client AND a.organization_id = org AND a.extent = 'shared_record'
                    AND a.from_at <= domain_now() AND (a.until IS NULL OR a.until > domain_now()))
  THEN RETURN; END IF;
  RETURN QUERY SELECT p.id, p.organization_id, p.regions FROM clients_precaution p
    WHERE p.client_id = p_client AND p.is_sensitive AND p.ended_at IS NULL AND p.entered_in_error_reason = '' AND p.organization_id <> org
      AND EXISTS (SELECT FROM clients_consent k WHERE k.client_id = p_client AND k.status = 'given' AND (k.ends_at IS NULL OR k.ends_at > domain_now())
                     AND ARRAY[org, p.organization_id] <@ k.organization_ids)
      AND NOT EXISTS (SELECT FROM clients_consent k WHERE k.client_id = p_client AND k.status = 'given' AND (k.ends_at IS NULL OR k.ends_at > domain_now())
                     AND 'sensitive' = ANY(k.categories) AND ARRAY[org, p.organization_id] <@ k.organization_ids);
END
"""


class Migration(migrations.Migration):
    dependencies = [("clients", "0002_initial"), ("audit", "0002_walls")]
    operations = [
        migrations.RunSQL(FUNCTIONS, reverse_sql=NO_FUNCTIONS),
        wall("clients_registration", using=f"organization_id = {ORG}", grants="SELECT"),
        wall(
            "clients_access",
            using=f"organization_id = {ORG} OR {HOME.format(client='clients_access.client_id')} OR {SELF.format(client='clients_access.client_id')}",
            grants="SELECT",
        ),
        # Only home changes what it registered; whoever else sees the client may lock the row, not write it.
        wall(
            "clients_client",
            using=sees("clients_client.id"),
            check=HOME.format(client="clients_client.id"),
            grants="SELECT, INSERT, UPDATE",
        ),
        wall(
            "clients_clientidentifier",
            using=f"organization_id = {ORG}",
            check=f"organization_id = {ORG} AND {writes('clients_clientidentifier.client_id')}",
        ),
        wall(
            "clients_representative",
            using=child("clients_representative"),
            check=f"(organization_id = {ORG} AND {writes('clients_representative.client_id')}) OR {HOME.format(client='clients_representative.client_id')}",
            grants="SELECT, INSERT, UPDATE",
        ),
        wall(
            "clients_consent",
            using=f"({ORG} = ANY(organization_ids) AND (status <> 'refused' OR organization_id = {ORG})) OR {SELF.format(client='client_id')}",
            check=f"({ORG} = ANY(organization_ids) AND {writes('clients_consent.client_id')}) OR {SELF.format(client='client_id')}",
            grants="SELECT, INSERT, UPDATE",
        ),
        wall(
            "clients_precaution",
            using=PRECAUTION,
            check=f"organization_id = {ORG} AND {writes('clients_precaution.client_id')}",
            grants="SELECT, INSERT, UPDATE",
        ),
        wall(
            "clients_hold",
            using=HOLD,
            check=f"({writes('clients_hold.client_id')} AND (organization_id = {ORG} OR cleared_at IS NOT NULL)) OR {SELF.format(client='clients_hold.client_id')}",
            grants="SELECT, INSERT, UPDATE",
        ),
        guarded_function("register_client(p_client uuid, p_registration uuid, p_access uuid)", REGISTER),
        guarded_function("link_client(p_id uuid, p_client uuid, p_own uuid)", LINK),
        guarded_function("unlink_client(p_client uuid, p_organization uuid)", UNLINK, returns="SETOF uuid"),
        guarded_function(
            "end_access_of_consent(p_consent uuid, p_because text)",
            END_CONSENT,
            returns="TABLE (id uuid, organization_id uuid, client_id uuid, referral_id uuid)",
        ),
        guarded_function("extend_access_of_consent(p_consent uuid, p_old_end timestamptz)", EXTEND_CONSENT),
        guarded_function("break_glass(p_id uuid, p_client uuid, p_reason text)", BREAK_GLASS),
        guarded_function("homes_of(p_client uuid)", HOMES, returns="SETOF uuid"),
        guarded_function("audience_of(p_client uuid, p_whole_record boolean)", AUDIENCE, returns="SETOF uuid"),
        guarded_function("may_break_glass(p_client uuid)", MAY_BREAK_GLASS, returns="boolean"),
        guarded_function("is_excluded(p_client uuid)", EXCLUDED, returns="boolean"),
        guarded_function(
            "withheld_precautions(p_client uuid)",
            WITHHELD,
            returns="TABLE (id uuid, organization_id uuid, regions jsonb)",
        ),
    ]
