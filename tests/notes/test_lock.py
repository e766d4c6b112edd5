"""What was signed stays: in the database too, for its parts as well, for everybody; and tampering shows."""

from typing import Any
from uuid import UUID

import psycopg2
import pytest

from backend.lib.actor import Actor, ActorKind
from backend.lib.ids import uuid7
from tests import make
from tests.attacks.sql import insert, refused, rows
from tests.notes.writing import draft, enroll, read, share, sign, signed

pytestmark = pytest.mark.django_db
PARTS = ("notes_section", "notes_finding", "notes_techniquedone", "notes_ask")
NEW_PARTS: dict[str, dict[str, Any]] = {
    "notes_section": {"name": "plan", "text": "More.", "measures": "[]"},
    "notes_finding": {
        "position": 9, "kind": "treated", "region": "head", "side": "left", "muscle": "", "refers_to": [], "remark": "",
    },
    "notes_techniquedone": {"position": 9, "technique": "tpt", "regions": "[]"},
    "notes_ask": {
        "position": 9, "kind": "avoid", "region": "head", "side": "left", "technique": "", "sentence": "More.",
        "is_sensitive": False, "created_at": "2026-01-01T00:00:00Z", "ended_by": "", "ended_because": "", "is_taken_back": False,
    },
}  # fmt: skip


def new_part(table: str, clinic: make.Clinic, note: Any) -> tuple[str, list[Any]]:
    about = {"client_id": note["client"]["id"], "organization_id": clinic.id, "author_role_id": clinic.role_id}
    return insert(table, id=uuid7(), note_id=note["id"], **NEW_PARTS[table], **(about if table == "notes_ask" else {}))


CHANGES = {
    "notes_section": "text = 'Else.'",
    "notes_finding": "side = 'left'",
    "notes_techniquedone": "minutes = 1",
    "notes_ask": "sentence = 'Else.'",
}


@pytest.mark.parametrize("table", PARTS)
def test_a_part_of_a_draft_is_written_and_of_a_signed_note_never_again(
    north: make.Clinic, client_id: str, table: str
) -> None:
    note = draft(north, client_id, plan="")
    rows(north, "DELETE FROM notes_section WHERE name = 'plan' AND note_id = %s", note["id"])
    statement, values = new_part(table, north, note)
    rows(north, statement, *values)
    sign(north.http, note["id"])
    before = read(north.http, note["id"]).json()

    another, more = new_part(table, north, note)
    assert refused(north, another.replace("'plan'", "'x'"), *more)
    assert refused(north, f"UPDATE {table} SET {CHANGES[table]} WHERE note_id = %s", note["id"])
    assert refused(north, f"DELETE FROM {table} WHERE note_id = %s", note["id"])
    other = draft(north, client_id)
    assert refused(north, f"UPDATE {table} SET note_id = %s WHERE note_id = %s", other["id"], note["id"])
    assert read(north.http, note["id"]).json() == before


@pytest.mark.parametrize(
    "change",
    [
        "client_display = 'Else'", "visibility = 'clinic'", "shared_sections = '{}'", "is_sensitive = true", "kind = 'phone'",
        "state = 'draft', signed_at = NULL", "state = 'draft'", "signed_by = 'Else'", "signed_at = now()", "content_hash = ''",
        "untouched = '{plan}'", "occurred_at = now()", "released_at = NULL", "cosigned_by = 'Else'", "signature_kind = 'elsewhere'",
        "entered_in_error_reason = 'wrong_client'", "closed_by = 'Else'", "author_practitioner_id = gen_random_uuid()",
        "recorded_at = now()", "document_sha256 = 'a'",
    ],
)  # fmt: skip
def test_no_column_of_a_signed_note_changes(north: make.Clinic, client_id: str, change: str) -> None:
    note = signed(north, client_id)

    assert refused(north, f"UPDATE notes_note SET {change} WHERE id = %s", note["id"])
    assert refused(north, "DELETE FROM notes_note WHERE id = %s", note["id"])
    assert read(north.http, note["id"]).json() == note


def test_what_was_taken_back_stays_taken_back(north: make.Clinic, client_id: str) -> None:
    note = signed(north, client_id)
    north.http.send("POST", f"notes/{note['id']}/entered-in-error", {"reason": "wrong_client"})

    assert refused(north, "UPDATE notes_note SET entered_in_error_reason = 'other' WHERE id = %s", note["id"])
    assert refused(north, "UPDATE notes_note SET state = 'signed' WHERE id = %s", note["id"])
    assert refused(north, "UPDATE notes_ask SET ended_at = NULL WHERE note_id = %s", note["id"])


def test_an_addendum_only_grows(north: make.Clinic, client_id: str) -> None:
    note = signed(north, client_id)
    north.http.send("POST", f"notes/{note['id']}/addenda", {"reason": "other", "text": "A word."})

    assert refused(north, "UPDATE notes_addendum SET text = 'Else.'")
    assert refused(north, "DELETE FROM notes_addendum")
    assert read(north.http, note["id"]).json()["addenda"][0]["text"] == "A word."


def test_nobody_signs_in_anothers_name_by_hand(north: make.Clinic, client_id: str) -> None:
    note = draft(north, client_id)
    colleague = make.person(north.organization, "practitioner", discipline="massage_therapy")
    by_hand = """UPDATE notes_note SET state = 'signed', signature_kind = 'here', signed_at = now(), received_at = now(), signed_by = 'x'
                  WHERE id = %s"""

    assert refused(colleague.actor, by_hand, note["id"])
    assert refused(north.admin.actor, by_hand, note["id"])
    assert refused(north, by_hand.replace("'here'", "'elsewhere'"), note["id"])
    assert refused(north, by_hand.replace("'signed'", "'entered_in_error'"), note["id"])


def test_nobody_signs_elsewhere_what_this_system_did_not_begin_nor_before_it_took_place(
    north: make.Clinic, client_id: str
) -> None:
    ours, another = make.application(north.organization), make.application(north.organization)
    callers = [
        Actor(kind=ActorKind.SYSTEM, organization_id=UUID(north.id), application_id=app.pk) for app in (ours, another)
    ]
    note = draft(
        north, client_id, by=make.Api(make.token(of=ours)), on_behalf_of={"practitioner_role_id": north.role_id}
    )
    typed = draft(north, client_id)
    rows(north, "UPDATE directory_practitionerrole SET transmission_agreed_at = now() WHERE id = %s", north.role_id)
    by_hand = """UPDATE notes_note SET state = 'signed', signature_kind = 'elsewhere', signed_at = occurred_at + %s::interval,
      received_at = now(), signed_by = 'x', signed_by_role_id = %s, signed_application_id = %s WHERE id = %s"""

    def is_refused(caller: Actor, named: Any, signed: Any, after: str = "1 second") -> bool:
        return refused(caller, by_hand, after, north.role_id, named.pk, signed["id"])

    assert is_refused(callers[1], another, note)
    assert is_refused(callers[1], ours, note)
    assert is_refused(callers[0], another, note)
    assert is_refused(callers[0], ours, typed)
    assert is_refused(callers[0], ours, note, "-1 second")
    assert refused(callers[1], "UPDATE notes_note SET application_id = %s WHERE id = %s", another.pk, typed["id"])
    assert not is_refused(callers[0], ours, note)


def test_a_note_begins_as_a_draft(north: make.Clinic, client_id: str) -> None:
    note = draft(north, client_id)
    columns = """client_id, client_display, organization_id, author_role_id, author_practitioner_id, discipline, kind, visibility,
      shared_sections, is_sensitive, copied_parts, untouched, occurred_at, recorded_at, updated_at, signature_kind, signed_by,
      signed_license, document_sha256, cosigned_by, cosigned_license, entered_in_error_reason, entered_in_error_note,
      entered_in_error_by, closed_by"""
    copy = f"""INSERT INTO notes_note (id, version, state, signed_at, content_hash, {columns})
      SELECT %s, 1, 'signed', now(), 'x', {columns} FROM notes_note WHERE id = %s"""

    assert refused(north, copy, uuid7(), note["id"])


def test_a_co_signature_is_given_once(north: make.Clinic, client_id: str) -> None:
    student = enroll(north)
    note = sign(student.http, draft(north, client_id, by=student.http)["id"])
    assert refused(north, "UPDATE notes_note SET state = 'signed' WHERE id = %s", note["id"])
    assert refused(north, "UPDATE notes_note SET released_at = now() WHERE id = %s", note["id"])

    north.http.send("POST", f"notes/{note['id']}/cosign", {})

    assert refused(north, "UPDATE notes_note SET cosigned_by = 'Else' WHERE id = %s", note["id"])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE notes_section SET text = 'Pain 2/10.' WHERE name = 'subjective'",
        "UPDATE notes_section SET measures = '[]'",
        "UPDATE notes_finding SET side = 'left'",
        "DELETE FROM notes_finding WHERE kind = 'pain'",
        "UPDATE notes_techniquedone SET minutes = 60",
        "UPDATE notes_ask SET sentence = 'Go ahead.'",
        "UPDATE notes_note SET signed_by = 'Somebody Else'",
        "UPDATE notes_note SET signed_at = signed_at - interval '1 day'",
        "UPDATE notes_note SET occurred_at = occurred_at - interval '1 hour'",
        "UPDATE notes_note SET client_display = 'Somebody Else'",
        "UPDATE notes_addendum SET text = 'Left, not right.'",
    ],
)
def test_tampering_by_the_databases_owner_shows(
    north: make.Clinic,
    south: make.Clinic,
    client_id: str,
    owner_connection: "psycopg2.extensions.connection",
    tampering: str,
) -> None:
    share(north, client_id, south)
    note = signed(north, client_id)
    north.http.send("POST", f"notes/{note['id']}/addenda", {"reason": "correction", "text": "Right, not left."})
    assert read(south.http, note["id"]).json()["integrity"] == "intact"
    table = tampering.split()[2 if tampering.startswith("DELETE") else 1]

    with owner_connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(tampering)
        assert cursor.rowcount >= 1
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    owner_connection.commit()

    assert read(north.http, note["id"]).json()["integrity"] == "changed"
    assert read(south.http, note["id"]).json()["integrity"] == "changed"
    assert [row["integrity"] for row in south.http.send("GET", "notes").json()["results"]] == ["changed"]


@pytest.mark.django_db(transaction=True)
def test_the_owner_does_not_change_a_signed_note_by_mistake(
    north: make.Clinic, client_id: str, owner_connection: "psycopg2.extensions.connection"
) -> None:
    note = signed(north, client_id)

    for statement in (
        "UPDATE notes_section SET text = ''",
        "DELETE FROM notes_finding",
        "UPDATE notes_note SET signed_by = 'Else'",
        "DELETE FROM notes_note",
    ):
        with owner_connection.cursor() as cursor, pytest.raises(psycopg2.errors.RestrictViolation):
            cursor.execute(statement)
        owner_connection.rollback()

    assert read(north.http, note["id"]).json() == note
