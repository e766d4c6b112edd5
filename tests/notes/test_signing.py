"""Signing, co-signing, amending, taking back: who may, what it leaves behind, what the others are told."""

from datetime import timedelta
from typing import Any

import pytest

from backend.audit.models import Event
from backend.directory.models import PractitionerRole
from backend.lib.rest.fields import utc
from backend.lib.unit_of_work import acting_as
from backend.notes.models import Note
from backend.notes.queries import left_unsigned
from tests import make
from tests.notes.writing import BODY, asks, change, draft, enroll, ids_listed, read, share, sign, signed, told
from tests.record.feed import settle
from tests.referrals.stories import move_to, now

pytestmark = pytest.mark.django_db


def test_a_signature_says_who_with_which_license_and_when(north: make.Clinic, client_id: str) -> None:
    note = signed(north, client_id)

    signature = note["signature"]
    assert (note["state"], note["integrity"], note["version"]) == ("signed", "intact", 2)
    assert (signature["kind"], signature["practitioner"]) == ("here", "North Practitioner, North Massage")
    assert signature["license"].startswith("License L-")
    assert signature["signed_at"] == signature["received_at"]
    assert len(note["content_hash"]) == 64
    assert note["available_transitions"] == ["amend", "enter_in_error"]


@pytest.mark.parametrize(
    "body", [[], ["x"], "x", {"actor": "x"}, {"name": "x"}, {"note_id": "x"}, {"signed_elsewhere": []}]
)
def test_what_is_no_input_of_a_signature_signs_nothing(north: make.Clinic, client_id: str, body: Any) -> None:
    note = draft(north, client_id)

    answers = [north.http.send("POST", f"notes/{note['id']}/{step}", body) for step in ("sign", "addenda", "cosign")]

    assert (answers[0].status_code, {a.status_code < 500 for a in answers}) == (400, {True})
    assert read(north.http, note["id"]).json() == note


def test_a_step_with_a_body_that_is_no_object_is_unreadable(north: make.Clinic, client_id: str) -> None:
    note = draft(north, client_id)

    answer = north.http.send("POST", f"notes/{note['id']}/sign", b"[]")

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_json")
    assert read(north.http, note["id"]).json() == note


def test_only_the_author_signs(north: make.Clinic, client_id: str) -> None:
    note = draft(north, client_id)
    colleague = make.person(north.organization, "practitioner", discipline="massage_therapy")

    people = (colleague.http, north.coordinator.http, north.admin.http, north.auditor.http)
    answers = [http.send("POST", f"notes/{note['id']}/sign", {}) for http in people]

    assert [(a.status_code, a.json()["code"]) for a in answers] == [(403, "wrong_party")] * 4
    assert read(north.http, note["id"]).json() == note


def test_who_has_no_license_in_force_signs_nothing(north: make.Clinic, client_id: str) -> None:
    note = draft(north, client_id)
    assert north.practitioner.role is not None
    north.practitioner.role.practitioner.credentials.update(status="suspended")

    answer = north.http.send("POST", f"notes/{note['id']}/sign", {})

    assert (answer.status_code, answer.json()["code"]) == (409, "credential_invalid")
    assert read(north.http, note["id"]).json()["state"] == "draft"


def test_a_signed_note_is_not_signed_again_nor_changed(north: make.Clinic, client_id: str) -> None:
    note = signed(north, client_id)

    again = north.http.send("POST", f"notes/{note['id']}/sign", {})
    changed = north.http.send("PATCH", f"notes/{note['id']}", {"plan": "Else."}, **{"If-Match": '"2.x"'})

    assert (again.status_code, again.json()["code"]) == (409, "wrong_state")
    assert again.json()["available"] == ["amend", "enter_in_error"]
    assert (changed.status_code, changed.json()["code"]) == (409, "wrong_state")
    assert read(north.http, note["id"]).json() == note


def test_a_students_note_counts_for_others_once_a_colleague_has_co_signed_it(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    student = enroll(north)
    note = sign(student.http, draft(north, client_id, by=student.http)["id"])
    assert (note["state"], note["signature"]["license"]) == ("awaiting_cosignature", "Student L-" + _number(student))
    assert read(south.http, note["id"]).status_code == 404
    assert asks(south.http, client_id)["results"] == []
    assert told(south, "note.signed") == told(south, "note.cosigned") == 0

    themselves = student.http.send("POST", f"notes/{note['id']}/cosign", {})
    another = enroll(north).http.send("POST", f"notes/{note['id']}/cosign", {})
    outside = south.http.send("POST", f"notes/{note['id']}/cosign", {})
    cosigned = north.http.send("POST", f"notes/{note['id']}/cosign", {})

    assert (themselves.status_code, themselves.json()["code"]) == (403, "wrong_party")
    assert (another.status_code, another.json()["code"]) == (409, "credential_invalid")
    assert outside.status_code == 404
    assert (cosigned.json()["state"], cosigned.json()["integrity"]) == ("signed", "intact")
    assert cosigned.json()["cosignature"]["practitioner"] == "North Practitioner, North Massage"
    assert read(south.http, note["id"]).status_code == 200
    assert len(asks(south.http, client_id)["results"]) == 1
    assert (told(south, "note.cosigned"), told(north, "note.signed")) == (1, 1)


def _number(student: make.Person) -> str:
    assert student.role is not None
    held = student.role.practitioner.credentials.get()
    return f"{held.number.removeprefix('L-')}, {held.jurisdiction}"


def test_an_addendum_is_added_with_a_reason_and_a_signature_and_the_note_stays(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    note = signed(north, client_id)
    colleague = make.person(north.organization, "practitioner", discipline="massage_therapy", name="Ann Other")
    said = {"reason": "correction", "text": "Right, not left."}

    first = north.http.send("POST", f"notes/{note['id']}/addenda", said)
    second = colleague.http.send("POST", f"notes/{note['id']}/addenda", {**said, "reason": "late_entry"})
    amended = read(north.http, note["id"]).json()

    assert (first.status_code, second.status_code) == (201, 201), first.content
    assert second.json()["signature"]["practitioner"] == "Ann Other, North Massage"
    assert [row["reason"] for row in amended["addenda"]] == ["correction", "late_entry"]
    assert (amended["integrity"], amended["version"]) == ("intact", note["version"] + 2)
    assert {name: amended[name] for name in ("subjective", "content_hash", "findings")} == {
        name: note[name] for name in ("subjective", "content_hash", "findings")
    }
    assert north.http.send("GET", f"notes/{note['id']}/addenda").json()["results"] == amended["addenda"]
    assert told(south, "note.amended") == 2


@pytest.mark.parametrize(
    ("hours", "code"), [(-1, "in_the_future"), (8 * 24, "too_late"), (3, "before_last_step"), (1, None)]
)
def test_what_is_added_late_lies_between_the_signature_and_now(
    north: make.Clinic, client_id: str, hours: float, code: str | None
) -> None:
    note = signed(north, client_id)
    move_to(now() + timedelta(hours=2))

    answer = amend(north, note, occurred_at=ago(hours))

    assert (answer.status_code, answer.json().get("code")) == ((400, code) if code else (201, None))
    assert code is None or answer.json()["errors"][0]["pointer"] == "/occurred_at"


def test_what_is_added_late_does_not_come_before_what_was_added_or_co_signed(
    north: make.Clinic, client_id: str
) -> None:
    student = enroll(north)
    note, waiting = signed(north, client_id), sign(student.http, draft(north, client_id, by=student.http)["id"])
    move_to(now() + timedelta(hours=3))

    late = [amend(north, note, occurred_at=ago(hours)) for hours in (1, 2)]
    before_cosigned = amend(north, waiting, occurred_at=ago(2))
    assert north.http.send("POST", f"notes/{waiting['id']}/cosign", {}).status_code == 200
    after = amend(north, waiting, occurred_at=ago(1))

    assert [answer.status_code for answer in (*late, before_cosigned, after)] == [201, 400, 201, 400]
    assert {answer.json()["code"] for answer in (late[1], after)} == {"before_last_step"}


def amend(clinic: make.Clinic, note: Any, **more: Any) -> Any:
    return clinic.http.send("POST", f"notes/{note['id']}/addenda", {"reason": "late_entry", "text": "A word.", **more})


def ago(hours: float) -> str:
    return utc(now() - timedelta(hours=hours))


def test_who_amends_and_what(north: make.Clinic, south: make.Clinic, client_id: str) -> None:
    share(north, client_id, south)
    note, unsigned = signed(north, client_id), draft(north, client_id)
    said = {"reason": "other", "text": "A word."}

    def status(http: make.Api, note_id: str) -> int:
        return int(http.send("POST", f"notes/{note_id}/addenda", said).status_code)

    outside = [south.http, north.coordinator.http, north.admin.http, north.auditor.http, north.system]
    assert [status(http, note["id"]) for http in outside] == [403] * 5
    assert status(north.http, unsigned["id"]) == 409
    assert status(enroll(north).http, note["id"]) == 409
    assert read(north.http, note["id"]).json()["addenda"] == []


def test_an_addendum_to_a_section_goes_where_the_section_goes(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    note = signed(north, client_id, shared_sections=["plan"])
    for section in ("subjective", "plan"):
        north.http.send(
            "POST", f"notes/{note['id']}/addenda", {"reason": "other", "section": section, "text": f"On the {section}."}
        )

    assert [row["section"] for row in read(south.http, note["id"]).json()["addenda"]] == ["plan"]
    assert len(read(north.http, note["id"]).json()["addenda"]) == 2


def test_entered_in_error_keeps_the_text_struck_through(north: make.Clinic, south: make.Clinic, client_id: str) -> None:
    share(north, client_id, south)
    note = signed(north, client_id)

    said = {"reason": "wrong_entry", "note": "Written in the wrong room."}
    answer = north.http.send("POST", f"notes/{note['id']}/entered-in-error", said)

    assert (answer.status_code, answer.json()["state"]) == (200, "entered_in_error")
    assert answer.json()["entered_in_error"]["note"] == "Written in the wrong room."
    theirs = read(south.http, note["id"]).json()
    assert (theirs["subjective"], theirs["entered_in_error"]["reason"]) == (BODY["subjective"], "wrong_entry")
    assert "note" not in theirs["entered_in_error"]
    assert theirs["integrity"] == "intact"
    assert asks(south.http, client_id)["results"] == []
    assert told(south, "note.entered_in_error") == told(south, "ask.ended") == 1


def test_a_wrong_client_takes_the_note_away_from_the_others_at_once(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    note = signed(north, client_id)
    assert read(south.http, note["id"]).status_code == 200

    answer = north.admin.http.send("POST", f"notes/{note['id']}/entered-in-error", {"reason": "wrong_client"})

    assert answer.status_code == 200
    assert read(south.http, note["id"]).status_code == 404
    assert note["id"] not in ids_listed(south.http)
    assert asks(south.http, client_id)["results"] == []
    assert read(north.http, note["id"]).json()["subjective"] == BODY["subjective"]
    with acting_as(south.practitioner.actor):
        [event] = Event.objects.filter(type="note.entered_in_error")
    assert event.always


def test_that_a_note_in_error_was_about_a_wrong_client_can_still_be_said_once(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    note = signed(north, client_id)

    def say(reason: str) -> Any:
        return north.http.send("POST", f"notes/{note['id']}/entered-in-error", {"reason": reason})

    first, another, corrected, again = say("wrong_entry"), say("other"), say("wrong_client"), say("wrong_client")

    assert first.json()["available_transitions"] == ["enter_in_error"]
    assert (another.status_code, another.json()["code"]) == (409, "entered_in_error")
    assert (corrected.status_code, corrected.json()["entered_in_error"]["reason"]) == (200, "wrong_client")
    assert (corrected.json()["available_transitions"], corrected.json()["integrity"]) == ([], "intact")
    assert (again.status_code, again.json()["code"]) == (409, "wrong_state")
    assert read(south.http, note["id"]).status_code == 404
    assert south.http.send("GET", f"notes/{note['id']}/history").status_code == 404
    assert asks(south.http, client_id)["results"] == []
    assert (told(south, "note.entered_in_error"), told(south, "ask.ended")) == (2, 2)


@pytest.mark.django_db(transaction=True)
def test_whoever_was_asked_is_told_that_it_was_about_a_wrong_client_also_without_the_note(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south, categories=["plan"])
    notes = [signed(north, client_id), signed(north, client_id, visibility="clinic")]

    for note in notes:
        north.http.send("POST", f"notes/{note['id']}/entered-in-error", {"reason": "wrong_client"})
    settle()

    heard = [e for e in south.system.send("GET", "events").json()["results"] if e["type"] == "ask.ended"]
    assert [event["subject"]["id"] for event in heard] == [note["asks"][0]["id"] for note in notes]


@pytest.mark.django_db(transaction=True)
def test_of_an_authors_private_note_nobody_is_told_that_it_was_an_error(north: make.Clinic, client_id: str) -> None:
    note = signed(north, client_id, visibility="author", asks=[])

    north.http.send("POST", f"notes/{note['id']}/entered-in-error", {"reason": "wrong_client"})
    settle()

    assert told(north, "note.entered_in_error") == 1
    events = north.system.send("GET", "events?limit=100").json()["results"]
    assert note["id"] not in {event["subject"]["id"] for event in events}


def test_a_student_signs_nothing_that_no_colleague_can_read(north: make.Clinic, client_id: str) -> None:
    student = enroll(north)
    note = draft(north, client_id, by=student.http, visibility="author", asks=[])

    refused = student.http.send("POST", f"notes/{note['id']}/sign", {})

    assert (refused.status_code, refused.json()["code"]) == (409, "cosigner_reads")
    assert read(student.http, note["id"]).json() == note
    assert change(student.http, note, visibility="clinic").status_code == 200
    assert sign(student.http, note["id"])["state"] == "awaiting_cosignature"


def test_who_comes_back_in_a_role_of_the_same_discipline_signs_what_nobody_else_may_close(
    north: make.Clinic, client_id: str
) -> None:
    came_back = north.practitioner
    note = draft(north, client_id)
    assert came_back.role is not None
    north.admin.http.send("POST", f"practitioner-roles/{came_back.role.id}/end", {})
    left = [row.pk for row in left_at(north)]
    PractitionerRole.objects.create(
        practitioner=came_back.role.practitioner,
        organization=north.organization,
        discipline=came_back.role.discipline,
        location=came_back.role.location,
    )

    too_early = north.admin.http.send("POST", f"notes/{note['id']}/close-unsigned", {})

    assert ([str(pk) for pk in left], left_at(north)) == ([note["id"]], [])
    assert (too_early.status_code, too_early.json()["code"]) == (409, "author_has_left")
    assert sign(north.http, note["id"])["state"] == "signed"


def left_at(clinic: make.Clinic) -> list[Note]:
    with acting_as(clinic.admin.actor):
        return list(left_unsigned(clinic.admin.actor))


def test_whoever_had_read_a_note_is_told_that_it_was_an_error_also_without_access_now(
    north: make.Clinic, south: make.Clinic, east: make.Clinic, client_id: str
) -> None:
    consents = [share(north, client_id, clinic) for clinic in (south, east)]
    note = signed(north, client_id)
    read(south.http, note["id"])
    for consent in consents:
        north.http.send("POST", f"clients/{client_id}/consents/{consent['id']}/withdraw", {})

    north.http.send("POST", f"notes/{note['id']}/entered-in-error", {"reason": "wrong_entry"})

    assert (told(south, "note.entered_in_error"), told(east, "note.entered_in_error")) == (1, 0)


def test_whoever_read_a_note_on_the_timeline_of_the_record_it_became_part_of_is_told_of_the_error(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    survivor = str(make.client(north)["id"])
    consents = {record: share(north, record, south) for record in (client_id, survivor)}
    note = signed(north, client_id)
    merged = north.http.send("POST", f"clients/{client_id}/merge", {"into": survivor})
    shown = south.http.send("GET", f"clients/{survivor}/timeline").json()["results"]
    for record, consent in consents.items():
        north.http.send("POST", f"clients/{record}/consents/{consent['id']}/withdraw", {})

    north.http.send("POST", f"notes/{note['id']}/entered-in-error", {"reason": "wrong_entry"})

    assert (merged.status_code, note["id"] in [item["id"] for item in shown]) == (200, True)
    assert (read(south.http, note["id"]).status_code, told(south, "note.entered_in_error")) == (404, 1)


def test_who_marks_a_note_as_an_error(north: make.Clinic, south: make.Clinic, client_id: str) -> None:
    share(north, client_id, south)
    note = signed(north, client_id)
    colleague = make.person(north.organization, "practitioner", discipline="massage_therapy")
    outside = [south.http, south.admin.http, colleague.http, north.coordinator.http, north.auditor.http, north.system]

    answers = [http.send("POST", f"notes/{note['id']}/entered-in-error", {"reason": "other"}) for http in outside]

    assert [answer.status_code for answer in answers] == [403] * 6
    assert read(north.http, note["id"]).json()["state"] == "signed"


@pytest.mark.parametrize("kept", [{}, {"visibility": "author", "asks": []}])
def test_what_somebody_who_left_did_not_sign_is_closed_by_an_admin_and_signed_by_nobody(
    north: make.Clinic, client_id: str, kept: dict[str, Any]
) -> None:
    leaving = make.person(north.organization, "practitioner", discipline="massage_therapy", name="Lea Ving")
    note = draft(north, client_id, by=leaving.http, **kept)
    address = f"notes/{note['id']}/close-unsigned"
    too_early = north.admin.http.send("POST", address, {})
    assert leaving.role is not None
    north.admin.http.send("POST", f"practitioner-roles/{leaving.role.id}/end", {})

    by_a_colleague = north.http.send("POST", address, {})
    closed = north.admin.http.send("POST", address, {})

    is_private = bool(kept)
    assert (too_early.status_code, too_early.json()["code"]) == (
        (404, "not_found") if is_private else (409, "author_has_left")
    )
    assert by_a_colleague.status_code == (404 if is_private else 403)
    assert (closed.json()["state"], closed.json()["closed_unsigned"]["by"]) == (
        "closed_unsigned",
        "North Massage Admin",
    )
    assert read(north.auditor.http, note["id"]).json()["signature"] is None
    assert told(north, "note.closed_unsigned") == 1
