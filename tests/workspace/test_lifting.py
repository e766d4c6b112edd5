"""Whoever may not lift what protects a client is shown why, and no button that would be refused."""

import pytest

from tests import make
from tests.notes.writing import NECK, enroll, signed
from tests.workspace.browsing import Browser

pytestmark = pytest.mark.django_db
WHY = "Ask a colleague with a license in force."
BUTTONS = ("Clear the hold", "It no longer holds", "Mark as an error", "End it")


def pages(who: make.Person, *paths: str) -> str:
    return "".join(Browser(who).open(path).page for path in paths)


def test_a_student_reads_who_lifts_a_hold_a_precaution_and_an_ask(north: make.Clinic) -> None:
    client_id = make.client(north)["id"]
    asks = [{"kind": "avoid", **NECK, "technique": "hvla", "sentence": "No thrust for 48 hours."}]
    paths = (f"/clients/{client_id}", f"/notes/{signed(north, client_id, asks=asks)['id']}")
    hold = {"regions": [{"region": "cervical", "side": "left"}], "because": "red_flag"}
    north.http.send("POST", f"clients/{client_id}/holds", hold)
    north.http.send("POST", f"clients/{client_id}/precautions", {"code": "anticoag", "regions": []})

    theirs, mine = pages(enroll(north), *paths), pages(north.practitioner, *paths)

    assert [button for button in BUTTONS if button in theirs] == []
    assert [theirs.count(f"{words}: ") for words in ("To clear it", "To end a precaution", "To end what is asked")] == [
        1,
        1,
        1,
    ]
    assert theirs.count(WHY) == 3
    assert [button for button in BUTTONS if button not in mine] == []
    assert WHY not in mine


def test_where_nothing_is_to_be_lifted_nothing_is_said_of_it(north: make.Clinic) -> None:
    client_id = make.client(north)["id"]
    note = signed(north, client_id, asks=[])

    assert WHY not in pages(enroll(north), f"/clients/{client_id}", f"/notes/{note['id']}")


def test_an_admin_who_is_a_student_still_marks_a_precaution_as_an_error(north: make.Clinic) -> None:
    client_id = make.client(north)["id"]
    north.http.send("POST", f"clients/{client_id}/precautions", {"code": "anticoag", "regions": []})
    student = enroll(north)
    student.member.rights = [*student.member.rights, "admin"]
    student.member.save()

    page = pages(student, f"/clients/{client_id}")

    assert ("Mark as an error" in page, "It no longer holds" in page) == (True, False)
