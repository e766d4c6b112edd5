"""Fills a fresh database with clinics, clients and referrals: the directory by the ORM, everything else by sets.

Run as ``python -m backend.bench.data ROWS`` with DATABASE_URL of a superuser, who may leave the triggers out.
"""

import hashlib
import os
import sys
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

CLINICS, PRACTITIONERS = 60, 4
DISCIPLINES = ("massage_therapy", "physical_therapy", "chiropractic")
SCOPES = "clients:read clients:write referrals:read referrals:write"
# Each client's consent covers its home and these neighbours; referrals go to one of them.
PARTNERS = (1, 2, 3, 7)
CLIENTS_PER_REFERRAL = 4
YEARS = 2
# The newest quarter is under way, the rest is finished: (state, share of the newest quarter in percent).
OPEN_STATES = (
    ("sent", 20),
    ("accepted", 15),
    ("booked", 15),
    ("in_care", 30),
    ("reported", 10),
    ("needs_information", 4),
    ("declined", 4),
    ("draft", 2),
)


def token_of(clinic: int, person: int) -> str:
    """The bearer token of a clinic's practitioner."""
    return f"bench-token-of-clinic-{clinic}-person-{person}"


def fill(rows: int) -> None:
    from django.db import connection

    fill_directory()
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # no triggers, no checks of foreign keys: all is right
        cursor.execute("SET synchronous_commit = off; SET statement_timeout = 0; SET work_mem = '256MB'")
        for statement in statements(rows):
            cursor.execute(statement)
        cursor.execute("VACUUM (FREEZE, ANALYZE)")


def fill_directory() -> None:
    """Clinics with their people, in one bulk insert for each table."""
    from backend.directory.models import (
        AccessToken,
        Application,
        Credential,
        Location,
        Member,
        OpeningTime,
        Organization,
        Practitioner,
        PractitionerRole,
        User,
    )

    tool = Application.objects.create(name="bench", client_type="public", authorization_grant_type="password")
    clinics = Organization.objects.bulk_create(
        Organization(name=f"Clinic {n}", time_zone="America/Denver") for n in range(CLINICS)
    )
    OpeningTime.objects.bulk_create(
        OpeningTime(organization=clinic, weekday=day, opens=time(8), closes=time(18))
        for clinic in clinics
        for day in range(5)
    )
    places = Location.objects.bulk_create(
        Location(organization=clinic, name="Main", city="Denver", postal_code="80202") for clinic in clinics
    )
    people = [(c, p) for c in range(CLINICS) for p in range(PRACTITIONERS)]
    users = User.objects.bulk_create(
        User(email=f"p{p}-of-{c}@example.org", first_name="Kim", last_name=f"Person{c}-{p}", password="!")  # noqa: S106 - nobody signs in
        for c, p in people
    )
    members = Member.objects.bulk_create(
        Member(user=user, organization=clinics[c], rights=["practitioner"])
        for (c, _), user in zip(people, users, strict=True)
    )
    practitioners = Practitioner.objects.bulk_create(
        Practitioner(organization=clinics[c], given_name="Kim", family_name=f"Person{c}-{p}", user=user)
        for (c, p), user in zip(people, users, strict=True)
    )
    Credential.objects.bulk_create(
        Credential(
            practitioner=practitioner,
            organization=clinics[c],
            kind="license",
            discipline=DISCIPLINES[c % len(DISCIPLINES)],
            name="License",
            number=f"L-{c}-{p}",
            status="verified",
            expires_on=date(2099, 12, 31),
        )
        for (c, p), practitioner in zip(people, practitioners, strict=True)
    )
    PractitionerRole.objects.bulk_create(
        PractitionerRole(
            practitioner=practitioner,
            organization=clinics[c],
            location=places[c],
            discipline=DISCIPLINES[c % len(DISCIPLINES)],
        )
        for (c, _), practitioner in zip(people, practitioners, strict=True)
    )
    AccessToken.objects.bulk_create(
        AccessToken(
            user=member.user,
            member=member,
            application=tool,
            token="",
            token_checksum=hashlib.sha256(token_of(c, p).encode()).hexdigest(),
            scope=SCOPES,
            expires=datetime.now(UTC) + timedelta(days=30),
        )
        for (c, p), member in zip(people, members, strict=True)
    )


def facts(rows: int, clients: int) -> str:
    """Temporary tables with one row per clinic, person, client and referral, from which all else is made."""
    return f"""CREATE TEMP TABLE clinic AS SELECT (row_number() OVER (ORDER BY id) - 1)::int AS n, id FROM directory_organization;
CREATE TEMP TABLE person AS
  SELECT c.n AS clinic, (row_number() OVER (PARTITION BY c.n ORDER BY r.id) - 1)::int AS n, c.id AS organization_id, r.id AS role_id, r.discipline
    FROM clinic c JOIN directory_practitionerrole r ON r.organization_id = c.id;
-- An id that tells its kind and number, and sorts by the moment, as a version 7 does.
CREATE FUNCTION pg_temp.made_id(kind int, n bigint, at timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
  SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(kind), 3, '0') || '8' || lpad(to_hex(n), 15,
    '0'))::uuid $$;
CREATE FUNCTION pg_temp.home_of(client bigint) RETURNS int LANGUAGE sql IMMUTABLE
  AS $$ SELECT CASE WHEN client % 10 = 0 THEN 0 ELSE (client % {CLINICS})::int END $$;
CREATE TEMP TABLE client AS
  SELECT k.n, pg_temp.made_id(1, k.n, now() - interval '{YEARS + 1} years') AS id, h.n AS home,
         pg_temp.made_id(2, k.n, now() - interval '{YEARS + 1} years') AS consent_id, h.id AS organization_id
    FROM generate_series(0::bigint, {clients} - 1) k(n) JOIN clinic h ON h.n = pg_temp.home_of(k.n);
CREATE TEMP TABLE fact AS
  SELECT r.n, pg_temp.made_id(3, r.n, r.at) AS id, r.at, r.client, c.id AS client_id, c.consent_id, r.state,
         s.organization_id AS sender_id, s.role_id AS sender_role, t.organization_id AS recipient_id, t.role_id AS recipient_role, t.discipline,
         r.state NOT IN ('draft') AS is_sent, r.state NOT IN ('draft', 'sent', 'needs_information', 'declined') AS is_accepted,
         r.state = 'closed' AS is_closed
    FROM (SELECT n, n % {clients} AS client, now() - (interval '{YEARS} years' * (1 - n / {rows}::float)) AS at,
                 CASE WHEN n < {rows} * 3 / 4 THEN 'closed' ELSE {_state_by_share()} END AS state
            FROM generate_series(0::bigint, {rows} - 1) k(n)) r
    JOIN client c ON c.n = r.client
    JOIN person s ON s.clinic = c.home AND s.n = r.n % {PRACTITIONERS}
    JOIN person t ON t.clinic = (c.home + (ARRAY[{", ".join(map(str, PARTNERS))}])[1 + (r.n / 7) % {len(PARTNERS)}]) % {
        CLINICS
    } AND t.n = (r.n / 3) % {PRACTITIONERS};
ALTER TABLE fact ADD due_at timestamptz, ADD sent_at timestamptz, ADD accepted_at timestamptz, ADD closed_at timestamptz;
UPDATE fact SET sent_at = CASE WHEN is_sent THEN at + interval '1 minute' END, accepted_at = CASE WHEN is_accepted THEN at + interval '1 day' END,
  closed_at = CASE WHEN is_closed THEN at + interval '30 days' END,
  due_at = CASE WHEN NOT is_closed AND is_sent THEN now() + interval '1 minute' * (n * 7919 % 28800 - 7200) END;
ANALYZE fact; ANALYZE client;
"""  # noqa: S608 - built from constants


# What the measurement asks: which token belongs to which role.
PEOPLE = """
CREATE TABLE bench_person AS
  SELECT substring(u.email from 'of-(\\d+)@')::int AS clinic, substring(u.email from '^p(\\d+)-')::int AS person, r.id AS role_id
    FROM directory_practitionerrole r JOIN directory_practitioner p ON p.id = r.practitioner_id JOIN directory_user u ON u.id = p.user_id
"""


def statements(rows: int) -> list[Any]:
    """Everything about clients, for so many referrals."""
    from backend.audit.models import Event, Work
    from backend.clients.models import Access, Client, Consent, Registration
    from backend.referrals.models import Package, Referral, Report, Step

    clients = max(rows // CLIENTS_PER_REFERRAL, CLINICS)
    circle = ", ".join(
        f"(SELECT id FROM clinic WHERE clinic.n = (client.home + {k}) % {CLINICS})"  # noqa: S608 - built from constants
        for k in (0, *PARTNERS)
    )
    long_ago = f"now() - interval '{YEARS + 1} years'"
    package_client = (
        "jsonb_build_object('id', client_id, 'display', 'Ada Client' || client, 'family_name', 'Client' || client,"
        " 'given_name', 'Ada', 'birth_date', '1980-02-03', 'gender', 'female', 'email', '', 'phone', '', 'address', '',"
        " 'city', 'Denver', 'postal_code', '80202', 'country', 'US', 'language', 'en')"
    )
    regions = """'[{"region": "cervical", "side": "left"}]'"""
    return [
        PEOPLE,
        facts(rows, clients),
        insert(
            Client,
            "client",
            id="id",
            family_name="'Client' || n",
            given_name="'Ada'",
            birth_date="'1980-02-03'",
            created_at=long_ago,
        ),
        insert(
            Registration,
            "client",
            id="pg_temp.made_id(4, n, now())",
            client_id="id",
            organization_id="organization_id",
            kind="'home'",
        ),
        insert(
            Access,
            "client",
            id="pg_temp.made_id(5, n, now())",
            client_id="id",
            organization_id="organization_id",
            why="'home'",
            extent="'shared_record'",
            from_at=long_ago,
        ),
        insert(
            Consent,
            "client",
            id="consent_id",
            client_id="id",
            organization_id="organization_id",
            organization_ids=f"ARRAY[{circle}]",
            categories="'{plan,notes,outcomes}'",
            method="'in_person'",
            given_at=long_ago,
        ),
        insert(
            Referral,
            "fact ORDER BY n",
            id="id",
            version="CASE WHEN is_accepted THEN 3 ELSE 2 END",
            state="state",
            kind="'evaluate_and_treat'",
            client_id="client_id",
            consent_id="consent_id",
            sender_organization_id="sender_id",
            sender_role_id="sender_role",
            recipient_kind="'practitioner_role'",
            recipient_organization_id="recipient_id",
            recipient_role_id="recipient_role",
            discipline="discipline",
            regions=regions,
            due_at="due_at",
            state_entered_at="at",
            sent_at="sent_at",
            delivered_at="sent_at",
            opened_at="sent_at",
            accepted_at="accepted_at",
            first_seen_at="CASE WHEN state IN ('in_care', 'reported', 'closed') THEN accepted_at END",
            closed_at="closed_at",
            created_at="at",
            updated_at="at",
        ),
        insert(
            Package,
            "fact ORDER BY n",
            referral_id="id",
            client=package_client,
            reason="'Guarding limits exercise after the second week of loading.'",
            question="'Can soft-tissue work restore rotation before loading goes on?'",
            red_flags="""'{"asked": true, "positive": []}'""",
            findings="repeat('Trigger points left levator scapulae. ', 6)",
            frozen_at="sent_at",
        ),
        insert(
            Access,
            "fact WHERE is_sent ORDER BY n",
            id="pg_temp.made_id(6, n, at)",
            client_id="client_id",
            organization_id="recipient_id",
            why="'referral'",
            extent="CASE WHEN is_accepted THEN 'shared_record' ELSE 'package' END",
            referral_id="id",
            consent_id="consent_id",
            from_at="sent_at",
            until="closed_at",
            ended_because="CASE WHEN is_closed THEN 'acknowledge' ELSE '' END",
        ),
        *(
            insert(
                Step,
                f"fact WHERE {condition} ORDER BY n",
                id=f"pg_temp.made_id({kind}, n, {at})",
                referral_id="id",
                name=f"'{name}'",
                from_state=f"'{before}'",
                to_state=f"'{after}'",
                party=f"'{party}'",
                organization_id=organization,
                by="'Kim Person'",
                recorded_at=at,
            )
            for kind, name, before, after, party, organization, at, condition in (
                (7, "send", "draft", "sent", "sender", "sender_id", "sent_at", "is_sent"),
                (8, "accept", "sent", "accepted", "recipient", "recipient_id", "accepted_at", "is_accepted"),
                (9, "acknowledge", "reported", "closed", "sender", "sender_id", "closed_at", "is_closed"),
            )
        ),
        insert(
            Report,
            "fact WHERE state IN ('reported', 'closed') ORDER BY n",
            id="pg_temp.made_id(10, n, at)",
            referral_id="id",
            organization_id="recipient_id",
            is_final="true",
            answer="'Rotation 50 to 70 degrees after two visits.'",
            findings="repeat('Levator scapulae released. ', 4)",
            signature_kind="'here'",
            signed_by="'Kim Person'",
            signed_at="accepted_at",
            received_at="accepted_at",
            content_hash="''",
            read_at="CASE WHEN is_closed THEN closed_at END",
        ),
        insert(
            Event,
            "fact WHERE is_sent ORDER BY n",
            id="pg_temp.made_id(11, n, at)",
            change_id="pg_temp.made_id(12, n, at)",
            epoch="1",
            xid="n + 1",
            organization_id="recipient_id",
            type="'referral.sent'",
            subject_type="'referral'",
            subject_id="id",
            client_id="client_id",
            actor_kind="'member'",
            request_id="''",
            occurred_at="sent_at",
            recorded_at="sent_at",
        ),
        insert(
            Work,
            "fact WHERE due_at IS NOT NULL ORDER BY n",
            id="pg_temp.made_id(13, n, at)",
            kind="'referral.clock'",
            subject_id="id",
            organization_id="sender_id",
            due_at="now() + interval '1 year'",
        ),
    ]


def insert(model: Any, source: str, **columns: str) -> str:
    """INSERT … SELECT: the given columns from the source, every other with the model's own default."""
    values = {}
    for field in model._meta.concrete_fields:
        if field.generated:
            continue
        values[field.column] = columns.pop(field.column, "") or _default(field)
    assert not columns, f"{model.__name__} has no {sorted(columns)}"
    names = ", ".join(f'"{name}"' for name in values)
    return f"INSERT INTO {model._meta.db_table} ({names}) SELECT {', '.join(values.values())} FROM {source}"  # noqa: S608 - built from constants


def _default(field: Any) -> str:
    from django.db import connection

    if field.null:
        return "NULL"
    value = field.get_db_prep_save(field.get_default(), connection)
    with connection.cursor() as cursor:
        text: str = cursor.mogrify("%s", [value]).decode()
    return f"'{{}}'::{field.db_type(connection)}" if value == [] else text


def _state_by_share() -> str:
    """A CASE over n that spreads the newest quarter over the open states."""
    bounds, sum_so_far = [], 0
    for state, share in OPEN_STATES:
        sum_so_far += share
        bounds.append(f"WHEN n * 37 % 100 < {sum_so_far} THEN '{state}'")
    return f"CASE {' '.join(bounds)} END"


def main() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.config.settings")
    django.setup()
    fill(int(sys.argv[1]))


if __name__ == "__main__":
    main()
