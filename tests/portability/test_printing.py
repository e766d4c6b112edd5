"""The pages of an export: an index, chapters, what was a mistake struck through, and nothing a person wrote is run."""

import pytest

from backend.lib import clock
from backend.lib.typesetting import Block, Book, Chapter, Entry, book_as_data, pdf_of
from backend.portability import jobs
from tests import make
from tests.lib.test_typesetting import HOSTILE
from tests.notes.writing import signed
from tests.paper import pages_of
from tests.portability.exporting import made
from tests.portability.stories import whole

pytestmark = pytest.mark.django_db


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> list[Book]:
    return pages_of(jobs, monkeypatch)


def chapter(book: Book, title: str) -> Chapter:
    return next(one for one in book.chapters if one.title == title)


def test_the_pages_hold_the_chapters_in_order_and_name_nobody_in_the_title(
    north: make.Clinic, south: make.Clinic, printed: list[Book]
) -> None:
    story = whole(north, south)
    made(north, story.client_id)

    (book,) = printed
    titles = [one.title for one in book.chapters]
    assert titles[:3] == ["The client", "How this clinic knows the client", "Who may answer for the client"]
    assert titles[-2:] == ["Notes", "What happened, as it was told to this clinic"]
    assert book.title == "Record of one client"
    assert book.facts[0] == ("Client", "Zqgiven Zqfamily")
    assert "Zq" not in book.title + book.footer


def test_a_note_is_set_as_people_read_it(north: make.Clinic, printed: list[Book]) -> None:
    client_id = make.client(north)["id"]
    signed(north, client_id)
    made(north, client_id)

    (note,) = chapter(printed[0], "Notes").entries
    texts = dict(note.texts)
    assert note.title.startswith("Progress note, ")
    assert note.title.endswith(", North Massage")
    assert texts["Subjective"] == "Headache 5/10, better in the mornings."
    assert (
        texts["Findings"] == "• Trigger point: Neck, right, Suboccipitals, refers to eye\n• Pain: Neck, right, 5 of 10"
    )
    assert texts["Asks"].endswith(": No thrust for 48 hours.")
    assert ("Author", "North Practitioner") in note.facts


def test_what_was_a_mistake_is_struck_through_and_says_so(north: make.Clinic, printed: list[Book]) -> None:
    client_id = make.client(north)["id"]
    note = signed(north, client_id)
    north.http.send("POST", f"notes/{note['id']}/entered-in-error", {"reason": "wrong_entry"})
    made(north, client_id)

    (struck,) = chapter(printed[0], "Notes").entries
    assert struck.is_struck
    assert struck.facts[0][0] == "Entered in error"
    assert dict(struck.texts)["Subjective"] == "Headache 5/10, better in the mornings."


def test_what_stays_in_the_clinic_is_marked(north: make.Clinic, printed: list[Book]) -> None:
    client_id = make.client(north)["id"]
    signed(north, client_id, visibility="clinic")
    made(north, client_id)

    (note,) = chapter(printed[0], "Notes").entries
    assert note.facts[0][0] == "Not handed out"


def test_what_is_left_out_is_said_without_hinting_at_anything(
    north: make.Clinic, south: make.Clinic, printed: list[Book]
) -> None:
    full, empty = whole(north, south).client_id, make.client(north)["id"]
    made(north.coordinator, full)
    made(north.coordinator, empty)

    left_out = [dict(book.facts)["Left out"] for book in printed]
    assert left_out[0] == left_out[1]
    assert "Reports" in left_out[0]


def test_a_very_long_record_prints_the_newest_and_owns_up_to_it(
    north: make.Clinic, printed: list[Book], monkeypatch: pytest.MonkeyPatch
) -> None:
    from backend.portability import printing

    monkeypatch.setattr(printing, "MOST_ENTRIES", 2)
    client_id = make.client(north)["id"]
    for number in range(3):
        signed(north, client_id, subjective=f"Number {number}")
    made(north, client_id)

    notes = chapter(printed[0], "Notes")
    assert [dict(note.texts)["Subjective"] for note in notes.entries] == ["Number 1", "Number 2"]
    assert notes.note == "The newest 2 of 3 are printed here; the JSON file holds all."


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("is_struck", [False, True])
def test_what_people_wrote_is_never_run(text: str, is_struck: bool) -> None:
    entry = Entry(text or "x", [("Kind", text)], [("Subjective", text)], is_struck=is_struck)
    book = Book(
        title="Record",
        sender=Block("Clinic", []),
        facts=[("Client", text)],
        chapters=[Chapter("Notes", [entry], note=text), Chapter("Looks", rows=[(text, text)])],
        footer="",
    )

    assert b"<pdfuaid:part>1" in pdf_of(book, printed_at=clock.now())


def test_the_index_names_entries_until_there_are_too_many() -> None:
    def book(entries: int) -> Book:
        many = [Entry(f"Note {number}", []) for number in range(entries)]
        return Book("Record", Block("Clinic", []), [], [Chapter("Notes", many)], "")

    assert [book_as_data(book(entries))["index_depth"] for entries in (300, 301)] == [2, 1]
