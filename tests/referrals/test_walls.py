"""The second wall: PostgreSQL's row policies, each proved by opening it and finding what an outsider then sees."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg2
import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection

from backend.audit import work
from backend.lib import clock
from backend.lib.actor import Actor, ActorKind
from backend.lib.database_roles import APP, GUARD, OWNER
from backend.lib.history import Change
from backend.lib.unit_of_work import INTRODUCE, acting_as, settings_of
from backend.links import services as links
from backend.links.models import Link
from backend.referrals import presses
from tests import make
from tests.careplans.plans import alone, in_every_table
from tests.notes.writing import signed
from tests.referrals.stories import GUEST, in_state

# Without data about clients: accounts, directory, catalog, sessions, OAuth, work that waits, idempotency, migrations.
EXEMPT_PREFIXES = ("directory_", "django_", "auth_", "account_", "mfa_", "oauth2_", "socialaccount_")
# Nobody but the owner has any right in the table of contexts, which stays empty: histories carry theirs on their rows.
EXEMPT = {"audit_work", "audit_idempotentrequest", "audit_movedclock", "audit_feedepoch", "pghistory_context"}
# Mails of the sandbox are read by everybody on the machine: that is what the mailbox page is for.
OPEN_ON_PURPOSE = {"notifications_sandboxmail"}

KEYS = {
    **dict.fromkeys(("referrals_package", "referrals_guest"), "referral_id"),
    **dict.fromkeys(("referrals_referralfile", "notes_notefile"), "attachment_id"),
}

POLICIES = """
SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity, pg_get_userbyid(c.relowner),
       coalesce(array_agg(p.polname::text) FILTER (WHERE p.polpermissive), '{}'),
       coalesce(bool_and(p.polqual IS NOT NULL AND p.polwithcheck IS NOT NULL AND p.polcmd = '*') FILTER (WHERE p.polpermissive), false)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_policy p ON p.polrelid = c.oid
 WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') GROUP BY c.oid ORDER BY 1
"""


def tables() -> dict[str, tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(POLICIES)
        return {name: tuple(more) for name, *more in cursor.fetchall()}


def walled() -> list[str]:
    return [name for name in tables() if name not in EXEMPT and not name.startswith(EXEMPT_PREFIXES)]


def histories() -> list[str]:
    """The tables beside tracked rows, where every change of them is kept."""
    return [model._meta.db_table for model in apps.get_models() if issubclass(model, Change)]


def test_every_table_about_clients_has_its_walls(db: None) -> None:
    found = tables()

    for name in walled():
        enabled, forced, owner, policies, whole = found[name]
        assert enabled, f"{name}: row security is not enabled"
        assert forced, f"{name}: row security is not forced"
        assert owner == OWNER, name
        assert sorted(policies) == [f"{name}_app", f"{name}_guard", f"{name}_owner"], name
        assert whole, f"{name}: a policy without USING or WITH CHECK, or for one command only"


def test_what_is_exempt_exists_and_stays_few(db: None) -> None:
    assert set(tables()) >= EXEMPT
    assert len(walled()) >= 20


def test_the_app_owns_nothing_and_passes_no_wall(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user"
        )
        assert cursor.fetchone() == (False, False, False, False)
        cursor.execute(
            "SELECT count(*) FROM pg_class WHERE relowner = (SELECT oid FROM pg_roles WHERE rolname = %s)", [APP]
        )
        assert cursor.fetchone() == (0,)
        cursor.execute(
            "SELECT count(*) FROM pg_proc WHERE proowner = (SELECT oid FROM pg_roles WHERE rolname = %s)", [APP]
        )
        assert cursor.fetchone() == (0,)
        cursor.execute("SELECT pg_has_role(%s, %s, 'MEMBER'), pg_has_role(%s, %s, 'MEMBER')", [APP, OWNER, APP, GUARD])
        assert cursor.fetchone() == (False, False)


def test_every_function_of_the_guard_has_a_fixed_search_path(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace"
            " AND NOT coalesce('search_path=pg_catalog, public' = ANY(proconfig), false)"
        )
        assert cursor.fetchall() == []


def test_append_only_tables_refuse_change_by_grant(db: None) -> None:
    for table in (
        "audit_event",
        "audit_accesslog",
        "referrals_step",
        "referrals_message",
        "referrals_contactattempt",
        "notes_addendum",
        "attachments_attachment",
        "referrals_reportquote",
        "referrals_planchange",
        *histories(),
        "clients_readmark",
    ):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT has_table_privilege(%s, 'UPDATE'), has_table_privilege(%s, 'DELETE')", [table, table]
            )
            assert cursor.fetchone() == (False, False), table


@pytest.fixture
def world(transactional_db: None, superuser_url: str, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A committed row in every table with a wall, and a superuser's connection to this database."""
    north, south, east = (request.getfixturevalue(name) for name in ("north", "south", "east"))
    fill(north, south, east)
    work.run_due()
    url = urlsplit(superuser_url)
    opened = psycopg2.connect(urlunsplit(url._replace(path=f"/{settings.DATABASES['default']['NAME']}")))
    yield opened
    opened.rollback()
    opened.close()


def link_the_loop(north: make.Clinic, south: make.Clinic) -> None:
    """A report that quotes a note, and the plan's version that it led to."""
    referral = in_state("in_care", north, south)
    quoted = signed(south, referral["client"]["id"])["id"]
    make.move(south, referral["id"], "report", report={**make.REPORT, "quoted_note_ids": [quoted]})
    plan = alone(north, referral["client"]["id"])
    plan.line(north)
    plan.publish(north)
    make.move(north, referral["id"], "acknowledge", plan_change="updated", care_plan_id=plan.id, version=1)


def fill(north: make.Clinic, south: make.Clinic, east: make.Clinic) -> None:
    reported = in_state("reported", north, south)
    client = reported["client"]["id"]
    accepted = in_state("accepted", north, south)
    make.move(south, accepted["id"], "log_contact", channel="phone", outcome="no_answer")
    make.move(south, accepted["id"], "offer_times", times=[make.visit_window(1)])
    in_state("booked", north, south)
    link_the_loop(north, south)
    north.http.send("POST", f"referrals/{reported['id']}/messages", {"text": "Thank you."})
    north.http.generic("POST", "/api/v1/attachments?name=a.txt", data=b"plain words", content_type="text/plain")
    north.http.send("POST", f"clients/{client}/precautions", {"code": "anticoag", "regions": []})
    north.http.send("POST", f"clients/{client}/representatives", {"name": "Ann Other", "relationship": "parent"})
    north.http.send("POST", f"clients/{client}/export", {})
    numbers = [{"system": "urn:north", "value": "N-1"}]
    scan = north.http.generic("POST", "/api/v1/attachments?name=b.txt", data=b"more words", content_type="text/plain")
    note = signed(north, client, identifiers=numbers, attachment_ids=[scan.json()["id"]])
    letter = north.http.generic("POST", "/api/v1/attachments?name=c.txt", data=b"a letter", content_type="text/plain")
    make.referral(north, south, client_id=client, send=False, attachment_ids=[letter.json()["id"]])
    north.http.send("POST", f"notes/{note['id']}/addenda", {"reason": "other", "text": "A word."})
    shown = south.http.send("GET", f"clients/{client}/brief").json()["lines"]
    south.http.send("POST", f"clients/{client}/brief/read", {"line_ids": [line["id"] for line in shown]})
    numbered = make.client(north, local_identifier="N-1", email="probe@client.example")
    make.consent(north, numbered["id"], pools=[{"discipline": "chiropractic"}], guests=[{"email": "gil@guest.example"}])
    pool = make.referral(north, {"discipline": "chiropractic"}, client_id=numbered["id"])
    make.move(east, pool["id"], "pass")
    make.referral(north, GUEST, client_id=numbered["id"])
    flags = {"asked": True, "positive": ["RF12"], "why_not_medicine": "Seen by the doctor this morning."}
    make.sent(north, east, priority="asap", red_flags=flags)
    actor = north.practitioner.actor
    in_every_table(north, south)
    held = make.sent(north, south)
    with acting_as(south.practitioner.actor):
        presses.press(held["id"], "accept", actor=south.practitioner.actor, expected_version=None)
    with acting_as(actor):
        link = links.make_link(
            actor=actor,
            purpose=Link.Purpose.CLIENT,
            organization_id=actor.clinic_id,
            contact="probe@client.example",
            client_id=numbered["id"],
            expires_at=clock.now(),
        )
        Link.objects.filter(pk=link.pk).update(expires_at=None)
    with acting_as(actor), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.link', %s, true)", [str(link.pk)])
        link.expires_at = None
        links.request_code(link)


def seen_by(cursor: Any, actor: Any, table: str) -> int:
    """How many rows of a table the app sees while this actor acts."""
    cursor.execute(f"SET LOCAL ROLE {APP}")
    cursor.execute(INTRODUCE, settings_of(actor))
    cursor.execute(f"SELECT count(*) FROM {table}")
    count: int = cursor.fetchone()[0]
    cursor.execute("RESET ROLE")
    return count


@pytest.mark.slow
def test_each_wall_is_what_keeps_the_outsider_out(world: Any, outsider: make.Clinic) -> None:
    """Closed, the outsider sees no row; with this one policy opened, at least one: no wall is proved by an empty table."""
    actor = outsider.practitioner.actor
    failures = []

    for table in sorted(set(walled()) - OPEN_ON_PURPOSE):
        with world.cursor() as cursor:
            closed = seen_by(cursor, actor, table)
            cursor.execute(f"ALTER POLICY {table}_app ON {table} USING (true)")
            opened = seen_by(cursor, actor, table)
        world.rollback()
        if closed != 0 or opened == 0:
            failures.append(f"{table}: {closed} rows through the closed wall, {opened} through the opened one")

    assert failures == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["guest", "client", "link", "anonymous", "worker"])
def test_a_stranger_of_any_kind_sees_no_row(world: Any, kind: str) -> None:
    """Somebody with ids that belong to nobody."""
    actor = Actor(
        kind=ActorKind(kind),
        client_id=uuid4() if kind == "client" else None,
        referral_id=uuid4() if kind in ("guest", "client") else None,
        link_id=uuid4() if kind in ("guest", "client", "link") else None,
    )
    with world.cursor() as cursor:
        seen = {table: seen_by(cursor, actor, table) for table in sorted(set(walled()) - OPEN_ON_PURPOSE)}

    assert {table: count for table, count in seen.items() if count} == {}


@pytest.mark.slow
def test_an_outsider_changes_and_adds_nothing(world: Any, outsider: make.Clinic) -> None:
    actor = outsider.practitioner.actor
    changed = {}

    for table in sorted(set(walled()) - OPEN_ON_PURPOSE):
        key = "pgh_id" if table in histories() else KEYS.get(table, "id")
        for statement in (f"UPDATE {table} SET {key} = {key}", f"DELETE FROM {table}"):
            with world.cursor() as cursor:
                cursor.execute(f"SET LOCAL ROLE {APP}")
                cursor.execute(INTRODUCE, settings_of(actor))
                try:
                    cursor.execute(statement)
                    changed[statement] = cursor.rowcount
                except psycopg2.errors.InsufficientPrivilege:
                    changed[statement] = 0
            world.rollback()

    assert {statement: count for statement, count in changed.items() if count} == {}
