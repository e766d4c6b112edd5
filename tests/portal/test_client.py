"""The client decides on a link of their own: yes, yes but not …, no, a time, stop."""

from typing import Any

import pytest
from django.core import mail
from django.test import Client as Browser

from backend.clients.models import Consent
from backend.lib import clock
from backend.lib.actor import system_of
from backend.lib.unit_of_work import acting_as
from tests import make
from tests.portal.browsing import NAME, QUESTION, REASON, do_work, link_in, move_clock, post, prove, state_of

pytestmark = pytest.mark.django_db(transaction=True)
CLIENT = "client.canary@example.org"


@pytest.fixture
def browser() -> Browser:
    return Browser()


@pytest.fixture
def asked(north: make.Clinic, south: make.Clinic) -> dict[str, Any]:
    client = make.client(north, family_name=NAME, given_name="Lee", email=CLIENT)
    made: dict[str, Any] = make.referral(
        north, south, client_id=client["id"], reason=REASON, question=QUESTION, send=False, ask_consent=True
    )
    assert made["state"] == "awaiting_consent"
    return made


@pytest.fixture
def link(asked: dict[str, Any]) -> str:
    (question,) = do_work()
    assert question.to == [CLIENT]
    assert not any(secret in f"{question.subject} {question.body}" for secret in (NAME, REASON, QUESTION))
    return link_in(question)


def text_of(answer: object) -> str:
    return str(answer.content.decode())  # type: ignore[attr-defined]  # Django's test response


def test_the_first_page_says_who_asks_and_nothing_else(link: str, browser: Browser, south: make.Clinic) -> None:
    page = text_of(browser.get(link))

    assert "North Massage" in page
    for secret in (NAME, "Lee", REASON, QUESTION, south.organization.name):
        assert secret not in page


def test_a_yes_sends_it_and_opens_it_to_the_recipient(
    north: make.Clinic, south: make.Clinic, asked: dict[str, Any], link: str, browser: Browser
) -> None:
    page = text_of(prove(browser, link))
    assert page.index("Always shared, to keep you safe") < page.index("Yes, share and send it")

    post(browser, f"{link}/answer/{asked['id']}", answer="yes", categories=["plan", "outcomes"])

    assert state_of(south, asked["id"])["state"] == "sent"
    with acting_as(system_of(north.organization.id)):
        consent = Consent.objects.get(client_id=asked["client"]["id"])
    assert (consent.method, consent.categories, consent.given_by_name) == ("link", ["plan", "outcomes"], f"Lee {NAME}")


def test_a_yes_to_nothing_more_shares_the_safety_floor_only(
    north: make.Clinic, asked: dict[str, Any], link: str, browser: Browser
) -> None:
    prove(browser, link)

    post(browser, f"{link}/answer/{asked['id']}", answer="yes")

    with acting_as(system_of(north.organization.id)):
        assert Consent.objects.get(client_id=asked["client"]["id"]).categories == []


def test_yes_but_not_this_person_until_a_day_by_a_guardian(
    north: make.Clinic, south: make.Clinic, asked: dict[str, Any], link: str, browser: Browser
) -> None:
    other = make.person(south.organization, "practitioner", discipline="physical_therapy", name="Not Her")
    assert other.role is not None
    assert "Not Her" in text_of(prove(browser, link))

    post(
        browser,
        f"{link}/answer/{asked['id']}",
        answer="yes",
        not_this_person=str(other.role.practitioner_id),
        expires_on="2099-01-31",
        given_by_name="Pat Parent",
        given_by_relationship="parent",
    )

    with acting_as(system_of(north.organization.id)):
        consent = Consent.objects.get(client_id=asked["client"]["id"])
    assert consent.excluded_practitioner_ids == [other.role.practitioner_id]
    assert (consent.given_by_name, consent.given_by_relationship) == ("Pat Parent", "parent")
    assert consent.expires_on is not None
    assert consent.expires_on.isoformat() == "2099-01-31"


def test_a_no_shares_nothing_and_the_sender_decides(
    north: make.Clinic, south: make.Clinic, asked: dict[str, Any], link: str, browser: Browser
) -> None:
    prove(browser, link)

    post(browser, f"{link}/answer/{asked['id']}", answer="no")

    body = state_of(north, asked["id"])
    assert (body["state"], body["whose_move"]) == ("client_declined", "sender")
    assert south.http.send("GET", f"referrals/{asked['id']}").status_code == 404


def test_the_client_chooses_a_time_and_cancels_it_again(
    north: make.Clinic, south: make.Clinic, asked: dict[str, Any], link: str, browser: Browser
) -> None:
    prove(browser, link)
    post(browser, f"{link}/answer/{asked['id']}", answer="yes", categories=["plan"])
    make.move(south, asked["id"], "accept")
    offered = make.move(south, asked["id"], "offer_times", times=[make.visit_window(2), make.visit_window(3)])

    times = [m for m in do_work() if m.to == [CLIENT]]
    assert [m.subject for m in times] == ["Choose a time"]
    own = link_in(times[0])
    page = prove(Browser(), own)
    assert text_of(page).count('name="time_id"') == 2

    post(browser, f"{link}/choose/{asked['id']}", time_id=offered["offered_times"][1]["id"])
    assert state_of(south, asked["id"])["state"] == "booked"
    assert "t come</button>" in text_of(browser.get(link))
    post(browser, f"{link}/cancel/{asked['id']}")

    body = state_of(south, asked["id"])
    assert body["state"] == "accepted"
    assert body["history"][-1]["party"] == "client"


def test_stopping_takes_two_presses_and_works_on_the_next_request(
    south: make.Clinic, asked: dict[str, Any], link: str, browser: Browser
) -> None:
    prove(browser, link)
    page = text_of(post(browser, f"{link}/answer/{asked['id']}", answer="yes", categories=["plan"]))
    make.move(south, asked["id"], "accept")
    assert south.http.send("GET", f"clients/{asked['client']['id']}").status_code == 200

    address = page.split("/stop/")[1].split('"')[0]
    assert "Stop sharing?" in text_of(browser.get(f"{link}/stop/{address}"))
    post(browser, f"{link}/stop/{address}")

    assert south.http.send("GET", f"clients/{asked['client']['id']}").status_code == 404
    page = text_of(browser.get(link)).split("Who can see me")[1]
    assert "South Physio" not in page.split("Who looked")[0]
    assert "South Physio" not in page.split("Who shares with each other")[1]


def test_a_link_of_one_client_moves_nothing_of_another(
    north: make.Clinic, south: make.Clinic, link: str, browser: Browser
) -> None:
    other = make.client(north, email="other@example.org")
    theirs = make.referral(north, south, client_id=other["id"], send=False, ask_consent=True)
    prove(browser, link)

    assert post(browser, f"{link}/answer/{theirs['id']}", answer="yes").status_code == 404
    assert state_of(north, theirs["id"])["state"] == "awaiting_consent"


def test_an_expired_link_shows_nothing_and_one_press_brings_a_new_one(
    north: make.Clinic, asked: dict[str, Any], link: str, browser: Browser
) -> None:
    prove(browser, link)
    post(browser, f"{link}/answer/{asked['id']}", answer="yes", categories=["plan"])
    move_clock(days=15)

    ended = browser.get(link)
    assert ended.status_code == 410
    assert not any(secret in text_of(ended) for secret in (NAME, "Lee", "North", "South"))
    post(browser, f"{link}/new-link")
    post(browser, f"{link}/new-link")

    renewed = [m for m in do_work() if m.subject == "Your new link"]
    assert [m.to for m in renewed] == [[CLIENT]]
    assert link_in(renewed[0]) != link
    assert browser.get(link_in(renewed[0])).status_code == 200


def test_opening_every_address_answers_for_nobody(
    asked: dict[str, Any], north: make.Clinic, link: str, browser: Browser
) -> None:
    prove(browser, link)

    statuses = [
        browser.get(f"{link}{path}").status_code for path in ("", f"/answer/{asked['id']}", f"/choose/{asked['id']}")
    ]

    assert statuses == [200, 405, 405]
    assert state_of(north, asked["id"])["state"] == "awaiting_consent"


def test_a_death_ends_links_and_mails(north: make.Clinic, asked: dict[str, Any], link: str, browser: Browser) -> None:
    answer = north.http.send(
        "POST", f"clients/{asked['client']['id']}/death", {"deceased_on": clock.now().date().isoformat()}
    )
    assert answer.status_code in (200, 201), answer.content

    assert browser.get(link).status_code == 410
    post(browser, f"{link}/new-link")
    assert [m for m in do_work(days=3) if m.to == [CLIENT]] == []
    assert len([m for m in mail.outbox if m.to == [CLIENT]]) == 1


def test_the_clients_yes_reaches_a_guest(north: make.Clinic, browser: Browser) -> None:
    client = make.client(north, family_name=NAME, email=CLIENT)
    to = {"guest": {"name": "Kim Guest", "discipline": "physical_therapy", "email": "kim@example.org"}}
    asked = make.referral(north, to, client_id=client["id"], send=False, ask_consent=True)
    link = link_in(do_work()[0])
    assert "Kim Guest (physical therapy)" in text_of(prove(browser, link))

    post(browser, f"{link}/answer/{asked['id']}", answer="yes", categories=["plan"])

    assert [(m.to, m.subject) for m in do_work()] == [(["kim@example.org"], "Can you see a client?")]
