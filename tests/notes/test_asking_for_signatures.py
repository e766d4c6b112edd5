"""What time does to notes: a signature that is missing is asked for, and what is asked of others ends."""

from datetime import timedelta

import pytest

from backend.audit.work import run_due
from backend.lib import clock
from tests import make
from tests.notes.writing import NECK, asks, change, draft, enroll, share, sign, signed, told

pytestmark = pytest.mark.django_db


def test_a_visits_draft_is_asked_about_a_day_after_it_was_last_touched(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    visit = booked(south, north, client_id)
    note = draft(south, client_id, visit_id=visit, asks=[], techniques=[])
    move_clock(north, "P3D")
    run_due()
    assert told(south, "note.unsigned") == 1

    sign(south.http, note["id"])
    move_clock(north, "P3D")
    run_due()

    assert told(south, "note.unsigned") == 1
    assert told(north, "note.unsigned") == 0


def test_a_draft_without_a_visit_is_asked_about_too_and_again_a_day_after_it_was_touched(
    north: make.Clinic, client_id: str
) -> None:
    note = draft(north, client_id)
    move_clock(north, "PT23H")
    run_due()
    assert told(north, "note.unsigned") == 0
    move_clock(north, "PT2H")
    run_due()
    assert told(north, "note.unsigned") == 1

    assert change(north.http, note, plan="Rest.").status_code == 200
    move_clock(north, "PT25H")
    run_due()

    assert told(north, "note.unsigned") == 2


def test_a_students_note_is_asked_about_a_day_after_it_was_signed_unless_it_was_co_signed(
    north: make.Clinic, client_id: str
) -> None:
    student = enroll(north)
    first, second = (draft(north, client_id, by=student.http, asks=[])["id"] for _ in range(2))
    sign(student.http, first)
    sign(student.http, second)
    assert north.http.send("POST", f"notes/{second}/cosign", {}).status_code == 200

    move_clock(north, "PT25H")
    run_due()

    assert (told(north, "note.uncosigned"), told(north, "note.unsigned")) == (1, 0)


def test_a_visit_that_did_not_take_place_needs_no_note(north: make.Clinic, south: make.Clinic, client_id: str) -> None:
    visit = booked(south, north, client_id)
    draft(south, client_id, visit_id=visit, asks=[], techniques=[])
    referral = south.http.send("GET", "referrals").json()["results"][0]["id"]
    make.move(south, referral, "cancel_visit", by="client")

    move_clock(north, "P3D")
    run_due()

    assert told(south, "note.unsigned") == 0


def booked(clinic: make.Clinic, home: make.Clinic, client_id: str) -> str:
    """A visit of the client at the clinic, tomorrow."""
    make.consent(home, client_id, clinic)
    referral = make.referral(home, clinic, client_id=client_id)
    make.move(clinic, referral["id"], "accept")
    return str(make.move(clinic, referral["id"], "book", visit=make.visit_window(1))["visits"][0]["id"])


def test_a_student_ends_no_ask_not_even_their_own(north: make.Clinic, client_id: str) -> None:
    student = enroll(north)
    signed_by_both = sign(student.http, draft(north, client_id, by=student.http)["id"])
    assert north.http.send("POST", f"notes/{signed_by_both['id']}/cosign", {}).status_code == 200

    for note in (signed(north, client_id), signed_by_both):
        ended = student.http.send("POST", f"notes/{note['id']}/asks/{note['asks'][0]['id']}/end", {})
        assert (ended.status_code, ended.json()["code"]) == (409, "credential_invalid")
        assert "Ask a colleague with a license in force." in ended.json()["detail"]

    assert len(asks(north.http, client_id)["results"]) == 2


def move_clock(clinic: make.Clinic, by: str) -> None:
    answer = clinic.http.send("POST", "sandbox/clock", {"advance": by})
    assert answer.status_code == 200, answer.content


def test_an_ask_ends_when_it_is_ended_or_its_last_day_is_over(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    today = clock.now().date()
    asked = [
        {"kind": "avoid", **NECK, "sentence": "Until ended."},
        {"kind": "prefer", **NECK, "sentence": "For a week.", "until": str(today + timedelta(days=7))},
        {"kind": "contact_me", **NECK, "sentence": "Long over.", "until": str(today - timedelta(days=2))},
    ]
    note = signed(north, client_id, asks=asked)
    assert {row["sentence"] for row in asks(south.http, client_id)["results"]} == {"Until ended.", "For a week."}
    address = f"notes/{note['id']}/asks/{note['asks'][0]['id']}/end"

    theirs = south.http.send("POST", address, {})
    ended = north.http.send("POST", address, {"reason": "It has settled."})
    again = north.http.send("POST", address, {})

    assert (theirs.status_code, ended.status_code, again.status_code) == (403, 200, 409)
    assert ended.json()["integrity"] == "intact"
    assert ended.json()["asks"][0]["ended_at"] is not None
    assert [row["sentence"] for row in asks(south.http, client_id)["results"]] == ["For a week."]
    assert told(south, "ask.ended") == 1
