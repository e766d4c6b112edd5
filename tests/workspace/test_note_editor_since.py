"""What the note editor shows of the brief: red lines in the open, three more folded; and who looked."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backend.audit.models import AccessLog
from backend.clients.models import ReadMark
from backend.lib.unit_of_work import acting_as
from tests import make
from tests.notes.writing import NECK, draft, share, signed
from tests.record.briefs import brief, lines
from tests.workspace.note_writer import writer

QUIET: dict[str, Any] = {"asks": [], "measures": []}
MOST = 44
SINCE = re.compile(r'<section class="since".*?</section>', re.DOTALL)


@pytest.fixture
def shared(north: make.Clinic, south: make.Clinic, client_id: str) -> str:
    share(north, client_id, south)
    return client_id


def since(who: make.Clinic, client_id: str) -> tuple[str, str]:
    """What stands in the open, and what is folded; each as a reader reads it."""
    block = SINCE.search(writer(who).begin(client_id).page)
    assert block
    in_the_open, _, folded = block.group().partition("<details")
    return text_of(in_the_open), text_of(folded)


def text_of(markup: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", f"<{markup}").split())


def looks_at_notes(owner: make.Clinic) -> set[str]:
    with acting_as(owner.practitioner.actor):
        looks = AccessLog.objects.filter(subject_type="note", action="read", organization_id__isnull=False)
        return {str(pk) for pk in looks.exclude(organization_id=owner.id).values_list("subject_id", flat=True)}


def test_the_words_are_those_of_the_brief_and_three_lines_are_folded(
    north: make.Clinic, south: make.Clinic, shared: str
) -> None:
    for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"):
        signed(north, shared, **QUIET, assessment=f"Calm on {day}.")

    in_the_open, folded = since(south, shared)

    said = [line["text"] for line in lines(south, shared)]
    assert [text in folded for text in said] == [True, True, True, False, False]
    assert [text for text in said if text in in_the_open] == []
    assert "Since you began to see this client" in folded
    assert ": 3 lines" in folded
    assert "And 2 more, newer than these" in folded
    assert f'<a href="/clients/{shared}">everything about this client</a>' in writer(south).begin(shared).page


def test_a_red_line_that_holds_is_never_folded_however_many_there_are(
    north: make.Clinic, south: make.Clinic, shared: str
) -> None:
    for sentence in ("No thrust.", "No traction.", "No needles.", "No heat."):
        signed(north, shared, measures=[], asks=[{"kind": "avoid", **NECK, "technique": "hvla", "sentence": sentence}])
    north.http.send("POST", f"clients/{shared}/precautions", {"code": "anticoag", "note": "Warfarin."})
    signed(north, shared, is_sensitive=True)

    in_the_open, folded = since(south, shared)

    red = [line["text"] for line in lines(south, shared) if line["is_red"]]
    assert len(red) == 6
    assert [text for text in red if text not in in_the_open] == []
    assert [text for text in red if text in folded] == []
    assert "Contact North Massage before treating Neck, right." in in_the_open
    assert ": 3 lines" in folded


def test_an_ask_that_was_ended_is_not_shown_in_the_open(north: make.Clinic, south: make.Clinic, shared: str) -> None:
    note = signed(north, shared, **{**QUIET, "asks": [{"kind": "avoid", **NECK, "sentence": "No thrust."}]})
    north.http.send("POST", f"notes/{note['id']}/asks/{note['asks'][0]['id']}/end", {})

    in_the_open, folded = since(south, shared)

    assert "No thrust" not in in_the_open
    assert "Progress: Trigger point therapy" in folded


def test_opening_the_editor_marks_nothing_as_read(north: make.Clinic, south: make.Clinic, shared: str) -> None:
    signed(north, shared)
    before = brief(south, shared)

    page = writer(south).begin(shared)
    page.write(subjective="First words.")

    assert "First words." in page.page
    assert [line["is_read"] for line in lines(south, shared)] == [False, False]
    assert brief(south, shared) == before
    with acting_as(south.practitioner.actor):
        assert ReadMark.objects.count() == 0


def test_looks_are_logged_of_what_was_shown_and_of_nothing_else(
    north: make.Clinic, south: make.Clinic, shared: str
) -> None:
    notes = [signed(north, shared, **QUIET, assessment=f"Day {number}.")["id"] for number in range(5)]

    writer(south).begin(shared)

    assert looks_at_notes(north) == set(notes[:3])


def test_a_refused_note_shows_and_logs_it_again(north: make.Clinic, south: make.Clinic, shared: str) -> None:
    note = signed(north, shared, **QUIET)
    page = writer(south).begin(shared)

    page.write(press="sign", **{"add-techniques-minutes": "15"})

    assert page.status == 400
    assert "Progress: Trigger point therapy" in page.page
    with acting_as(north.practitioner.actor):
        looks = AccessLog.objects.filter(subject_type="note", subject_id=note["id"], action="read")
        assert looks.filter(organization_id=south.id).count() == 2


def test_a_draft_shows_what_came_since_and_ones_own_clinic_logs_nothing(north: make.Clinic, client_id: str) -> None:
    colleague = make.person(north.organization, "practitioner", discipline="massage_therapy", name="Col League")
    begun = draft(north, client_id)
    theirs = draft(north, client_id, by=colleague.http, **QUIET, assessment="Seen by a colleague.")
    colleague.http.send("POST", f"notes/{theirs['id']}/sign", {})
    page = writer(north)

    page.open(f"/notes/{begun['id']}/edit")

    assert "Trigger point therapy; Seen by a colleague." in page.page
    assert looks_at_notes(north) == set()


def test_where_nothing_is_new_it_says_so_without_a_fold(north: make.Clinic, client_id: str) -> None:
    in_the_open, folded = since(north, client_id)

    assert in_the_open.endswith("nothing new from the others.")
    assert folded == "<"


def test_whose_record_was_closed_to_the_clinic_finishes_the_draft_without_it(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    consent = share(north, client_id, south)
    begun = draft(south, client_id)
    signed(north, client_id)
    north.http.send("POST", f"clients/{client_id}/consents/{consent['id']}/withdraw", {})
    page = writer(south)

    page.open(f"/notes/{begun['id']}/edit")

    assert (page.status, SINCE.search(page.page)) == (200, None)
    assert "Trigger point therapy;" not in page.page


def test_the_page_takes_no_more_statements_for_many_lines_than_for_a_few(
    north: make.Clinic, south: make.Clinic, shared: str
) -> None:
    page = writer(south)

    def statements() -> int:
        with CaptureQueriesContext(connection) as seen:
            page.begin(shared)
        assert page.status == 200
        return len([query for query in seen if "SAVEPOINT" not in query["sql"]])

    for _ in range(3):
        signed(north, shared)
    signed(south, shared)
    few = statements()
    for _ in range(12):
        signed(north, shared)
        signed(south, shared)

    many = statements()

    assert many <= few
    assert few <= MOST
