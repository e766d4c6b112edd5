"""A client's own link, apart from any referral: who can see me, who looked, stop sharing; and who was told of an emergency."""

from typing import Any

import pytest
from django.core import mail
from django.test import Client as Browser

from backend.clients.models import Consent
from backend.directory.models import Organization
from backend.lib.actor import system_of
from backend.lib.unit_of_work import acting_as
from tests import make
from tests.portal.browsing import NAME, do_work, link_in, move_clock, post, prove
from tests.record.feed import settle

pytestmark = pytest.mark.django_db(transaction=True)
EMAIL = "own.canary@example.org"
MOTHER = "mother@example.org"


@pytest.fixture
def client(north: make.Clinic) -> Any:
    return make.client(north, family_name=NAME, given_name="Lee", email=EMAIL)


def to_client() -> list[Any]:
    return [message for message in mail.outbox if message.to == [EMAIL]]


def send_link(clinic: Any, client_id: str) -> Any:
    return clinic.http.send("POST", f"clients/{client_id}/links", {})


def test_a_consent_recorded_at_the_desk_brings_the_page_on_which_it_is_taken_back(
    north: make.Clinic, south: make.Clinic, client: Any
) -> None:
    consent = make.consent(north, client["id"], south)
    (message,) = do_work()
    browser = Browser()
    page = prove(browser, link_in(message)).content.decode()

    post(browser, f"{link_in(message)}/stop/{consent['id']}")

    assert (message.to, message.subject) == ([EMAIL], "What you said yes to")
    assert NAME not in f"{message.subject} {message.body}"
    assert "South Physio" in page
    with acting_as(system_of(north.organization.id)):
        assert Consent.objects.get(pk=consent["id"]).status == "withdrawn"


def test_a_client_without_an_address_gets_no_mail(north: make.Clinic, south: make.Clinic) -> None:
    make.consent(north, make.client(north)["id"], south)

    assert do_work() == []


def test_staff_send_the_client_their_page_and_the_earlier_link_ends(north: make.Clinic, client: Any) -> None:
    first = send_link(north.coordinator, client["id"])
    again = send_link(north, client["id"])
    sent = do_work()

    assert (first.status_code, again.status_code) == (201, 201)
    assert (again.json()["sent_to"], again.json()["is_live"], again.json()["opened_at"]) == (EMAIL, True, None)
    assert [message.subject for message in sent] == ["Your own page"]
    assert NAME not in f"{sent[0].subject} {sent[0].body}"
    listed = north.http.send("GET", f"clients/{client['id']}/links").json()["results"]
    assert [(link["id"], link["is_live"]) for link in listed] == [
        (again.json()["id"], True),
        (first.json()["id"], False),
    ]


def test_the_page_says_who_looked_and_why(north: make.Clinic, south: make.Clinic, client: Any) -> None:
    make.consent(north, client["id"], south)
    referral = make.referral(north, south, client_id=client["id"])
    make.move(south, referral["id"], "accept")
    south.http.send("GET", f"clients/{client['id']}")
    browser = Browser()

    page = prove(browser, link_in(do_work()[0])).content.decode()

    looked = page.split('id="looked"')[1].split("</section>")[0]
    assert "<strong>South Physio Practitioner</strong>, South Physio: because you were sent there" in looked
    assert "Lee" not in looked


def test_an_ended_link_shows_nothing(north: make.Clinic, client: Any) -> None:
    sent = send_link(north, client["id"]).json()
    link = link_in(do_work()[0])
    browser = Browser()
    prove(browser, link)

    ended = north.http.send("POST", f"clients/{client['id']}/links/{sent['id']}/end", {})

    assert (ended.status_code, ended.json()["is_live"]) == (200, False)
    assert browser.get(link).status_code == 410
    again = north.http.send("POST", f"clients/{client['id']}/links/{sent['id']}/end", {})
    assert (again.status_code, again.json()["code"]) == (409, "no_link")


def test_three_links_a_day_and_an_address_are_needed(north: make.Clinic, client: Any) -> None:
    for _ in range(3):
        assert send_link(north, client["id"]).status_code == 201

    fourth = send_link(north, client["id"])
    unreachable = send_link(north, make.client(north)["id"])

    assert (fourth.status_code, fourth.json()["code"]) == (429, "too_many_links")
    assert (unreachable.status_code, unreachable.json()["code"]) == (409, "no_address")


def test_one_press_renews_a_link_that_ran_out(north: make.Clinic, client: Any) -> None:
    send_link(north, client["id"])
    old = link_in(do_work()[0])
    move_clock(days=15)
    browser = Browser()

    post(browser, f"{old}/new-link")
    (renewed,) = do_work()

    assert (renewed.to, renewed.subject) == ([EMAIL], "Your own page")
    assert browser.get(link_in(renewed)).status_code == 200


def test_what_happened_to_links_is_in_the_feed_without_an_address(north: make.Clinic, client: Any) -> None:
    sent = send_link(north, client["id"]).json()
    north.http.send("POST", f"clients/{client['id']}/links/{sent['id']}/end", {})
    settle()

    found = north.http.send("GET", "events?types=client.link_sent,client.link_ended").json()["results"]

    assert [(event["type"], event["subject"]["id"], event["related"]["link_id"]) for event in found] == [
        ("client.link_sent", client["id"], sent["id"]),
        ("client.link_ended", client["id"], sent["id"]),
    ]


def test_a_death_ends_the_own_link_and_its_mail(north: make.Clinic, client: Any) -> None:
    send_link(north, client["id"])
    north.http.send("POST", f"clients/{client['id']}/death", {})

    assert do_work() == []
    assert send_link(north, client["id"]).json()["code"] == "no_address"


# --- a broken glass ---------------------------------------------------------------------------------------------------


def break_glass(clinic: make.Clinic, client_id: str) -> None:
    answer = clinic.http.send("POST", f"clients/{client_id}/break-glass", {"reason": "Collapsed in the waiting room."})
    assert answer.status_code == 201, answer.content


def test_an_emergency_is_told_to_home_and_client_at_once(north: make.Clinic, south: make.Clinic, client: Any) -> None:
    consent = make.consent(north, client["id"], south)
    do_work()
    north.http.send("POST", f"clients/{client['id']}/consents/{consent['id']}/withdraw", {})
    Organization.objects.filter(pk=south.id).update(break_glass_enabled=True)
    mail.outbox.clear()

    break_glass(south, client["id"])
    told = do_work()

    staff = [north.practitioner.member.user.email, north.admin.member.user.email]
    assert sorted(message.to[0] for message in told) == sorted([*staff, EMAIL])
    at_home = next(message for message in told if message.to == [staff[0]])
    assert (at_home.subject, f"/clients/{client['id']}" in at_home.body) == ("An emergency look at a client", True)
    (own,) = to_client()
    assert own.subject == "Somebody looked in an emergency"
    page = prove(Browser(), link_in(own)).content.decode()
    assert "in an emergency: Collapsed in the waiting room." in page
    for message in told:
        assert not any(word in f"{message.subject} {message.body}" for word in (NAME, "Lee", "Collapsed"))


def test_at_home_the_one_who_broke_it_is_not_told_of_themselves(north: make.Clinic, client: Any) -> None:
    Organization.objects.filter(pk=north.id).update(break_glass_enabled=True)

    break_glass(north, client["id"])

    assert sorted(message.to[0] for message in do_work()) == sorted([north.admin.member.user.email, EMAIL])
