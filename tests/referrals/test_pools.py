"""A referral to whoever takes it first."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from backend.directory.models import OpeningTime, Organization, PractitionerRole
from tests import make
from tests.referrals.stories import assert_readable, event_types, move_to, now, read, row


@pytest.fixture
def pool(north: make.Clinic, south: make.Clinic, outsider: make.Clinic) -> Any:
    client = make.client(north)
    make.consent(north, client["id"], pools=[{"discipline": "physical_therapy"}])
    return make.referral(north, {"discipline": "physical_therapy"}, client_id=client["id"])


def test_a_pools_first_accept_wins(north: make.Clinic, south: make.Clinic, outsider: make.Clinic, pool: Any) -> None:
    won = make.move(south, pool["id"], "accept")

    assert won["recipient"]["organization"]["id"] == south.id
    assert south.http.send("GET", f"clients/{won['client']['id']}").status_code == 200
    assert make.try_move(outsider, pool["id"], "accept").status_code == 404


def test_passing_leaves_it_to_others(north: make.Clinic, south: make.Clinic, outsider: make.Clinic, pool: Any) -> None:
    passed = make.move(south, pool["id"], "pass")

    assert (passed["state"], passed["available_transitions"]) == ("sent", [])
    assert read(south, pool["id"]).status_code == 404
    assert read(outsider, pool["id"]).status_code == 200
    assert row(pool["id"], north).due_at is not None


def test_a_pool_is_passed_not_declined(south: make.Clinic, pool: Any) -> None:
    answer = make.try_move(south, pool["id"], "decline", reason="no_capacity")

    assert answer.status_code in (403, 409)
    assert make.try_move(south, pool["id"], "ask_information", question="Who?").status_code == 403


def test_the_winner_gives_it_back_within_one_business_day(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic, pool: Any
) -> None:
    won = make.move(south, pool["id"], "accept")
    client_id = won["client"]["id"]

    back = make.move(south, pool["id"], "release")

    assert back["state"] == "sent"
    assert south.http.send("GET", f"clients/{client_id}").status_code == 404
    assert read(south, pool["id"]).status_code == 404
    assert make.move(outsider, pool["id"], "accept")["state"] == "accepted"


@pytest.mark.parametrize("left", ["stopped accepting", "ended"])
def test_the_winner_gives_it_back_although_it_is_no_longer_of_the_pool(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic, pool: Any, left: str
) -> None:
    number = {"system": "urn:south", "value": "S-1"}
    make.move(south, pool["id"], "accept", recipient_identifier=number)
    gone = {"is_accepting": False} if left == "stopped accepting" else {"ended_at": now()}
    PractitionerRole.objects.filter(pk=south.role_id).update(**gone)

    back = make.move(south, pool["id"], "release")

    assert (back["state"], back["whose_move"], back["available_transitions"]) == ("sent", "recipient", [])
    assert read(south, pool["id"]).status_code == 404
    waiting = read(north, pool["id"]).json()
    assert (waiting["recipient"]["organization"], waiting["identifiers"]["recipient"]) == (None, None)
    assert [(step["name"], step["to"]) for step in waiting["history"]][-2:] == [
        ("accept", "accepted"), ("release", "sent"),
    ]  # fmt: skip
    for clinic in (north, south):
        assert event_types(clinic, pool["id"]).count("referral.released") == 1
    taken = make.move(outsider, pool["id"], "accept")
    assert (taken["state"], taken["recipient"]["organization"]["id"]) == ("accepted", outsider.id)


def test_a_pool_that_has_it_back_answers_by_the_senders_days(north: make.Clinic, south: make.Clinic, pool: Any) -> None:
    OpeningTime.objects.filter(organization=south.organization).exclude(weekday=2).delete()
    make.move(south, pool["id"], "accept")

    back = make.move(south, pool["id"], "release")

    assert back["due_at"] == read(north, pool["id"]).json()["due_at"]
    lost = datetime.fromisoformat(pool["due_at"]) - datetime.fromisoformat(back["due_at"])
    assert timedelta(0) <= lost <= timedelta(minutes=1)


def test_after_one_business_day_it_is_kept(south: make.Clinic, pool: Any) -> None:
    make.move(south, pool["id"], "accept")
    move_to(now() + timedelta(days=5))

    body = assert_readable(make.try_move(south, pool["id"], "release"), 409, "wrong_state")

    assert "one business day" in body["detail"]
    assert "release" not in body["available"]


def test_the_sender_can_send_a_waiting_pool_to_somebody(
    north: make.Clinic, south: make.Clinic, east: make.Clinic, pool: Any
) -> None:
    make.consent(north, pool["client"]["id"], east)

    sent_on = make.move(north, pool["id"], "redirect", to={"practitioner_role_id": east.role_id})

    assert sent_on["state"] == "redirected"
    assert make.try_move(south, pool["id"], "accept").status_code == 404


def test_a_coordinator_takes_a_pool_only_where_the_clinic_allows_it(south: make.Clinic, pool: Any) -> None:
    Organization.objects.filter(pk=south.id).update(coordinators_may_accept=False)

    answer = make.try_move(south.coordinator, pool["id"], "accept", practitioner_role_id=south.role_id)

    assert_readable(answer, 403, "right_required")
