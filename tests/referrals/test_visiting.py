"""Times, visits, the wait list, and a client who cannot be reached."""

from datetime import datetime, timedelta

import pytest

from backend.lib.problems import NotFound
from backend.lib.unit_of_work import acting_as
from backend.referrals import services
from tests import make
from tests.referrals.stories import as_client, assert_readable, in_state, move_to, now, read, row


def test_one_to_five_times_are_offered(north: make.Clinic, south: make.Clinic) -> None:
    accepted = in_state("accepted", north, south)

    assert make.try_move(south, accepted["id"], "offer_times", times=[]).status_code == 400
    six = [make.visit_window(day) for day in range(1, 7)]
    assert make.try_move(south, accepted["id"], "offer_times", times=six).status_code == 400
    past = [{"starts_at": "2020-01-01T10:00:00Z", "ends_at": "2020-01-01T11:00:00Z"}]
    assert_readable(make.try_move(south, accepted["id"], "offer_times", times=past), 400, "in_the_past")
    offered = make.move(south, accepted["id"], "offer_times", times=six[:5])
    assert (offered["whose_move"], len(offered["offered_times"])) == ("client", 5)


def test_the_client_chooses_a_time(north: make.Clinic, south: make.Clinic) -> None:
    offered = in_state("times_offered", north, south)
    actor = as_client(offered["client"]["id"])

    with acting_as(actor):
        services.move_referral(offered["id"], "choose_time", actor=actor, time_id=offered["offered_times"][1]["id"])

    booked = read(north, offered["id"]).json()
    assert (booked["state"], booked["history"][-1]["party"]) == ("booked", "client")
    assert booked["visits"][0]["starts_at"] == offered["offered_times"][1]["starts_at"]
    assert booked["offered_times"] == []


def test_the_recipient_writes_down_what_the_client_chose_by_phone(north: make.Clinic, south: make.Clinic) -> None:
    offered = in_state("times_offered", north, south)
    said = {"who": "Probe Canary", "how": "phone"}

    booked = make.move(
        south.coordinator, offered["id"], "choose_time", time_id=offered["offered_times"][0]["id"], recorded=said
    )

    step = booked["history"][-1]
    assert (booked["state"], step["manner"]) == ("booked", "recorded by the recipient, phone")
    assert step["by"] == "Probe Canary (recorded by South Physio Coordinator)"


def test_a_time_chosen_for_the_client_says_who_told_it_and_how(north: make.Clinic, south: make.Clinic) -> None:
    offered = in_state("times_offered", north, south)

    answer = make.try_move(south, offered["id"], "choose_time", time_id=offered["offered_times"][0]["id"])

    assert_readable(answer, 400, "recorded_required")
    assert row(offered["id"], north).state == "times_offered"


def test_another_clients_hand_reaches_nothing(north: make.Clinic, south: make.Clinic) -> None:
    offered = in_state("times_offered", north, south)
    stranger = as_client(make.client(north)["id"])

    with pytest.raises(NotFound), acting_as(stranger):
        services.move_referral(offered["id"], "choose_time", actor=stranger, time_id=offered["offered_times"][0]["id"])


def test_from_the_second_time_on_the_wait_list_says_why(north: make.Clinic, south: make.Clinic) -> None:
    waiting = in_state("waitlisted", north, south)
    later = (now() + timedelta(days=40)).date().isoformat()

    assert_readable(make.try_move(south, waiting["id"], "waitlist", review_on=later), 400, "detail_required")
    again = make.move(south, waiting["id"], "waitlist", review_on=later, detail="Two colleagues are ill.")
    assert (again["state"], again["review_on"]) == ("waitlisted", later)
    past = (now() - timedelta(days=1)).date().isoformat()
    answer = make.try_move(south, waiting["id"], "waitlist", review_on=past, detail="Two colleagues are ill.")
    assert_readable(answer, 400, "in_the_past")


def test_booking_again_cancels_the_visit_before(north: make.Clinic, south: make.Clinic) -> None:
    booked = in_state("booked", north, south)

    again = make.move(south, booked["id"], "book", visit=make.visit_window(9))

    assert sorted((visit["state"], visit["is_current"]) for visit in again["visits"]) == [
        ("booked", True), ("cancelled", False),
    ]  # fmt: skip


def test_a_visit_that_has_not_begun_is_not_missed(north: make.Clinic, south: make.Clinic) -> None:
    booked = in_state("booked", north, south)

    assert_readable(make.try_move(south, booked["id"], "record_no_show"), 409, "visit_not_begun")
    move_to(now() + timedelta(days=4))
    missed = make.move(south, booked["id"], "record_no_show", detail="No call.")
    assert (missed["state"], missed["tracking"]["no_shows"]) == ("accepted", 1)


def test_a_cancelled_visit_is_no_no_show(north: make.Clinic, south: make.Clinic) -> None:
    booked = in_state("booked", north, south)
    actor = as_client(booked["client"]["id"])

    with acting_as(actor):
        services.move_referral(booked["id"], "cancel_visit", actor=actor, by="client")

    back = read(south, booked["id"]).json()
    assert (back["state"], back["tracking"]["no_shows"], back["history"][-1]["party"]) == ("accepted", 0, "client")


def test_attempts_are_on_different_days_of_the_recipients_clinic(north: make.Clinic, south: make.Clinic) -> None:
    """In Denver three evenings are three days, although the second and third end on one day of UTC's."""
    accepted = in_state("accepted", north, south)
    for moment in ("2027-03-02T17:30:00Z", "2027-03-03T05:30:00Z", "2027-03-03T20:00:00Z"):
        move_to(datetime.fromisoformat(moment))
        make.move(south, accepted["id"], "log_contact", channel="phone", outcome="no_answer")

    assert_readable(make.try_move(south, accepted["id"], "give_up_contact"), 409, "too_few_attempts")
    move_to(datetime.fromisoformat("2027-03-04T05:00:00Z"))
    make.move(south, accepted["id"], "log_contact", channel="phone", outcome="no_answer")
    assert_readable(make.try_move(south, accepted["id"], "give_up_contact"), 409, "too_few_attempts")
    move_to(datetime.fromisoformat("2027-03-04T20:00:00Z"))
    make.move(south, accepted["id"], "log_contact", channel="phone", outcome="no_answer")

    assert make.move(south, accepted["id"], "give_up_contact")["state"] == "unreachable"


def test_giving_up_needs_three_attempts_on_three_days(north: make.Clinic, south: make.Clinic) -> None:
    accepted = in_state("accepted", north, south)
    for day in range(3):
        make.move(south, accepted["id"], "log_contact", channel="phone", outcome="no_answer")
        make.move(south, accepted["id"], "log_contact", channel="phone", outcome="no_answer")
        if day < 2:
            assert_readable(make.try_move(south, accepted["id"], "give_up_contact"), 409, "too_few_attempts")
            move_to(now() + timedelta(days=1))

    gone = make.move(south, accepted["id"], "give_up_contact")

    assert (gone["state"], gone["whose_move"], len(gone["tracking"]["contact_attempts"])) == (
        "unreachable",
        "sender",
        6,
    )
