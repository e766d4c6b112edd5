"""A press sends nothing and loses nothing while nobody is signed in, somebody else is, or the server is silent."""

from typing import Any

import pytest
from playwright.sync_api import Request, expect

from tests import make
from tests.browser.conftest import Open
from tests.browser.looking import OPEN_EVERYTHING, keep_picture
from tests.browser.session_ends import (
    door,
    give_password,
    let_it_end,
    not_kept,
    open_signed_in,
    people_have_passwords,
    sign_in,
    sign_in_in_another_tab,
    type_after_the_end,
)
from tests.browser.test_keeping_in_chromium import drafts, write
from tests.browser.test_notes_in_chromium import AWAY, CANARY, client_id, nothing_is_kept, words_of
from tests.notes.writing import draft, read
from tests.workspace.note_writer import only_note

__all__ = ["client_id", "people_have_passwords"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def is_press(request: Request) -> bool:
    """Whether a note's form leaves with its page, as a press sends it; what is kept meanwhile leaves the page open."""
    return request.method == "POST" and request.is_navigation_request() and "/notes/" in request.url


@pytest.mark.parametrize("button", ["Save", "Sign now"])
def test_a_press_after_the_session_ended_sends_nothing_and_loses_nothing(
    open_page: Open, north: make.Clinic, client_id: str, button: str
) -> None:
    begun = draft(north, client_id)
    page = open_signed_in(open_page, north.practitioner, f"/notes/{begun['id']}/edit?sure=1", "phone")
    let_it_end(page)
    pressed: list[str] = []
    page.on("request", lambda request: pressed.append(request.url) if is_press(request) else None)

    words_of(page).fill(CANARY)
    if button == "Sign now":
        page.locator("summary", has_text="Sign").click()
    page.get_by_role("button", name=button).click()

    expect(page.locator("#said")).to_contain_text("Nothing was sent. Sign in again, then press again.")
    expect(words_of(page)).to_have_value(CANARY)
    expect(not_kept(page)).to_have_text(AWAY)
    assert pressed == []
    door(page).click()
    sign_in(page, north.practitioner)
    expect(words_of(page)).to_have_value(CANARY)
    if button == "Sign now":
        page.locator("summary", has_text="Sign").click()
    page.get_by_role("button", name=button).click()
    expect(page.locator("#said")).to_contain_text("Signed." if button == "Sign now" else "Saved.")
    assert len(pressed) == 1
    note = read(north.http, begun["id"]).json()
    assert (note["subjective"], note["state"]) == (CANARY, "signed" if button == "Sign now" else "draft")
    nothing_is_kept(page)


def test_what_was_chosen_to_be_added_comes_back_after_a_press_that_sent_nothing(
    open_page: Open, north: make.Clinic, client_id: str
) -> None:
    begun = draft(north, client_id)
    page = open_signed_in(open_page, north.practitioner, f"/notes/{begun['id']}/edit?sure=1")
    let_it_end(page)
    page.locator("#measures").get_by_text("Add a measure").click()
    page.get_by_label("What", exact=True).select_option("rom")
    page.get_by_label("Value").fill("55")

    page.get_by_role("button", name="Add this measure").click()
    expect(not_kept(page)).to_have_text(AWAY)
    door(page).click()
    sign_in(page, north.practitioner)

    expect(page.locator("[name=add-measures-value]")).to_have_value("55")


def test_after_signing_in_in_another_tab_the_page_goes_on_by_itself(
    open_page: Open, north: make.Clinic, client_id: str
) -> None:
    begun = draft(north, client_id)
    page = open_signed_in(open_page, north.practitioner, f"/notes/{begun['id']}/edit?sure=1")
    type_after_the_end(page)

    sign_in_in_another_tab(page, north.practitioner)

    expect(not_kept(page)).to_have_text("", timeout=15_000)
    expect(door(page)).to_have_count(0)
    assert read(north.http, begun["id"]).json()["subjective"] == CANARY
    words_of(page).fill(f"{CANARY}, and more")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#said")).to_have_text("Saved.")
    assert read(north.http, begun["id"]).json()["subjective"] == f"{CANARY}, and more"


def test_a_press_on_a_page_that_is_older_than_the_signing_in_is_not_refused(
    open_page: Open, north: make.Clinic, client_id: str
) -> None:
    begun = draft(north, client_id)
    page = open_signed_in(open_page, north.practitioner, f"/notes/{begun['id']}/edit?sure=1")
    let_it_end(page)
    sign_in_in_another_tab(page, north.practitioner)

    words_of(page).fill(CANARY)
    page.get_by_role("button", name="Save").click()

    expect(page.locator("#said")).to_have_text("Saved.")
    assert read(north.http, begun["id"]).json()["subjective"] == CANARY


def test_what_one_person_typed_is_sent_by_no_press_in_the_name_of_another(
    open_page: Open, north: make.Clinic, south: make.Clinic
) -> None:
    colleague = make.person(north.organization, "practitioner", discipline="massage_therapy", name="Col League")
    give_password(colleague)
    client = make.client(north)
    path = f"/referrals/new?client={client['id']}&to=role:{south.role_id}"
    page = open_signed_in(open_page, north.practitioner, path)
    let_it_end(page)
    sign_in_in_another_tab(page, colleague)

    write(page)
    page.get_by_role("button", name="Keep as draft").click()

    expect(page.locator("#said")).to_contain_text("Somebody else signed in on this device meanwhile. Nothing was sent.")
    expect(page.get_by_label("What do you want to know or have done?")).to_have_value("Safe to load?")
    assert drafts(north) == []


def test_a_press_on_a_referral_after_the_session_ended_keeps_the_page(
    open_page: Open, north: make.Clinic, south: make.Clinic
) -> None:
    client = make.client(north)
    path = f"/referrals/new?client={client['id']}&to=role:{south.role_id}"
    page = open_signed_in(open_page, north.practitioner, path)
    let_it_end(page)

    write(page)
    page.get_by_role("button", name="Keep as draft").click()

    expect(page.locator("#said")).to_contain_text("Nothing was sent. Sign in again, then press again.")
    expect(page.get_by_label("What do you want to know or have done?")).to_have_value("Safe to load?")
    keep_picture(page, "sheet-session-ended")
    with page.context.expect_page() as opened:
        door(page).click()
    sign_in(opened.value, north.practitioner)
    expect(page.locator("#kept")).to_contain_text("Kept as a draft, ", timeout=15_000)
    page.get_by_role("button", name="Keep as draft").click()
    expect(page.locator("#said")).to_have_text("The draft is kept.")
    assert [each["question"] for each in drafts(north)] == ["Safe to load?"]


def test_a_press_that_gets_no_answer_says_so_and_loses_nothing_typed_since(
    open_page: Open, north: make.Clinic, client_id: str
) -> None:
    begun = draft(north, client_id)
    page = open_signed_in(open_page, north.practitioner, f"/notes/{begun['id']}/edit?sure=1")
    page.route("**/keys", lambda route: None)
    words_of(page).fill(CANARY)
    page.get_by_role("button", name="Save", exact=True).click()
    words_of(page).fill(f"{CANARY} and more")

    expect(page.locator("form.note-editor")).to_have_attribute("aria-busy", "true")
    expect(page.locator("#said")).to_have_text("Still asking the server. What you typed is still here.")
    expect(page.locator("#said")).to_contain_text("Nothing was sent. Press again.", timeout=15_000)
    page.unroute("**/keys")

    expect(not_kept(page)).to_have_text("", timeout=15_000)
    expect(page.locator("#kept")).to_contain_text("on the server")
    assert read(north.http, begun["id"]).json()["subjective"] == f"{CANARY} and more"


def test_a_press_waits_until_the_server_says_what_became_of_a_note_that_was_just_begun(
    open_page: Open, north: make.Clinic, client_id: str
) -> None:
    page = open_signed_in(open_page, north.practitioner, f"/notes/new?client={client_id}&sure=1")
    lost: list[int] = []

    def lose_the_answer(route: Any) -> None:
        lost.append(route.fetch().status)
        route.abort()

    page.route("**/notes/new", lose_the_answer)
    words_of(page).fill(CANARY)
    expect(not_kept(page)).to_have_text(AWAY)
    words_of(page).fill(f"{CANARY}, and more")
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.locator("#said")).to_contain_text("The server does not answer as it should. Nothing was sent.")
    assert lost == [200, 200]
    page.unroute("**/notes/new")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#said")).to_have_text("Saved.")
    assert only_note(north)["subjective"] == f"{CANARY}, and more"


def test_a_press_that_a_field_stops_goes_on_keeping(open_page: Open, north: make.Clinic, client_id: str) -> None:
    begun = draft(north, client_id)
    page = open_signed_in(open_page, north.practitioner, f"/notes/{begun['id']}/edit?sure=1")
    page.evaluate(OPEN_EVERYTHING)
    asked: list[Any] = []
    page.route("**/keys", lambda route: asked.append(route))
    minutes = page.locator("[name=add-techniques-minutes]")
    with page.expect_request("**/keys"):
        page.get_by_role("button", name="Save", exact=True).click()
    minutes.fill("9999")
    asked.pop().continue_()
    expect(page.locator("form.note-editor")).not_to_have_attribute("aria-busy", "true")
    minutes.fill("")

    with page.expect_response(lambda answer: answer.request.method == "POST", timeout=15_000):
        words_of(page).fill(CANARY)

    assert read(north.http, begun["id"]).json()["subjective"] == CANARY
