"""Phrases, keys and dictation of the note editor in a real browser, and what stands above it since last time."""

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests import make
from tests.browser.conftest import WIDTHS, Open
from tests.browser.looking import both_widths, faults, keep_picture, too_wide
from tests.browser.test_keys_and_preview_in_chromium import SMALL
from tests.notes.writing import NECK, share, signed
from tests.workspace.note_writer import only_note

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LETTERS = {"s": "subjective", "o": "objective", "a": "assessment", "p": "plan"}


@pytest.fixture
def client_id(north: make.Clinic) -> str:
    return str(make.client(north, family_name="Feld", given_name="Nora", birth_date="1984-06-12")["id"])


def editor(page: Page, client_id: str) -> Page:
    page.goto(f"/notes/new?client={client_id}&sure=1")
    return page


def words(page: Page, section: str) -> Locator:
    return page.locator(f"textarea[name={section}]")


def phrase(page: Page, section: str, said: str) -> Locator:
    return page.get_by_role("group", name=f"Phrases for {section}").get_by_role("button", name=said, exact=True)


def alt(page: Page, letter: str) -> None:
    """The access key as a keyboard presses it; ``keyboard.press`` leaves out the text by which the browser knows it."""
    key = {"modifiers": 1, "key": letter, "text": letter, "unmodifiedText": letter, "code": f"Key{letter.upper()}"}
    keyboard = page.context.new_cdp_session(page)
    keyboard.send("Input.dispatchKeyEvent", {"type": "keyDown", **key, "windowsVirtualKeyCode": ord(letter.upper())})


def focused(page: Page) -> Any:
    return page.evaluate("document.activeElement.name || document.activeElement.id")


@both_widths
def test_a_phrase_goes_where_the_cursor_stands_and_is_kept_by_itself(
    open_page: Open, north: make.Clinic, client_id: str, size: str
) -> None:
    page = editor(open_page(north.practitioner, size), client_id)
    words(page, "subjective").fill("Neck feels free. Drove a lot.")
    words(page, "subjective").evaluate("(field) => field.setSelectionRange(16, 16)")

    phrase(page, "Subjective", "Slept better").click()
    page.keyboard.type(" Twice.")

    said = "Neck feels free. Slept better. Twice. Drove a lot."
    expect(words(page, "subjective")).to_have_value(said)
    expect(page.locator("#kept")).to_contain_text("on the server")
    page.reload()
    expect(words(page, "subjective")).to_have_value(said)
    assert only_note(north)["subjective"] == said


def test_a_phrase_pressed_without_a_cursor_goes_to_the_end_and_replaces_nothing(
    open_page: Open, north: make.Clinic, client_id: str
) -> None:
    signed(north, client_id)
    page = editor(open_page(north.practitioner, "phone"), client_id)
    expect(page.locator(".part.copied [name=plan]")).to_be_visible()

    phrase(page, "Plan", "Go on as planned").click()
    phrase(page, "Plan", "Lighter pressure next time").click()

    expect(words(page, "plan")).to_have_value("Weekly; heat at home. Go on as planned. Lighter pressure next time.")
    expect(page.locator(".part.copied [name=plan]")).to_have_count(0)
    expect(page.locator("#phrase-said")).to_have_text("Added: Lighter pressure next time.")
    assert focused(page) != "plan"  # no keyboard comes up
    words(page, "plan").select_text()
    phrase(page, "Plan", "Next visit in a week").click()
    expect(words(page, "plan")).to_have_value(
        "Weekly; heat at home. Go on as planned. Lighter pressure next time. Next visit in a week."
    )


def test_the_keys_lead_to_the_sections_put_their_phrases_and_sign(
    open_page: Open, north: make.Clinic, client_id: str
) -> None:
    page = editor(open_page(north.practitioner), client_id)

    for letter, name in LETTERS.items():
        alt(page, letter)
        page.keyboard.type("r")  # elsewhere a letter leads away
        expect(page.locator(f"#{letter}")).to_be_focused()
        page.keyboard.press("Control+.")
        expect(words(page, name)).to_be_focused()
    page.keyboard.press("Control+.")
    page.keyboard.press("Control+Enter")

    expect(page.locator("#said")).to_contain_text("Signed.")
    note = only_note(north)
    assert (note["subjective"], note["assessment"]) == ("Slept better.", "Responded well.")
    assert note["objective"] == "Tissue softer than last time."
    assert note["plan"] == "Go on as planned. Lighter pressure next time."


def test_enter_in_a_field_saves_and_adds_no_phrase(open_page: Open, north: make.Clinic, client_id: str) -> None:
    page = editor(open_page(north.practitioner), client_id)
    page.locator("#measures summary").click()
    page.get_by_label("What", exact=True).select_option("rom")
    page.get_by_label("Value").fill("55")

    page.get_by_label("Value").press("Enter")

    expect(page.locator("#said")).to_have_text("Saved.")
    note = only_note(north)
    assert [row["value"] for row in note["measures"]] == [55]
    assert [note[name] for name in LETTERS.values()] == ["", "", "", ""]


@both_widths
@pytest.mark.parametrize("script", [True, False])
def test_dictate_leads_to_its_field_and_makes_it_large(
    open_page: Open, north: make.Clinic, client_id: str, size: str, script: bool
) -> None:
    page = editor(open_page(north.practitioner, size, java_script_enabled=script), client_id)
    field = words(page, "assessment")
    before = field.bounding_box()

    page.get_by_role("link", name="Dictate Assessment").click()

    expect(field).to_be_focused()
    page.keyboard.type("Said into the phone.")
    expect(field).to_have_value("Said into the phone.")
    after = field.bounding_box()
    assert before
    assert after
    assert after["height"] >= WIDTHS[size]["height"] * 0.4 > before["height"]
    keep_picture(page, f"note-dictate-{size}")


def test_dictation_goes_on_after_what_stands_there(open_page: Open, north: make.Clinic, client_id: str) -> None:
    signed(north, client_id)
    page = editor(open_page(north.practitioner, "phone"), client_id)

    page.get_by_role("link", name="Dictate Plan").click()
    page.keyboard.type(" And rest.")

    expect(words(page, "plan")).to_have_value("Weekly; heat at home. And rest.")


def test_the_dictate_links_are_under_the_thumb(open_page: Open, north: make.Clinic, client_id: str) -> None:
    page = editor(open_page(north.practitioner, "phone"), client_id)
    links = page.locator(".words a.dictate")

    places = [links.nth(number).bounding_box() for number in range(links.count())]

    assert len(places) == 4
    assert [
        (place["width"], place["height"]) for place in places if place and min(place["width"], place["height"]) < 48
    ] == []
    assert [place for place in places if place and place["x"] + place["width"] < 375 / 2] == []


def test_in_table_mode_one_microphone_stays_at_the_bottom_right_and_writes_where_somebody_is(
    open_page: Open, north: make.Clinic, client_id: str
) -> None:
    page = editor(open_page(north.practitioner, "phone"), client_id)
    at_hand = page.get_by_role("link", name="Dictate where you are")
    expect(at_hand).not_to_be_visible()
    page.get_by_role("button", name="Table mode").click()
    editor(page, client_id)

    for letter in ("plan", "subjective", "assessment"):
        words(page, letter).scroll_into_view_if_needed()
        words(page, letter).focus()
        at_hand.click()
        expect(words(page, letter)).to_be_focused()
        page.keyboard.type("Said.")
        page.evaluate("document.activeElement.blur()")
    page.locator("#o > legend").evaluate("letter => letter.scrollIntoView()")
    at_hand.click()
    expect(words(page, "objective")).to_be_focused()

    assert [words(page, name).input_value() for name in LETTERS.values()] == ["Said.", "", "Said.", "Said."]
    expect(at_hand).to_be_in_viewport()
    place, tabs = at_hand.bounding_box(), page.get_by_role("navigation", name="Main").bounding_box()
    assert place
    assert tabs
    assert place["x"] + place["width"] > WIDTHS["phone"]["width"] - 24
    assert place["y"] + place["height"] > tabs["y"] - 24
    assert place["height"] >= 55.5
    keep_picture(page, "note-table-mode-phone")
    assert page.evaluate(SMALL) == []
    assert too_wide(page) == []


def test_a_press_of_a_phrase_works_without_script(open_page: Open, north: make.Clinic, client_id: str) -> None:
    page = editor(open_page(north.practitioner, "phone", java_script_enabled=False), client_id)
    words(page, "subjective").fill("Drove a lot.")

    phrase(page, "Subjective", "Slept better").click()

    expect(words(page, "subjective")).to_have_value("Drove a lot. Slept better.")
    expect(words(page, "subjective")).to_be_in_viewport()
    assert only_note(north)["subjective"] == "Drove a lot. Slept better."


@both_widths
def test_what_is_new_is_folded_above_the_note_and_red_lines_are_not(
    open_page: Open, north: make.Clinic, south: make.Clinic, client_id: str, size: str
) -> None:
    share(north, client_id, south)
    for day in ("Monday", "Tuesday", "Wednesday", "Thursday"):
        signed(north, client_id, asks=[], assessment=f"Calmer on {day}.")
    asks = [{"kind": "avoid", **NECK, "technique": "hvla", "sentence": "No thrust for 48 hours."}]
    signed(north, client_id, asks=asks)
    signed(south, client_id, asks=[])
    page, complaints = open_page(south.practitioner, size, bypass_csp=True), []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)

    editor(page, client_id)

    expect(page.get_by_text("No thrust for 48 hours.").first).to_be_visible()
    expect(page.get_by_text("Calmer on Monday")).not_to_be_visible()
    keep_picture(page, f"note-since-{size}")
    page.locator(".since summary").click()
    expect(page.get_by_text("Calmer on Monday")).to_be_visible()
    assert faults(page) == []
    keep_picture(page, f"note-since-open-{size}")
    assert complaints == []
