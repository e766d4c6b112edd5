"""The sender corrects a guest's address: until somebody opened it, and the client's yes goes along."""

from typing import Any

import pytest
from django.core import mail
from django.test import Client as Browser

from backend.notifications.services import record_bounce
from tests import make
from tests.attacks.sql import refused, rows
from tests.portal.browsing import GUEST, come_in, do_work, guest_referral, link_in, press, state_of
from tests.record.feed import settle
from tests.referrals.stories import assert_readable, withdraw_consent
from tests.workspace.browsing import Browser as Pages

pytestmark = pytest.mark.django_db(transaction=True)
RIGHT = "kim.right@guest.example"


@pytest.fixture
def referral(north: make.Clinic) -> dict[str, Any]:
    return guest_referral(north)


@pytest.fixture
def link(referral: dict[str, Any]) -> str:
    (invitation,) = do_work()
    return link_in(invitation)


def correct(clinic: Any, referral: Any, email: str = RIGHT) -> Any:
    http = clinic if isinstance(clinic, make.Api) else clinic.http
    return http.send("POST", f"referrals/{referral['id']}/guest-address", {"email": email})


def bounce() -> None:
    invitation = next(m for m in mail.outbox if m.to == [GUEST])
    record_bounce(invitation.extra_headers["Message-ID"])


def test_a_corrected_address_gets_the_invitation_and_the_old_link_ends(
    north: make.Clinic, referral: dict[str, Any], link: str
) -> None:
    bounce()

    answer = correct(north, referral, "Kim.Right@guest.example")

    assert answer.status_code == 200, answer.content
    guest = answer.json()["recipient"]["guest"]
    assert (guest["email"], guest["bounced_at"]) == (RIGHT, None)
    (invitation,) = [m for m in do_work() if m.to == [RIGHT]]
    assert invitation.subject == "Can you see a client?"
    browser = Browser()
    assert "asks for your help" not in browser.get(link).content.decode()
    consent = north.http.send("GET", f"clients/{referral['client']['id']}/consents").json()["results"][0]
    assert (RIGHT in str(consent), GUEST in str(consent)) == (True, False)
    settle()
    told = {event["type"] for event in north.http.send("GET", "events?limit=100").json()["results"]}
    assert "referral.guest_address_corrected" in told
    new = link_in(invitation)
    assert "asks for your help" in Browser().get(new).content.decode()


def test_after_somebody_opened_it_another_address_is_another_person(
    north: make.Clinic, referral: dict[str, Any], link: str
) -> None:
    browser = Browser()
    come_in(browser, link)

    answer = correct(north, referral)

    assert_readable(answer, 409, "already_opened")
    assert state_of(north, referral["id"])["recipient"]["guest"]["email"] == GUEST
    assert press(browser, link, "accept").status_code in (200, 303)
    assert state_of(north, referral["id"])["state"] == "accepted"


def test_only_the_senders_staff_correct_it_and_only_to_an_address(
    north: make.Clinic, south: make.Clinic, referral: dict[str, Any], link: str
) -> None:
    assert correct(south, referral).status_code == 404
    assert_readable(correct(north.admin, referral), 403, "right_required")
    assert correct(north, referral, "no address").status_code == 400
    assert_readable(correct(north, referral, GUEST), 409, "same_address")
    assert_readable(correct(north, make.sent(north, south)), 409, "not_open_to_a_guest")
    assert state_of(north, referral["id"])["recipient"]["guest"]["email"] == GUEST


def test_without_the_clients_yes_no_address_is_corrected(
    north: make.Clinic, referral: dict[str, Any], link: str
) -> None:
    client_id = referral["client"]["id"]
    consent = north.http.send("GET", f"clients/{client_id}/consents").json()["results"][0]
    withdraw_consent(north, client_id, consent)

    answer = correct(north, referral)

    assert answer.status_code == 409
    assert answer.json()["code"] in ("consent_required", "not_open_to_a_guest")
    assert do_work() == [] or not [m for m in mail.outbox if m.to == [RIGHT]]


def test_the_page_offers_it_where_the_bounce_is_shown(north: make.Clinic, referral: dict[str, Any], link: str) -> None:
    address = f"/referrals/{referral['id']}"
    page = Pages(north.practitioner).open(address)
    assert "Send it to this address" not in page.page
    bounce()
    assert "Send it to this address" in page.open(address).page

    page.press(f"{address}/link", press="address", email=RIGHT)

    assert page.status == 200
    assert state_of(north, referral["id"])["recipient"]["guest"]["email"] == RIGHT


def test_the_database_corrects_no_address_that_was_opened_or_of_another_clinic(
    north: make.Clinic, south: make.Clinic, referral: dict[str, Any], link: str
) -> None:
    call = "SELECT correct_guest_address(%s, %s)"

    assert refused(south, call, referral["id"], RIGHT)
    assert refused(north, "UPDATE referrals_guest SET email = %s WHERE referral_id = %s", RIGHT, referral["id"])
    assert refused(
        north, "UPDATE clients_consent SET guests = ARRAY[%s] WHERE client_id = %s", RIGHT, referral["client"]["id"]
    )
    come_in(Browser(), link)
    assert refused(north, call, referral["id"], RIGHT)
    assert rows(north, "SELECT email FROM referrals_guest WHERE referral_id = %s", referral["id"]) == [(GUEST,)]
