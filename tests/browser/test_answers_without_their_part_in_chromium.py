"""What the inbox does with an answer that is not the page it asked for, in a real browser."""

from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from tests import make
from tests.browser.conftest import Open
from tests.browser.looking import both_widths, faults, keep_picture

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
A_MINUTE = 61_000
OUT = "You are signed out. Sign in again."


def open_inbox(open_page: Open, clinic: make.Clinic, size: str = "desktop", **options: Any) -> tuple[Page, list[str]]:
    """The inbox with a clock that the test moves, and what its scripts complain of."""
    page, complaints = open_page(clinic.practitioner, size, **options), []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.clock.install()
    page.goto("/inbox")
    return page, complaints


def end_session(page: Page) -> list[Any]:
    kept = page.context.cookies()
    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    return kept


@both_widths
def test_a_list_that_looks_at_itself_after_the_session_ended_stays_and_says_so_once(
    open_page: Open, north: make.Clinic, south: make.Clinic, size: str
) -> None:
    name = make.sent(north, south)["client"]["display"]
    page, complaints = open_inbox(open_page, south, size, bypass_csp=True)
    cookies = end_session(page)

    page.clock.run_for(A_MINUTE)

    expect(page.locator("#said")).to_have_text(OUT)
    expect(page.locator("#worklist .line h3")).to_contain_text(name)
    keep_picture(page, f"inbox-signed-out-{size}")
    assert faults(page) == []
    page.evaluate("document.querySelector('#said p').dataset.first = ''")
    with page.expect_response("**/accounts/login/**"):
        page.clock.run_for(A_MINUTE)
    expect(page.locator("#said p[data-first]")).to_have_text(OUT)
    page.context.add_cookies(cookies)
    page.clock.run_for(A_MINUTE)
    expect(page.locator("#said p")).to_have_count(0)
    assert complaints == []


def test_what_came_in_is_still_said_after_an_error_in_between(
    open_page: Open, north: make.Clinic, south: make.Clinic
) -> None:
    make.sent(north, south)
    page, complaints = open_inbox(open_page, south)
    page.route("**/inbox", lambda route: route.fulfill(status=502, body="Bad Gateway"))
    page.clock.run_for(A_MINUTE)
    expect(page.locator("#said")).to_have_text("The server does not answer as it should. Try again in a moment.")
    expect(page.locator("#worklist .line")).to_have_count(1)
    page.unroute("**/inbox")
    make.sent(north, south)

    page.clock.run_for(A_MINUTE)

    expect(page.locator("#said")).to_have_text("1 more waits on you.")
    expect(page.locator("#worklist .line")).to_have_count(2)
    assert complaints == []


def test_a_line_pressed_after_the_session_ended_says_so(
    open_page: Open, north: make.Clinic, south: make.Clinic
) -> None:
    make.sent(north, south)
    page, complaints = open_inbox(open_page, south)
    end_session(page)

    page.locator("#worklist .line h3 a").click()

    expect(page.locator("#said")).to_have_text(OUT)
    expect(page.get_by_role("link", name="Sign in again")).to_have_attribute("href", "/accounts/login/?next=%2Finbox")
    expect(page.locator("#preview")).to_contain_text("Choose a referral")
    assert complaints == []


def test_a_line_that_cannot_be_opened_says_why_beside_the_list(
    open_page: Open, north: make.Clinic, south: make.Clinic
) -> None:
    first, second = make.sent(north, south), make.sent(north, south)
    page, complaints = open_inbox(open_page, south)
    page.route(f"**/referrals/{first['id']}", lambda route: route.continue_(url=route.request.url[:-4] + "0000"))

    page.locator(f"#worklist a[href='/referrals/{first['id']}']").first.click()

    refusal = page.locator("#preview .refused")
    expect(refusal).to_contain_text("There is nothing here for you under this address.")
    expect(refusal.locator("h1")).to_be_focused()
    keep_picture(page, "inbox-refused")
    page.locator(f"#worklist a[href='/referrals/{second['id']}']").first.click()
    expect(page.locator("#preview h1")).to_contain_text(second["client"]["display"])
    expect(refusal).to_have_count(0)
    assert complaints == []


def test_a_press_that_is_refused_beside_the_list_leaves_what_was_typed(
    open_page: Open, north: make.Clinic, south: make.Clinic
) -> None:
    make.sent(north, south)
    page, complaints = open_inbox(open_page, south)
    page.locator("#worklist .line h3 a").click()
    page.get_by_label("Write to the other side").fill("Any imaging?")
    page.locator("#preview .write [name=writer]").evaluate("(field) => (field.value = field.value.replace(/./g, '0'))")

    page.locator("#preview .write button").click()

    expect(page.locator("#preview .refused")).to_contain_text("This page was opened by somebody else")
    expect(page.get_by_label("Write to the other side")).to_have_value("Any imaging?")
    page.keyboard.press("Escape")
    expect(page.locator("#preview > *")).to_have_count(0)
    assert complaints == []
