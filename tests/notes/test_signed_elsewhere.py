"""What a practitioner signed in their own software: a system delivers it, and signs nothing itself."""

from datetime import timedelta
from typing import Any

import pytest

from backend.lib import clock
from backend.lib.rest.fields import utc
from tests import make
from tests.notes.writing import change, draft, read, sign

pytestmark = pytest.mark.django_db
TRANSMIT = f"{make.ALL_SCOPES} notes:transmit"


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
