"""Signing, co-signing, amending, taking back: who may, what it leaves behind, what the others are told."""

from datetime import timedelta
from typing import Any

import pytest

from backend.audit.models import Event
from backend.audit.work import run_due
from backend.lib import clock
from backend.lib.rest.fields import utc
from backend.lib.unit_of_work import acting_as
from tests import make
from tests.notes.writing import BODY, NECK, asks, change, draft, enroll, ids_listed, read, share, sign, signed

pytestmark = pytest.mark.django_db
TRANSMIT = f"{make.ALL_SCOPES} notes:transmit"


def told(clinic: make.Clinic, type: str) -> int:
    """How many events of this type stand in the clinic's copy."""
    with acting_as(clinic.practitioner.actor):
        return Event.objects.filter(type=type).count()


def delivered(clinic: make.Clinic, **more: Any) -> dict[str, Any]:
    return {
        "signed_elsewhere": {
            "practitioner_role_id": clinic.role_id,
            "signed_at": utc(clock.now() - timedelta(minutes=5)),
            "source": {"system": "urn:north:notes", "value": "N-4711"},
            **more,
        }
    }


def agree(clinic: make.Clinic) -> None:
    answer = clinic.http.send("POST", f"practitioner-roles/{clinic.role_id}/transmission-agreement", {"agreed": True})
    assert answer.status_code == 200, answer.content


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


def test_a_system_delivers_what_was_signed_elsewhere_once_the_author_agreed(north: make.Clinic, client_id: str) -> None:
    system = transmitter(north)
    note = begun_by(system, north, client_id)
    address = f"notes/{note['id']}/sign"

    without = system.send("POST", address, {})
    not_agreed = system.send("POST", address, delivered(north))
    agree(north)
    of_a_person = north.http.send("POST", address, delivered(north))
    future = system.send("POST", address, delivered(north, signed_at=utc(clock.now() + timedelta(hours=1))))
    taken = system.send("POST", address, delivered(north, document_sha256="a" * 64))

    assert note["available_transitions"] == ["sign"]
    assert (without.status_code, without.json()["code"]) == (403, "signature_required")
    assert (not_agreed.status_code, not_agreed.json()["code"]) == (403, "transmission_not_agreed")
    assert (of_a_person.status_code, of_a_person.json()["code"]) == (403, "signature_required")
    assert (future.status_code, future.json()["code"]) == (400, "in_the_future")
    signature = taken.json()["signature"]
    assert (signature["kind"], signature["document_sha256"]) == ("elsewhere", "a" * 64)
    assert signature["source"] == {"system": "urn:north:notes", "value": "N-4711"}
    assert signature["signed_at"] < signature["received_at"]
    assert taken.json()["integrity"] == "intact"


def test_a_system_without_the_scope_delivers_no_signature(north: make.Clinic, client_id: str) -> None:
    note = begun_by(north.system, north, client_id)
    agree(north)

    answer = north.system.send("POST", f"notes/{note['id']}/sign", delivered(north))

    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")


def test_a_system_never_signs_what_a_person_or_another_system_began(north: make.Clinic, client_id: str) -> None:
    system, another = transmitter(north), transmitter(north)
    agree(north)
    typed, theirs = draft(north, client_id), begun_by(another, north, client_id)

    answers = [system.send("POST", f"notes/{note['id']}/sign", delivered(north)) for note in (typed, theirs)]

    assert [(a.status_code, a.json()["code"]) for a in answers] == [(403, "wrong_party")] * 2
    assert "or the system that began it" in answers[0].json()["detail"]
    assert [read(system, note["id"]).json()["available_transitions"] for note in (typed, theirs)] == [[], []]
    assert [read(north.http, note["id"]).json()["state"] for note in (typed, theirs)] == ["draft", "draft"]
    assert sign(north.http, theirs["id"])["signature"]["kind"] == "here"


def test_nothing_is_signed_before_it_took_place(north: make.Clinic, client_id: str) -> None:
    system = transmitter(north)
    agree(north)
    seen_at = clock.now() - timedelta(minutes=5)
    early, in_time = (
        {"signed_at": utc(seen_at - timedelta(seconds=1))},
        {"signed_at": utc(seen_at)},
    )
    note = begun_by(system, north, client_id, occurred_at=utc(seen_at))
    addendum = {"reason": "late_entry", "text": "A word.", "occurred_at": utc(seen_at)}

    def answers(address: str, **more: Any) -> list[tuple[int, str | None]]:
        found = [system.send("POST", address, {**more, **delivered(north, **when)}) for when in (early, in_time)]
        return [(answer.status_code, answer.json().get("code")) for answer in found]

    assert answers(f"notes/{note['id']}/sign") == [(400, "signed_too_early"), (200, None)]
    assert answers(f"notes/{note['id']}/addenda", **addendum) == [(400, "signed_too_early"), (201, None)]


def test_a_system_signs_a_draft_that_was_changed_only_as_it_stands_now(north: make.Clinic, client_id: str) -> None:
    system = transmitter(north)
    agree(north)
    note = begun_by(system, north, client_id)
    changed = change(north.http, note, plan="Nothing of what was signed elsewhere.").json()
    address, current = f"notes/{note['id']}/sign", read(system, note["id"])["ETag"]

    refused = {
        tag: system.send("POST", address, delivered(north), **{"If-Match": tag} if tag else {}) for tag in ("", "*")
    }
    stale = system.send("POST", address, delivered(north), **{"If-Match": '"1.x"'})
    unsigned = read(north.http, note["id"]).json()
    taken = system.send("POST", address, delivered(north), **{"If-Match": current})

    assert {answer.status_code for answer in refused.values()} == {409}
    assert (refused[""].json()["code"], refused[""].json()["current_version"]) == ("draft_changed", changed["version"])
    assert "perhaps by its author in Trialogue" in refused[""].json()["detail"]
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    assert (unsigned["state"], unsigned["version"]) == ("draft", changed["version"])
    assert (taken.status_code, taken.json()["signature"]["kind"], taken.json()["plan"]) == (
        200,
        "elsewhere",
        changed["plan"],
    )


def test_the_author_signs_a_draft_that_a_system_began_and_they_changed_without_more(
    north: make.Clinic, client_id: str
) -> None:
    note = begun_by(transmitter(north), north, client_id)
    change(north.http, note, plan="In my own words.")

    assert sign(north.http, note["id"])["signature"]["kind"] == "here"


def transmitter(clinic: make.Clinic) -> make.Api:
    """A system of the clinic that may deliver what people signed elsewhere."""
    return make.Api(make.token(of=make.application(clinic.organization, TRANSMIT), scopes=TRANSMIT))


def begun_by(system: make.Api, clinic: make.Clinic, client_id: str, **more: Any) -> Any:
    """A draft of the clinic's practitioner that a system began, an hour after the client was seen."""
    seen = {"occurred_at": utc(clock.now() - timedelta(hours=1))}
    author = {"practitioner_role_id": clinic.role_id}
    return draft(clinic, client_id, by=system, **{"on_behalf_of": author, **seen, **more})


def test_a_system_never_delivers_one_persons_signature_under_anothers_note(north: make.Clinic, client_id: str) -> None:
    system = transmitter(north)
    agree(north)
    colleague = make.person(north.organization, "practitioner", discipline="massage_therapy")
    assert colleague.role is not None
    note = begun_by(system, north, client_id, on_behalf_of={"practitioner_role_id": str(colleague.role.id)})

    answer = system.send("POST", f"notes/{note['id']}/sign", delivered(north))

    assert (answer.status_code, answer.json()["code"]) == (403, "not_the_author")


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
