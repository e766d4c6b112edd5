"""What was signed is told by events as well: whoever changes rows and hashes together is found out by what the events say."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
import pytest
from django.db import connection

from backend.lib.unit_of_work import acting_as
from backend.notes import queries, signing
from tests import make
from tests.attacks.sql import rows
from tests.notes.writing import draft, enroll, read, share, sign, signed
from tests.record.feed import settle
from tests.workspace.browsing import Browser

pytestmark = pytest.mark.django_db(transaction=True)
TABLES = ("notes_note", "notes_section", "notes_addendum", "audit_event")
ADDENDA = ("Right, not left.", "She called: it has settled.", "The letter of her physician came.")


class Owner:
    """The database's owner, past every trigger."""

    def __init__(self, opened: "psycopg2.extensions.connection") -> None:
        self._opened = opened

    def __call__(self, statement: str, *values: Any) -> None:
        """Runs one statement, which has to touch something."""
        with self._past_triggers() as cursor:
            cursor.execute(statement, values)
            assert cursor.rowcount >= 1, statement

    @contextmanager
    def undone(self) -> Iterator[None]:
        """What is done inside is undone behind it: a database for each way to tamper would take minutes."""
        columns = {}
        with self._past_triggers() as cursor:
            for table in TABLES:
                cursor.execute(f"CREATE TEMP TABLE kept_{table} AS TABLE {table}")
                cursor.execute(
                    "SELECT string_agg(quote_ident(column_name), ', ') FROM information_schema.columns"
                    " WHERE table_schema = 'public' AND table_name = %s AND is_generated = 'NEVER'",
                    [table],
                )
                [columns[table]] = cursor.fetchone() or [""]
        yield
        with self._past_triggers() as cursor:
            for table, names in columns.items():
                cursor.execute(f"DELETE FROM {table}")
                cursor.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM kept_{table}")
                cursor.execute(f"DROP TABLE kept_{table}")

    @contextmanager
    def _past_triggers(self) -> Iterator["psycopg2.extensions.cursor"]:
        with self._opened.cursor() as cursor:
            for table in TABLES:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            yield cursor
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for table in TABLES:
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        self._opened.commit()


@pytest.fixture
def owner(owner_connection: "psycopg2.extensions.connection") -> Owner:
    return Owner(owner_connection)


@pytest.fixture
def note_id(north: make.Clinic, south: make.Clinic, client_id: str) -> str:
    """A student's note that a colleague co-signed, with three addenda; another clinic reads all of it."""
    share(north, client_id, south)
    student = enroll(north)
    note_id = str(sign(student.http, draft(north, client_id, by=student.http)["id"])["id"])
    assert north.http.send("POST", f"notes/{note_id}/cosign", {}).status_code == 200
    for text in ADDENDA:
        amend(north, note_id, text)
    assert seen(north, south, note_id) == {"intact"}
    return note_id


def amend(clinic: make.Clinic, note_id: str, text: str) -> Any:
    answer = clinic.http.send("POST", f"notes/{note_id}/addenda", {"reason": "correction", "text": text})
    assert answer.status_code == 201, answer.content
    return answer.json()


def seen(north: make.Clinic, south: make.Clinic, note_id: str) -> set[Any]:
    """What is said of the note to its clinic and to another one, alone and in lists; the page says it in words."""
    said = {read(clinic.http, note_id).json()["integrity"] for clinic in (north, south)}
    for clinic in (north, south):
        said |= {row["integrity"] for row in clinic.http.send("GET", "notes").json()["results"]}
        page = Browser(clinic.practitioner).open(f"/notes/{note_id}").page
        assert ("Changed since it was signed." in page, "unchanged since" in page) == (
            "changed" in said,
            "intact" in said,
        )
    return said


def row_of(clinic: make.Clinic, note_id: str) -> dict[str, Any]:
    """The note as it is read to be verified, and as somebody who knows the code would read it."""
    with acting_as(clinic.practitioner.actor):
        return queries.one_row(note_id, clinic.practitioner.actor)


def hash_anew(north: make.Clinic, note_id: str, owner: Owner, *, as_before: bool = False) -> None:
    """Writes beside each text the hash that fits it now, one after the other."""
    row, after = row_of(north, note_id), "" if not as_before else None
    after = signing.content_hash_of(row, after)
    owner("UPDATE notes_note SET content_hash = %s WHERE id = %s", after, note_id)
    if row["cosigned_at"]:
        after = signing.cosignature_hash_of(row, after)
    for addendum in row["addendum_list"]:
        after = signing.addendum_hash_of(addendum, row["id"], None if as_before else after)
        owner("UPDATE notes_addendum SET content_hash = %s WHERE id = %s", after, addendum["id"])


def test_an_addendum_that_was_removed_shows(north: make.Clinic, south: make.Clinic, note_id: str, owner: Owner) -> None:
    for condition in (*(f"text = '{text}'" for text in ADDENDA), "true"):
        with owner.undone():
            owner(f"DELETE FROM notes_addendum WHERE {condition}")
            assert seen(north, south, note_id) == {"changed"}, condition
            hash_anew(north, note_id, owner)
            assert seen(north, south, note_id) == {"changed"}, condition

    assert seen(north, south, note_id) == {"intact"}


def test_an_addendum_that_was_removed_with_its_events_shows_by_the_next_one(
    north: make.Clinic, south: make.Clinic, note_id: str, owner: Owner
) -> None:
    owner(
        "DELETE FROM audit_event WHERE related ->> 'addendum_id' = (SELECT id::text FROM notes_addendum WHERE text = %s)",
        ADDENDA[1],
    )
    owner("DELETE FROM notes_addendum WHERE text = %s", ADDENDA[1])

    assert seen(north, south, note_id) == {"changed"}


def test_an_addendum_that_was_replaced_with_hashes_that_fit_shows(
    north: make.Clinic, south: make.Clinic, note_id: str, owner: Owner
) -> None:
    for text in ADDENDA:
        with owner.undone():
            owner("UPDATE notes_addendum SET text = 'Nothing of that.' WHERE text = %s", text)
            hash_anew(north, note_id, owner)
            assert seen(north, south, note_id) == {"changed"}, text


def test_an_addendum_that_no_event_tells_of_shows(
    north: make.Clinic, south: make.Clinic, note_id: str, owner: Owner
) -> None:
    columns = "organization_id, reason, section, recorded_at, signature_kind, signed_by, signed_license, signed_at, document_sha256"
    owner(
        f"INSERT INTO notes_addendum (id, note_id, text, content_hash, {columns})"
        f" SELECT gen_random_uuid(), note_id, 'She agreed.', '', {columns} FROM notes_addendum WHERE text = %s",
        ADDENDA[2],
    )
    assert seen(north, south, note_id) == {"changed"}

    hash_anew(north, note_id, owner)

    assert seen(north, south, note_id) == {"changed"}


def test_addenda_in_another_order_show(north: make.Clinic, south: make.Clinic, note_id: str, owner: Owner) -> None:
    owner(
        "UPDATE notes_addendum a SET recorded_at = b.recorded_at FROM notes_addendum b"
        " WHERE (a.text, b.text) IN ((%s, %s), (%s, %s))",
        *ADDENDA[:2],
        *reversed(ADDENDA[:2]),
    )
    shown = [addendum["text"] for addendum in read(north.http, note_id).json()["addenda"]]
    assert shown == [ADDENDA[1], ADDENDA[0], ADDENDA[2]]
    assert seen(north, south, note_id) == {"changed"}

    hash_anew(north, note_id, owner)

    assert seen(north, south, note_id) == {"changed"}


COSIGNATURES = (
    "cosigned_by = 'Somebody Else'",
    "cosigned_license = 'License L-1'",
    "cosigned_by = 'Somebody Else', cosigned_license = 'License L-1'",
    "cosigned_at = cosigned_at - interval '1 day'",
    "cosigned_by_role_id = (SELECT id FROM directory_practitionerrole WHERE organization_id <> notes_note.organization_id LIMIT 1)",
    "cosigned_by = '', cosigned_license = '', cosigned_at = NULL, cosigned_by_role_id = NULL",
)


def test_another_co_signature_shows(north: make.Clinic, south: make.Clinic, note_id: str, owner: Owner) -> None:
    for tampering in COSIGNATURES:
        with owner.undone():
            owner(f"UPDATE notes_note SET {tampering}")
            assert seen(north, south, note_id) == {"changed"}, tampering
            hash_anew(north, note_id, owner)
            assert seen(north, south, note_id) == {"changed"}, tampering


def test_another_text_shows_also_with_hashes_that_fit_it(
    north: make.Clinic, south: make.Clinic, note_id: str, owner: Owner
) -> None:
    for as_before in (False, True):
        with owner.undone():
            owner("UPDATE notes_section SET text = 'No pain at all.' WHERE name = 'subjective'")
            hash_anew(north, note_id, owner, as_before=as_before)
            assert seen(north, south, note_id) == {"changed"}, as_before


UNSIGNED = (
    "content_hash = ''",
    "content_hash = '', signed_by = '', signed_license = '', signature_kind = ''",
    "content_hash = '', signature_kind = '', signed_at = NULL, released_at = NULL, state = 'draft'",
)


def test_a_signature_without_its_hash_shows(north: make.Clinic, client_id: str, owner: Owner) -> None:
    note = signed(north, client_id)
    browser = Browser(north.practitioner)

    for tampering in UNSIGNED:
        with owner.undone():
            owner(f"UPDATE notes_note SET {tampering}")
            assert read(north.http, note["id"]).json()["integrity"] == "changed", tampering
            assert "Changed since it was signed." in browser.open(f"/notes/{note['id']}").page, tampering


def test_what_was_never_signed_is_neither_intact_nor_changed(north: make.Clinic, client_id: str) -> None:
    note = draft(north, client_id)

    assert read(north.http, note["id"]).json()["integrity"] is None


EVENTS = (
    "UPDATE audit_event SET related = '{}' WHERE type = %s",
    "UPDATE audit_event SET related = related - 'signed_hash' WHERE type = %s",
    'UPDATE audit_event SET related = related || \'{"signed_hash": "a"}\' WHERE type = %s',
    "DELETE FROM audit_event WHERE type = %s",
)


def test_events_that_were_emptied_changed_or_removed_show(
    north: make.Clinic, south: make.Clinic, note_id: str, owner: Owner
) -> None:
    for tampering in EVENTS:
        for type in (signing.SIGNED, signing.COSIGNED, "note.amended"):
            with owner.undone():
                owner(tampering, type)
                assert seen(north, south, note_id) == {"changed"}, (tampering, type)


def test_every_clinics_copy_of_an_event_has_to_say_the_same(
    north: make.Clinic, south: make.Clinic, note_id: str, owner: Owner
) -> None:
    for said in ("", "a"):
        with owner.undone():
            owner(
                "UPDATE audit_event SET related = jsonb_set(related, '{signed_hash}', to_jsonb(%s::text))"
                " WHERE type = 'note.cosigned' AND organization_id = %s",
                said,
                south.id,
            )
            assert seen(north, south, note_id) == {"changed"}, said


def older(north: make.Clinic, note_id: str, owner: Owner) -> None:
    """Makes it a note of the time when hashes did not cover one another and events carried none."""
    owner("UPDATE audit_event SET related = related - 'signed_hash' WHERE subject_id = %s", note_id)
    hash_anew(north, note_id, owner, as_before=True)


def test_what_was_signed_before_events_carried_hashes_is_intact_and_is_amended(
    north: make.Clinic, south: make.Clinic, note_id: str, owner: Owner
) -> None:
    older(north, note_id, owner)
    assert seen(north, south, note_id) == {"intact"}

    amend(north, note_id, "Added today.")
    amend(north, note_id, "And another word.")

    assert seen(north, south, note_id) == {"intact"}


OF_OLDER = (
    "UPDATE notes_section SET text = 'No pain at all.' WHERE name = 'subjective'",
    f"UPDATE notes_addendum SET text = 'Nothing of that.' WHERE text = '{ADDENDA[0]}'",
    f"DELETE FROM notes_addendum WHERE text = '{ADDENDA[0]}'",
    "UPDATE notes_addendum SET content_hash = ''",
    "UPDATE notes_note SET content_hash = ''",
    "DELETE FROM audit_event WHERE type = 'note.signed'",
)


def test_what_was_signed_before_shows_what_is_changed_in_it(
    north: make.Clinic, south: make.Clinic, note_id: str, owner: Owner
) -> None:
    older(north, note_id, owner)

    for tampering in OF_OLDER:
        with owner.undone():
            owner(tampering)
            assert seen(north, south, note_id) == {"changed"}, tampering


def test_what_is_added_to_an_older_note_is_held_by_its_event(
    north: make.Clinic, south: make.Clinic, note_id: str, owner: Owner
) -> None:
    older(north, note_id, owner)
    amend(north, note_id, "Added today.")

    owner("UPDATE notes_addendum SET text = 'Nothing of that.' WHERE text = 'Added today.'")
    hash_anew(north, note_id, owner, as_before=True)

    assert seen(north, south, note_id) == {"changed"}


def test_a_note_with_more_addenda_than_are_read_with_it_is_verified_whole(
    north: make.Clinic, client_id: str, owner: Owner
) -> None:
    note = signed(north, client_id)
    for number in range(queries.MOST + 1):
        amend(north, note["id"], f"Word {number}.")
    shown = read(north.http, note["id"]).json()
    assert (len(shown["addenda"]), shown["integrity"]) == (queries.MOST, "intact")

    owner("DELETE FROM notes_addendum WHERE text = %s", f"Word {queries.MOST}.")

    assert read(north.http, note["id"]).json()["integrity"] == "changed"


def test_each_clinics_feed_keeps_the_hashes_and_not_a_word(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    note = signed(north, client_id)
    added = amend(north, note["id"], ADDENDA[0])
    settle()

    for clinic in (north, south):
        told = clinic.http.send("GET", "events?types=note.signed,note.amended").json()["results"]
        assert [event["related"] for event in told] == [
            {"signed_hash": note["content_hash"]},
            {"addendum_id": added["id"], "signed_hash": added["content_hash"]},
        ]


def test_hashes_are_told_to_whoever_reads_the_note_and_to_nobody_else(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    note, private = signed(north, client_id), signed(north, client_id, visibility="clinic")

    def links(clinic: make.Clinic, note_id: str) -> int:
        [(found,)] = rows(clinic, "SELECT jsonb_array_length(chain_of_note(%s))", note_id)
        return int(found)

    assert [links(clinic, note["id"]) for clinic in (north, south, outsider)] == [1, 1, 0]
    assert [links(clinic, private["id"]) for clinic in (north, south, outsider)] == [1, 0, 0]


def test_events_are_read_as_of_the_statement_that_reads_the_note() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT provolatile FROM pg_proc WHERE proname = 'chain_of_note'")

        assert cursor.fetchall() == [("s",)]
