"""Brief, body map, export, paper and feed show no more of notes than the notes' own list does, and files show no less."""

import json

import pytest

from tests import make
from tests.notes.writing import share
from tests.paper import in_plain_text
from tests.portability.exporting import made, taken
from tests.record.everything import Reader, Words, Written, pages, people, words_in, write_everything
from tests.record.feed import settle

pytestmark = pytest.mark.django_db(transaction=True)
# A circle without the notes, one with them, and one that names what is sensitive.
CIRCLES = (("plan",), ("plan", "notes"), ("notes", "sensitive"))


@pytest.fixture(autouse=True)
def readable_paper(monkeypatch: pytest.MonkeyPatch) -> None:
    in_plain_text(monkeypatch)


@pytest.mark.parametrize("categories", CIRCLES, ids="-".join)
def test_every_way_out_agrees_with_the_notes_a_reader_sees(
    north: make.Clinic, south: make.Clinic, categories: tuple[str, ...]
) -> None:
    client_id = str(make.client(north)["id"])
    share(north, client_id, south, categories=categories)
    notes = write_everything(north, client_id)
    settle()

    for reader in people(north, south):
        if reader.reads_clients:
            _check(reader, client_id, notes, categories)


def _check(reader: Reader, client_id: str, notes: list[Written], categories: tuple[str, ...]) -> None:
    elsewhere = reader.elsewhere
    listed = pages(reader.http, f"notes?client_id={client_id}&limit=100")
    ids, readable = {row["id"] for row in listed}, words_in(json.dumps(listed))
    asked: Words = frozenset()
    if reader.reads_text:
        asked = frozenset((n.number, "sentence") for n in notes if n.asks(elsewhere=elsewhere, categories=categories))
    _check_export(reader, client_id, ids, readable, readable | asked)
    _check_paper(reader, notes, ids, readable)
    _check_glances(reader, client_id, ids, readable, readable | asked)
    told = {event["subject"]["id"] for event in pages(reader.http, "events?types=note.signed,note.amended&limit=100")}
    assert told <= ids, reader.name
    assert bool(told) == bool(ids), reader.name


def _check_export(reader: Reader, client_id: str, ids: set[str], readable: Words, with_asks: Words) -> None:
    export = made(reader.http, client_id)
    record = json.loads(taken(reader.http, export))

    assert {row["id"] for row in record["sections"].get("notes", [])} == ids, reader.name
    assert readable <= words_in(json.dumps(record)) <= with_asks, reader.name
    assert readable <= words_in(taken(reader.http, export, "pdf")) <= with_asks, reader.name


def _check_paper(reader: Reader, notes: list[Written], ids: set[str], readable: Words) -> None:
    for note in notes[::7]:
        answer = reader.http.send("GET", f"notes/{note.id}/document")
        expected = 404 if note.id not in ids else 200 if reader.reads_text else 403
        assert answer.status_code == expected, (reader.name, note)
        of_note = {word for word in readable if word[0] == note.number}
        assert words_in(answer.content) == (of_note if expected == 200 else set()), (reader.name, note)


def _check_glances(reader: Reader, client_id: str, ids: set[str], readable: Words, with_asks: Words) -> None:
    for path, allowed in (("brief", with_asks), ("body-map", readable)):
        answer = reader.http.send("GET", f"clients/{client_id}/{path}")
        assert answer.status_code in (200, 403), (reader.name, path)
        assert words_in(answer.content) <= allowed, (reader.name, path)
        # Nobody is told of what they wrote themselves; the map draws remarks.
        shows = not reader.is_author if path == "brief" else any(part == "remark" for _, part in allowed)
        assert answer.status_code == 403 or bool(words_in(answer.content)) == bool(allowed and shows), (
            reader.name,
            path,
        )
        for line in answer.json().get("lines", []):
            assert line["kind"] != "note" or line["id"].split(".")[1] in ids, (reader.name, line)
