"""The same address, later with an account: its referrals move there, and nobody else's do."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.test import Client as Browser

from backend.directory.models import Member, User
from tests import make
from tests.portal.browsing import GUEST, come_in, do_work, guest_referral, link_in, post, press, prove, state_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def referral(north: make.Clinic) -> dict[str, Any]:
    return guest_referral(north)


@pytest.fixture
def link(referral: dict[str, Any]) -> str:
    return link_in(do_work()[0])


def with_address(person: make.Person, email: str) -> Browser:
    User.objects.filter(pk=person.member.user_id).update(email=email)
    return make.signed_in(User.objects.get(pk=person.member.user_id))


def test_whoever_gave_the_code_and_has_the_same_address_keeps_the_thread(
    north: make.Clinic, south: make.Clinic, referral: dict[str, Any], link: str
) -> None:
    come_in(Browser(), link)
    browser = with_address(south.practitioner, GUEST)
    page = prove(browser, link)
    assert "Keep it in my account" in page.content.decode()

    browser.post(f"{link}/claim")

    body = state_of(south, referral["id"])
    assert body["recipient"]["practitioner_role"]["id"] == south.role_id
    assert "CANARYREASON" in body["reason"]
    assert [s["name"] for s in body["available_transitions"] if s["name"] == "accept"] == ["accept"]
    make.move(south, referral["id"], "accept")
    assert south.http.send("GET", f"clients/{referral['client']['id']}").status_code == 404
    make.move(south, referral["id"], "start")
    make.move(south, referral["id"], "report", final=True, report=make.REPORT)
    assert south.http.send("GET", f"clients/{referral['client']['id']}").status_code == 404
    make.move(north, referral["id"], "acknowledge", plan_change="no_change")


def test_an_account_with_another_address_claims_nothing(
    south: make.Clinic, referral: dict[str, Any], link: str
) -> None:
    browser = make.signed_in(south.practitioner.member.user)
    come_in(browser, link)

    answer = post(browser, f"{link}/claim")

    assert answer.status_code == 403
    assert south.http.send("GET", f"referrals/{referral['id']}").status_code == 404


def test_the_same_address_without_a_code_claims_nothing(
    south: make.Clinic, referral: dict[str, Any], link: str
) -> None:
    browser = with_address(south.practitioner, GUEST)

    browser.post(f"{link}/claim")
    browser.post("/claim")

    assert south.http.send("GET", f"referrals/{referral['id']}").status_code == 404


def test_an_address_the_account_confirmed_claims_too(south: make.Clinic, referral: dict[str, Any], link: str) -> None:
    browser = with_address(south.practitioner, GUEST)
    EmailAddress.objects.create(user_id=south.practitioner.member.user_id, email=GUEST, verified=True, primary=True)

    page = browser.post("/claim")

    assert "1 referral moved" in page.content.decode()
    assert state_of(south, referral["id"])["state"] == "sent"


def test_another_discipline_claims_nothing(east: make.Clinic, referral: dict[str, Any], link: str) -> None:
    browser = with_address(east.practitioner, GUEST)
    come_in(browser, link)

    post(browser, f"{link}/claim")

    assert east.http.send("GET", f"referrals/{referral['id']}").status_code == 404


def test_after_claiming_mails_go_to_the_member(
    north: make.Clinic, south: make.Clinic, referral: dict[str, Any], link: str
) -> None:
    browser = with_address(south.practitioner, GUEST)
    come_in(browser, link)
    browser.post(f"{link}/claim")
    make.move(south, referral["id"], "accept")
    north.http.send("POST", f"referrals/{referral['id']}/messages", {"text": "Thank you."})

    told = [m for m in do_work(hours=30) if m.to == [GUEST]]

    assert [m.subject for m in told] == ["What is new at South Physio"]
    assert press(browser, link, "start").status_code == 200


def signed_up(*, confirmed: bool = True) -> tuple[User, Browser]:
    """Somebody with an account under the guest's address, and no clinic yet."""
    account = User.objects.create(email=GUEST, first_name="Kim", last_name="Guest", password="!")
    EmailAddress.objects.create(user=account, email=GUEST, verified=confirmed, primary=True)
    return account, make.signed_in(account)


def test_from_signing_up_to_the_claimed_thread(north: make.Clinic, referral: dict[str, Any], link: str) -> None:
    account, browser = signed_up()
    without_clinic = browser.get("/claim")
    browser.get("/clinics/new")
    at_the_door = come_in(browser, link).content.decode()
    clinic = make.organization("Harbour Physio")
    Member.objects.create(user=account, organization=clinic, rights=["practitioner", "admin"])
    without_role = browser.get("/claim").content.decode()
    make.role(clinic, "physical_therapy", account=account)

    home = browser.get("/").content.decode()
    claimed = post(browser, f"{link}/claim")

    assert (without_clinic.status_code, "/clinics/new" in without_clinic.content.decode()) == (200, True)
    assert "You are signed in." in at_the_door
    assert "Keep it in my account" not in at_the_door
    assert "/settings/people" in without_role
    assert "1 referral to your address can move to your list." in home
    assert claimed.status_code == 200
    assert state_of(north, referral["id"])["recipient"]["organization"]["id"] == str(clinic.id)
    assert "can move to your list" not in browser.get("/").content.decode()


def test_who_is_signed_in_is_not_told_to_sign_in(referral: dict[str, Any], link: str) -> None:
    _, browser = signed_up()
    come_in(browser, link)

    answer = browser.post(f"{link}/claim")

    assert answer.status_code == 403
    assert "Open your clinic first, or let its admin add you" in answer.content.decode()


def test_home_offers_nothing_for_an_address_of_somebody_else(south: make.Clinic, referral: dict[str, Any]) -> None:
    page = make.signed_in(south.practitioner.member.user).get("/").content.decode()

    assert "can move to your list" not in page
