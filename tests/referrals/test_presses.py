"""A press on the page can be taken back for ten seconds, and counts afterwards."""

from datetime import timedelta

import pytest

from backend.audit import work
from backend.audit.models import Event, MovedClock
from backend.lib.actor import WORKER
from backend.lib.problems import Conflict, Forbidden
from backend.lib.unit_of_work import acting_as
from backend.referrals import presses
from backend.referrals.models import Press, Referral
from tests import make

pytestmark = pytest.mark.django_db(transaction=True)


def press_accept(clinic: make.Clinic, referral_id: str) -> Press:
    actor = clinic.practitioner.actor
    with acting_as(actor):
        return presses.press(referral_id, "accept", actor=actor, expected_version=None)


def let_pass(seconds: int) -> None:
    with acting_as(WORKER):
        MovedClock.objects.create(moved_by=timedelta(seconds=seconds))
    work.run_due()


def state(clinic: make.Clinic, referral_id: str) -> str:
    return str(clinic.http.send("GET", f"referrals/{referral_id}").json()["state"])


def test_nothing_has_happened_before_the_ten_seconds_are_over(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)

    press_accept(south, sent["id"])
    work.run_due()

    assert state(north, sent["id"]) == "sent"
    with acting_as(north.practitioner.actor):
        assert not Event.objects.filter(type="referral.accepted").exists()


def test_a_press_counts_when_its_time_is_over(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)
    press_accept(south, sent["id"])

    let_pass(11)

    shown = north.http.send("GET", f"referrals/{sent['id']}").json()
    assert (shown["state"], shown["history"][-1]["by"]) == ("accepted", "South Physio Practitioner")


def test_what_was_taken_back_never_happens(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)
    held = press_accept(south, sent["id"])

    with acting_as(south.practitioner.actor):
        presses.take_back(held.id, actor=south.practitioner.actor)
    let_pass(60)

    assert state(north, sent["id"]) == "sent"


def test_after_the_time_it_cannot_be_taken_back(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)
    held = press_accept(south, sent["id"])
    let_pass(11)

    with acting_as(south.practitioner.actor), pytest.raises(Conflict, match="has happened already"):
        presses.take_back(held.id, actor=south.practitioner.actor)


def test_a_refusal_is_read_at_once_and_leaves_nothing(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)
    sender = north.practitioner.actor

    with acting_as(sender), pytest.raises(Forbidden):
        presses.press(sent["id"], "accept", actor=sender, expected_version=None)

    with acting_as(sender):
        assert not Press.objects.exists()


def test_a_press_that_came_too_late_says_why(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)
    press_accept(south, sent["id"])
    make.move(north, sent["id"], "withdraw", reason="better")

    let_pass(11)

    actor = south.practitioner.actor
    with acting_as(actor):
        held = presses.held_by(actor, sent["id"])
        assert held is not None
        assert "not possible while this is withdrawn" in held.refused_because
        assert Referral.objects.get(pk=sent["id"]).state == "withdrawn"
