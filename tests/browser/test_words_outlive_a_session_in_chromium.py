"""Words of a note wait on the device when the session ends under them: by itself, by signing out, by another person."""

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from tests import make
from tests.browser.conftest import Open
from tests.browser.looking import both_widths, faults, keep_picture
from tests.browser.session_ends import (
    IDLED,
    OUT,
    door,
    give_password,
    let_it_end,
    not_kept,
    open_signed_in,
    people_have_passwords,
    sign_in,
    type_after_the_end,
)
from tests.browser.test_notes_in_chromium import (
    AWAY,
    CANARY,
    STORED,
    client_id,
    has_kept,
    no_posts,
    nothing_is_kept,
    words_of,
)
from tests.notes.writing import draft, ids_listed, read
from tests.workspace.note_writer import only_note

__all__ = ["client_id", "people_have_passwords"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WAITING = "Object.values({...localStorage}).find((value) => value.includes('sealed'))"


@both_widths
def test_what_is_typed_after_the_session_ended_waits_sealed_and_is_there_after_signing_in(
    open_page: Open, north: make.Clinic, client_id: str, size: str
) -> None:
    begun = draft(north, client_id)
    path = f"/notes/{begun['id']}/edit?sure=1"
    page = open_signed_in(open_page, north.practitioner, path, size, bypass_csp=True)
    let_it_end(page)

    words_of(page).fill(CANARY)

    expect(not_kept(page)).to_have_text(AWAY)
    expect(page.locator(".note-bar")).to_contain_text(f"{OUT} Sign in again")
    expect(page.locator("#said")).to_contain_text(IDLED)
    keep_picture(page, f"note-session-ended-{size}")
    assert faults(page) == []
    assert "Canary" not in page.evaluate(STORED)
    expect(door(page)).not_to_have_attribute("target", "_blank")
    door(page).click()
    assert has_kept(page)
    sign_in(page, north.practitioner)
    expect(words_of(page)).to_have_value(CANARY)
    expect(page.locator("#kept")).to_contain_text("on the server")
    expect(not_kept(page)).to_have_text("")
    page.wait_for_function("!Object.keys(localStorage).some((name) => name.startsWith('note-'))")
    assert page.url.endswith(f"/notes/{begun['id']}/edit?sure=1")
    assert read(north.http, begun["id"]).json()["subjective"] == CANARY


def test_a_note_that_was_not_begun_when_the_session_ended_is_there_too(
    open_page: Open, north: make.Clinic, client_id: str
) -> None:
    page = open_signed_in(open_page, north.practitioner, f"/notes/new?client={client_id}&sure=1")
    type_after_the_end(page)

    door(page).click()
    sign_in(page, north.practitioner)

    expect(page.locator("#kept")).to_contain_text("on the server")
    expect(words_of(page)).to_have_value(CANARY)
    assert only_note(north)["subjective"] == CANARY


def test_words_typed_without_the_network_outlive_the_end_of_the_session(
    open_page: Open, north: make.Clinic, client_id: str
) -> None:
    page = open_signed_in(open_page, north.practitioner, f"/notes/new?client={client_id}&sure=1")
    page.context.set_offline(True)
    words_of(page).fill(CANARY)
    expect(not_kept(page)).to_have_text(AWAY)
    let_it_end(page)
    page.route("**/notes/new", no_posts)
    page.context.set_offline(False)

    page.goto(f"/notes/new?client={client_id}&sure=1")
    assert has_kept(page)
    sign_in(page, north.practitioner)

    expect(words_of(page)).to_have_value(CANARY)


def test_signing_out_in_another_tab_leaves_words_on_the_open_page_only(
    open_page: Open, north: make.Clinic, client_id: str
) -> None:
    begun = draft(north, client_id)
    page = open_signed_in(open_page, north.practitioner, f"/notes/{begun['id']}/edit?sure=1")
    page.context.set_offline(True)
    words_of(page).fill(CANARY)
    expect(not_kept(page)).to_have_text(AWAY)
    page.route("**/edit?sure=1", no_posts)
    page.context.set_offline(False)

    tab = page.context.new_page()
    tab.goto("/inbox")
    tab.get_by_role("button", name="Sign out").click()
    expect(tab.get_by_role("link", name="Sign in").first).to_be_visible()
    page.unroute("**/edit?sure=1")

    expect(page.locator("#said")).to_contain_text(OUT, timeout=15_000)
    words_of(page).fill(f"{CANARY}, and more")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#said")).to_contain_text("Nothing was sent.")
    nothing_is_kept(tab)
    expect(door(page)).to_have_attribute("target", "_blank")
    tab.goto("/accounts/login/")
    sign_in(tab, north.practitioner)
    expect(not_kept(page)).to_have_text("", timeout=15_000)
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#said")).to_have_text("Saved.")
    assert read(north.http, begun["id"]).json()["subjective"] == f"{CANARY}, and more"


def test_signing_out_wipes_what_waited_and_nobody_opens_a_copy_of_it(
    open_page: Open, north: make.Clinic, client_id: str
) -> None:
    page = open_signed_in(open_page, north.practitioner, f"/notes/new?client={client_id}&sure=1")
    type_after_the_end(page)
    copy = page.evaluate(WAITING)
    door(page).click()
    page.route("**/notes/**", no_posts)
    sign_in(page, north.practitioner)
    expect(words_of(page)).to_have_value(CANARY)

    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in").first).to_be_visible()

    nothing_is_kept(page)
    page.goto(f"/notes/new?client={client_id}&sure=1")
    sign_in(page, north.practitioner)
    assert is_shut(page, copy)
    assert ids_listed(north.http) == []


def test_another_person_who_signs_in_wipes_what_waited_and_opens_none_of_it(
    open_page: Open, north: make.Clinic, client_id: str
) -> None:
    colleague = make.person(north.organization, "practitioner", discipline="massage_therapy", name="Col League")
    give_password(colleague)
    page = open_signed_in(open_page, north.practitioner, f"/notes/new?client={client_id}&sure=1")
    type_after_the_end(page)
    copy = page.evaluate(WAITING)

    door(page).click()
    assert has_kept(page)
    sign_in(page, colleague)

    expect(words_of(page)).to_have_value("")
    nothing_is_kept(page)
    assert is_shut(page, copy)
    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    page.goto(f"/notes/new?client={client_id}&sure=1")
    sign_in(page, north.practitioner)
    assert is_shut(page, copy)
    assert ids_listed(north.http) == []


def test_words_that_wait_for_their_writer_are_gone_after_a_day(
    open_page: Open, north: make.Clinic, client_id: str
) -> None:
    page = open_signed_in(open_page, north.practitioner, f"/notes/new?client={client_id}&sure=1")
    type_after_the_end(page)
    page.goto("/accounts/login/")
    assert has_kept(page)

    page.clock.install(time=page.evaluate("Date.now()") / 1000 + 24 * 60 * 60 + 60)
    page.goto("/accounts/login/")

    nothing_is_kept(page)


def is_shut(page: Page, copy: str) -> bool:
    """Whether this page's key does not open what somebody copied from the device."""
    opened: bool = page.evaluate(
        """async (copy) => {
          const { nonce, sealed } = JSON.parse(copy);
          const key = await crypto.subtle.importKey("raw", fromText(note.dataset.key), "AES-GCM", false, ["decrypt"]);
          return crypto.subtle.decrypt({ name: "AES-GCM", iv: fromText(nonce) }, key, fromText(sealed)).then(() => true, () => false);
        }""",
        copy,
    )
    return not opened
