"""Marking as read: exactly what was shown, by exactly this person, once, and never taken back."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import Error, connection, transaction

from backend.clients.models import ReadMark
from backend.lib.actor import Actor, ActorKind
from backend.lib.ids import uuid7
from backend.lib.unit_of_work import acting_as
from tests import make
from tests.notes.writing import signed
from tests.record.briefs import brief, lines, mark, try_mark

pytestmark = pytest.mark.django_db
ADDENDUM = {"reason": "correction", "text": "Right, not left. And more."}


def marks_of(who: make.Clinic) -> list[tuple[str, str, int]]:
    with acting_as(who.practitioner.actor):
        rows = ReadMark.objects.visible_to(who.practitioner.actor).order_by("read_at", "id")
        return [(row.subject_type, str(row.subject_id), row.version) for row in rows]


def test_it_records_who_saw_which_version(north: make.Clinic, south: make.Clinic, shared: str) -> None:
    note = signed(north, shared, asks=[])

    mark(south, shared, lines(south, shared))

    with acting_as(south.practitioner.actor):
        row = ReadMark.objects.get()
    role = south.practitioner.role
    assert role is not None
    assert (row.subject_type, str(row.subject_id), row.version) == ("note", note["id"], 1)
    assert (row.practitioner_id, row.member_id) == (role.practitioner_id, south.practitioner.member.id)
    assert (str(row.organization_id), str(row.client_id)) == (south.id, shared)
    assert [line["is_read"] for line in lines(south, shared)] == [True]


def test_twice_is_once(north: make.Clinic, south: make.Clinic, shared: str) -> None:
    signed(north, shared)
    shown = lines(south, shared)

    mark(south, shared, shown)
    mark(south, shared, [*shown, *shown])

    assert len(marks_of(south)) == len(shown) == 2


def test_marks_are_a_persons_not_a_clinics(north: make.Clinic, south: make.Clinic, shared: str) -> None:
    colleague = make.person(south.organization, "practitioner", discipline="physical_therapy", name="Col League")
    signed(north, shared, asks=[])

    mark(south, shared, lines(south, shared))

    assert [line["is_read"] for line in lines(colleague, shared)] == [False]


def test_an_addendum_makes_it_unread_again(north: make.Clinic, south: make.Clinic, shared: str) -> None:
    note = signed(north, shared, asks=[])
    mark(south, shared, lines(south, shared))

    north.http.send("POST", f"notes/{note['id']}/addenda", ADDENDUM)

    line = lines(south, shared)[0]
    assert (line["is_read"], line["id"]) == (False, f"note.{note['id']}.2")
    assert "Right, not left." in line["text"]


def test_an_addendum_that_is_not_shared_says_nothing(north: make.Clinic, south: make.Clinic, shared: str) -> None:
    note = signed(north, shared, asks=[], shared_sections=["plan"])
    mark(south, shared, lines(south, shared))
    before = brief(south, shared)

    north.http.send("POST", f"notes/{note['id']}/addenda", {**ADDENDUM, "section": "subjective"})

    assert brief(south, shared) == before


def test_entered_in_error_makes_it_unread_again_however_old_it_is(
    north: make.Clinic, south: make.Clinic, shared: str
) -> None:
    note = signed(north, shared, asks=[])
    mark(south, shared, lines(south, shared))
    signed(south, shared)

    north.http.send("POST", f"notes/{note['id']}/entered-in-error", {"reason": "wrong_entry"})

    assert [(line["kind"], line["is_read"]) for line in lines(south, shared)] == [("note", False)]


def test_what_changed_after_it_was_shown_stays_unread(north: make.Clinic, south: make.Clinic, shared: str) -> None:
    note = signed(north, shared, asks=[])
    shown = lines(south, shared)
    north.http.send("POST", f"notes/{note['id']}/addenda", ADDENDUM)

    mark(south, shared, shown)

    assert [line["is_read"] for line in lines(south, shared)] == [False]
    assert marks_of(south) == [("note", note["id"], 1)]


def test_what_is_not_the_readers_is_as_a_random_one_and_nothing_is_marked(
    north: make.Clinic, south: make.Clinic, shared: str
) -> None:
    ours = signed(south, shared, asks=[])
    private = signed(north, shared, visibility="clinic")
    known = lines(south, shared)
    signed(north, shared, asks=[])
    good = lines(south, shared)[-1]["id"]
    bad = [
        f"note.{uuid4()}.1", f"note.{private['id']}.1", f"note.{ours['id']}.1", good.replace("note", "goal"),
        good[:-1] + "2", f"ask.{ours['id']}.1",
    ]  # fmt: skip

    answers = [try_mark(south, shared, good, line_id) for line_id in bad]

    bodies = {tuple(v for k, v in sorted(answer.json().items()) if k != "request_id") for answer in answers}
    assert [answer.status_code for answer in answers] == [404] * len(bad)
    assert len(bodies) == 1
    assert marks_of(south) == []
    assert known != []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"line_ids": []},
        {"line_ids": None},
        {"line_ids": "note"},
        {"line_ids": ["note"]},
        {"line_ids": [7]},
        {"line_ids": [{}]},
        {"line_ids": ["note.\x00.1"]},
        {"line_ids": [f"note.{uuid4()}.0"]},
        {"line_ids": [f"note.{uuid4()}.99999999999999999999"]},
        {"line_ids": [f"note.{uuid4()}.1"] * 101},
        {"line_ids": ["'; DROP TABLE clients_readmark; --"]},
        {"line_ids": [f"note.{uuid4()}.1"], "practitioner_id": str(uuid4())},
        {"up_to": "2026-11-26T00:00:00Z"},
        [],
    ],
)
def test_a_body_that_cannot_be_read_is_refused(north: make.Clinic, client_id: str, body: Any) -> None:
    answer = north.http.send("POST", f"clients/{client_id}/brief/read", body)

    assert answer.status_code == 400, answer.content


def test_whoever_wrote_it_learns_nothing_from_a_mark(north: make.Clinic, south: make.Clinic, shared: str) -> None:
    note = signed(north, shared, asks=[])
    before = north.http.send("GET", f"notes/{note['id']}").content

    mark(south, shared, lines(south, shared))

    assert marks_of(north) == []
    assert north.http.send("GET", f"notes/{note['id']}").content == before


# --- the second wall -----------------------------------------------------------------------------------------------

INSERT = """INSERT INTO clients_readmark (id, client_id, organization_id, practitioner_id, member_id, subject_type, subject_id, version, read_at)
VALUES (%s, %s, %s, %s, %s, 'note', %s, 1, now())"""


def is_refused(actor: Actor, sql: str, *values: Any) -> bool:
    try:
        with transaction.atomic(), acting_as(actor), connection.cursor() as cursor:
            cursor.execute(sql, values)
    except Error as error:
        return getattr(error.__cause__, "pgcode", None) in {"42501", "23001"}
    return False


def mine(clinic: make.Clinic, client_id: str, *, practitioner_id: Any = None, organization_id: Any = None) -> list[Any]:
    role = clinic.practitioner.role
    assert role is not None
    who = practitioner_id or role.practitioner_id
    return [uuid7(), client_id, organization_id or clinic.id, who, clinic.practitioner.member.id, uuid7()]


def test_a_mark_is_written_by_its_own_practitioner_about_a_client_they_see(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic, shared: str
) -> None:
    actor, role = south.practitioner.actor, north.practitioner.role
    assert role is not None

    assert not is_refused(actor, INSERT, *mine(south, shared))
    assert is_refused(actor, INSERT, *mine(south, shared, practitioner_id=role.practitioner_id))
    assert is_refused(actor, INSERT, *mine(south, shared, organization_id=north.id))
    assert is_refused(outsider.practitioner.actor, INSERT, *mine(outsider, shared))
    assert is_refused(south.coordinator.actor, INSERT, *mine(south, shared))


def test_a_mark_is_never_changed_or_taken_back(north: make.Clinic, south: make.Clinic, shared: str) -> None:
    signed(north, shared, asks=[])
    mark(south, shared, lines(south, shared))
    actor = south.practitioner.actor

    assert is_refused(actor, "UPDATE clients_readmark SET version = 9")
    assert is_refused(actor, "DELETE FROM clients_readmark")
    assert len(marks_of(south)) == 1


def test_marks_are_seen_by_their_clinic_only(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic, shared: str
) -> None:
    signed(north, shared, asks=[])
    mark(south, shared, lines(south, shared))
    client = Actor(kind=ActorKind.CLIENT, client_id=uuid4())
    counts = []

    for actor in (south.practitioner.actor, north.practitioner.actor, outsider.practitioner.actor, client):
        with acting_as(actor):
            counts.append((ReadMark.objects.visible_to(actor).count(), ReadMark.objects.count()))

    assert counts == [(1, 1), (0, 0), (0, 0), (0, 0)]
