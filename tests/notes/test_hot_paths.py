"""How many statements reading and signing notes take: bounded, whatever the number of rows. No clock is involved."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import make
from tests.attachments.files import uploaded
from tests.notes.writing import draft, share, signed

pytestmark = pytest.mark.django_db
# Who calls and as whom; what is shown; who looked.
HOT_READ = 3
SIGN = 32


def statements(http: make.Api, method: str, path: str, body: Any = None) -> int:
    """Without what a test's own transaction adds: a savepoint around each request."""
    with CaptureQueriesContext(connection) as seen:
        answer = http.send(method, path, body)
    assert answer.status_code == 200, answer.content
    return len([query for query in seen if "SAVEPOINT" not in query["sql"]])


@pytest.fixture
def shared(north: make.Clinic, south: make.Clinic, client_id: str) -> str:
    share(north, client_id, south)
    return client_id


def test_a_list_takes_three_statements_for_one_note_and_for_many(
    north: make.Clinic, south: make.Clinic, shared: str
) -> None:
    signed(north, shared)
    few = [statements(south.http, "GET", path) for path in ("notes", "notes?state=signed")]
    for _ in range(6):
        signed(north, shared)

    many = [statements(south.http, "GET", path) for path in ("notes", "notes?state=signed")]

    assert few == many == [HOT_READ, HOT_READ]


def test_one_note_takes_three_statements_however_much_hangs_on_it(
    north: make.Clinic, south: make.Clinic, shared: str
) -> None:
    note = signed(north, shared)
    short = statements(south.http, "GET", f"notes/{note['id']}")
    for _ in range(3):
        north.http.send("POST", f"notes/{note['id']}/addenda", {"reason": "other", "text": "A word."})
    with_files = signed(north, shared, attachment_ids=[uploaded(north)["id"] for _ in range(3)])

    assert statements(south.http, "GET", f"notes/{with_files['id']}") == HOT_READ
    assert short == statements(south.http, "GET", f"notes/{note['id']}") == HOT_READ
    assert statements(north.http, "GET", f"notes/{note['id']}") == HOT_READ - 1


def test_signing_takes_no_more_statements_for_more_findings(
    north: make.Clinic, south: make.Clinic, shared: str
) -> None:
    place = {"kind": "numbness", "region": "cervical", "side": "left"}
    short, long = draft(north, shared, findings=[]), draft(north, shared, findings=[place] * 30)

    counts = [statements(north.http, "POST", f"notes/{note['id']}/sign", {}) for note in (short, long)]

    assert counts[0] == counts[1] <= SIGN
