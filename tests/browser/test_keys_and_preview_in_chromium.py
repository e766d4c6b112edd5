"""The keys, the referral beside the list, privacy and table mode, and a page that notices changes, in a real browser."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests import make
from tests.browser.conftest import Open
from tests.browser.test_workspace_in_chromium import Presses, ten_seconds_pass

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.textContent.trim()"))


def gets_of(page: Page, path: str) -> list[str]:
    """The addresses with this path that the page asks for from now on."""
    found: list[str] = []
    page.on("request", lambda request: found.append(request.url) if urlsplit(request.url).path == path else None)
    return found


def hear_from_the_server(page: Page) -> None:
    """Whatever the page asked for until now is on its way before this is answered."""
    assert page.evaluate("fetch('/settings/device').then(answer => answer.status)") == 200


def names(north: make.Clinic, south: make.Clinic, count: int) -> list[str]:
    return [str(make.sent(north, south)["client"]["display"]) for _ in range(count)]


def test_a_list_is_walked_with_j_and_k_and_opened_beside_itself_with_enter(
    open_page: Open, north: make.Clinic, south: make.Clinic
) -> None:
    first, second = names(north, south, 2)
    page = open_page(south.practitioner)
    page.goto("/inbox")

    page.keyboard.press("j")
    assert focused(page) == first
    page.keyboard.press("j")
    assert focused(page) == second
    page.keyboard.press("k")
    page.keyboard.press("Enter")

    expect(page.locator("#preview h1")).to_contain_text(first)
    assert page.url.endswith("/inbox")
    page.keyboard.press("Escape")
    expect(page.locator("#preview #referral")).to_have_count(0)
    assert focused(page) == first


def test_walking_a_list_opens_nothing_for_the_sender(open_page: Open, north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)
    page = open_page(south.practitioner)
    page.goto("/inbox")
    opened = gets_of(page, f"/referrals/{sent['id']}")

    page.keyboard.press("j")

    assert focused(page) == sent["client"]["display"]
    hear_from_the_server(page)
    assert opened == []
    assert opened_at(north, sent) is None
    page.keyboard.press("Enter")
    expect(page.locator("#preview #referral")).to_be_visible()
    assert len(opened) == 1
    assert opened_at(north, sent) is not None


def opened_at(north: make.Clinic, sent: Any) -> Any:
    """When somebody opened it first, as its sender reads it."""
    return north.http.send("GET", f"referrals/{sent['id']}").json()["tracking"]["opened_at"]


def test_t3_a_referral_is_answered_beside_the_list_in_three_presses(
    open_page: Open, north: make.Clinic, south: make.Clinic
) -> None:
    sent = make.sent(north, south)
    page, presses = open_page(south.practitioner), Presses()
    page.goto("/inbox")

    presses.press(page.locator("#worklist .line h3 a"))
    presses.press(page.locator("#preview #move-accept > summary"))
    presses.press(page.locator("#preview button", has_text="Accept"))

    expect(page.locator("#preview").get_by_role("button", name="Take it back")).to_be_visible()
    assert (presses.count, page.url.endswith("/inbox")) == (3, True)
    ten_seconds_pass()
    assert north.http.send("GET", f"referrals/{sent['id']}").json()["state"] == "accepted"


def test_a_refusal_beside_the_list_is_read_there(open_page: Open, north: make.Clinic, south: make.Clinic) -> None:
    make.sent(north, south)
    page = open_page(south.practitioner)
    page.goto("/inbox")
    page.locator("#worklist .line h3 a").click()
    page.locator("#preview #move-decline > summary").click()

    page.get_by_label("Contraindication").check(force=True)
    page.locator("#preview button", has_text="Decline").click()

    expect(page.locator("#preview").get_by_text("This reason needs a sentence").first).to_be_visible()


def test_on_a_phone_and_with_a_modifier_a_line_is_a_plain_link(
    open_page: Open, north: make.Clinic, south: make.Clinic
) -> None:
    sent = make.sent(north, south)
    page = open_page(south.practitioner, "phone")
    page.goto("/inbox")

    page.locator("#worklist .line h3 a").click()

    page.wait_for_url(f"**/referrals/{sent['id']}")
    expect(page.locator(".act .main")).to_have_text("Accept")
    page.locator(".act .main").click()
    expect(page.locator("#move-accept[open] button")).to_be_visible()


@pytest.mark.parametrize(
    ("keys", "lands"), [("gi", "/inbox"), ("gt", "/"), ("gc", "/clients"), ("/", "/clients#query"), ("r", "/clients")]
)
def test_keys_lead_to_places(open_page: Open, north: make.Clinic, keys: str, lands: str) -> None:
    page = open_page(north.practitioner)
    page.goto("/settings/device")

    for key in keys:
        page.keyboard.press(key)

    page.wait_for_url(f"**{lands}")
    if keys == "/":
        expect(page.locator("#query")).to_be_focused()


@pytest.mark.parametrize(("key", "move"), [("a", "accept"), ("d", "decline"), ("i", "ask_information"), ("m", "")])
def test_letters_open_what_is_possible_on_a_referral(
    open_page: Open, north: make.Clinic, south: make.Clinic, key: str, move: str
) -> None:
    sent = make.sent(north, south)
    page = open_page(south.practitioner)
    page.goto(f"/referrals/{sent['id']}")

    page.keyboard.press(key)

    if move:
        expect(page.locator(f"#move-{move}")).to_have_attribute("open", "")
    else:
        expect(page.get_by_label("Write to the other side")).to_be_focused()


def test_letters_do_nothing_in_a_field_or_where_the_move_is_not_possible(
    open_page: Open, north: make.Clinic, south: make.Clinic
) -> None:
    sent = make.sent(north, south)
    page = open_page(north.practitioner)
    page.goto(f"/referrals/{sent['id']}")

    page.keyboard.press("a")
    expect(page.locator("details.move[open]")).to_have_count(0)
    page.keyboard.press("m")
    page.keyboard.type("g i? a/d")

    expect(page.get_by_label("Write to the other side")).to_have_value("g i? a/d")
    assert page.url.endswith(sent["id"])


def test_control_and_enter_press_the_main_button_also_from_a_field(
    open_page: Open, north: make.Clinic, south: make.Clinic
) -> None:
    sent = make.sent(north, south)
    page = open_page(south.practitioner)
    page.goto(f"/referrals/{sent['id']}")

    page.keyboard.press("m")
    page.keyboard.type("Any imaging?")
    page.keyboard.press("Control+Enter")

    expect(page.locator("#said")).to_have_text("Your message was sent.")


def test_escape_closes_what_is_open_and_then_goes_back(open_page: Open, north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)
    page = open_page(south.practitioner)
    page.goto("/")
    page.get_by_role("link", name=sent["client"]["display"], exact=True).click()
    page.wait_for_url("**/referrals/*")

    page.keyboard.press("d")
    expect(page.locator("#move-decline")).to_have_attribute("open", "")
    page.locator("#move-decline > summary").focus()
    page.keyboard.press("Escape")
    expect(page.locator("#move-decline[open]")).to_have_count(0)
    page.keyboard.press("Escape")

    page.wait_for_url(lambda url: url.rstrip("/").count("/") == 2)


def test_a_question_mark_lists_the_keys_and_a_switch_turns_them_off(
    open_page: Open, north: make.Clinic, south: make.Clinic
) -> None:
    (name,) = names(north, south, 1)
    page = open_page(south.practitioner)
    page.goto("/inbox")
    asked = gets_of(page, "/keys")

    page.keyboard.press("j")
    assert focused(page) == name
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Offer times")
    assert len(asked) == 1
    with page.expect_navigation():
        page.get_by_role("dialog").get_by_role("button", name="Letter keys").click()
    page.goto("/inbox")
    asked.clear()
    for key in ("j", "?", "g", "c"):
        page.keyboard.press(key)

    assert focused(page) != name
    hear_from_the_server(page)
    assert asked == []
    assert page.url.endswith("/inbox")


def test_shift_and_p_hide_names_on_this_device_and_it_remembers(
    open_page: Open, north: make.Clinic, south: make.Clinic
) -> None:
    (name,) = names(north, south, 1)
    page, elsewhere = open_page(south.practitioner), open_page(south.practitioner)
    page.goto("/inbox")
    expect(page.locator("#worklist .line h3")).to_contain_text(name)

    page.keyboard.press("Shift+P")

    expect(page.get_by_role("button", name="Privacy")).to_have_attribute("aria-pressed", "true")
    page.goto("/")
    expect(page.locator("main")).not_to_contain_text(name)
    elsewhere.goto("/inbox")
    expect(elsewhere.locator("#worklist .line h3")).to_contain_text(name)


@pytest.mark.parametrize("size", ["phone", "desktop"])
def test_in_table_mode_everything_to_press_is_large_and_the_screen_stays_awake(
    open_page: Open, north: make.Clinic, south: make.Clinic, size: str
) -> None:
    sent = make.sent(north, south)
    make.move(south, sent["id"], "accept")
    page = open_page(south.practitioner, size)
    page.add_init_script(WATCH_WAKE_LOCK)
    page.goto("/inbox")

    page.get_by_role("button", name="Table mode").click()
    page.wait_for_load_state()

    for path in ("/inbox", f"/referrals/{sent['id']}?move=book", "/settings/device"):
        page.goto(path)
        assert page.evaluate(SMALL) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), path
    assert page.evaluate("window.locks") == 1
    page.goto(f"/referrals/{sent['id']}?move=book")
    page.get_by_role("button", name="More: Minutes").first.click()
    expect(page.locator("[id='book-visit.minutes']")).to_have_value("51")


WATCH_WAKE_LOCK = """window.locks = 0;
Object.defineProperty(navigator, "wakeLock", { value: { request: async () => { window.locks += 1; } } });"""
SMALL = """() => [...document.querySelectorAll("button, .button, summary, select, .chip, .tabs a, .places a")]
  .filter(e => e.checkVisibility() && e.getClientRects().length && e.getBoundingClientRect().height < 55.5)
  .map(e => e.outerHTML.slice(0, 120))"""


def test_in_table_mode_a_palm_beside_the_finger_presses_nothing(open_page: Open, north: make.Clinic) -> None:
    page = open_page(north.practitioner, "phone")
    page.goto("/settings/device")
    page.get_by_role("button", name="Table mode").first.click()
    page.wait_for_load_state()

    with_palm, alone = page.evaluate(TOUCHES, [[1, 2], [3]])

    assert (with_palm, alone) == (False, True)


# Whether a click arrives after these fingers came down and went up again. No finger of a driver's lies on the glass.
TOUCHES = """fingersOfEach => fingersOfEach.map((fingers) => {
  const target = document.querySelector("h1");
  const touch = { bubbles: true, cancelable: true, pointerType: "touch" };
  const send = (name, pointerId) => target.dispatchEvent(new PointerEvent(name, { ...touch, pointerId }));
  let hasArrived = false;
  target.addEventListener("click", () => (hasArrived = true), { once: true });
  fingers.forEach((finger) => send("pointerdown", finger));
  fingers.forEach((finger) => send("pointerup", finger));
  send("click", fingers[0]);
  return hasArrived;
})"""


def test_a_page_says_within_half_a_minute_that_its_referral_changed_and_shows_it(
    open_page: Open, north: make.Clinic, south: make.Clinic
) -> None:
    sent = make.sent(north, south)
    page = open_page(north.practitioner)
    page.clock.install()
    page.goto(f"/referrals/{sent['id']}")
    make.move(south, sent["id"], "ask_information", question="Which side?")
    shown_anew = gets_of(page, f"/referrals/{sent['id']}")

    page.clock.run_for(31_000)

    expect(page.locator("#said")).to_contain_text("South Physio Practitioner")
    expect(page.locator(".standing")).to_contain_text("asks for information")
    assert len(shown_anew) == 1


def test_a_page_on_which_somebody_writes_says_what_changed_and_leaves_the_words_alone(
    open_page: Open, north: make.Clinic, south: make.Clinic
) -> None:
    sent = make.sent(north, south)
    page = open_page(north.practitioner)
    page.clock.install()
    page.goto(f"/referrals/{sent['id']}")
    page.get_by_label("Write to the other side").fill("Half a sent")
    make.move(south, sent["id"], "ask_information", question="Which side?")
    shown_anew = gets_of(page, f"/referrals/{sent['id']}")

    page.clock.run_for(31_000)

    expect(page.locator("#said").get_by_role("link", name="Show it")).to_be_visible()
    expect(page.get_by_label("Write to the other side")).to_have_value("Half a sent")
    hear_from_the_server(page)
    assert shown_anew == []
    assert "asks for information" not in page.locator(".standing").inner_text()


def test_several_are_selected_with_x_and_given_with_the_keyboard(
    open_page: Open, north: make.Clinic, south: make.Clinic
) -> None:
    names(north, south, 2)
    colleague = make.role(south.organization, "physical_therapy")
    page = open_page(south.practitioner)
    page.goto("/inbox")

    for key in ("j", "x", "j", "x", "@"):
        page.keyboard.press(key)
    expect(page.locator("#give-to")).to_be_focused()
    page.locator("#give-to").select_option(str(colleague.pk))
    page.keyboard.press("Control+Enter")

    expect(page.locator("#said")).to_have_text("2 given.")
