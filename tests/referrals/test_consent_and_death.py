"""A consent that ends and a client who dies: what ends with them, and what remains to be done."""

from datetime import timedelta
from typing import Any

import pytest

from backend.audit import work
from backend.clients import services as clients
from backend.lib.unit_of_work import acting_as
from tests import make
from tests.referrals.stories import (
    advance,
    as_client,
    assert_readable,
    count,
    event_types,
    in_state,
    last_step,
    move_to,
    now,
    read,
    row,
    withdraw_consent,
)

pytestmark = pytest.mark.django_db(transaction=True)
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
        ("in_care", "assign", {"practitioner_role_id": "own"}),
        ("cancellation_requested", "assign", {"practitioner_role_id": "own"}),
    ],
)
def test_until_the_worker_ran_the_recipients_moves_are_refused(
    north: make.Clinic, south: make.Clinic, state: str, name: str, details: dict[str, Any]
) -> None:
    referral = in_state(state, north, south)
    client_id = referral["client"]["id"]
    consent = north.http.send("GET", f"clients/{client_id}/consents").json()["results"][0]
    withdraw_consent(north, client_id, consent)
    known = {"now": now().isoformat(), "own": south.role_id}
    details = {key: known.get(value, value) if isinstance(value, str) else value for key, value in details.items()}

    assert_readable(make.try_move(south, referral["id"], name, **details), 409, "consent_required")


def test_in_care_the_final_report_is_what_remains(north: make.Clinic, south: make.Clinic) -> None:
    client, consent, sent = sent_under(north, south)
    make.move(south, sent["id"], "accept")
    make.move(south, sent["id"], "start")
    withdraw_consent(north, client["id"], consent)
    work.run_due()
    assert row(sent["id"], north).state == "in_care"

    assert make.move(south, sent["id"], "report", final=True, report=make.REPORT)["state"] == "reported"


@pytest.mark.parametrize("name", ["agree", "refuse"])
def test_asked_to_stop_the_recipient_stops_or_goes_on_to_its_final_report(
    north: make.Clinic, south: make.Clinic, name: str
) -> None:
    client, consent, sent = sent_under(north, south)
    make.move(south, sent["id"], "accept")
    make.move(south, sent["id"], "start")
    make.move(north, sent["id"], "request_cancellation", reason="The client stops.")
    withdraw_consent(north, client["id"], consent)
    work.run_due()
    assert row(sent["id"], north).state == "cancellation_requested"

    moved = make.move(south, sent["id"], name, **({"reason": "A last report is due."} if name == "refuse" else {}))

    assert moved["state"] == {"agree": "withdrawn", "refuse": "in_care"}[name]
    if name == "refuse":
        assert make.move(south, sent["id"], "report", final=True, report=make.REPORT)["state"] == "reported"


def test_whoever_says_nothing_has_agreed_to_stop_also_without_a_consent(north: make.Clinic, south: make.Clinic) -> None:
    client, consent, sent = sent_under(north, south)
    make.move(south, sent["id"], "accept")
    make.move(south, sent["id"], "start")
    withdraw_consent(north, client["id"], consent)
    make.move(north, sent["id"], "request_cancellation", reason="The client stops.")

    advance(days=10)

    assert (row(sent["id"], north).state, last_step(sent["id"], north)["party"]) == ("withdrawn", "system")


@pytest.mark.parametrize("state", ["in_care", "cancellation_requested", "reported"])
def test_what_was_received_never_grows_when_the_consent_has_ended(
    north: make.Clinic, south: make.Clinic, state: str
) -> None:
    referral = in_state(state, north, south)
    consent = north.http.send("GET", f"clients/{referral['client']['id']}/consents").json()["results"][0]
    messages = f"referrals/{referral['id']}/messages"
    before = [len(read(clinic, referral["id"], "messages").json()["results"]) for clinic in (north, south)]
    withdraw_consent(north, referral["client"]["id"], consent)

    for clinic in (north, south):
        assert_readable(clinic.http.send("POST", messages, {"text": "One word more."}), 409, "content_closed")

    after = [len(read(clinic, referral["id"], "messages").json()["results"]) for clinic in (north, south)]
    assert after == before


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
