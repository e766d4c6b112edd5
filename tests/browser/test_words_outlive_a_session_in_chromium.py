"""Words of a note in a real browser when the session ends under them: by itself, by signing out, by somebody else's."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from playwright.sync_api import Locator, Page, expect

from tests import make
from tests.browser.conftest import Open
from tests.browser.test_keeping_in_chromium import drafts, write
from tests.browser.test_notes_in_chromium import AWAY, CANARY, STORED, client_id, has_kept, no_posts, words_of
from tests.browser.test_workspace_in_chromium import WIDEST, both_widths, keep_picture
from tests.notes.writing import draft, ids_listed, read, signed
from tests.workspace.note_writer import only_note

__all__ = ["client_id"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PASSWORD = "correct horse battery staple"
IDLED = "You were signed out: that happens after "
OUT = "You are signed out."
WAITING = "Object.values({...localStorage}).find((value) => value.includes('sealed'))"


@pytest.fixture(autouse=True)
def _people_have_passwords(north: make.Clinic) -> None:
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
    assert page.evaluate(WIDEST) == []
    assert Axe().run(page).response["violations"] == []
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


@pytest.mark.parametrize("button", ["Save", "Sign now"])
def test_a_press_after_the_session_ended_sends_nothing_and_loses_nothing(
    open_page: Open, north: make.Clinic, client_id: str, button: str
) -> None:
    begun = draft(north, client_id)
    page = open_signed_in(open_page, north.practitioner, f"/notes/{begun['id']}/edit?sure=1", "phone")
    let_it_end(page)
    posts = posts_of(page)

    words_of(page).fill(CANARY)
    if button == "Sign now":
        page.locator("summary", has_text="Sign").click()
    page.get_by_role("button", name=button).click()

    expect(page.locator("#said")).to_contain_text("Nothing was sent. Sign in again, then press again.")
    expect(words_of(page)).to_have_value(CANARY)
    expect(not_kept(page)).to_have_text(AWAY)
    assert [url for url in posts if "/notes/" not in url] == []
    door(page).click()
    sign_in(page, north.practitioner)
    expect(words_of(page)).to_have_value(CANARY)
    if button == "Sign now":
        page.locator("summary", has_text="Sign").click()
    page.get_by_role("button", name=button).click()
    expect(page.locator("#said")).to_contain_text("Signed." if button == "Sign now" else "Saved.")
    note = read(north.http, begun["id"]).json()
    assert (note["subjective"], note["state"]) == (CANARY, "signed" if button == "Sign now" else "draft")
    assert not has_kept(page)


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
    assert not has_kept(tab)
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

    assert not has_kept(page)
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
    assert not has_kept(page)
    assert is_shut(page, copy)
    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    page.goto(f"/notes/new?client={client_id}&sure=1")
    sign_in(page, north.practitioner)
    assert is_shut(page, copy)
    assert ids_listed(north.http) == []


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
    assert page.evaluate(WIDEST) == []
    assert Axe().run(page).response["violations"] == []
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


def test_words_that_wait_for_their_writer_are_gone_after_a_day(
    open_page: Open, north: make.Clinic, client_id: str
) -> None:
    page = open_signed_in(open_page, north.practitioner, f"/notes/new?client={client_id}&sure=1")
    type_after_the_end(page)
    page.goto("/accounts/login/")
    assert has_kept(page)

    page.clock.install(time=page.evaluate("Date.now()") / 1000 + 24 * 60 * 60 + 60)
    page.goto("/accounts/login/")

    assert not has_kept(page)


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


# --- a press on a poor network --------------------------------------------------------------------------------------


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


def test_a_press_that_a_field_stops_goes_on_keeping(open_page: Open, north: make.Clinic, client_id: str) -> None:
    begun = draft(north, client_id)
    page = open_signed_in(open_page, north.practitioner, f"/notes/{begun['id']}/edit?sure=1")
    page.evaluate("document.querySelectorAll('details').forEach((each) => each.open = true)")
    asked: list[Any] = []
    page.route("**/keys", lambda route: asked.append(route))
    minutes = page.locator("[name=add-techniques-minutes]")
    page.get_by_role("button", name="Save", exact=True).click()
    minutes.fill("9999")
    asked.pop().continue_()
    expect(page.locator("form.note-editor")).not_to_have_attribute("aria-busy", "true")
    minutes.fill("")

    with page.expect_response(lambda answer: answer.request.method == "POST", timeout=15_000):
        words_of(page).fill(CANARY)

    assert read(north.http, begun["id"]).json()["subjective"] == CANARY
