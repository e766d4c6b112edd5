"""A form that does not keep itself, or has no script, is carried on when it was sent after the session had ended."""

import pytest
from playwright.sync_api import expect

from tests import make
from tests.browser.conftest import Open
from tests.browser.looking import both_widths, faults, keep_picture
from tests.browser.session_ends import let_it_end, open_signed_in, people_have_passwords, sign_in
from tests.browser.test_notes_in_chromium import CANARY, client_id, words_of
from tests.notes.writing import draft, read, signed

__all__ = ["client_id", "people_have_passwords"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@both_widths
def test_what_a_form_without_a_script_of_its_own_was_sent_with_is_carried_on(
    open_page: Open, north: make.Clinic, client_id: str, size: str
) -> None:
    note = signed(north, client_id)
    draft(north, client_id)
    path = f"/notes/new?client={client_id}&sure=1"
    page = open_signed_in(open_page, north.practitioner, path, size, bypass_csp=True)
    page.goto(f"/notes/{note['id']}")
    page.locator("summary", has_text="Amend").click()
    page.get_by_label("Correction", exact=True).check()
    page.locator("#amend-text").fill(CANARY)
    let_it_end(page)

    page.get_by_role("button", name="Sign", exact=True).click()

    expect(page.get_by_role("heading", name="Not sent yet")).to_be_visible()
    assert "Canary" not in page.inner_text("body")
    assert faults(page) == []
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Sign in again in another tab").click()
    sign_in(opened.value, north.practitioner)
    for _ in range(2):  # the first press is of a page older than the signing in
        page.get_by_role("button", name="Send it now").click()
    expect(page.get_by_role("heading", name="Added later")).to_be_visible()
    assert [row["text"] for row in read(north.http, note["id"]).json()["addenda"]] == [CANARY]


@both_widths
def test_without_a_script_a_press_after_the_session_ended_carries_the_words_on(
    open_page: Open, north: make.Clinic, client_id: str, size: str
) -> None:
    begun = draft(north, client_id)
    path = f"/notes/{begun['id']}/edit?sure=1"
    page = open_signed_in(open_page, north.practitioner, path, size, java_script_enabled=False)
    words_of(page).fill(CANARY)
    let_it_end(page)

    page.get_by_role("button", name="Save").click()

    expect(page.get_by_role("heading", name="Not sent yet")).to_be_visible()
    keep_picture(page, f"held-{size}")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Sign in again in another tab").click()
    sign_in(opened.value, north.practitioner)
    page.get_by_role("button", name="Send it now").click()
    expect(page.get_by_text("was older than your sign-in")).to_be_visible()
    keep_picture(page, f"held-old-{size}")
    page.get_by_role("button", name="Send it now").click()
    expect(page.locator("#said")).to_have_text("Saved.")
    assert read(north.http, begun["id"]).json()["subjective"] == CANARY
