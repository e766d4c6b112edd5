"""Who in a clinic does what, and for whom."""

from typing import Any

import pytest

from backend.directory.models import Organization
from tests import make
from tests.referrals.stories import assert_readable, in_state, row


def test_each_side_assigns_its_own(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)
    ours, theirs = make.role(north.organization, "massage_therapy"), make.role(south.organization)

    make.move(north.coordinator, sent["id"], "assign", practitioner_role_id=str(ours.id))
    assigned = make.move(south.coordinator, sent["id"], "assign", practitioner_role_id=str(theirs.id))

    assert (assigned["sender"]["practitioner_role"]["id"], assigned["recipient"]["practitioner_role"]["id"]) == (
        str(ours.id), str(theirs.id),
    )  # fmt: skip


def test_nobody_assigns_the_other_side(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)

    for clinic, side in ((south, "sender"), (north, "recipient")):
        answer = make.try_move(clinic, sent["id"], "assign", practitioner_role_id=clinic.role_id, side=side)
        assert_readable(answer, 400, "wrong_party")
    found = row(sent["id"], north)
    assert (str(found.sender_role_id), str(found.recipient_role_id)) == (north.role_id, south.role_id)


def test_a_stranger_to_the_clinic_is_not_assigned(north: make.Clinic, south: make.Clinic, east: make.Clinic) -> None:
    sent = make.sent(north, south)

    answer = make.try_move(south, sent["id"], "assign", practitioner_role_id=east.role_id)

    assert_readable(answer, 400, "unknown_role")


def test_on_the_recipients_side_the_credential_is_asked(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)
    other = make.role(south.organization, "chiropractic")

    answer = make.try_move(south, sent["id"], "assign", practitioner_role_id=str(other.id))

    assert_readable(answer, 409, "credential_invalid")


def test_inside_one_organization_the_sides_are_the_two_roles(north: make.Clinic) -> None:
    colleague = make.person(north.organization, "practitioner", discipline="chiropractic", name="Cora League")
    client = make.client(north)
    assert colleague.role is not None
    to = {"practitioner_role_id": str(colleague.role.id)}
    sent = make.referral(north, to, client_id=client["id"])

    assert_readable(
        make.try_move(north, sent["id"], "assign", practitioner_role_id=str(colleague.role.id)), 400, "side_required"
    )
    for who, name, details in (
        (colleague, "accept", {}),
        (colleague, "start", {}),
        (colleague, "report", {"report": make.REPORT}),
        (north, "acknowledge", {"plan_change": "no_change"}),
    ):
        moved = make.move(who, sent["id"], name, **details)
    assert moved["state"] == "closed"
    assert north.http.send("GET", f"clients/{client['id']}").status_code == 200


@pytest.mark.parametrize(
    ("state", "name", "details"),
    [
        ("sent", "accept", {}),
        ("sent", "decline", {"reason": "no_capacity"}),
        ("sent", "ask_information", {"question": "Any dizziness?"}),
        ("accepted", "log_contact", {"channel": "phone", "outcome": "reached"}),
        ("times_offered", "book", {"visit": {"starts_at": "2099-01-05T10:00:00Z", "ends_at": "2099-01-05T11:00:00Z"}}),
    ],
)
def test_what_the_front_desk_does(
    north: make.Clinic, south: make.Clinic, state: str, name: str, details: dict[str, Any]
) -> None:
    referral = in_state(state, north, south)

    assert make.try_move(south.coordinator, referral["id"], name, **details).status_code == 200
    other = in_state(state, north, south)
    for person in (south.admin, south.auditor):
        assert_readable(make.try_move(person, other["id"], name, **details), 403, "right_required")


@pytest.mark.parametrize("reason", ["contraindication", "needs_medical_first"])
def test_the_front_desk_never_declines_for_a_contraindication(
    north: make.Clinic, south: make.Clinic, reason: str
) -> None:
    sent = make.sent(north, south)

    answer = make.try_move(south.coordinator, sent["id"], "decline", reason=reason, detail="It says so.")

    assert_readable(answer, 403, "right_required")


@pytest.mark.parametrize("name", ["accept", "decline"])
def test_a_clinic_may_keep_answers_to_practitioners(north: make.Clinic, south: make.Clinic, name: str) -> None:
    sent = make.sent(north, south)
    Organization.objects.filter(pk=south.id).update(coordinators_may_accept=False)

    assert_readable(make.try_move(south.coordinator, sent["id"], name, reason="no_capacity"), 403, "right_required")


@pytest.mark.parametrize(
    ("state", "name", "details", "side"),
    [
        ("sent", "accept", {}, "r"),
        ("sent", "decline", {"reason": "no_capacity"}, "r"),
        ("accepted", "start", {}, "r"),
        ("reported", "acknowledge", {"plan_change": "no_change"}, "s"),
        ("reported", "return_report", {"missing": "The range of motion."}, "s"),
    ],
)
def test_a_system_names_the_practitioner_who_decides(
    north: make.Clinic, south: make.Clinic, state: str, name: str, details: dict[str, Any], side: str
) -> None:
    referral = in_state(state, north, south)
    clinic = north if side == "s" else south
    named = {"on_behalf_of": {"practitioner_role_id": clinic.role_id}}

    assert_readable(make.try_move(clinic.system, referral["id"], name, **details), 403, "practitioner_required")
    stranger = {"on_behalf_of": {"practitioner_role_id": (south if side == "s" else north).role_id}}
    assert_readable(make.try_move(clinic.system, referral["id"], name, **details, **stranger), 400, "unknown_role")
    moved = make.move(clinic.system, referral["id"], name, **details, **named)
    assert moved["history"][-1]["on_behalf_of"] == clinic.role_id
    assert moved["history"][-1]["application_id"]
