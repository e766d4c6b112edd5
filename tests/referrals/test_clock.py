"""What happens when nobody does anything: reminders, lapses, ends. The clock is moved and the worker runs."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from backend.audit import work
from backend.lib.unit_of_work import acting_as
from backend.notifications.models import Notice
from backend.referrals import services
from tests import make
from tests.referrals.stories import (
    advance,
    assert_readable,
    count,
    event_types,
    in_state,
    last_step,
    move_to,
    names,
    now,
    read,
    row,
    until_due,
)

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_unanswered_referral_is_reminded_overdue_and_expires(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)
    advance(seconds=1)

    advance(seconds=until_due(sent["id"], north, 0.5).total_seconds() + 5)
    assert (count(south, sent, "reminded"), count(north, sent, "overdue")) == (1, 0)

    advance(seconds=until_due(sent["id"], north).total_seconds() + 5)
    assert (count(north, sent, "overdue"), count(south, sent, "overdue")) == (1, 1)
    assert row(sent["id"], north).state == "sent"

    advance(seconds=until_due(sent["id"], north, 2.0).total_seconds() + 5)
    expired = read(north, sent["id"]).json()
    assert (expired["state"], expired["whose_move"]) == ("expired", "sender")
    assert (expired["history"][-1]["name"], expired["history"][-1]["party"], expired["history"][-1]["by"]) == (
        "expire", "system", "Trialogue",
    )  # fmt: skip


def test_it_never_expires_before_a_reminder(north: make.Clinic, south: make.Clinic) -> None:
    """Also when the worker slept through everything and finds it all due at once."""
    sent = make.sent(north, south)
    move_to(now() + timedelta(days=60))

    work.run_due()

    assert row(sent["id"], north).state == "expired"
    types = event_types(north, sent["id"])
    assert types.index("referral.reminded") < types.index("referral.expired")


@pytest.mark.parametrize("state", ["sent", "needs_information"])
def test_what_was_not_answered_expires(north: make.Clinic, south: make.Clinic, state: str) -> None:
    referral = in_state(state, north, south)

    advance(days=20)

    assert last_step(referral["id"], north)["name"] == "expire"


def test_a_question_to_the_client_expires_after_one_reminder_by_day(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north, email="probe@client.example")
    asked = make.referral(north, south, client_id=client["id"], send=False, ask_consent=True)

    advance(hours=47)
    assert (count(north, asked, "reminded"), row(asked["id"], north).state) == (1, "awaiting_consent")
    advance(hours=50)

    assert row(asked["id"], north).state == "expired"
    assert count(north, asked, "reminded") == 1


def test_a_late_answer_is_refused_and_kept_and_sending_again_is_one_step(
    north: make.Clinic, south: make.Clinic
) -> None:
    sent = make.sent(north, south)
    advance(days=20)

    said = {"reason": "other", "detail": "We were closed; we would have taken her in May."}
    body = assert_readable(make.try_move(south, sent["id"], "decline", **said), 409, "wrong_state")

    assert body["last"]["name"] == "expire"
    kept = read(north, sent["id"], "messages").json()["results"]
    assert [(m["kind"], m["party"]) for m in kept] == [("late_answer", "recipient")]
    assert "we would have taken her in May" in kept[0]["text"]
    assert kept[0]["text"].startswith("Decline.")
    again = make.move(north, sent["id"], "redirect")
    assert again["state"] == "redirected"
    new = read(south, again["redirected_to_id"]).json()
    assert (new["state"], new["question"]) == ("sent", sent["question"])


@pytest.mark.parametrize(
    ("name", "details", "kept"),
    [
        ("accept", {}, "Accept."),
        ("ask_information", {"question": "Any dizziness?"}, "Ask. Any dizziness?"),
    ],
)
def test_every_late_answer_is_kept(
    north: make.Clinic, south: make.Clinic, name: str, details: dict[str, Any], kept: str
) -> None:
    sent = make.sent(north, south)
    advance(days=20)

    make.try_move(south, sent["id"], name, **details)

    assert [m["text"] for m in read(north, sent["id"], "messages").json()["results"]] == [kept]


def test_a_late_move_that_is_no_answer_or_not_ones_own_is_not_kept(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic
) -> None:
    sent = make.sent(north, south)
    advance(days=20)

    make.try_move(south, sent["id"], "start")
    make.try_move(outsider, sent["id"], "decline", reason="no_capacity")
    make.try_move(north, sent["id"], "withdraw", reason="better")
    make.try_move(south, sent["id"], "give_information", answer="I am not the sender.")

    assert read(north, sent["id"], "messages").json()["results"] == []


def test_times_nobody_chose_lapse(north: make.Clinic, south: make.Clinic) -> None:
    offered = in_state("times_offered", north, south)

    advance(hours=49)

    lapsed = read(south, offered["id"]).json()
    assert (lapsed["state"], lapsed["history"][-1]["name"], lapsed["offered_times"]) == ("accepted", "times_lapsed", [])


def test_silence_agrees_to_stop(north: make.Clinic, south: make.Clinic) -> None:
    asked = in_state("cancellation_requested", north, south)

    advance(seconds=until_due(asked["id"], north, 1.9).total_seconds())
    assert row(asked["id"], north).state == "cancellation_requested"
    advance(days=10)

    step = last_step(asked["id"], north)
    assert (step["name"], step["to"], step["party"]) == ("agree", "withdrawn", "system")


def test_an_unread_report_closes_after_fourteen_days_and_two_reminders(north: make.Clinic, south: make.Clinic) -> None:
    reported = in_state("reported", north, south)

    advance(days=13, hours=23)
    assert row(reported["id"], north).state == "reported"
    assert row(reported["id"], north).reminders >= 2
    advance(hours=2)

    closed = read(north, reported["id"]).json()
    assert (closed["state"], closed["closed_how"]) == ("closed", "unacknowledged")


@pytest.mark.parametrize("alarm", [{"has_red_flag": True}, {"new_precautions": ["anticoag"]}])
def test_an_alarming_report_never_closes_in_silence(
    north: make.Clinic, south: make.Clinic, alarm: dict[str, Any]
) -> None:
    in_care = in_state("in_care", north, south)
    make.move(south, in_care["id"], "report", final=True, report={**make.REPORT, **alarm})

    advance(days=60)

    assert row(in_care["id"], north).state == "reported"
    assert row(in_care["id"], north).reminders >= 3


def test_closing_without_a_report_is_offered_after_fourteen_days_and_three_reminders(
    north: make.Clinic, south: make.Clinic
) -> None:
    in_care = in_state("in_care", north, south)
    advance(seconds=until_due(in_care["id"], north).total_seconds() + 13 * 86_400)
    assert_readable(make.try_move(north, in_care["id"], "close_without_report"), 409, "wrong_state")
    assert "close_without_report" not in names(read(north, in_care["id"]).json())

    advance(days=2)

    assert "close_without_report" in names(read(north, in_care["id"]).json())
    closed = make.move(north, in_care["id"], "close_without_report")
    assert (closed["state"], closed["closed_how"]) == ("closed", "without_report")


def end_role(clinic: make.Clinic) -> None:
    answer = clinic.admin.http.send("POST", f"practitioner-roles/{clinic.role_id}/end", {})
    assert answer.status_code == 200, answer.content


def test_a_role_that_ends_hands_over_to_the_queue_and_both_sides_are_told(
    north: make.Clinic, south: make.Clinic
) -> None:
    in_care = in_state("in_care", north, south)
    due = row(in_care["id"], north).due_at

    end_role(south)
    advance(seconds=2)

    found = row(in_care["id"], north)
    assert (found.recipient_role, found.recipient_organization_id) == (None, south.organization.id)
    assert (found.state, found.due_at) == ("in_care", due)
    assert count(north, in_care, "handed_over") == count(south, in_care, "handed_over") == 1


def test_the_sender_may_close_without_a_report_when_the_recipients_role_has_left(
    north: make.Clinic, south: make.Clinic
) -> None:
    in_care = in_state("in_care", north, south)
    end_role(south)
    advance(seconds=2)

    assert make.move(north, in_care["id"], "close_without_report")["state"] == "closed"


def test_a_senders_role_that_ends_leaves_the_referral_to_the_colleagues(north: make.Clinic, south: make.Clinic) -> None:
    reported = in_state("reported", north, south)
    colleague = make.person(north.organization, "practitioner", discipline="massage_therapy", name="Cora League")

    end_role(north)
    advance(seconds=2)

    assert row(reported["id"], north).sender_role is None
    assert make.move(colleague, reported["id"], "acknowledge", plan_change="updated")["state"] == "closed"


def test_a_pool_nobody_took_comes_back_to_the_sender(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)
    make.consent(north, client["id"], pools=[{"discipline": "physical_therapy"}])
    sent = make.referral(north, {"discipline": "physical_therapy", "near": "Denver"}, client_id=client["id"])

    advance(days=20)

    assert row(sent["id"], north).state == "expired"
    assert read(south, sent["id"]).status_code == 404


def test_delivery_and_opening_are_facts_beside_the_state(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)
    assert sent["tracking"]["delivered_at"] is None
    advance(seconds=2)
    delivered = read(north, sent["id"]).json()
    assert (delivered["tracking"]["delivered_at"] is not None, delivered["tracking"]["opened_at"]) == (True, None)

    read(south.system, sent["id"])
    assert read(north, sent["id"]).json()["tracking"]["opened_at"] is None
    read(south, sent["id"])

    opened = read(north, sent["id"]).json()
    assert opened["tracking"]["opened_at"] is not None
    assert opened["state"] == "sent"
    assert count(north, sent, "opened") == 1


def test_the_service_moves_nothing_that_is_not_due(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)
    before = datetime.fromisoformat(sent["due_at"])

    for _ in range(3):
        work.run_due()

    assert (row(sent["id"], north).state, row(sent["id"], north).due_at) == ("sent", before)
    assert services.CLOCK == "referral.clock"


def test_an_interim_report_that_is_not_read_reminds_its_sender_until_it_is(
    north: make.Clinic, south: make.Clinic
) -> None:
    in_care = in_state("in_care", north, south)
    interim = make.move(south, in_care["id"], "report", final=False, report=make.REPORT)

    advance(days=8)
    assert count(north, in_care, "report_unread") == 1
    advance(days=8)
    assert count(north, in_care, "report_unread") == 2

    unread = interim["unread_reports"][0]["id"]
    make.move(north, in_care["id"], "read_report", report_id=unread, plan_change="no_change")
    advance(days=8)
    assert count(north, in_care, "report_unread") == 2


def test_reminders_go_on_every_thirty_days_after_eight_weeks(north: make.Clinic, south: make.Clinic) -> None:
    accepted = in_state("accepted", north, south)
    advance(days=14 + 8 * 7 + 4)
    weekly = count(south, accepted, "reminded"), count(south, accepted, "overdue")

    advance(days=90)

    assert weekly == (8, 1)
    assert (count(south, accepted, "reminded"), count(south, accepted, "overdue")) == (8, 4)
    with acting_as(north.practitioner.actor):
        told = set(Notice.objects.filter(referral_id=accepted["id"]).values_list("member_id", flat=True))
    assert {north.coordinator.member.id, north.admin.member.id} <= told
