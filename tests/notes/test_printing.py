"""A note as PDF: what stands on it, for whom, and that it is what the API shows the same reader."""

from typing import Any
from uuid import UUID

import pytest

from backend.audit.models import AccessLog
from backend.lib.actor import Actor, ActorKind
from backend.lib.typesetting import Document
from backend.lib.unit_of_work import acting_as
from backend.notes import printing, words
from tests import make
from tests.notes.writing import BODY, SECTIONS, draft, read, share, signed
from tests.paper import pages_of

pytestmark = pytest.mark.django_db
AMENDMENT = {"reason": "correction", "section": "objective", "text": "Left, not right."}


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> list[Document]:
    return pages_of(printing, monkeypatch)


def document_of(who: make.Clinic | make.Person, note: Any) -> Any:
    return who.http.send("GET", f"notes/{note['id']}/document")


def sections(document: Document) -> dict[str, str]:
    return {section.title: section.text for section in document.sections}


def all_words(document: Document) -> str:
    parts = [document.banner or "", *(value for _, value in document.facts)]
    return "\n".join([*parts, *(f"{section.title}\n{section.text}" for section in document.sections)])


def test_a_note_is_a_pdf_that_is_kept_nowhere_and_named_after_nobody(north: make.Clinic, client_id: str) -> None:
    note = signed(north, client_id)

    answer = document_of(north, note)

    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert answer.content.startswith(b"%PDF-")
    assert b"pdfuaid:part" in answer.content
    assert answer["Content-Disposition"] == f'inline; filename="note-{note["id"].replace("-", "")[-8:]}.pdf"'
    assert answer["Cache-Control"] == "no-store"


def test_everything_of_a_note_stands_on_paper(north: make.Clinic, client_id: str, printed: list[Document]) -> None:
    note = signed(north, client_id)

    document_of(north, note)

    (page,) = printed
    assert sections(page) == {
        "Subjective": BODY["subjective"],
        "Objective": f"{BODY['objective']}\n\nNumeric pain rating scale: 5 points\n\n"
        "Neck, right: trigger point in Suboccipitals, refers to eye\nNeck, right: pain 5 of 10",
        "Assessment": BODY["assessment"],
        "Plan": f"{BODY['plan']}\n\nTrigger point therapy: Neck, right (15 min)",
        "Asked of the others": f"{words.ask(note['asks'][0])}",
        "Signature": sections(page)["Signature"],
        "SHA-256 of what was signed": note["content_hash"],
    }
    assert "No thrust for 48 hours." in sections(page)["Asked of the others"]
    assert sections(page)["Signature"].startswith(note["signature"]["practitioner"])
    assert "Signed here: the signer was signed in to Trialogue as themselves." in sections(page)["Signature"]
    assert page.banner is None


def test_paper_shows_what_the_api_shows_and_no_more(
    north: make.Clinic, south: make.Clinic, client_id: str, printed: list[Document]
) -> None:
    share(north, client_id, south)
    note = signed(north, client_id, shared_sections=["assessment", "plan"])
    shown = read(south.http, note["id"]).json()

    assert document_of(south, note).status_code == 200

    (page,) = printed
    on_paper = all_words(page)
    assert [shown[name] in on_paper for name in SECTIONS if name in shown] == [True, True]
    assert [BODY[name] in on_paper for name in SECTIONS if name not in shown] == [False, False]
    assert [words.technique(row) in on_paper for row in shown["techniques"]] == [True]
    assert [word for word in ("trigger point in", "pain rating", "pain 5 of 10") if word in on_paper] == []
    assert page.banner == printing.LEFT_OUT


def test_paper_says_that_a_note_was_changed_since_it_was_signed(
    north: make.Clinic, client_id: str, printed: list[Document]
) -> None:
    note = signed(north, client_id)

    with acting_as(north.practitioner.actor):
        printing.note_pdf({**note, "integrity": "changed"})

    (page,) = printed
    assert page.banner == printing.CHANGED


def test_what_was_entered_in_error_is_struck_through_with_what_was_added(
    north: make.Clinic, client_id: str, printed: list[Document]
) -> None:
    note = signed(north, client_id)
    assert north.http.send("POST", f"notes/{note['id']}/addenda", AMENDMENT).status_code == 201
    error = {"reason": "wrong_entry", "note": "Written for the visit before."}
    assert north.http.send("POST", f"notes/{note['id']}/entered-in-error", error).status_code == 200

    document_of(north, note)

    (page,) = printed
    struck = {section.title for section in page.sections if section.struck}
    assert struck == {"Subjective", "Objective", "Assessment", "Plan", "Asked of the others", "Addendum to objective"}
    assert page.banner == "This note was entered in error. What stands here struck through was entered in error."
    said = dict(page.facts)["Entered in error"]
    assert said.startswith("Wrong entry: North Massage Practitioner, ")
    assert said.endswith(". Written for the visit before.")
    assert sections(page)["Addendum to objective"].startswith("Left, not right.\n\nCorrection\n")


def test_a_draft_says_that_it_is_one(north: make.Clinic, client_id: str, printed: list[Document]) -> None:
    note = draft(north, client_id)

    document_of(north, note)

    (page,) = printed
    assert page.banner == "Draft: this note is not signed."
    assert "Signature" not in sections(page)


def test_carried_over_parts_are_named(north: make.Clinic, client_id: str, printed: list[Document]) -> None:
    last = signed(north, client_id)
    copy = north.http.send("POST", "notes", {"copy_from": last["id"], "subjective": "Better."}).json()

    document_of(north, copy)

    assert dict(printed[0].facts)["Carried over"] == (
        "Subjective, Objective, Assessment, Plan, Findings, Techniques; "
        "kept as they were: Objective, Assessment, Plan, Findings, Techniques"
    )


def test_who_reads_no_text_prints_none_and_who_sees_no_note_finds_none(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    note = signed(north, client_id)

    answers = [document_of(who, note).status_code for who in (north.coordinator, north.admin, south.practitioner)]

    assert answers == [403, 403, 404]


def test_a_print_of_another_clinics_note_is_in_the_access_log(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    note = signed(north, client_id)

    document_of(south, note)

    home = Actor(kind=ActorKind.SYSTEM, organization_id=UUID(north.id))
    with acting_as(home):
        looks = AccessLog.objects.filter(subject_type="note", subject_id=note["id"], owner_id=north.id)
        assert [str(look.organization_id) for look in looks] == [south.id]
