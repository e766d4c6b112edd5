"""Pages of guests and clients in a real browser: on a phone, at a desk, without script, without a finding of the checker."""

import pytest
from django.core import mail
from playwright.sync_api import Page, expect

from tests import make
from tests.browser.conftest import Open
from tests.browser.looking import both_widths, faults, keep_picture
from tests.portal.browsing import ATTESTED, code_in, do_work, guest_referral, link_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def look(page: Page, name: str, size: str) -> None:
    """Nothing is wrong with the page; keeps a picture when asked for."""
    assert faults(page) == [], name
    keep_picture(page, f"{name}-{size}")


@both_widths
def test_a_guest_comes_in_and_accepts(north: make.Clinic, open_page: Open, size: str) -> None:
    guest_referral(north)
    link = link_in(do_work()[0])
    page = open_page(size=size)

    page.goto(link)
    look(page, "guest-1-landing", size)
    page.get_by_role("button", name="Continue").click()
    look(page, "guest-2-code", size)
    page.get_by_label("Code").fill(code_in(mail.outbox[-1]))
    page.get_by_role("button", name="Open").click()
    look(page, "guest-3-who", size)
    for name, value in ATTESTED.items():
        if name != "is_true":
            page.locator(f"#{name}").fill(value)
    page.get_by_label("This is true").check()
    page.get_by_role("button", name="Open the referral").click()
    look(page, "guest-4-referral", size)
    page.get_by_role("button", name="Accept", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("Accepted. The sender is told.")
    page.get_by_text("Seen and report").click()
    look(page, "guest-5-accepted", size)
    page.get_by_role("link", name="Print as a letter").click()
    look(page, "guest-6-letter", size)


@both_widths
def test_a_client_decides_and_stops(north: make.Clinic, south: make.Clinic, open_page: Open, size: str) -> None:
    client = make.client(north, given_name="Lee", email="lee@example.org")
    make.person(south.organization, "practitioner", discipline="physical_therapy", name="Not Her")
    make.referral(north, south, client_id=client["id"], send=False, ask_consent=True)
    link = link_in(do_work()[0])
    page = open_page(size=size)

    page.goto(link)
    look(page, "client-1-landing", size)
    page.get_by_role("button", name="Send me the code").click()
    page.get_by_label("Code").fill(code_in(mail.outbox[-1]))
    page.get_by_role("button", name="Open").click()
    look(page, "client-2-consent", size)
    smallest = page.evaluate(
        "Math.min(...[...document.querySelectorAll('button, a.button, summary, label.tick')]"
        ".filter(e => e.getClientRects().length).map(e => e.getBoundingClientRect().height))"
    )
    assert smallest >= 56
    page.get_by_role("button", name="Yes, share and send it").click()
    look(page, "client-3-own-page", size)
    page.get_by_role("link", name="Stop sharing").click()
    look(page, "client-4-stop", size)
    page.get_by_role("button", name="Yes, stop sharing").click()
    expect(page.get_by_role("status")).to_have_text("Sharing has stopped.")


def test_everything_works_with_script_switched_off(north: make.Clinic, open_page: Open) -> None:
    guest_referral(north)
    link = link_in(do_work()[0])
    page = open_page(java_script_enabled=False)

    page.goto(link)
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Code").fill(code_in(mail.outbox[-1]))
    page.get_by_role("button", name="Open").click()

    expect(page.get_by_role("heading", name="Who you are")).to_be_visible()


def test_a_page_of_a_link_that_ended_is_friendly(open_page: Open, north: make.Clinic) -> None:
    sent = guest_referral(north)
    link = link_in(do_work()[0])
    make.move(north, sent["id"], "withdraw", reason="sent_in_error")
    do_work()
    page = open_page(size="phone")

    page.goto(link)

    look(page, "ended", "phone")
    expect(page.get_by_role("button", name="Ask for a new link")).to_be_visible()
