"""What a session's end and the signing in after it are, done in a real browser."""

from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from playwright.sync_api import Locator, Page, expect

from tests import make
from tests.browser.conftest import Open
from tests.browser.test_notes_in_chromium import AWAY, CANARY, words_of

PASSWORD = "correct horse battery staple"
IDLED = "You were signed out: that happens after "
OUT = "You are signed out."


@pytest.fixture(autouse=True)
def people_have_passwords(north: make.Clinic) -> None:
    """Who is signed out by the end of a session signs in again as people do."""
    give_password(north.practitioner)


def give_password(who: make.Person) -> None:
    user = who.member.user
    user.set_password(PASSWORD)
    user.save()


def sign_in(page: Page, who: make.Person) -> None:
    """On the page that asks for it."""
    page.locator("[name=login]").fill(who.member.user.email)
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign In", exact=True).click()
    page.wait_for_url(lambda url: "/accounts/" not in url)


def open_signed_in(open_page: Open, who: make.Person, path: str, size: str = "desktop", **options: Any) -> Page:
    page = open_page(None, size, **options)
    page.goto(f"/accounts/login/?next={path.replace('&', '%26').replace('?', '%3F')}")
    sign_in(page, who)
    return page


def let_it_end(page: Page) -> None:
    """As if nobody had given a sign of life for a quarter of an hour."""
    (key,) = [cookie["value"] for cookie in page.context.cookies() if cookie["name"] == settings.SESSION_COOKIE_NAME]
    session = SessionStore(key)
    session["seen_at"] -= settings.SESSION_IDLE_SECONDS + 1
    session.save()


def not_kept(page: Page) -> Locator:
    return page.locator("#not-kept")


def type_after_the_end(page: Page) -> None:
    """Words that the server does not take any more wait on the device."""
    let_it_end(page)
    words_of(page).fill(CANARY)
    expect(not_kept(page)).to_have_text(AWAY)


def sign_in_in_another_tab(page: Page, who: make.Person) -> None:
    tab = page.context.new_page()
    tab.goto("/accounts/login/")
    sign_in(tab, who)


def door(page: Page) -> Locator:
    return page.get_by_role("link", name="Sign in again")


def posts_of(page: Page) -> list[str]:
    found: list[str] = []
    page.on("request", lambda request: found.append(request.url) if request.method == "POST" else None)
    return found
