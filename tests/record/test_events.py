"""The event feed: everything once, in order, late committers included; and only to who may still see it."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backend.audit.models import FeedEpoch, MovedClock
from backend.lib.ids import uuid7
from backend.record.serializers import EventSerializer, FeedSerializer
from tests import make
from tests.make import Clinic
from tests.record.feed import page, register, settle, tell, types

pytestmark = pytest.mark.django_db(transaction=True)

INSERT = """
INSERT INTO audit_event (id, change_id, epoch, xid, organization_id, type, subject_type, subject_id, subject_version,
  client_id, related, actor_kind, request_id, always, occurred_at, recorded_at)
VALUES (%s, %s, 0, 0, %s, %s, 'client', %s, 1, %s, '{}', 'system', 'r', false, now(), now())
"""
OPEN = """
INSERT INTO clients_access (id, client_id, organization_id, why, extent, reason, from_at, ended_because)
VALUES (%s, %s, %s, 'care_team', 'shared_record', '', now() - interval '1 day', '')
"""


def write_slowly(slow: Any, clinic: Clinic, client_id: UUID, type: str) -> None:
    """An event whose transaction stays open."""
    with slow.cursor() as cursor:
        change, organization = str(uuid7()), str(clinic.organization.id)
        cursor.execute(INSERT, [str(uuid7()), change, organization, type, str(client_id), str(client_id)])


def test_an_event_reads_as_documented(north: Clinic) -> None:
    client = register(north)
    tell(client, north)
    settle()

    body = page(north.system)
    (event,) = body["results"]

    assert set(body) == set(FeedSerializer().fields)
    assert set(event) == set(EventSerializer().fields)
    assert (body["next"], body["previous"]) == (None, None)
    assert event["organization_id"] == north.id
    assert event["subject"] == {
        "type": "client",
        "id": str(client.id),
        "version": 1,
        "href": f"/api/v1/clients/{client.id}",
    }
    assert event["actor"] == {"kind": "system", "practitioner_role_id": None, "application_id": None}
    assert event["occurred_at"].endswith("Z")
    assert event["type"] == "client.updated"


def test_the_event_of_a_hold_leads_to_the_holds(north: Clinic) -> None:
    client = register(north)
    hold = {"regions": [{"region": "cervical", "side": "left"}], "because": "red_flag"}
    placed = north.http.send("POST", f"clients/{client.id}/holds", hold).json()
    settle()

    told = [event["subject"] for event in page(north.system)["results"] if event["subject"]["type"] == "hold"]

    assert [(subject["id"], subject["href"]) for subject in told] == [
        (placed["id"], f"/api/v1/clients/{client.id}/holds")
    ]


def test_the_feed_is_read_page_by_page_without_gap_or_repetition(north: Clinic) -> None:
    client = register(north)
    told = [str(tell(client, north, type=f"client.t{letter}")) for letter in "abcdefg"]
    settle()

    path, read = "/api/v1/events?limit=3", list[str]()
    while path:
        body = page(north.system, path)
        read += types(body)
        path = body["next"]

    assert len(told) == 7
    assert read == [f"client.t{letter}" for letter in "abcdefg"]


def test_the_cursor_of_any_event_goes_on_behind_it(north: Clinic) -> None:
    client = register(north)
    for letter in "abc":
        tell(client, north, type=f"client.t{letter}")
    settle()
    first = page(north.system)["results"][0]["cursor"]

    assert types(page(north.system, f"events?after={first}")) == ["client.tb", "client.tc"]


def test_a_slow_writer_is_never_skipped(north: Clinic, owner_connection: Any) -> None:
    client = register(north)
    settle()
    start = page(north.system)["cursor"]

    write_slowly(owner_connection, north, client.id, "client.slow")
    tell(client, north, type="client.quick")
    between = page(north.system, f"events?after={start}")
    owner_connection.commit()
    settle()
    after = page(north.system, f"events?after={between['cursor']}")

    assert types(between) == []
    assert types(after) == ["client.slow", "client.quick"]


def test_latest_begins_behind_what_was_and_before_what_is_being_written(north: Clinic, owner_connection: Any) -> None:
    client = register(north)
    tell(client, north, type="client.before")
    settle()
    write_slowly(owner_connection, north, client.id, "client.slow")

    latest = page(north.system, "events/latest")
    owner_connection.commit()
    settle()

    assert (latest["results"], latest["next"], latest["previous"]) == ([], None, None)
    assert types(page(north.system, f"events?after={latest['cursor']}")) == ["client.slow"]


def test_after_a_new_epoch_small_transaction_numbers_come_behind_large_ones(
    north: Clinic, owner_connection: Any
) -> None:
    client = register(north)
    with owner_connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_event DISABLE TRIGGER audit_event_stamp")
        write_slowly(owner_connection, north, client.id, "client.old_server")
        cursor.execute("ALTER TABLE audit_event DISABLE TRIGGER audit_event_append_only")
        cursor.execute("UPDATE audit_event SET epoch = 1, xid = 4000000000000")
        cursor.execute("ALTER TABLE audit_event ENABLE TRIGGER ALL")
    owner_connection.commit()
    FeedEpoch.objects.create(system_identifier="old")
    FeedEpoch.objects.create(system_identifier="new")
    settle()
    old = page(north.system)

    tell(client, north, type="client.new_server")
    settle()

    assert types(old) == ["client.old_server"]
    assert types(page(north.system, f"events?after={old['results'][0]['cursor']}")) == ["client.new_server"]
    assert types(page(north.system, f"events?after={old['cursor']}")) == ["client.new_server"]


@pytest.mark.parametrize("cursor", ["x", "Zk9xVXoyb1p6bGp3", "%F0%9F%98%80", "a" * 5000])
def test_a_cursor_that_is_none_is_refused(north: Clinic, cursor: str) -> None:
    assert page(north.system, f"events?after={cursor}", status=400)["code"] == "bad_cursor"


def test_a_cursor_is_of_use_to_its_organization_only(north: Clinic, south: Clinic) -> None:
    cursor = page(north.system)["cursor"]

    assert page(south.system, f"events?after={cursor}", status=400)["code"] == "bad_cursor"
    assert types(page(north.admin.http, f"events?after={cursor}")) == []


def test_a_cursor_expires_after_ninety_days(north: Clinic) -> None:
    cursor = page(north.system)["cursor"]

    MovedClock.objects.create(moved_by="90 days")
    still = page(north.system, f"events?after={cursor}")
    MovedClock.objects.update(moved_by="91 days 01:00:00")

    assert page(north.system, f"events?after={cursor}", status=410)["code"] == "cursor_expired"
    assert page(north.system, f"events?after={still['cursor']}")["results"] == []


def test_each_organization_reads_its_own_copies(north: Clinic, south: Clinic, outsider: Clinic) -> None:
    client = register(north)
    tell(client, north, south, always=True)
    settle()

    ours, theirs = page(north.system)["results"], page(south.system)["results"]

    assert len(ours) == len(theirs) == 1
    assert ours[0]["id"] != theirs[0]["id"]
    assert theirs[0]["organization_id"] == south.id
    assert page(outsider.system)["results"] == []


def test_when_access_ends_only_what_is_always_told_remains(north: Clinic, south: Clinic, owner_connection: Any) -> None:
    client, access_id = register(north), str(uuid7())
    with owner_connection.cursor() as cursor:
        cursor.execute(OPEN, [access_id, str(client.id), south.id])
        owner_connection.commit()
        tell(client, north, south)
        settle()
        while_open = page(south.system)
        cursor.execute("UPDATE clients_access SET until = now() WHERE id = %s", [access_id])
        owner_connection.commit()
    tell(client, north, south, type="access.ended", always=True)
    settle()

    assert types(while_open) == ["client.updated"]
    assert types(page(south.system)) == ["access.ended"]
    assert types(page(north.system)) == ["client.updated", "access.ended"]


def test_a_long_run_of_what_may_not_be_told_is_passed_over(north: Clinic, south: Clinic) -> None:
    client = register(north)
    for _ in range(8):
        tell(client, north, south)
    tell(client, north, south, type="access.ended", always=True)
    for _ in range(3):
        tell(client, north, south)
    settle()

    body = page(south.system, "events?limit=1")

    assert types(body) == ["access.ended"]
    assert body["next"] is None


def test_a_run_longer_than_one_request_reads_ends_the_page_early(
    north: Clinic, south: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.record.queries.feed.ROUND", 2)
    client = register(north)
    for _ in range(12):
        tell(client, north, south)
    tell(client, north, south, type="access.ended", always=True)
    settle()

    first = page(south.system, "events?limit=1")

    assert first["results"] == []
    assert types(page(south.system, first["next"])) == ["access.ended"]


def test_types_are_chosen_by_name_and_by_prefix(north: Clinic) -> None:
    client = register(north)
    for name in ("client.registered", "client.updated", "consent.given", "consent.withdrawn", "visit.done"):
        tell(client, north, type=name)
    settle()

    chosen = page(north.system, "events?types=client.*,consent.given&limit=2")
    rest = page(north.system, chosen["next"])

    assert types(chosen) + types(rest) == ["client.registered", "client.updated", "consent.given"]
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("types=referral", "unknown_type"),
        ("types=*", "unknown_type"),
        ("types=client.%25", "unknown_type"),
        ("types=" + ",".join(["a.b"] * 51), "too_many"),
        ("limit=0", "min_value"),
        ("limit=101", "max_value"),
        ("limit=x", "invalid"),
        ("since=2026", "unknown_field"),
    ],
)
def test_a_question_that_is_not_understood_is_refused(north: Clinic, query: str, code: str) -> None:
    assert page(north.system, f"events?{query}", status=400)["code"] == code


def test_the_number_of_queries_does_not_grow_with_the_page(north: Clinic) -> None:
    first, second = register(north), register(north)
    tell(first, north)
    settle()
    with CaptureQueriesContext(connection) as short:
        page(north.system)
    for _ in range(30):
        tell(first, north)
        tell(second, north)
    settle()

    with CaptureQueriesContext(connection) as long:
        assert len(page(north.system, "events?limit=100")["results"]) == 61

    assert len(long) == len(short)


def test_the_feed_needs_its_scope(north: Clinic) -> None:
    token = make.token(of=make.application(north.organization, "clients:read"), scopes="clients:read")

    assert page(make.Api(token), status=403)["code"] == "insufficient_scope"
    assert page(make.Api(), status=401)["code"] == "not_authenticated"


def test_events_of_an_unknown_kind_of_subject_are_told_only_when_they_always_are(
    north: Clinic, owner_connection: Any
) -> None:
    with owner_connection.cursor() as cursor:
        for always in ("false", "true"):
            statement = INSERT.replace("'client'", "'later'").replace("false, now", f"{always}, now")
            cursor.execute(statement, [str(uuid4()), str(uuid4()), north.id, f"later.{always}", str(uuid4()), None])
    owner_connection.commit()
    settle()

    (event,) = page(north.system)["results"]

    assert event["type"] == "later.true"
    assert event["subject"]["href"] is None
