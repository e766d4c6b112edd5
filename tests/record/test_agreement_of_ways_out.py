"""Brief, body map, export, paper, pages and feed tell of the notes that a reader sees, and of no others."""

import json

import pytest

from tests import make
from tests.notes.writing import share
from tests.paper import in_plain_text
from tests.portability.exporting import made, taken
from tests.record.briefs import told_until_nothing_is_new
from tests.record.everything import NEVER_OUT, Reader, Words, Written, pages, people, words_in, write_everything
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
    everybody = list(people(north, south))  # whoever comes later has no brief of what was before
    notes = write_everything(north, client_id)
    settle()

    for reader in everybody:
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
    _check_pages(reader, notes, ids, readable)
    _check_body_map(reader, client_id, readable)
    _check_brief(reader, client_id, notes, categories)
    told = {(event["type"], event["subject"]["id"]) for event in pages(reader.http, "events?types=note.*&limit=100")}
    assert told == {(type, note.id) for note in notes for type in note.told(reader, categories)}, reader.name


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


def _check_pages(reader: Reader, notes: list[Written], ids: set[str], readable: Words) -> None:
    """A note's page and its PDF: whoever sees that it is there is shown the page, and its words by who reads them."""
    if reader.user is None:
        return
    browser = make.signed_in(reader.user)
    for note in [n for n in notes if n.number % 7 == 0 or not n.is_by_the_practitioner]:
        of_note = {word for word in readable if word[0] == note.number}
        page, pdf = (browser.get(f"/notes/{note.id}{rest}") for rest in ("", "/note.pdf"))
        sees = note.id in ids
        assert page.status_code == (200 if sees else 404), (reader.name, note)
        assert pdf.status_code == (404 if not sees else 200 if reader.reads_text else 403), (reader.name, note)
        assert words_in(page.content) == (of_note if sees else set()), (reader.name, note)
        assert words_in(pdf.content) == (of_note if pdf.status_code == 200 else set()), (reader.name, note)


def _check_body_map(reader: Reader, client_id: str, readable: Words) -> None:
    """The newest of each place is drawn: some remark, of a note that is read."""
    answer = reader.http.send("GET", f"clients/{client_id}/body-map")
    assert answer.status_code == (200 if reader.reads_text else 403), reader.name
    remarks = {word for word in readable if word[1] == "remark"}
    shown = words_in(answer.content)
    assert shown <= remarks, reader.name
    assert bool(shown) == bool(remarks), reader.name


def _check_brief(reader: Reader, client_id: str, notes: list[Written], categories: tuple[str, ...]) -> None:
    """Every signed note of others that is read, and everything that others ask, each once."""
    if not reader.treats:
        assert reader.http.send("GET", f"clients/{client_id}/brief").status_code == 403, reader.name
        return
    told = told_until_nothing_is_new(reader.http, client_id)
    others = [n for n in notes if n.fate not in NEVER_OUT and not (reader.is_author and n.is_by_the_practitioner)]
    elsewhere = reader.elsewhere
    asks = [n for n in others if n.asks(elsewhere=elsewhere, categories=categories) and n.fate != "wrong_client"]
    seen = [n for n in others if n.is_open_to(reader, categories)]
    assert {line["id"].split(".")[1] for line in told if line["kind"] == "note"} == {n.id for n in seen}, reader.name
    asked = {word for line in told if line["kind"] == "ask" for word in words_in(line["text"])}
    assert asked == {(n.number, "sentence") for n in asks}, reader.name
    readable = {word for n in seen for word in n.words(elsewhere=elsewhere)}
    assert words_in(json.dumps(told)) <= readable | asked, reader.name
