"""What the feed and the lists tell of a loop: once, to those who may know, with the subject one can open."""

from typing import Any

import pytest
from django.test import Client as Browser

from backend.directory.models import Member
from backend.lib import clock
from backend.lib.unit_of_work import acting_as
from backend.referrals import presses
from backend.referrals import workflow as w
from tests import make
from tests.portal.browsing import GUEST, come_in, do_work, guest_referral, link_in, press, state_of
from tests.record.feed import page as feed
from tests.record.feed import settle

pytestmark = pytest.mark.django_db(transaction=True)


def told(clinic: make.Clinic, *types: str, reader: make.Api | None = None) -> list[dict[str, Any]]:
    settle()
    found: list[dict[str, Any]] = feed(reader or clinic.http, f"events?types={','.join(types)}")["results"]
    return found


def changed_since(clinic: make.Clinic, moment: Any) -> list[str]:
    answer = clinic.http.send("GET", f"referrals?updated_since={moment.isoformat().replace('+00:00', 'Z')}")
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["results"]]


def test_access_starts_when_the_shared_record_opens_and_names_its_row(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)
    before = told(south, "access.started")
    make.move(south, sent["id"], "accept")

    (started,) = told(south, "access.started")

    assert before == []
    may = south.http.send("GET", f"clients/{sent['client']['id']}/access").json()["may"]
    assert [(row["id"], row["extent"]) for row in may] == [(started["subject"]["id"], "shared_record")]
    assert started["subject"]["href"] == f"/api/v1/clients/{sent['client']['id']}/access"
    assert started["related"] == {
        "client_id": sent["client"]["id"],
        "referral_id": sent["id"],
        "extent": "shared_record",
    }


def test_asking_the_client_is_told_to_the_clinic_that_asks_only(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)
    asked = make.referral(north, south, client_id=client["id"], send=False, ask_consent=True)

    (event,) = told(north, "consent.requested")

    assert (event["subject"]["id"], event["related"]["client_id"]) == (asked["id"], client["id"])
    assert told(south, "consent.requested") == []


def test_what_grows_the_version_is_found_by_updated_since(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)
    before = clock.now()
    do_work()
    after_delivery = changed_since(north, before)
    looked = clock.now()
    south.http.send("GET", f"referrals/{sent['id']}")
    after_look = changed_since(north, looked)
    waiting = clock.now()
    do_work(days=2)
    do_work(days=2)

    assert (after_delivery, after_look, changed_since(north, waiting)) == ([sent["id"]],) * 3
    assert state_of(north, sent["id"])["tracking"]["reminders"] > 0


def test_the_mail_to_a_guest_is_the_delivery(north: make.Clinic) -> None:
    sent = guest_referral(north)
    before = state_of(north, sent["id"])["tracking"]["delivered_at"]

    do_work()

    assert before is None
    assert state_of(north, sent["id"])["tracking"]["delivered_at"] is not None
    assert [event["subject"]["id"] for event in told(north, "referral.delivered")] == [sent["id"]]


def test_a_guests_visit_is_told_to_the_sender(north: make.Clinic) -> None:
    sent = guest_referral(north)
    link, browser = link_in(do_work()[0]), Browser()
    come_in(browser, link)
    press(browser, link, "accept")
    day = (clock.now().replace(hour=17, minute=0)).strftime("%Y-%m-%dT%H:%M")
    press(browser, link, "book", starts_at=day, minutes="50")
    press(browser, link, "cancel_visit", by="client")

    events = told(north, "visit.*")

    assert [event["type"] for event in events] == ["visit.booked", "visit.cancelled"]
    assert {event["subject"]["id"] for event in events} == {state_of(north, sent["id"])["visits"][0]["id"]}


def test_a_guest_offers_five_times(north: make.Clinic) -> None:
    sent = guest_referral(north)
    link, browser = link_in(do_work()[0]), Browser()
    come_in(browser, link)
    press(browser, link, "accept")
    days = {f"starts_at_{n}": f"2031-01-{n + 5:02}T10:00" for n in range(1, 6)}

    press(browser, link, "offer_times", minutes="50", **days)

    assert len(state_of(north, sent["id"])["offered_times"]) == 5


def test_a_guests_report_names_new_precautions_and_a_decline_names_a_colleague(north: make.Clinic) -> None:
    reported, declined = guest_referral(north), guest_referral(north, email="two@example.org")
    links = {message.to[0]: link_in(message) for message in do_work()}
    seen, refused = Browser(), Browser()
    come_in(seen, links[GUEST])
    press(seen, links[GUEST], "accept")
    page = press(seen, links[GUEST], "start").content.decode()
    press(seen, links[GUEST], "report", answer="Yes.", outcome="answered", new_precautions=["anticoag"])
    come_in(refused, links["two@example.org"])
    press(refused, links["two@example.org"], "decline", reason="no_capacity", suggested_name="Sam Ito, Harbour")

    reports = north.http.send("GET", f"referrals/{reported['id']}/reports").json()["results"]
    messages = north.http.send("GET", f"referrals/{declined['id']}/messages").json()["results"]

    assert 'name="new_precautions" value="anticoag"' in page
    assert reports[0]["new_precautions"] == ["anticoag"]
    assert [message["text"] for message in messages] == ["Suggested instead: Sam Ito, Harbour."]


def test_a_suggested_colleague_is_named_so_that_redirecting_is_one_press(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic
) -> None:
    sent = make.sent(north, south)
    make.consent(north, sent["client"]["id"], outsider)
    before = sent["suggested_practitioner_role"]
    make.move(south, sent["id"], "decline", reason="no_capacity", suggested_practitioner_role_id=outsider.role_id)

    suggested = state_of(north, sent["id"])["suggested_practitioner_role"]
    moved = make.move(north, sent["id"], "redirect", to={"practitioner_role_id": suggested["id"]})

    assert before is None
    assert suggested == {"id": outsider.role_id, "display": "Outsider Practitioner"}
    assert moved["state"] == w.REDIRECTED
    assert state_of(outsider, moved["redirected_to_id"])["state"] == w.SENT


def test_a_press_of_somebody_who_left_is_told_to_the_clinic(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)
    actor = south.practitioner.actor
    with acting_as(actor):
        presses.press(sent["id"], "accept", actor=actor, expected_version=None)
    Member.objects.filter(pk=south.practitioner.member.pk).update(ended_at=clock.now())

    do_work()

    (event,) = told(south, "referral.press_lapsed", reader=south.coordinator.http)
    assert event["subject"]["id"] == sent["id"]
    assert state_of(north, sent["id"])["state"] == w.SENT
    assert told(north, "referral.press_lapsed") == []


def test_every_state_says_what_360x_calls_it_and_the_catalog_shows_it(north: make.Clinic) -> None:
    states = north.http.send("GET", "catalog/transitions").json()["states"]

    assert [state["name"] for state in states] == list(w.STATES)
    assert {state["name"]: state["ihe_360x"] for state in states if state["ihe_360x"] is None} == dict.fromkeys(
        ["draft", "awaiting_consent", "needs_information", "expired", "unreachable", "client_declined"]
    )
