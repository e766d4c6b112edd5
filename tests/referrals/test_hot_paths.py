"""How many statements the hot paths take: bounded, whatever the number of rows. No clock is involved."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backend.referrals import workflow as w
from backend.referrals.models import RECIPIENT_MOVES, SENDER_MOVES
from tests import make
from tests.make import Api, Clinic

pytestmark = pytest.mark.django_db
# Who calls and as whom; what is shown; who looked.
HOT_READ = 3
CREATE_AND_SEND, ACCEPT = 11, 9


def statements(http: Api, method: str, path: str, body: Any = None) -> int:
    """Without what a test's own transaction adds: a savepoint around each request."""
    with CaptureQueriesContext(connection) as seen:
        answer = http.send(method, path, body)
    assert answer.status_code in (200, 201), answer.content
    return len([query for query in seen if "SAVEPOINT" not in query["sql"]])


def test_an_inbox_takes_three_statements_for_one_referral_and_for_many(north: Clinic, south: Clinic) -> None:
    make.sent(north, south)
    few = statements(south.http, "GET", "referrals?box=ours")
    for _ in range(6):
        make.sent(north, south)

    many = statements(south.http, "GET", "referrals?box=ours")

    assert (few, many) == (HOT_READ, HOT_READ)


def test_reading_one_referral_takes_three_statements_however_long_its_history(north: Clinic, south: Clinic) -> None:
    made = make.sent(north, south)
    address = f"referrals/{made['id']}"
    south.http.send("GET", address)  # the first look is told to the sender
    short = statements(south.http, "GET", address)
    make.move(south, made["id"], "accept")
    make.move(south, made["id"], "book", visit=make.visit_window())

    long = statements(south.http, "GET", address)

    assert (short, long) == (HOT_READ, HOT_READ)


def test_creating_and_sending_takes_the_same_statements_for_the_tenth_referral(north: Clinic, south: Clinic) -> None:
    first = make.client(north)
    make.consent(north, first["id"], south)
    body = make.referral_body(south, client_id=first["id"])
    few = statements(north.http, "POST", "referrals", body)
    for _ in range(3):
        north.http.send("POST", "referrals", body)

    many = statements(north.http, "POST", "referrals", body)

    assert few == many <= CREATE_AND_SEND


def test_accepting_takes_the_same_statements_whatever_waits_beside_it(north: Clinic, south: Clinic) -> None:
    first, second = make.sent(north, south), make.sent(north, south)
    few = statements(south.http, "POST", f"referrals/{first['id']}/transitions", {"name": "accept"})
    for _ in range(3):
        make.sent(north, south)

    many = statements(south.http, "POST", f"referrals/{second['id']}/transitions", {"name": "accept"})

    assert few == many <= ACCEPT


def test_the_database_knows_whose_move_it_is_as_the_workflow_does() -> None:
    movers = {name: state.mover for name, state in w.STATES.items() if name != w.DRAFT}

    assert {name for name, mover in movers.items() if mover == w.SENDER} == set(SENDER_MOVES)
    assert {name for name, mover in movers.items() if mover == w.RECIPIENT} == set(RECIPIENT_MOVES)


def test_an_interim_report_waits_in_the_senders_inbox_until_it_is_read(north: Clinic, south: Clinic) -> None:
    made = make.sent(north, south)
    make.move(south, made["id"], "accept")
    make.move(south, made["id"], "start")
    before = north.http.send("GET", "referrals?box=ours").json()["results"]
    make.move(south, made["id"], "report", final=False, report=make.REPORT)

    after = north.http.send("GET", "referrals?box=ours").json()["results"]

    assert (before, [row["id"] for row in after]) == ([], [made["id"]])
