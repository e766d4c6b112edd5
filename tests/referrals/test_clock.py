"""What happens when nobody does anything: reminders, lapses, ends. The clock is moved and the worker runs."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from backend.audit import work
from backend.clients import services as clients
from backend.lib.unit_of_work import acting_as
from backend.notifications.models import Notice
from backend.referrals import services
from tests import make
from tests.referrals.stories import (
    advance,
    as_client,
    assert_readable,
    event_types,
    in_state,
    move_to,
    now,
    read,
    row,
    withdraw_consent,
)

pytestmark = pytest.mark.django_db(transaction=True)


def count(clinic: make.Clinic, referral: Any, type: str) -> int:
    return event_types(clinic, referral["id"]).count(f"referral.{type}")


def until_due(referral_id: str, clinic: make.Clinic, times: float = 1.0) -> timedelta:
    found = row(referral_id, clinic)
    assert found.due_at is not None
    return found.state_entered_at + times * (found.due_at - found.state_entered_at) - now()


def last_step(referral_id: str, clinic: make.Clinic) -> dict[str, Any]:
    step: dict[str, Any] = read(clinic, referral_id).json()["history"][-1]
    return step


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


def names(referral: Any) -> list[str]:
    return [step["name"] for step in referral["available_transitions"]]


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


# --- consent and death ---------------------------------------------------------------------------------------------

BEFORE_CARE = ["sent", "needs_information", "accepted", "times_offered", "waitlisted", "booked"]


def sent_under(sender: make.Clinic, to: make.Clinic, *circle: make.Clinic, **consent: Any) -> tuple[Any, Any, Any]:
    client = make.client(sender)
    given = make.consent(sender, client["id"], to, *circle, **consent)
    return client, given, make.referral(sender, to, client_id=client["id"])


@pytest.mark.parametrize("state", BEFORE_CARE)
def test_a_withdrawn_consent_ends_what_waited(north: make.Clinic, south: make.Clinic, state: str) -> None:
    referral = in_state(state, north, south)
    client_id = referral["client"]["id"]
    consent = north.http.send("GET", f"clients/{client_id}/consents").json()["results"][0]
    withdraw_consent(north, client_id, consent)

    work.run_due()

    ended = read(north, referral["id"]).json()
    assert (ended["state"], ended["whose_move"], ended["history"][-1]["party"]) == (
        "client_declined", "sender", "system",
    )  # fmt: skip
    assert ended["history"][-1]["reason"] in ("", None)
    assert [visit["state"] for visit in ended["visits"]] == (["cancelled"] if state == "booked" else [])


@pytest.mark.parametrize(
    ("state", "name", "details"),
    [
        ("sent", "accept", {}),
        ("sent", "ask_information", {"question": "Why?"}),
        ("sent", "decline", {"reason": "no_capacity"}),
        ("accepted", "start", {}),
        ("booked", "report", {"final": True, "report": make.REPORT, "seen_at": "now"}),
        ("in_care", "report", {"final": False, "report": make.REPORT}),
    ],
)
def test_until_the_worker_ran_the_recipients_moves_are_refused(
    north: make.Clinic, south: make.Clinic, state: str, name: str, details: dict[str, Any]
) -> None:
    referral = in_state(state, north, south)
    client_id = referral["client"]["id"]
    consent = north.http.send("GET", f"clients/{client_id}/consents").json()["results"][0]
    withdraw_consent(north, client_id, consent)
    details = {key: now().isoformat() if value == "now" else value for key, value in details.items()}

    assert_readable(make.try_move(south, referral["id"], name, **details), 409, "consent_required")


def test_in_care_the_final_report_is_what_remains(north: make.Clinic, south: make.Clinic) -> None:
    client, consent, sent = sent_under(north, south)
    make.move(south, sent["id"], "accept")
    make.move(south, sent["id"], "start")
    withdraw_consent(north, client["id"], consent)
    work.run_due()
    assert row(sent["id"], north).state == "in_care"

    assert make.move(south, sent["id"], "report", final=True, report=make.REPORT)["state"] == "reported"


def test_whoever_of_the_circle_wrote_the_withdrawal_down(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    """East shares the circle and sees the client, but not the referral from north to south."""
    client, consent, sent = sent_under(north, south, east)
    make.move(east, make.referral(north, east, client_id=client["id"])["id"], "accept")
    withdraw_consent(east, client["id"], consent)

    work.run_due()

    assert row(sent["id"], north).state == "client_declined"


def test_another_consent_keeps_it_alive_until_that_one_ends_too(north: make.Clinic, south: make.Clinic) -> None:
    client, first, sent = sent_under(north, south)
    second = make.consent(north, client["id"], south)
    withdraw_consent(north, client["id"], first)
    work.run_due()
    assert row(sent["id"], north).state == "sent"

    withdraw_consent(north, client["id"], second)
    work.run_due()

    assert row(sent["id"], north).state == "client_declined"


def test_a_consent_that_runs_out_ends_what_waited(north: make.Clinic, south: make.Clinic) -> None:
    soon = (now() + timedelta(days=1)).date().isoformat()
    _, _, sent = sent_under(north, south, expires_on=soon)
    accepted = make.move(south, sent["id"], "accept")

    advance(days=3)

    assert row(accepted["id"], north).state == "client_declined"
    assert read(south, f"{accepted['id']}").status_code == 200


def test_a_consent_that_ran_out_is_asked_before_the_worker_comes(north: make.Clinic, south: make.Clinic) -> None:
    soon = (now() + timedelta(days=1)).date().isoformat()
    _, _, sent = sent_under(north, south, expires_on=soon)
    move_to(now() + timedelta(days=3))

    assert_readable(make.try_move(south, sent["id"], "accept"), 409, "consent_required")


def test_the_client_can_withdraw_too(north: make.Clinic, south: make.Clinic) -> None:
    client, consent, sent = sent_under(north, south)
    actor = as_client(client["id"])
    with acting_as(actor):
        clients.withdraw_consent(consent["id"], actor=actor)

    work.run_due()

    assert row(sent["id"], north).state == "client_declined"


@pytest.mark.parametrize("state", BEFORE_CARE)
def test_a_death_withdraws_what_has_not_begun_at_once(north: make.Clinic, south: make.Clinic, state: str) -> None:
    referral = in_state(state, north, south)

    answer = north.http.send("POST", f"clients/{referral['client']['id']}/death", {})

    assert answer.status_code == 200, answer.content
    step = last_step(referral["id"], north)
    assert (step["name"], step["reason"], step["party"]) == ("withdraw", "client_died", "system")
    before = event_types(north, referral["id"])
    advance(days=30)
    assert event_types(north, referral["id"]) == before or set(event_types(north, referral["id"])[len(before):]) <= {
        "referral.delivered",
    }  # fmt: skip


def test_after_a_death_care_waits_for_its_final_report_without_reminders(
    north: make.Clinic, south: make.Clinic
) -> None:
    in_care = in_state("in_care", north, south)
    north.http.send("POST", f"clients/{in_care['client']['id']}/death", {})

    advance(days=60)

    assert row(in_care["id"], north).state == "in_care"
    assert count(south, in_care, "reminded") == count(south, in_care, "overdue") == 0
    died = {**make.REPORT, "outcome": "not_completed", "not_completed_reason": "client_died"}
    assert make.move(south, in_care["id"], "report", final=True, report=died)["state"] == "reported"


def test_a_death_also_ends_what_another_clinic_had_sent(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    accepted = in_state("accepted", north, south)
    client_id = accepted["client"]["id"]
    make.consent(south, client_id, east)
    passed_on = make.referral(south, east, client_id=client_id)

    north.http.send("POST", f"clients/{client_id}/death", {})
    advance(seconds=2)

    assert row(passed_on["id"], south).state == "withdrawn"


def test_until_the_worker_came_the_dead_clients_referral_moves_nowhere(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    accepted = in_state("accepted", north, south)
    client_id = accepted["client"]["id"]
    make.consent(south, client_id, east)
    passed_on = make.referral(south, east, client_id=client_id)
    draft = make.referral(south, east, client_id=client_id, send=False)
    north.http.send("POST", f"clients/{client_id}/death", {})

    for who, pk, name, details in (
        (east, passed_on["id"], "accept", {}),
        (east, passed_on["id"], "ask_information", {"question": "Any dizziness?"}),
        (south, draft["id"], "send", {}),
        (south, draft["id"], "ask_consent", {}),
    ):
        assert_readable(make.try_move(who, pk, name, **details), 409, "client_deceased")
    assert (row(passed_on["id"], south).state, row(draft["id"], south).state) == ("sent", "draft")
    advance(seconds=2)

    assert (row(passed_on["id"], south).state, row(draft["id"], south).state) == ("withdrawn", "withdrawn")


def test_nothing_is_written_for_a_client_who_died(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)
    make.consent(north, client["id"], south)
    north.http.send("POST", f"clients/{client['id']}/death", {})

    for more in ({"send": True}, {"send": False, "ask_consent": True}, {"send": False}):
        answer = north.http.send("POST", "referrals", make.referral_body(south, client_id=client["id"], **more))
        assert_readable(answer, 409, "client_deceased")
    assert north.http.send("GET", "referrals").json()["results"] == []


@pytest.mark.parametrize("status", ["moved", "inactive"])
def test_who_moved_or_does_not_come_any_more_is_still_referred(
    north: make.Clinic, south: make.Clinic, status: str
) -> None:
    client = make.client(north)
    make.consent(north, client["id"], south)
    if status == "moved":
        assert north.http.send("POST", f"clients/{client['id']}/moved", {}).status_code == 200
    else:
        tag = north.http.send("GET", f"clients/{client['id']}")["ETag"]
        changed = north.http.send("PATCH", f"clients/{client['id']}", {"status": status}, **{"If-Match": tag})
        assert changed.status_code == 200

    assert make.referral(north, south, client_id=client["id"])["state"] == "sent"


@pytest.mark.parametrize(
    ("state", "after"), [("cancellation_requested", "withdrawn"), ("reported", "closed"), ("declined", "declined")]
)
def test_a_death_stops_reminders_and_no_end_that_comes_by_itself(
    north: make.Clinic, south: make.Clinic, state: str, after: str
) -> None:
    referral = in_state(state, north, south)
    client_id = read(north, referral["id"]).json()["client"]["id"]
    north.http.send("POST", f"clients/{client_id}/death", {})

    advance(days=40)

    assert row(referral["id"], north).state == after
    assert count(north, referral, "reminded") == count(north, referral, "overdue") == 0


def test_after_a_death_only_the_final_report_is_left(north: make.Clinic, south: make.Clinic) -> None:
    in_care = in_state("in_care", north, south)
    make.move(south, in_care["id"], "report", final=False, report=make.REPORT)
    north.http.send("POST", f"clients/{in_care['client']['id']}/death", {})

    answer = make.try_move(south, in_care["id"], "report", final=False, report=make.REPORT)
    advance(days=60)

    assert_readable(answer, 409, "client_deceased")
    assert [count(south, in_care, type) for type in ("reminded", "overdue", "report_unread")] == [0, 0, 0]
    assert len(read(north, in_care["id"], "reports").json()["results"]) == 1


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


# --- pools and delivery ----------------------------------------------------------------------------------------------


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
