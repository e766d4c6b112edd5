"""Rows of a note go only with a press, and what the server refuses stays on the device: in a real browser."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests import make
from tests.browser.conftest import Open
from tests.browser.looking import both_widths, faults, keep_picture
from tests.browser.session_ends import not_kept
from tests.browser.test_keeping_in_chromium import drafts
from tests.browser.test_notes_in_chromium import AWAY, CANARY, client_id, has_kept, nothing_is_kept, words_of
from tests.notes.writing import draft, read, signed
from tests.workspace.note_writer import only_note

__all__ = ["client_id"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
ROM = {"measure": "rom", "value": 55, "remark": "rotation left"}
TOO_LONG = "a" * 20_001
SEALED = "JSON.stringify({...localStorage})"


def open_draft(open_page: Open, clinic: make.Clinic, client_id: str, size: str = "desktop", **options: Any) -> Any:
    begun = draft(clinic, client_id, measures=[ROM])
    page = open_page(clinic.practitioner, size, **options)
    page.goto(f"/notes/{begun['id']}/edit?sure=1")
    return page, begun["id"]


def type_and_be_kept(page: Page, words: str) -> None:
    with page.expect_response(lambda answer: answer.request.method == "POST" and answer.status == 200):
        words_of(page).fill(words)
    expect(page.locator("#kept")).to_contain_text("on the server")


def press_tick(page: Page, name: str, *, leaves: bool) -> None:
    """On the first row of a list, by its words: the tick itself is not shown."""
    page.locator(f"label:has([name={name}])").first.click()
    expect(page.locator(f"[name={name}]").first).to_be_checked(checked=leaves)


def sign(page: Page) -> None:
    page.locator("summary", has_text="Sign").click()
    page.get_by_role("button", name="Sign now").click()
    expect(page.locator("#said")).to_contain_text("Signed.")


# --- rows -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["findings", "measures", "techniques", "asks"])
def test_a_row_that_was_unticked_for_a_while_is_signed_when_it_is_ticked_again(
    open_page: Open, north: make.Clinic, client_id: str, name: str
) -> None:
    page, note_id = open_draft(open_page, north, client_id)
    before = read(north.http, note_id).json()[name]

    press_tick(page, name, leaves=False)
    type_and_be_kept(page, "First.")
    press_tick(page, name, leaves=True)
    type_and_be_kept(page, "Second.")
    sign(page)

    note = read(north.http, note_id).json()
    assert (note["state"], len(note[name])) == ("signed", len(before) or 1)


@both_widths
def test_a_row_that_is_not_ticked_goes_with_the_press_and_the_page_says_so(
    open_page: Open, north: make.Clinic, client_id: str, size: str
) -> None:
    page, note_id = open_draft(open_page, north, client_id, size, bypass_csp=True)
    says = page.locator(".left-out:visible")
    expect(says).to_have_count(0)

    press_tick(page, "asks", leaves=False)
    expect(says).to_have_text(["What is not ticked is taken off with “Save” or “Sign now”."])
    keep_picture(page, f"note-row-unticked-{size}")
    assert faults(page) == []  # it opens what is folded, where one signs as well
    page.get_by_role("button", name="Sign now").click()
    expect(page.locator("#said")).to_contain_text("Signed.")

    assert read(north.http, note_id).json()["asks"] == []


def test_how_strong_a_pain_is_keeps_itself(open_page: Open, north: make.Clinic, client_id: str) -> None:
    page, note_id = open_draft(open_page, north, client_id)

    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.locator("[name^=intensity-]").select_option("2")

    expect(page.locator("#kept")).to_contain_text("on the server")
    assert [row["intensity"] for row in read(north.http, note_id).json()["findings"]] == [None, 2]


@both_widths
def test_without_script_a_row_ticked_on_a_page_from_before_it_went_is_not_signed_away(
    open_page: Open, north: make.Clinic, client_id: str, size: str
) -> None:
    page, note_id = open_draft(open_page, north, client_id, size, java_script_enabled=False)
    tab = page.context.new_page()
    tab.goto(page.url)
    press_tick(tab, "asks", leaves=False)
    tab.locator(".note-bar button[value=draft]").click()
    expect(tab.locator("#said")).to_have_text("Saved.")

    page.locator("summary", has_text="Sign").click()
    page.get_by_role("button", name="Sign now").click()

    expect(page.get_by_role("alert")).to_contain_text("You changed this note on another device")
    expect(page.get_by_text("A row that you had ticked was taken off this note meanwhile. Add it")).to_be_visible()
    keep_picture(page, f"note-row-gone-{size}")
    assert read(north.http, note_id).json()["state"] == "draft"


# --- refusals -------------------------------------------------------------------------------------------------------


def test_words_without_the_network_that_the_server_then_refuses_stay_on_the_device(
    open_page: Open, north: make.Clinic, client_id: str
) -> None:
    page, note_id = open_draft(open_page, north, client_id)
    page.context.set_offline(True)
    words_of(page).fill(TOO_LONG)
    expect(not_kept(page)).to_have_text(AWAY)
    page.context.set_offline(False)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("What you typed is still here.")

    expect(not_kept(page)).to_contain_text("Not saved: ")
    assert has_kept(page)
    page.goto(f"/notes/{note_id}/edit?sure=1")

    expect(words_of(page)).to_have_value(TOO_LONG)
    words_of(page).fill(CANARY)
    expect(not_kept(page)).to_have_text("")
    nothing_is_kept(page)
    assert read(north.http, note_id).json()["subjective"] == CANARY


def test_words_that_are_refused_while_they_keep_themselves_wait_on_the_device(
    open_page: Open, north: make.Clinic, client_id: str
) -> None:
    page, note_id = open_draft(open_page, north, client_id)

    words_of(page).fill(TOO_LONG)
    expect(not_kept(page)).to_contain_text("Not saved: ")
    page.wait_for_function("Object.keys(localStorage).some((name) => name.startsWith('note-'))")
    page.goto(f"/notes/{note_id}/edit?sure=1")

    expect(words_of(page)).to_have_value(TOO_LONG)


def test_the_words_of_a_new_note_whose_press_was_refused_keep_themselves(
    open_page: Open, north: make.Clinic, client_id: str
) -> None:
    page = open_page(north.practitioner)
    page.goto(f"/notes/new?client={client_id}&sure=1")
    page.locator("#findings").get_by_text("Add a finding").click()
    page.locator("#findings").get_by_label("Tight band", exact=True).check(force=True)
    words_of(page).fill(CANARY)
    page.get_by_role("button", name="Add this finding").click()
    expect(page.get_by_role("alert")).to_contain_text("Say what the finding is and where")

    expect(page.locator("#kept")).to_contain_text("on the server")
    expect(not_kept(page)).to_have_text("")
    nothing_is_kept(page)
    assert only_note(north)["subjective"] == CANARY


def test_a_sheet_whose_press_was_refused_is_kept_as_a_draft(
    open_page: Open, north: make.Clinic, south: make.Clinic
) -> None:
    client = make.client(north)
    page = open_page(north.practitioner)
    page.goto(f"/referrals/new?client={client['id']}&to=role:{south.role_id}")
    page.get_by_label("In your own words").fill("Neck")
    page.get_by_label("What do you want to know or have done?").fill("Safe to load?")

    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_be_visible()

    expect(page.locator("#kept")).to_contain_text("Kept as a draft, ")
    assert [each["question"] for each in drafts(north)] == ["Safe to load?"]


def test_words_in_conflict_outlive_the_page_and_both_are_shown_again(
    open_page: Open, north: make.Clinic, client_id: str
) -> None:
    page, note_id = open_draft(open_page, north, client_id)
    tablet = open_page(north.practitioner)
    tablet.goto(f"/notes/{note_id}/edit?sure=1")
    type_and_be_kept(tablet, "From the tablet.")
    words_of(page).fill("From the phone.")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".other-words")).to_contain_text("From the tablet.")
    expect(not_kept(page)).to_have_text(AWAY)
    sealed = page.evaluate(SEALED)
    words_of(page).fill("From the phone, and more.")
    page.wait_for_function(f"(sealed) => {SEALED} !== sealed", arg=sealed)

    page.goto(f"/notes/{note_id}/edit?sure=1")

    expect(words_of(page)).to_have_value("From the phone, and more.")
    expect(not_kept(page)).to_contain_text("You changed this note on another device")
    assert read(north.http, note_id).json()["subjective"] == "From the tablet."
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".other-words")).to_contain_text("From the tablet.")
    sign(page)
    nothing_is_kept(page)
    assert read(north.http, note_id).json()["subjective"] == "From the phone, and more."


# --- what stands beside it ------------------------------------------------------------------------------------------


def test_a_draft_that_kept_itself_is_thrown_away_by_one_press(
    open_page: Open, north: make.Clinic, client_id: str
) -> None:
    page, note_id = open_draft(open_page, north, client_id)
    type_and_be_kept(page, "Once.")
    type_and_be_kept(page, "Twice.")

    page.get_by_text("Throw this draft away").click()
    page.get_by_role("button", name="Throw it away").click()

    expect(page.locator("#said")).to_have_text("The draft is gone.")
    assert read(north.http, note_id).status_code == 404


def test_that_words_are_not_kept_is_announced(open_page: Open, north: make.Clinic, client_id: str) -> None:
    page, _ = open_draft(open_page, north, client_id)
    page.context.set_offline(True)

    words_of(page).fill(CANARY)

    expect(page.get_by_role("status").filter(has_text=AWAY)).to_be_visible()


def test_without_the_network_what_the_server_has_is_not_said_to_be_here_only(
    open_page: Open, north: make.Clinic, client_id: str
) -> None:
    page, _ = open_draft(open_page, north, client_id)
    type_and_be_kept(page, CANARY)

    page.context.set_offline(True)
    page.wait_for_function("!navigator.onLine")
    page.wait_for_timeout(500)  # time enough to seal, if there were something to

    expect(not_kept(page)).to_have_text("")
    assert not has_kept(page)


def test_reasons_of_an_addition_are_walked_with_the_arrow_keys(
    open_page: Open, north: make.Clinic, client_id: str
) -> None:
    page = open_page(north.practitioner)
    page.goto(f"/notes/{signed(north, client_id)['id']}")
    page.locator("summary", has_text="Amend").click()
    reasons = page.locator("form.amend [name=reason]")

    reasons.first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")

    expect(reasons.nth(1)).to_be_checked()
    expect(reasons.nth(1)).to_be_focused()
    page.locator("form.amend .chip").first.click()
    expect(page.locator("#amend-text")).to_be_focused()
