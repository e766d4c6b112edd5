"""Red flags and the question: what the sender has to say, and which region is held."""

from typing import Any

import pytest

from backend.clients.models import Hold
from backend.lib.unit_of_work import acting_as
from backend.referrals import services
from tests import make
from tests.referrals.refusals import NothingStored, refused
from tests.referrals.stories import as_client, assert_readable, row

EMERGENCY, SAME_DAY, LATER = "RF01", "RF12", "RF14"


def flags(*codes: str, **more: Any) -> dict[str, Any]:
    return {"asked": True, "positive": list(codes), **more}


def test_red_flags_are_asked(north: make.Clinic, south: make.Clinic, ready: Any) -> None:
    not_asked = {"asked": False, "positive": []}

    refused(north, south, 409, "red_flags_unanswered", client_id=ready["id"], red_flags=not_asked)
    body = make.referral_body(south, client_id=ready["id"])
    del body["red_flags"]
    assert_readable(north.http.send("POST", "referrals", body), 409, "red_flags_unanswered")


def test_an_emergency_is_called_first(north: make.Clinic, south: make.Clinic, ready: Any) -> None:
    refused(north, south, 409, "emergency_first", client_id=ready["id"], priority="asap", red_flags=flags(EMERGENCY))


def test_an_emergency_that_was_called_is_sent_and_holds_the_region(
    north: make.Clinic, south: make.Clinic, ready: Any
) -> None:
    called = flags(EMERGENCY, emergency_action="Called 911, taken to General.")

    sent = make.referral(north, south, client_id=ready["id"], priority="asap", red_flags=called)

    with acting_as(north.practitioner.actor):
        hold = Hold.objects.get(client_id=ready["id"])
    assert (str(hold.subject_id), hold.regions, hold.cleared_at) == (sent["id"], sent["regions"], None)


@pytest.mark.parametrize("priority", ["routine", "urgent"])
def test_a_same_day_flag_needs_the_priority_asap(
    north: make.Clinic, south: make.Clinic, ready: Any, priority: str
) -> None:
    named = flags(SAME_DAY, why_not_medicine="Seen by the doctor this morning.")

    refused(north, south, 409, "priority_too_low", client_id=ready["id"], priority=priority, red_flags=named)


def test_a_same_day_flag_goes_to_medicine_or_says_why_not(north: make.Clinic, south: make.Clinic, ready: Any) -> None:
    refused(north, south, 409, "medicine_first", client_id=ready["id"], priority="asap", red_flags=flags(SAME_DAY))


def test_a_same_day_flag_holds_the_region_for_the_whole_circle(
    north: make.Clinic, south: make.Clinic, ready: Any
) -> None:
    named = flags(SAME_DAY, why_not_medicine="Seen by the doctor this morning.")

    sent = make.referral(north, south, client_id=ready["id"], priority="asap", red_flags=named)
    make.move(south, sent["id"], "accept")

    actor = south.practitioner.actor
    with acting_as(actor):
        assert [hold.because for hold in Hold.objects.visible_to(actor)] == ["red_flag"]


def test_a_flag_that_can_wait_holds_nothing(north: make.Clinic, south: make.Clinic, ready: Any) -> None:
    sent = make.referral(north, south, client_id=ready["id"], red_flags=flags(LATER))

    assert row(sent["id"], north).has_red_flag
    with acting_as(north.practitioner.actor):
        assert not Hold.objects.exists()


def test_the_clients_own_yes_holds_the_region_too(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)
    named = flags(SAME_DAY, why_not_medicine="Seen by the doctor this morning.")
    asked = make.referral(
        north, south, client_id=client["id"], priority="asap", red_flags=named, send=False, ask_consent=True
    )
    actor = as_client(client["id"])

    with acting_as(actor):
        services.move_referral(asked["id"], "consent_given", actor=actor)

    with acting_as(north.practitioner.actor):
        assert Hold.objects.get().organization_id == north.organization.id
    assert row(asked["id"], south).state == "sent"


def test_a_region_is_named(north: make.Clinic, south: make.Clinic, ready: Any) -> None:
    refused(north, south, 400, "region_required", client_id=ready["id"], regions=[])


@pytest.mark.parametrize("field", ["kind", "question", "reason", "to"])
def test_what_the_sender_must_say_is_asked(north: make.Clinic, south: make.Clinic, ready: Any, field: str) -> None:
    body = make.referral_body(south, client_id=ready["id"])
    del body[field]

    with NothingStored(north, south):
        answer = north.http.send("POST", "referrals", body)
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"/{field}"]
