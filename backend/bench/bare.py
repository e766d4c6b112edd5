"""The limit: a WSGI handler that does the same work for the same tables and nothing else.

Token, settings of the transaction, prepared statements under row security, access-log rows, one commit. No rules, no
validation, no workflow: what a person would write who only wanted to know how fast this can be. BENCH_DSN says as whom.
"""

import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

import psycopg2
import psycopg2.extras

from backend.lib.ids import uuid7

ENTER = """
PREPARE enter (text) AS
SELECT m.organization_id, m.id, u.first_name || ' ' || u.last_name, p.id,
       (SELECT r.id FROM directory_practitionerrole r WHERE r.practitioner_id = p.id AND r.organization_id = m.organization_id AND r.ended_at IS
         NULL LIMIT 1),
       set_config('app.kind', 'member', true), set_config('app.organization', m.organization_id::text, true),
       set_config('app.member', m.id::text, true), set_config('app.client', '', true), set_config('app.referral', '', true),
       set_config('app.link', '', true),
       set_config('app.now', (clock_timestamp() + coalesce((SELECT moved_by FROM audit_movedclock), interval '0'))::text, true)
  FROM directory_accesstoken t JOIN directory_application a ON a.id = t.application_id AND a.ended_at IS NULL
  JOIN directory_member m ON m.id = t.member_id AND m.ended_at IS NULL JOIN directory_user u ON u.id = t.user_id AND u.is_active
  LEFT JOIN directory_practitioner p ON p.user_id = u.id
 WHERE t.token_checksum = $1 AND t.expires > clock_timestamp()
"""
SUMMARY = """
  'id', r.id, 'version', r.version, 'state', r.state, 'due_at', r.due_at, 'is_overdue', r.due_at < domain_now(), 'kind', r.kind,
  'priority', r.priority, 'discipline', r.discipline, 'regions', r.regions, 'technique_ids', r.technique_ids, 'transfer', r.transfer,
  'created_at', r.created_at, 'updated_at', r.updated_at,
  'sender', json_build_object('organization', json_build_object('id', r.sender_organization_id, 'display', so.name),
    'practitioner_role', json_build_object('id', r.sender_role_id, 'display', sp.given_name || ' ' || sp.family_name)),
  'recipient', json_build_object('kind', r.recipient_kind, 'organization', json_build_object('id', r.recipient_organization_id, 'display', ro.name),
    'practitioner_role', json_build_object('id', r.recipient_role_id, 'display', rp.given_name || ' ' || rp.family_name), 'discipline',
      r.discipline),
  'unread_report_count', r.unread_reports,
  'client', json_build_object('id', r.client_id, 'display', k.client->>'display'), 'reason', k.reason, 'question', k.question"""
JOINS = """
  JOIN directory_organization so ON so.id = r.sender_organization_id
  LEFT JOIN directory_practitionerrole sr ON sr.id = r.sender_role_id LEFT JOIN directory_practitioner sp ON sp.id = sr.practitioner_id
  LEFT JOIN directory_organization ro ON ro.id = r.recipient_organization_id
  LEFT JOIN directory_practitionerrole rr ON rr.id = r.recipient_role_id LEFT JOIN directory_practitioner rp ON rp.id = rr.practitioner_id
  LEFT JOIN referrals_package k ON k.referral_id = r.id"""
LOOKS = """array_agg(r.id) FILTER (WHERE {of_another}), array_agg(r.client_id) FILTER (WHERE {of_another}),
  array_agg(r.sender_organization_id) FILTER (WHERE {of_another})""".format(
    of_another="k.reason IS NOT NULL AND r.sender_organization_id <> $1"
)
PREPARED = (
    ENTER,
    f"""
PREPARE inbox (uuid) AS
SELECT json_build_object('results', json_agg(json_build_object({SUMMARY}) ORDER BY r.due_at, r.id))::text, {LOOKS}
  FROM (SELECT * FROM referrals_referral WHERE mover_organization_id = $1 ORDER BY due_at, id LIMIT 50) r {JOINS}
""",  # noqa: S608 - built from constants
    f"""
PREPARE read (uuid, uuid) AS
SELECT json_agg(json_build_object({SUMMARY}, 'package', json_build_object('client', k.client, 'reason', k.reason, 'question', k.question,
    'red_flags', k.red_flags, 'precautions', k.precautions, 'findings', k.findings, 'scores', k.scores, 'tried', k.tried, 'goals', k.goals),
  'order', r.order_number, 'identifiers', json_build_array(r.sender_identifier, r.recipient_identifier),
  'tracking', json_build_array(r.sent_at, r.delivered_at, r.opened_at, r.accepted_at, r.first_seen_at, r.reminders, r.no_show_count),
  'visits', (SELECT json_agg(json_build_array(v.id, v.starts_at, v.ends_at,
    v.state)) FROM referrals_referralvisit x JOIN visits_visit v ON v.id = x.visit_id WHERE x.referral_id = r.id),
  'offered_times', (SELECT json_agg(json_build_array(x.id, x.starts_at,
    x.ends_at)) FROM referrals_offeredtime x WHERE x.referral_id = r.id AND x.is_open),
  'contact_attempts', (SELECT json_agg(json_build_array(x.channel, x.outcome, x.at)) FROM referrals_contactattempt x WHERE x.referral_id = r.id),
  'unread_reports', (SELECT json_agg(json_build_array(x.id, x.is_final,
    x.received_at)) FROM referrals_report x WHERE x.referral_id = r.id AND x.read_at IS NULL),
  'attachments', (SELECT json_agg(json_build_array(x.id, x.name, x.size,
    x.sha256)) FROM referrals_referralfile f JOIN attachments_attachment x ON x.id = f.attachment_id
    WHERE f.referral_id = r.id AND f.report_id IS NULL),
  'came_from', (SELECT x.id FROM referrals_referral x WHERE x.redirected_to_id = r.id OR x.converted_to_id = r.id LIMIT 1),
  'history', (SELECT json_agg(json_build_object('name', s.name, 'from', s.from_state, 'to', s.to_state, 'party', s.party, 'by', s.by, 'at',
    s.recorded_at) ORDER BY s.recorded_at, s.id)
                FROM referrals_step s WHERE s.referral_id = r.id))) -> 0 #>> '{{}}', {LOOKS}
  FROM referrals_referral r {JOINS} WHERE r.id = $2
""",  # noqa: S608 - built from constants
    """
PREPARE looks (uuid, uuid, text, text, uuid[], uuid[], uuid[], uuid[]) AS
INSERT INTO audit_accesslog (id, at, action, organization_id, owner_id, client_id, subject_type, subject_id, why, actor_kind, actor_display,
  member_id, request_id)
SELECT x.id, clock_timestamp(), 'read', $1, x.owner, x.client, 'referral', x.subject, 'referral', 'member', $3, $2, $4 FROM unnest($5, $6, $7,
  $8) x(id, subject, client, owner)
""",
    """
PREPARE gate (uuid, uuid, uuid, uuid) AS
SELECT json_build_object('id', c.id, 'display', c.given_name || ' ' || c.family_name, 'family_name', c.family_name, 'given_name', c.given_name,
         'birth_date', c.birth_date, 'gender', c.gender, 'phone', c.phone, 'email', c.email)::text, t.organization_id, t.discipline,
       (SELECT k.id FROM clients_consent k WHERE k.client_id = c.id AND k.status = 'given' AND (k.ends_at IS NULL OR k.ends_at > domain_now())
           AND ARRAY[$1, t.organization_id] <@ k.organization_ids ORDER BY given_at DESC LIMIT 1),
       (SELECT count(*) FROM clients_precaution p WHERE p.client_id = c.id AND p.ended_at IS NULL),
       (SELECT count(*) FROM referrals_referral o WHERE o.client_id = c.id AND o.sender_organization_id = $1 AND o.recipient_role_id = t.id AND
         o.closed_at IS NULL)
  FROM clients_client c, directory_practitionerrole t, directory_practitionerrole s
 WHERE c.id = $2 AND t.id = $3 AND s.id = $4 AND t.ended_at IS NULL AND s.ended_at IS NULL
   AND EXISTS (SELECT FROM directory_credential d WHERE d.practitioner_id = t.practitioner_id AND d.discipline = t.discipline AND d.status =
     'verified')
   AND EXISTS (SELECT FROM directory_credential d WHERE d.practitioner_id = s.practitioner_id AND d.discipline = s.discipline AND d.status =
     'verified')
""",
    """
PREPARE refer (uuid, uuid, uuid, uuid, uuid, uuid, text, text, text, jsonb) AS
INSERT INTO referrals_referral (id, version, state, kind, priority, transfer, client_id, sender_organization_id, sender_role_id, recipient_kind,
  recipient_organization_id, recipient_role_id, discipline, pool_near, regions, technique_ids, order_number, order_by, has_red_flag,
    state_entered_at,
  reminders, waitlist_count, no_show_count, return_count, unread_reports, closed_how, content_gone_because, created_at, updated_at)
VALUES ($1, 1, 'draft', $7, $8, false, $2, $3, $4, 'practitioner_role', $5, $6, $9, '', $10, '{}', '', '', false, domain_now(),
  0, 0, 0, 0, 0, '', '', domain_now(), domain_now())
""",
    """
PREPARE send (uuid, uuid) AS
UPDATE referrals_referral SET version = 2, state = 'sent', consent_id = $2, sent_at = domain_now(),
  due_at = domain_now() + interval '3 days' WHERE id = $1
""",
    """
PREPARE package (uuid, jsonb, text, text, jsonb, uuid, uuid, uuid, text) AS
WITH p AS (INSERT INTO referrals_package (referral_id, client, reason, question, red_flags, precautions, findings, scores, tried, goals,
  feedback_wanted, frozen_at)
           VALUES ($1, $2, $3, $4, $5, '[]', '', '[]', '', '', '', domain_now()))
INSERT INTO referrals_step (id, referral_id, name, from_state, to_state, party, organization_id, member_id, by, manner, reason, recorded_at)
VALUES ($6, $1, 'send', 'draft', 'sent', 'sender', $7, $8, $9, '', '', domain_now())
""",
    """
PREPARE tell (uuid[], uuid[], text[], uuid, uuid, uuid, text, uuid, uuid[], text[], uuid[]) AS
WITH e AS (
  INSERT INTO audit_event (id, change_id, epoch, xid, organization_id, type, subject_type, subject_id, subject_version, client_id, related,
    actor_kind,
    actor_member_id, request_id, always, occurred_at, recorded_at)
  SELECT x.id, $8, 0, 0, x.organization, x.type, 'referral', $4, 2, $5, '{}', 'member', $6, $7, false, domain_now(), domain_now() FROM unnest($1,
    $2, $3) x(id, organization, type))
INSERT INTO audit_work (id, kind, subject_id, organization_id, due_at, attempts, is_dead, created_at)
SELECT x.id, x.kind, x.subject, ($2)[1], domain_now() + interval '1 day', 0, false, clock_timestamp() FROM unnest($9, $10, $11) x(id, kind, subject)
ON CONFLICT (kind, subject_id) DO UPDATE SET due_at = excluded.due_at, attempts = 0
""",
    "PREPARE open_package (uuid, uuid) AS SELECT send_package($1, $2)",
    "PREPARE open_record (uuid, uuid) AS SELECT share_record($1, $2)",
    """
PREPARE take (uuid, uuid, uuid) AS
SELECT r.client_id, r.sender_organization_id, consent_holds(r.id),
       EXISTS (SELECT FROM directory_credential d JOIN directory_practitionerrole t ON t.practitioner_id = d.practitioner_id
                WHERE t.id = $3 AND d.discipline = r.discipline AND d.status = 'verified')
  FROM referrals_referral r WHERE r.id = $1 AND r.state = 'sent' AND r.recipient_organization_id = $2 FOR NO KEY UPDATE OF r
""",
    """
PREPARE accept (uuid, uuid) AS
WITH r AS (UPDATE referrals_referral SET state = 'accepted', version = version + 1, accepted_at = domain_now(), state_entered_at = domain_now(),
  reminders = 0,
             due_at = domain_now() + interval '14 days', recipient_role_id = $2, updated_at = domain_now() WHERE id = $1)
SELECT 1
""",
    """
PREPARE step (uuid, uuid, uuid, uuid, text) AS
INSERT INTO referrals_step (id, referral_id, name, from_state, to_state, party, organization_id, member_id, by, manner, reason, recorded_at)
VALUES ($1, $2, 'accept', 'sent', 'accepted', 'recipient', $3, $4, $5, '', '', domain_now())
""",
)
_of_thread = threading.local()
Start = Callable[[str, list[tuple[str, str]]], Any]


def application(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
    """The four operations; any other address is 404."""
    run, connection = _session()
    enter = run("enter", hashlib.sha256(environ["HTTP_AUTHORIZATION"][7:].encode()).hexdigest())
    path, method = environ["PATH_INFO"].removeprefix("/api/v1/referrals"), environ["REQUEST_METHOD"]
    status, body = "404 Not Found", None
    if enter and method == "GET":
        status, body = "200 OK", _inbox(run, enter) if not path else _read(run, enter, path[1:])
    elif enter:
        sent = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        if not path:
            status, body = "201 Created", _create(run, enter, sent)
        elif path.endswith("/transitions"):
            status, body = "200 OK", _accept(run, enter, path[1:37])
    if body is None:
        connection.rollback()
        start("404 Not Found", [("Content-Length", "0")])
        return [b""]
    connection.commit()
    start(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def _inbox(run: Any, enter: Any) -> bytes:
    body, *looks = run("inbox", enter[0])
    _log(run, enter, looks)
    return str(body).encode()


def _read(run: Any, enter: Any, referral_id: str) -> bytes | None:
    body, *looks = run("read", enter[0], referral_id)
    _log(run, enter, looks)
    return str(body).encode() if body else None


def _log(run: Any, enter: Any, looks: list[list[UUID] | None]) -> None:
    if looks[0]:
        run("looks", enter[0], enter[1], enter[2], str(uuid7()), [uuid7() for _ in looks[0]], *looks)


def _create(run: Any, enter: Any, sent: dict[str, Any]) -> bytes | None:
    organization, member, name, _, role, *_ = enter
    to = sent["to"]["practitioner_role_id"]
    client, recipient, discipline, consent, *_ = run("gate", organization, sent["client_id"], to, role)
    if consent is None:
        return None
    pk = uuid7()
    run(
        "refer", pk, sent["client_id"], organization, role, recipient, to, sent["kind"], sent["priority"], discipline,
        json.dumps(sent["regions"]),
    )  # fmt: skip
    run(
        "package", pk, client, sent["reason"], sent["question"], json.dumps(sent["red_flags"]), uuid7(), organization,
        member, name,
    )  # fmt: skip
    run("send", pk, consent)
    run("open_package", uuid7(), pk)
    told = ["referral.sent", "referral.sent"]
    _tell(run, enter, pk, sent["client_id"], [organization, recipient], told, wakes=2)
    return _read(run, enter, str(pk))


def _accept(run: Any, enter: Any, referral_id: str) -> bytes | None:
    organization, member, name, _, role, *_ = enter
    taken = run("take", referral_id, organization, role)
    if not taken or not all(taken):
        return None
    client, sender, *_ = taken
    run("accept", referral_id, role)
    run("open_record", uuid7(), referral_id)
    run("step", uuid7(), referral_id, organization, member, name)
    told = ["referral.accepted", "referral.accepted", "access.started"]
    _tell(run, enter, referral_id, client, [organization, sender, organization], told, wakes=2)
    return _read(run, enter, referral_id)


def _tell(
    run: Any, enter: Any, pk: Any, client: Any, organizations: list[Any], types: list[str], *, wakes: int
) -> None:
    """The events, each organization its copy, and the rows of work: what reacts, and the clock."""
    ids = [uuid7() for _ in types]
    kinds, subjects = ["react"] * wakes + ["referral.clock"], [*ids[:wakes], pk]
    run(
        "tell", ids, [UUID(str(o)) for o in organizations], types, pk, client, enter[1], str(uuid7()), uuid7(),
        [uuid7() for _ in kinds], kinds, [UUID(str(s)) for s in subjects],
    )  # fmt: skip


def _session() -> tuple[Any, Any]:
    """This thread's connection with its prepared statements; ``run(name, *values)`` gives the first row."""
    if not hasattr(_of_thread, "session"):
        connection = psycopg2.connect(os.environ["BENCH_DSN"])
        psycopg2.extras.register_uuid(conn_or_curs=connection)  # type: ignore[no-untyped-call]  # its stubs say nothing
        cursor = connection.cursor()
        cursor.execute("SET TimeZone = 'UTC'; SET plan_cache_mode = force_generic_plan")
        for statement in PREPARED:
            cursor.execute(statement)
        connection.commit()

        def run(name: str, *values: Any) -> Any:
            cursor.execute(f"EXECUTE {name} ({', '.join(['%s'] * len(values))})", values)
            return cursor.fetchone() if cursor.description else None

        _of_thread.session = run, connection
    session: tuple[Any, Any] = _of_thread.session
    return session
