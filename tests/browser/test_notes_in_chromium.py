"""Notes in a real browser: within their budgets of presses, kept without the network, and never readable on the device."""

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from backend.lib import clock
from backend.lib.unit_of_work import acting_as
from backend.visits.models import Visit
from tests import make
from tests.browser.conftest import Open
from tests.browser.looking import both_widths, faults, keep_picture
from tests.browser.test_workspace_in_chromium import Presses
from tests.notes.writing import draft, ids_listed, read, share, signed
from tests.workspace.note_writer import only_note

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
CANARY = "Canary words about the neck"
AWAY = "On this device only, not on the server yet."
STORED = "() => JSON.stringify({...localStorage}) + JSON.stringify({...sessionStorage})"


@pytest.fixture
def client_id(north: make.Clinic) -> str:
    return str(make.client(north, family_name="Feld", given_name="Nora", birth_date="1984-06-12")["id"])


def appointment_now(clinic: make.Clinic, client_id: str) -> None:
    role = clinic.practitioner.role
    assert role is not None
    begins = clock.now() - timedelta(minutes=40)
    with acting_as(clinic.practitioner.actor):
        Visit.objects.create(
            client_id=client_id, client_name="Nora Feld", organization_id=clinic.id, practitioner_role=role,
            starts_at=begins, ends_at=begins + timedelta(minutes=50), time_zone="America/Denver",
        )  # fmt: skip


def words_of(page: Page) -> Any:
    return page.get_by_label("Subjective, in words")


def pain(page: Page, step: str) -> Any:
    return page.get_by_role("group", name="Pain now").get_by_label(step, exact=True)


def test_t8_a_routine_visit_is_written_and_signed_in_twelve_presses_and_no_letter(
    open_page: Open, north: make.Clinic, client_id: str
) -> None:
    last = signed(north, client_id)
    appointment_now(north, client_id)
    page, presses = open_page(north.practitioner, "phone"), Presses()
    page.goto(f"/clients/{client_id}")

    presses.press(page.get_by_role("link", name="Write a note"))
    presses.press(pain(page, "4"))
    presses.press(page.get_by_label("Better since last time", exact=True))
    presses.press(page.locator("#findings").get_by_text("Add a finding"))
    page.get_by_label("Where").first.select_option("shoulder:left")
    presses.count += 2  # opening the list and choosing
    presses.press(page.locator("#findings").get_by_label("Tight band", exact=True))
    presses.press(page.get_by_label("Improving", exact=True))
    presses.press(page.locator("#techniques").get_by_label("Still so"))
    presses.press(page.locator("summary", has_text="Sign"))
    presses.press(page.get_by_role("button", name="Sign now"))

    expect(page.locator("#said")).to_have_text("Signed. From now on it is only amended.")
    assert presses.count <= 12
    note = read(north.http, page.url.rsplit("/", 1)[1]).json()
    assert (note["state"], note["copied_from_id"]) == ("signed", last["id"])
    assert [row["value"] for row in note["measures"]] == [4]
    assert [row["kind"] for row in note["findings"]] == ["trigger_point", "pain", "tight_band"]
    assert note["subjective"].startswith("Better since last time.")
    assert note["untouched"] == ["objective", "plan"]


def test_t18_a_signed_note_is_amended_in_three_presses(open_page: Open, north: make.Clinic, client_id: str) -> None:
    note = signed(north, client_id)
    page, presses = open_page(north.practitioner, "phone"), Presses()
    page.goto(f"/notes/{note['id']}")

    presses.press(page.locator("summary", has_text="Amend"))
    presses.press(page.get_by_label("Correction", exact=True))
    page.keyboard.type("Left, not right.")
    presses.press(page.get_by_role("button", name="Sign", exact=True))

    expect(page.get_by_role("heading", name="Added later")).to_be_visible()
    assert presses.count <= 3
    assert [row["text"] for row in read(north.http, note["id"]).json()["addenda"]] == ["Left, not right."]


@both_widths
def test_typing_leaves_a_draft_which_goes_on_under_its_own_address(
    open_page: Open, north: make.Clinic, client_id: str, size: str
) -> None:
    page = open_page(north.practitioner, size)
    page.goto(f"/notes/new?client={client_id}&sure=1")

    words_of(page).fill("First.")
    expect(page.locator("#kept")).to_contain_text("on the server")
    note = only_note(north)
    assert f"/notes/{note['id']}/edit" in page.url
    words_of(page).fill("First. Second.")
    with page.expect_response(lambda answer: 'name="pain"' in (answer.request.post_data or "")):
        pain(page, "3").click()
    page.reload()
    expect(words_of(page)).to_have_value("First. Second.")
    expect(pain(page, "3")).to_be_checked()
    assert only_note(north)["subjective"] == "First. Second."


def test_whoever_goes_on_typing_is_kept_every_few_seconds(open_page: Open, north: make.Clinic, client_id: str) -> None:
    page = open_page(north.practitioner)
    page.clock.install()
    page.goto(f"/notes/new?client={client_id}&sure=1")
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)

    words_of(page).focus()
    for _ in range(12):
        page.keyboard.type("a")
        page.clock.run_for(1_000)

    expect(page.locator("#kept")).to_contain_text("on the server")
    assert 1 <= len(posts) <= 3


# --- without the network --------------------------------------------------------------------------------------------


def lose_the_network(page: Page) -> None:
    page.context.set_offline(True)
    words_of(page).fill(CANARY)
    expect(page.locator("#not-kept")).to_have_text(AWAY)


def no_posts(route: Any) -> None:
    """The network is back, and yet nothing was sent before the page was left."""
    route.abort() if route.request.method == "POST" else route.fallback()


def sign_in_as(page: Page, who: make.Person) -> None:
    session = make.signed_in(who.member.user).cookies["sessionid"].value
    origin = page.evaluate("location.origin")
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": origin}])


KEPT = "Object.keys(localStorage).some((name) => name.startsWith('note-'))"


def has_kept(page: Page) -> bool:
    page.wait_for_load_state()
    return bool(page.evaluate(KEPT))


def nothing_is_kept(page: Page) -> None:
    """The page that comes next wipes what is no longer needed, as soon as its script runs."""
    page.wait_for_function(f"!{KEPT}")


@both_widths
def test_words_survive_a_lost_network_sealed_and_reach_the_server_once_it_is_back(
    open_page: Open, north: make.Clinic, client_id: str, size: str
) -> None:
    begun = draft(north, client_id)
    page = open_page(north.practitioner, size)
    page.goto(f"/notes/{begun['id']}/edit?sure=1")

    lose_the_network(page)
    keep_picture(page, f"note-offline-{size}")
    stored = page.evaluate(STORED)
    key = page.locator("form.note-editor").get_attribute("data-key")
    assert "sealed" in stored
    assert [word for word in ("Canary", "neck", "Headache", "Feld", client_id, str(key)) if word in stored] == []
    page.route("**/edit?sure=1", no_posts)
    page.context.set_offline(False)
    page.reload()
    expect(words_of(page)).to_have_value(CANARY)
    page.unroute("**/edit?sure=1")

    expect(page.locator("#kept")).to_contain_text("on the server")
    expect(page.locator("#not-kept")).to_have_text("")
    nothing_is_kept(page)
    assert read(north.http, begun["id"]).json()["subjective"] == CANARY


def test_a_note_that_was_not_begun_when_the_network_went_comes_back_too(
    open_page: Open, north: make.Clinic, client_id: str
) -> None:
    page = open_page(north.practitioner)
    page.goto(f"/notes/new?client={client_id}&sure=1")

    lose_the_network(page)
    page.route("**/notes/new", no_posts)
    page.context.set_offline(False)
    page.goto(f"/notes/new?client={client_id}&sure=1")
    expect(words_of(page)).to_have_value(CANARY)
    page.unroute("**/notes/new")

    expect(page.locator("#kept")).to_contain_text("on the server")
    assert only_note(north)["subjective"] == CANARY


def test_the_page_that_stayed_open_sends_by_itself_when_the_network_is_back(
    open_page: Open, north: make.Clinic, client_id: str
) -> None:
    page = open_page(north.practitioner)
    page.goto(f"/notes/new?client={client_id}&sure=1")

    lose_the_network(page)
    page.context.set_offline(False)

    expect(page.locator("#kept")).to_contain_text("on the server")
    expect(page.locator("#not-kept")).to_have_text("")
    assert only_note(north)["subjective"] == CANARY


def test_signing_without_the_network_signs_nothing_and_the_page_stays(
    open_page: Open, north: make.Clinic, client_id: str
) -> None:
    begun = draft(north, client_id)
    page = open_page(north.practitioner, "phone")
    page.goto(f"/notes/{begun['id']}/edit?sure=1")
    lose_the_network(page)

    page.locator("summary", has_text="Sign").click()
    page.get_by_role("button", name="Sign now").click()

    expect(page.locator("#said")).to_contain_text("nothing was signed or sent")
    expect(words_of(page)).to_have_value(CANARY)
    page.context.set_offline(False)
    page.get_by_role("button", name="Sign now").click()
    expect(page.locator("#said")).to_contain_text("Signed.")
    nothing_is_kept(page)
    assert read(north.http, begun["id"]).json()["subjective"] == CANARY


def test_words_that_came_back_and_are_signed_at_once_leave_nothing_behind(
    open_page: Open, north: make.Clinic, client_id: str
) -> None:
    page = open_page(north.practitioner, "phone")
    page.goto(f"/notes/new?client={client_id}&sure=1")
    lose_the_network(page)
    page.route("**/notes/new", no_posts)
    page.context.set_offline(False)
    page.goto(f"/notes/new?client={client_id}&sure=1")
    expect(words_of(page)).to_have_value(CANARY)
    page.unroute("**/notes/new")

    page.locator("summary", has_text="Sign").click()
    page.get_by_role("button", name="Sign now").click()

    expect(page.locator("#said")).to_contain_text("Signed.")
    nothing_is_kept(page)
    assert (only_note(north)["state"], only_note(north)["subjective"]) == ("signed", CANARY)


def test_signing_out_wipes_what_the_device_kept(open_page: Open, north: make.Clinic, client_id: str) -> None:
    page = open_page(north.practitioner)
    page.goto(f"/notes/new?client={client_id}&sure=1")
    lose_the_network(page)
    assert has_kept(page)
    page.route("**/notes/**", lambda route: route.abort())  # the words do not reach the server meanwhile
    page.context.set_offline(False)

    page.get_by_role("button", name="Sign out").click()

    expect(page.get_by_role("link", name="Sign in").first).to_be_visible()
    nothing_is_kept(page)


def test_where_nobody_is_signed_in_any_more_nothing_is_left_nor_could_be_read(
    open_page: Open, north: make.Clinic, client_id: str
) -> None:
    page = open_page(north.practitioner)
    page.goto(f"/notes/new?client={client_id}&sure=1")
    lose_the_network(page)
    kept = page.evaluate("JSON.stringify({...localStorage})")
    page.context.clear_cookies()
    page.context.set_offline(False)

    page.goto("/accounts/login/")
    nothing_is_kept(page)
    sign_in_as(page, north.practitioner)
    page.evaluate(
        "(kept) => Object.entries(JSON.parse(kept)).forEach(([name, value]) => localStorage.setItem(name, value))", kept
    )
    page.goto(f"/notes/new?client={client_id}&sure=1")

    expect(words_of(page)).to_have_value("")


def test_after_a_day_what_the_device_kept_is_gone(open_page: Open, north: make.Clinic, client_id: str) -> None:
    page = open_page(north.practitioner)
    page.goto(f"/notes/new?client={client_id}&sure=1")
    lose_the_network(page)
    page.route("**/notes/new", lambda route: route.abort())
    page.context.set_offline(False)
    page.goto("/inbox")
    hours_left = page.evaluate(
        "(JSON.parse(localStorage.getItem(Object.keys(localStorage).find((name) => name.startsWith('note-')))).until"
        " - Date.now()) / 3_600_000"
    )
    assert 23.9 < hours_left <= 24

    page.evaluate(
        """() => { for (const name of Object.keys(localStorage).filter((each) => each.startsWith("note-"))) {
          localStorage.setItem(name, JSON.stringify({...JSON.parse(localStorage.getItem(name)), until: Date.now() - 1})); } }"""
    )
    page.goto("/inbox")

    nothing_is_kept(page)


def test_words_typed_before_a_colleague_signed_in_never_become_the_colleagues_note(
    open_page: Open, north: make.Clinic, client_id: str
) -> None:
    colleague = make.person(north.organization, "practitioner", discipline="massage_therapy", name="Col League")
    page = open_page(north.practitioner)
    page.goto(f"/notes/new?client={client_id}&sure=1")
    lose_the_network(page)
    sign_in_as(page, colleague)
    page.context.set_offline(False)
    expect(page.locator("#not-kept + span")).to_have_text("Somebody else signed in on this device meanwhile.")

    page.goto(f"/notes/new?client={client_id}&sure=1")

    expect(words_of(page)).to_have_value("")
    page.wait_for_timeout(500)  # time enough to unseal, if that were possible
    expect(words_of(page)).to_have_value("")
    assert CANARY not in page.content()
    assert ids_listed(north.http) == []


# --- how it looks ---------------------------------------------------------------------------------------------------


@both_widths
def test_the_pages_of_notes_are_accessible_and_no_wider_than_the_screen(
    open_page: Open, north: make.Clinic, south: make.Clinic, client_id: str, size: str
) -> None:
    share(north, client_id, south)
    note = signed(north, client_id)
    page = open_page(north.practitioner, size, bypass_csp=True)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))

    for name, path in {
        "doubt": f"/notes/new?client={client_id}",
        "editor": f"/notes/new?client={client_id}&sure=1",
        "signed": f"/notes/{note['id']}",
        "changes": f"/notes/{note['id']}/changes",
        "list": "/notes",
    }.items():
        page.goto(path)
        keep_picture(page, f"notes-{name}-{size}")
        assert faults(page) == [], name
    assert complaints == []


def test_the_editor_keeps_the_policy_about_scripts_and_styles(
    open_page: Open, north: make.Clinic, client_id: str
) -> None:
    page, complaints = open_page(north.practitioner), []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)

    page.goto(f"/notes/new?client={client_id}&sure=1")
    words_of(page).fill("Words.")
    expect(page.locator("#kept")).to_contain_text("on the server")

    assert complaints == []


def test_a_conflict_shows_both_words_and_stops_the_keeping(open_page: Open, north: make.Clinic, client_id: str) -> None:
    begun = draft(north, client_id)
    phone, tablet = open_page(north.practitioner, "phone"), open_page(north.practitioner)
    for each in (phone, tablet):
        each.goto(f"/notes/{begun['id']}/edit?sure=1")
    words_of(tablet).fill("From the tablet.")
    tablet.get_by_role("button", name="Save").click()
    expect(tablet.locator("#said")).to_have_text("Saved.")

    words_of(phone).fill("From the phone.")
    expect(phone.locator("#said")).to_contain_text("You changed this note on another device")
    phone.get_by_role("button", name="Save").click()

    expect(phone.get_by_text("From the tablet.")).to_be_visible()
    keep_picture(phone, "note-conflict-phone")
    expect(words_of(phone)).to_have_value("From the phone.")
    phone.get_by_label("Take this instead of mine").check()
    phone.get_by_role("button", name="Save").click()
    expect(words_of(phone)).to_have_value("From the tablet.")
