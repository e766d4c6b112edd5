"""Lists, details, timeline and search agree on what a reader sees of notes of every visibility, label, sharing and fate."""

import json
from typing import Any

import pytest

from tests import make
from tests.notes.writing import share
from tests.record.everything import (
    PARTS,
    Reader,
    Written,
    behind_the_glass,
    kept_out,
    pages,
    people,
    words_in,
    write_everything,
)

pytestmark = pytest.mark.django_db
# What each circle adds to what was open before.
CIRCLES = (("plan",), ("plan", "notes"), ("notes", "sensitive"))


def test_whoever_asks_is_shown_the_same_notes_and_words_everywhere(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    client_id = str(make.client(north)["id"])
    excluded = make.person(south.organization, "practitioner", discipline="physical_therapy")
    exclusion = {"excluded_practitioner_ids": [excluded.practitioner_id]}
    share(north, client_id, south, categories=CIRCLES[0], **exclusion)
    everybody = list(people(north, south))
    notes = write_everything(north, client_id)
    glass = behind_the_glass(east, north, client_id)

    for categories in CIRCLES:
        make.consent(north, client_id, south, categories=categories, **exclusion)
        for reader in everybody:
            if reader.elsewhere or categories == CIRCLES[0]:  # at home no circle changes anything
                _check(reader, client_id, notes, categories)
        _check_nothing(kept_out(excluded), client_id, notes)
    _check(glass, client_id, notes, ())


def _check(reader: Reader, client_id: str, notes: list[Written], categories: tuple[str, ...]) -> None:
    place = f"clients/{client_id}"
    if not reader.reads_clients:
        assert reader.http.send("GET", f"{place}/timeline").status_code == 403, reader.name
        return
    elsewhere = reader.elsewhere
    seen = [n for n in notes if n.is_open_to(reader, categories)]
    ids = {note.id for note in seen}
    # A broken glass opens the safety floor as a whole, with what a circle without "sensitive" is only told to ask for.
    floor = ("sensitive",) if reader.circle else categories
    asked = {(n.number, "sentence") for n in notes if n.asks(elsewhere=elsewhere, categories=floor)}
    readable = {word for note in seen for word in note.words(elsewhere=elsewhere)} if reader.reads_text else set()

    listed = pages(reader.http, f"notes?client_id={client_id}&limit=100")
    happened = pages(reader.http, f"{place}/timeline?limit=100")
    looked_at = [n for n in notes if n.number % 7 == 0 or not n.is_by_the_practitioner]
    opened = {n.id for n in looked_at if reader.http.send("GET", f"notes/{n.id}").status_code == 200}

    assert {row["id"] for row in listed} == ids, reader.name
    assert words_in(json.dumps(listed)) == readable, reader.name
    assert {row["id"] for row in happened if row["kind"] == "note"} == ids, reader.name
    assert words_in(json.dumps(happened)) <= readable | (asked if reader.reads_text else set()), reader.name
    assert len([row for row in happened if row["what"] == "asked"]) == len(asked), reader.name
    assert opened == {note.id for note in looked_at} & ids, reader.name
    _check_search(reader, client_id, notes, frozenset(readable))


def _check_nothing(reader: Reader, client_id: str, notes: list[Written]) -> None:
    """Of whom the client excludes: not even that there is such a client."""
    for path in ("timeline", "brief", "body-map", "asks"):
        assert reader.http.send("GET", f"clients/{client_id}/{path}").status_code == 404, path
    assert reader.http.send("POST", f"clients/{client_id}/search", {"query": "zqplan"}).status_code == 404
    assert reader.http.send("POST", f"clients/{client_id}/export", {}).status_code == 404
    assert pages(reader.http, "notes?limit=100") == []
    assert {reader.http.send("GET", f"notes/{note.id}").status_code for note in notes[::5]} == {404}


def _check_search(reader: Reader, client_id: str, notes: list[Written], readable: Any) -> None:
    if not reader.reads_text:
        assert reader.http.send("POST", f"clients/{client_id}/search", {"query": "zqplan"}).status_code == 403
        return
    for part in PARTS:
        answer = reader.http.send("POST", f"clients/{client_id}/search?limit=100", {"query": f"zq{part}"})
        results = answer.json()["results"]
        holding = {note.id for note in notes if (note.number, part) in readable}
        assert {row["id"] for row in results} == holding, (reader.name, part)
        assert words_in(answer.content) <= readable, (reader.name, part)
