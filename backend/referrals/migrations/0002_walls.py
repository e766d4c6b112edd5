"""The walls around referrals and visits; access that a referral opens and ends; what is signed or sent stays."""

from django.db import migrations

from backend.lib.walls import also, guarded_function, insert_only, wall

ORG = "(SELECT app_organization())"
STAFF = "(SELECT staff_organization())"
# Home, or a shared record that is open for writing: never by a package or a broken glass alone.
WRITES = f"""(EXISTS (SELECT FROM clients_registration h WHERE h.client_id = {{client}} AND h.organization_id = {STAFF} AND h.kind = 'home' AND h.ended_at IS NULL)
  OR EXISTS (SELECT FROM clients_access a WHERE a.client_id = {{client}} AND a.organization_id = {STAFF} AND a.extent = 'shared_record'
       AND a.why <> 'break_glass' AND a.from_at <= domain_now() AND (a.until IS NULL OR a.until > domain_now())))"""
GUEST = "((SELECT app_kind()) = 'guest' AND {referral} = (SELECT app_referral()))"
CLIENT = "((SELECT app_kind()) = 'client' AND {client} = (SELECT app_client()))"

POOL = f"""(recipient_kind = 'pool' AND recipient_organization_id IS NULL AND state = 'sent'
  AND EXISTS (SELECT FROM directory_practitionerrole p LEFT JOIN directory_location l ON l.id = p.location_id
               WHERE p.organization_id = {ORG} AND p.discipline = referrals_referral.discipline AND p.is_accepting AND p.ended_at IS NULL
                 AND (pool_near = '' OR upper(l.city) = upper(pool_near) OR upper(l.postal_code) = upper(pool_near))))"""

# A CASE, not an OR: the planner takes an OR of two columns for very selective and then reads whole inboxes to sort them.
ENVELOPE = f"""CASE WHEN sender_organization_id = {ORG} THEN true
  WHEN recipient_organization_id = {ORG} AND sent_at IS NOT NULL THEN true
  ELSE {POOL}
    OR {GUEST.format(referral="referrals_referral.id")}
    OR {CLIENT.format(client="referrals_referral.client_id")} END"""

# Asked by every table of content. The referral's own policy has answered already who sees the envelope.
CONTENT = f"""EXISTS (SELECT FROM referrals_referral r WHERE r.id = {{table}}.referral_id AND (
     r.sender_organization_id = {ORG}
  OR (r.recipient_organization_id = {ORG} AND r.sent_at IS NOT NULL AND r.content_gone_because = ''
      AND ((SELECT app_practitioner()) IS NULL OR NOT EXISTS (SELECT FROM clients_consent x
             WHERE x.client_id = r.client_id AND (SELECT app_practitioner()) = ANY(x.excluded_practitioner_ids)))
      AND (r.accepted_at IS NOT NULL OR r.client_id IS NULL
           OR EXISTS (SELECT FROM clients_access a WHERE a.referral_id = r.id AND a.organization_id = {ORG}
                         AND a.from_at <= domain_now() AND (a.until IS NULL OR a.until > domain_now()))))
  OR ({GUEST.format(referral="r.id")} AND r.sent_at IS NOT NULL AND r.content_gone_because = ''
      AND (r.accepted_at IS NOT NULL OR (r.state IN ('sent', 'needs_information') AND (r.client_id IS NULL OR consent_stands(r.id)))))
  OR {CLIENT.format(client="r.client_id")}))"""
SEEN = "EXISTS (SELECT FROM referrals_referral r WHERE r.id = {table}.referral_id)"
# Without the pool, whose members see a referral before one of them is a party.
PARTY = f"""EXISTS (SELECT FROM referrals_referral r WHERE r.id = {{table}}.referral_id AND (r.sender_organization_id = {ORG}
  OR r.recipient_organization_id = {ORG} OR {GUEST.format(referral="r.id")} OR {CLIENT.format(client="r.client_id")}))"""
OWN_NAME = f"organization_id IS NOT DISTINCT FROM {ORG}"


def content(table: str) -> str:
    return CONTENT.format(table=table)


def seen(table: str) -> str:
    return SEEN.format(table=table)


def party(table: str) -> str:
    return PARTY.format(table=table)


# Opens the package to the recipient of a referral that the caller sent, while a consent that covers it is in force.
SEND_PACKAGE = """
DECLARE r referrals_referral; k clients_consent;
BEGIN
  SELECT * INTO r FROM referrals_referral WHERE id = p_referral;
  SELECT * INTO k FROM clients_consent WHERE id = r.consent_id;
  IF r.state <> 'sent' OR r.sent_at IS NULL OR r.recipient_organization_id IS NULL OR r.client_id IS NULL
     OR NOT (r.sender_organization_id = app_organization() OR (app_kind() = 'client' AND r.client_id = app_client()))
     OR r.recipient_organization_id = r.sender_organization_id
  THEN RAISE insufficient_privilege; END IF;
  IF k.id IS NULL OR k.status <> 'given' OR k.client_id <> r.client_id
     OR NOT (ARRAY[r.sender_organization_id, r.recipient_organization_id] <@ k.organization_ids)
     OR (k.ends_at IS NOT NULL AND k.ends_at <= domain_now())
  THEN RAISE insufficient_privilege; END IF;
  INSERT INTO clients_access (id, client_id, organization_id, why, extent, referral_id, consent_id, reason, from_at, until, ended_because)
  VALUES (p_id, r.client_id, r.recipient_organization_id, 'referral', 'package', r.id, r.consent_id, '', domain_now(), k.ends_at, '');
END
"""

# Raises the recipient's access to the shared record: a sent referral whose recipient is the caller, accepted just now.
SHARE_RECORD = """
DECLARE r referrals_referral; k clients_consent; org uuid := app_organization();
BEGIN
  SELECT * INTO r FROM referrals_referral WHERE id = p_referral;
  -- The consent it was sent under, else another in force that covers both sides.
  SELECT c.* INTO k FROM clients_consent c
   WHERE c.client_id = r.client_id AND c.status = 'given' AND (c.ends_at IS NULL OR c.ends_at > domain_now())
     AND r.sender_organization_id = ANY(c.organization_ids) AND (org = ANY(c.organization_ids) OR (c.id = r.consent_id AND r.recipient_kind = 'pool'))
   ORDER BY (c.id = r.consent_id) DESC, c.ends_at DESC NULLS FIRST LIMIT 1;
  IF r.recipient_organization_id IS DISTINCT FROM org OR r.sent_at IS NULL OR r.accepted_at IS NULL OR r.client_id IS NULL
     OR r.state <> 'accepted' OR r.closed_at IS NOT NULL OR r.sender_organization_id = org
  THEN RAISE insufficient_privilege; END IF;
  IF k.id IS NULL
  THEN RAISE insufficient_privilege; END IF;
  UPDATE clients_access SET extent = 'shared_record'
   WHERE referral_id = r.id AND organization_id = org AND (until IS NULL OR until > domain_now());
  IF NOT FOUND THEN
    INSERT INTO clients_access (id, client_id, organization_id, why, extent, referral_id, consent_id, reason, from_at, until, ended_because)
    VALUES (p_id, r.client_id, org, 'referral', 'shared_record', r.id, k.id, '', domain_now(), k.ends_at, '');
  END IF;
END
"""

# A party of the referral (or the client) ends what the referral opened.
END_ACCESS = """
BEGIN
  IF NOT EXISTS (SELECT FROM referrals_referral r WHERE r.id = p_referral
                   AND (app_organization() IN (r.sender_organization_id, r.recipient_organization_id)
                        OR (app_kind() = 'client' AND r.client_id = app_client())
                        OR (app_kind() = 'guest' AND r.id = app_referral())))
  THEN RAISE insufficient_privilege; END IF;
  RETURN QUERY UPDATE clients_access a SET until = domain_now(), ended_because = p_because
    WHERE a.referral_id = p_referral AND a.why = 'referral' AND (a.until IS NULL OR a.until > domain_now())
    RETURNING a.id, a.organization_id;
END
"""

# A finished evaluate_and_treat or co_manage leaves the recipient on the care team while the consent lasts.
JOIN_CARE_TEAM = """
DECLARE r referrals_referral; k clients_consent;
BEGIN
  SELECT * INTO r FROM referrals_referral WHERE id = p_referral;
  SELECT * INTO k FROM clients_consent WHERE id = r.consent_id;
  IF r.recipient_organization_id IS DISTINCT FROM app_organization() OR r.accepted_at IS NULL OR r.state <> 'reported'
     OR r.kind NOT IN ('evaluate_and_treat', 'co_manage') OR r.recipient_organization_id IS NULL OR r.recipient_kind = 'guest'
     OR k.id IS NULL OR k.status <> 'given' OR (k.ends_at IS NOT NULL AND k.ends_at <= domain_now())
     OR k.client_id <> r.client_id OR NOT (ARRAY[r.sender_organization_id, r.recipient_organization_id] <@ k.organization_ids)
     OR EXISTS (SELECT FROM clients_access a WHERE a.referral_id = r.id AND a.why = 'care_team' AND a.ended_because = '')
  THEN RETURN; END IF;
  INSERT INTO clients_access (id, client_id, organization_id, why, extent, referral_id, consent_id, reason, from_at, until, ended_because)
  VALUES (p_id, r.client_id, r.recipient_organization_id, 'care_team', 'shared_record', r.id, r.consent_id, '', domain_now(), k.ends_at, '');
END
"""

# A pool's winner joins the circle of the consent that named the pool: the client said yes to whoever takes it.
JOIN_CIRCLE = """
DECLARE r referrals_referral; org uuid := app_organization();
BEGIN
  SELECT * INTO r FROM referrals_referral WHERE id = p_referral;
  IF r.recipient_kind <> 'pool' OR r.recipient_organization_id IS DISTINCT FROM org OR r.accepted_at IS NULL
     OR r.state <> 'accepted' OR r.sender_organization_id = org
  THEN RAISE insufficient_privilege; END IF;
  UPDATE clients_consent SET organization_ids = organization_ids || org, version = version + 1
   WHERE id = r.consent_id AND status = 'given' AND NOT (org = ANY(organization_ids))
     AND client_id = r.client_id AND r.sender_organization_id = ANY(organization_ids) AND (ends_at IS NULL OR ends_at > domain_now())
     AND EXISTS (SELECT FROM jsonb_array_elements(pools) p WHERE p ->> 'discipline' = r.discipline
                    AND lower(coalesce(p ->> 'near', '')) IN ('', lower(r.pool_near)));
END
"""

# Whether the consent behind a referral still holds; the row is locked, so that a withdrawal waits or has won.
CONSENT_HOLDS = """
DECLARE r referrals_referral; found uuid;
BEGIN
  SELECT * INTO r FROM referrals_referral WHERE id = p_referral;
  IF NOT (app_organization() IN (r.sender_organization_id, r.recipient_organization_id) OR r.recipient_kind = 'pool'
          OR (app_kind() = 'client' AND r.client_id = app_client()) OR (app_kind() = 'guest' AND r.id = app_referral()))
  THEN RAISE insufficient_privilege; END IF;
  SELECT k.id INTO found FROM clients_consent k
   WHERE k.client_id = r.client_id AND k.status = 'given' AND (k.ends_at IS NULL OR k.ends_at > domain_now())
     AND r.sender_organization_id = ANY(k.organization_ids)
     AND (r.recipient_organization_id = ANY(k.organization_ids) OR k.id = r.consent_id
          OR EXISTS (SELECT FROM referrals_guest g WHERE g.referral_id = r.id AND lower(g.email) = ANY(k.guests)))
   ORDER BY (k.id = r.consent_id) DESC LIMIT 1 FOR SHARE;
  RETURN found IS NOT NULL;
END
"""

# What whoever holds a live link may read before proving who they are: no name, nothing anybody wrote.
AT_THE_DOOR = """
BEGIN
  RETURN QUERY SELECT r.state::text, r.kind::text, r.priority::text, r.discipline::text, r.regions, r.due_at, r.sender_organization_id, r.sender_role_id,
      EXISTS (SELECT FROM referrals_guest g WHERE g.referral_id = r.id AND g.attested_at IS NOT NULL)
    FROM links_link l JOIN referrals_referral r ON r.id = l.referral_id
   WHERE app_kind() IN ('link', 'guest', 'client') AND l.id = app_link() AND l.revoked_at IS NULL
     AND (l.expires_at IS NULL OR l.expires_at > domain_now()) AND r.content_gone_because = '';
END
"""

# A guest who has an account now takes over the referrals that were sent to the same address, with a role of their own.
# The circle stays as it is: the package opens to the clinic they work in, never the shared record.
CLAIM = """
DECLARE mine directory_practitionerrole; address text; r referrals_referral; k clients_consent;
BEGIN
  SELECT lower(u.email) INTO address FROM directory_member m JOIN directory_user u ON u.id = m.user_id
   WHERE m.id = nullif(current_setting('app.member', true), '')::uuid AND m.organization_id = staff_organization() AND m.ended_at IS NULL;
  SELECT p.* INTO mine FROM directory_practitionerrole p
   WHERE p.id = p_role AND p.practitioner_id = app_practitioner() AND p.organization_id = staff_organization() AND p.ended_at IS NULL;
  IF app_kind() <> 'member' OR address IS NULL OR mine.id IS NULL THEN RAISE insufficient_privilege; END IF;
  FOR r IN SELECT f.* FROM referrals_referral f JOIN referrals_guest g ON g.referral_id = f.id
            WHERE f.recipient_kind = 'guest' AND f.recipient_organization_id IS NULL AND f.sent_at IS NOT NULL AND f.content_gone_because = ''
              AND f.discipline = mine.discipline AND f.sender_organization_id <> mine.organization_id AND lower(g.email) = address
              FOR UPDATE OF f
  LOOP
    UPDATE referrals_referral SET recipient_organization_id = mine.organization_id, recipient_role_id = mine.id, version = version + 1,
           updated_at = domain_now() WHERE id = r.id;
    SELECT * INTO k FROM clients_consent c WHERE c.id = r.consent_id AND c.status = 'given' AND (c.ends_at IS NULL OR c.ends_at > domain_now());
    IF k.id IS NOT NULL AND r.client_id IS NOT NULL AND r.closed_at IS NULL THEN
      INSERT INTO clients_access (id, client_id, organization_id, why, extent, referral_id, consent_id, reason, from_at, until, ended_because)
      VALUES (gen_random_uuid(), r.client_id, mine.organization_id, 'referral', 'package', r.id, k.id, '', domain_now(), k.ends_at, '');
    END IF;
    RETURN NEXT r.id;
  END LOOP;
END
"""

# Only a visit of this client at the recipient belongs to a referral: tying one to it shows it to the other side.
VISIT_FITS = """
BEGIN
  RETURN EXISTS (SELECT FROM visits_visit v JOIN referrals_referral r ON r.id = p_referral
    WHERE v.id = p_visit AND v.client_id = r.client_id
      AND (v.organization_id IS NOT DISTINCT FROM r.recipient_organization_id OR (v.organization_id IS NULL AND r.recipient_kind = 'guest'))
      AND (app_organization() IN (r.sender_organization_id, r.recipient_organization_id)
           OR (app_kind() = 'client' AND r.client_id = app_client()) OR (app_kind() = 'guest' AND r.id = app_referral())));
END
"""

# For a guest, who reads no consent: whether the one behind this referral stands.
CONSENT_STANDS = """
BEGIN
  RETURN EXISTS (SELECT FROM referrals_referral r JOIN clients_consent k ON k.client_id = r.client_id
                   JOIN referrals_guest g ON g.referral_id = r.id
    WHERE r.id = p_referral AND r.id = app_referral() AND k.status = 'given' AND (k.ends_at IS NULL OR k.ends_at > domain_now())
      AND r.sender_organization_id = ANY(k.organization_ids) AND lower(g.email) = ANY(k.guests));
END
"""

# A pool's winner that gave the referral back leaves the circle it joined by taking it.
LEAVE_CIRCLE = """
BEGIN
  UPDATE clients_consent k SET organization_ids = array_remove(k.organization_ids, app_organization()), version = k.version + 1
    FROM referrals_referral r
   WHERE r.id = p_referral AND r.recipient_kind = 'pool' AND r.recipient_organization_id = app_organization()
     AND k.id = r.consent_id AND k.organization_id <> app_organization();
END
"""

FROZEN = """
CREATE FUNCTION refuse_sent_package_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.frozen_at IS NOT NULL THEN
    RAISE EXCEPTION 'a package that was sent is not changed' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER referrals_package_frozen BEFORE UPDATE OR DELETE ON referrals_package FOR EACH ROW EXECUTE FUNCTION refuse_sent_package_change();
CREATE FUNCTION refuse_signed_report_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE'
     OR (to_jsonb(OLD) - '{read_at,read_by,plan_change,read_due_at}'::text[]) <> (to_jsonb(NEW) - '{read_at,read_by,plan_change,read_due_at}'::text[])
     OR (OLD.read_at IS NOT NULL AND NEW.read_at IS DISTINCT FROM OLD.read_at) THEN
    RAISE EXCEPTION 'a signed report is not changed' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER referrals_report_signed BEFORE UPDATE OR DELETE ON referrals_report FOR EACH ROW EXECUTE FUNCTION refuse_signed_report_change();
CREATE FUNCTION refuse_attached_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR OLD.referral_id IS NOT NULL OR OLD.content <> NEW.content OR OLD.sha256 <> NEW.sha256 THEN
    RAISE EXCEPTION 'an attachment is not changed' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER referrals_attachment_fixed BEFORE UPDATE OR DELETE ON referrals_attachment FOR EACH ROW EXECUTE FUNCTION refuse_attached_change();
"""
# Who sent what to whom about whom is never changed, and a yes is needed again where content opens for good.
KEPT = f"""
CREATE FUNCTION keep_referral() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE org uuid := app_organization(); sends boolean;
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF OLD.state <> 'draft' OR OLD.sent_at IS NOT NULL OR OLD.sender_organization_id IS DISTINCT FROM org THEN
      RAISE EXCEPTION 'only a draft is discarded, by its sender' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
  END IF;
  IF TG_OP = 'INSERT' THEN
    IF NEW.sender_organization_id IS DISTINCT FROM staff_organization() OR NEW.state <> 'draft' OR NEW.sent_at IS NOT NULL
       OR NEW.accepted_at IS NOT NULL OR NEW.consent_id IS NOT NULL OR (NEW.client_id IS NOT NULL AND NOT ({WRITES.format(client="NEW.client_id")})) THEN
      RAISE EXCEPTION 'a referral begins as a draft, about a client its sender may write about' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
  END IF;
  sends := OLD.sender_organization_id = org OR app_kind() = 'client';
  IF (OLD.id, OLD.sender_organization_id, OLD.created_at) IS DISTINCT FROM (NEW.id, NEW.sender_organization_id, NEW.created_at)
     OR OLD.client_id IS DISTINCT FROM NEW.client_id
     OR (OLD.sent_at IS NOT NULL AND (OLD.sent_at, OLD.consent_id, OLD.kind, OLD.priority, OLD.discipline, OLD.recipient_kind, OLD.pool_near, OLD.regions,
           OLD.technique_ids) IS DISTINCT FROM (NEW.sent_at, NEW.consent_id, NEW.kind, NEW.priority, NEW.discipline, NEW.recipient_kind, NEW.pool_near,
           NEW.regions, NEW.technique_ids))
     OR (OLD.closed_at IS NOT NULL AND (OLD.state, OLD.closed_at) IS DISTINCT FROM (NEW.state, NEW.closed_at))
     OR (OLD.content_gone_because <> '' AND OLD.content_gone_because <> NEW.content_gone_because)
     OR (sends IS NOT TRUE AND (OLD.sent_at, OLD.consent_id, OLD.content_gone_because, OLD.sender_role_id, OLD.sender_identifier, OLD.redirected_to_id,
           OLD.converted_to_id) IS DISTINCT FROM (NEW.sent_at, NEW.consent_id, NEW.content_gone_because, NEW.sender_role_id, NEW.sender_identifier,
           NEW.redirected_to_id, NEW.converted_to_id)) THEN
    RAISE EXCEPTION 'what was sent, by whom and about whom is not changed' USING ERRCODE = 'restrict_violation';
  END IF;
  IF OLD.recipient_organization_id IS DISTINCT FROM NEW.recipient_organization_id AND OLD.sent_at IS NOT NULL AND NOT (
       OLD.recipient_kind = 'pool' AND ((OLD.recipient_organization_id IS NULL AND NEW.recipient_organization_id = org AND NEW.accepted_at IS NOT NULL
                                         AND org <> OLD.sender_organization_id)
                                        OR (OLD.recipient_organization_id = org AND NEW.recipient_organization_id IS NULL AND NEW.accepted_at IS NULL))) THEN
    RAISE EXCEPTION 'a pool''s member takes a referral or gives it back; nobody else moves one' USING ERRCODE = 'restrict_violation';
  END IF;
  IF OLD.consent_id IS DISTINCT FROM NEW.consent_id AND NEW.consent_id IS NOT NULL
     AND NOT EXISTS (SELECT FROM clients_consent k WHERE k.id = NEW.consent_id AND k.client_id = NEW.client_id) THEN
    RAISE EXCEPTION 'this is not a consent of this client' USING ERRCODE = 'restrict_violation';
  END IF;
  IF OLD.accepted_at IS DISTINCT FROM NEW.accepted_at THEN
    IF OLD.accepted_at IS NOT NULL AND NOT (NEW.accepted_at IS NULL AND OLD.recipient_kind = 'pool' AND NEW.recipient_organization_id IS NULL)
       OR OLD.accepted_at IS NULL AND NEW.sent_at IS NULL
       OR OLD.accepted_at IS NULL AND NEW.client_id IS NOT NULL AND NEW.recipient_organization_id IS DISTINCT FROM NEW.sender_organization_id
          AND NOT consent_holds(NEW.id) THEN
      RAISE EXCEPTION 'only what the client still allows is accepted, once' USING ERRCODE = 'restrict_violation';
    END IF;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER referrals_referral_kept BEFORE INSERT OR UPDATE OR DELETE ON referrals_referral FOR EACH ROW
  WHEN (current_user = 'trialogue_app') EXECUTE FUNCTION keep_referral();
CREATE FUNCTION keep_guest() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (to_jsonb(OLD) - 'bounced_at') <> (to_jsonb(NEW) - 'bounced_at') AND (app_kind() <> 'guest' OR OLD.attested_at IS NOT NULL
       OR (OLD.referral_id, OLD.name, OLD.discipline, OLD.email) IS DISTINCT FROM (NEW.referral_id, NEW.name, NEW.discipline, NEW.email)) THEN
    RAISE EXCEPTION 'whom the sender asked stays; a guest says once who they are' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER referrals_guest_kept BEFORE UPDATE ON referrals_guest FOR EACH ROW EXECUTE FUNCTION keep_guest();
CREATE TRIGGER visits_visit_kept BEFORE UPDATE ON visits_visit FOR EACH ROW
  WHEN (current_user = 'trialogue_app' AND OLD.organization_id IS DISTINCT FROM app_organization())
  EXECUTE FUNCTION refuse_other_columns('version', 'state', 'cancelled_by', 'updated_at');
"""
NOT_KEPT = """
DROP TRIGGER referrals_referral_kept ON referrals_referral; DROP FUNCTION keep_referral();
DROP TRIGGER referrals_guest_kept ON referrals_guest; DROP FUNCTION keep_guest(); DROP TRIGGER visits_visit_kept ON visits_visit;
"""
UNFROZEN = """
DROP TRIGGER referrals_package_frozen ON referrals_package; DROP FUNCTION refuse_sent_package_change();
DROP TRIGGER referrals_report_signed ON referrals_report; DROP FUNCTION refuse_signed_report_change();
DROP TRIGGER referrals_attachment_fixed ON referrals_attachment; DROP FUNCTION refuse_attached_change();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("referrals", "0001_initial"),
        ("clients", "0003_walls"),
        ("visits", "0001_initial"),
        ("links", "0002_walls"),
    ]
    operations = [
        guarded_function("consent_stands(p_referral uuid)", CONSENT_STANDS, returns="boolean"),
        wall("referrals_press", using=f"organization_id = {ORG}"),
        wall("referrals_poolpass", using=f"organization_id = {ORG}"),
        # A pool that one let pass is hidden by the queryset; the wall keeps it inside the pool, without a word of content.
        wall("referrals_referral", using=ENVELOPE, grants="SELECT, INSERT, UPDATE, DELETE"),
        wall("referrals_package", using=content("referrals_package")),
        wall("referrals_guest", using=seen("referrals_guest")),
        *insert_only(
            "referrals_step",
            using=f"{party('referrals_step')} OR organization_id = {ORG}",
            check=f"{seen('referrals_step')} AND {OWN_NAME}",
        ),
        *insert_only(
            "referrals_message",
            using=f"{content('referrals_message')} OR organization_id = {ORG}",
            check=f"{party('referrals_message')} AND {OWN_NAME}",
        ),
        wall(
            "referrals_report",
            using=f"{content('referrals_report')} OR organization_id = {ORG}",
            check=content("referrals_report"),
            grants="SELECT, INSERT, UPDATE",
        ),
        wall("referrals_offeredtime", using=content("referrals_offeredtime"), grants="SELECT, INSERT, UPDATE"),
        *insert_only(
            "referrals_contactattempt",
            using=content("referrals_contactattempt"),
            check=content("referrals_contactattempt"),
        ),
        guarded_function("visit_fits(p_visit uuid, p_referral uuid)", VISIT_FITS, returns="boolean"),
        wall(
            "referrals_referralvisit",
            using=party("referrals_referralvisit"),
            check=f"{party('referrals_referralvisit')} AND visit_fits(visit_id, referral_id)",
            grants="SELECT, INSERT, UPDATE",
        ),
        wall(
            "referrals_attachment",
            using=f"(referral_id IS NOT NULL AND {content('referrals_attachment')}) OR organization_id = {ORG} OR (link_id IS NOT NULL AND link_id = (SELECT app_link()))",
            check=f"(referral_id IS NULL OR {content('referrals_attachment')}) AND {OWN_NAME}",
            grants="SELECT, INSERT, UPDATE",
        ),
        also(
            "referrals_report",
            "referrals_report_written",
            "INSERT",
            f"""EXISTS (SELECT FROM referrals_referral r WHERE r.id = referrals_report.referral_id AND CASE signature_kind
                  WHEN 'guest' THEN organization_id IS NULL AND {GUEST.format(referral="r.id")}
                  WHEN 'recorded_by_sender' THEN organization_id IS NULL AND r.sender_organization_id = {ORG} AND r.recipient_kind = 'guest'
                  ELSE organization_id = {ORG} AND r.recipient_organization_id = {ORG} END)""",
        ),
        *(
            also(
                "referrals_guest",
                f"referrals_guest_{command.lower()}",
                command,
                f"""EXISTS (SELECT FROM referrals_referral r WHERE r.id = referrals_guest.referral_id
                      AND r.sender_organization_id = {ORG} AND r.sent_at IS NULL)""",
            )
            for command in ("INSERT", "DELETE")
        ),
        # A link lets in whoever reads its mail: only a clinic that may write about the client, or sent the referral, makes one.
        also(
            "links_link",
            "links_link_made",
            "INSERT",
            f"""organization_id = {STAFF} AND (client_id IS NULL OR {WRITES.format(client="links_link.client_id")})
                AND (referral_id IS NULL OR EXISTS (SELECT FROM referrals_referral r WHERE r.id = links_link.referral_id AND r.sender_organization_id = {STAFF}))""",
        ),
        wall(
            "visits_visit",
            using=f"organization_id = {ORG} OR EXISTS (SELECT FROM referrals_referralvisit v WHERE v.visit_id = visits_visit.id)"
            f" OR {CLIENT.format(client='visits_visit.client_id')}",
            # A guest's visit belongs to no organization: it is booked by the guest, or written down by the sender.
            check=f"organization_id = {ORG} OR EXISTS (SELECT FROM referrals_referralvisit v WHERE v.visit_id = visits_visit.id)"
            f" OR {CLIENT.format(client='visits_visit.client_id')} OR (organization_id IS NULL AND EXISTS (SELECT FROM referrals_referral r"
            " WHERE r.client_id = visits_visit.client_id AND r.recipient_kind = 'guest'))",
            grants="SELECT, INSERT, UPDATE",
        ),
        migrations.RunSQL(FROZEN, reverse_sql=UNFROZEN),
        migrations.RunSQL(KEPT, reverse_sql=NOT_KEPT),
        guarded_function("send_package(p_id uuid, p_referral uuid)", SEND_PACKAGE),
        guarded_function("share_record(p_id uuid, p_referral uuid)", SHARE_RECORD),
        guarded_function(
            "end_access_of_referral(p_referral uuid, p_because text)", END_ACCESS, returns="TABLE (id uuid, organization_id uuid)"
        ),
        guarded_function("join_care_team(p_id uuid, p_referral uuid)", JOIN_CARE_TEAM),
        guarded_function("consent_holds(p_referral uuid)", CONSENT_HOLDS, returns="boolean"),
        guarded_function("leave_circle(p_referral uuid)", LEAVE_CIRCLE),
        guarded_function("join_circle(p_referral uuid)", JOIN_CIRCLE),
        guarded_function(
            "referral_at_the_door()",
            AT_THE_DOOR,
            returns="TABLE (state text, kind text, priority text, discipline text, regions jsonb, due_at timestamptz,"
            " sender_organization_id uuid, sender_role_id uuid, is_attested boolean)",
        ),
        guarded_function("claim_guest_referrals(p_role uuid)", CLAIM, returns="SETOF uuid"),
    ]
