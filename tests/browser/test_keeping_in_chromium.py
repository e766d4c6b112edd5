"""The sheet keeps itself as a draft in a real browser, at both widths, and is sent once."""

from typing import Any

import pytest
from playwright.sync_api import FloatRect, Page, expect

from tests import make
from tests.browser.conftest import Open
from tests.browser.looking import both_widths, faults, keep_picture
from tests.browser.test_workspace_in_chromium import ten_seconds_pass
from tests.workspace.browsing import Browser as Staff

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def drafts(clinic: make.Clinic) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = clinic.http.send("GET", "referrals?box=drafts").json()["results"]
    return found


def write(page: Page) -> None:
    page.get_by_label("Weakness or numbness", exact=True).check()
    page.get_by_label("Neck", exact=True).check()
    page.get_by_label("What do you want to know or have done?").fill("Safe to load?")


@both_widths
def test_typing_leaves_a_draft_which_is_then_changed_and_sent_once(
    open_page: Open, north: make.Clinic, south: make.Clinic, size: str
) -> None:
    client = make.client(north)
    make.consent(north, client["id"], south)
    page = open_page(north.practitioner, size, bypass_csp=True)
    page.goto(f"/referrals/new?client={client['id']}&to=role:{south.role_id}")

    write(page)

    expect(page.locator("#kept")).to_contain_text("Kept as a draft, ")
    expect(page.locator("#checks .missing strong")).to_have_text(["Red flags"])
    (draft,) = drafts(north)
    assert page.url.endswith(f"/referrals/{draft['id']}/edit")
    assert draft["question"] == "Safe to load?"
    page.get_by_label("What do you want to know or have done?").fill("Safe to load fully?")
    page.get_by_label("I asked. None of these:").check()
    assert faults(page) == []
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("button", name="Take it back")).to_be_visible()
    assert page.url.endswith(f"/referrals/{draft['id']}")
    ten_seconds_pass()
    assert drafts(north) == []
    (sent,) = south.http.send("GET", "referrals?box=ours").json()["results"]
    assert (sent["id"], sent["question"]) == (draft["id"], "Safe to load fully?")


@both_widths
def test_the_checks_stand_beside_the_sheet_or_above_its_buttons(
    open_page: Open, north: make.Clinic, south: make.Clinic, size: str
) -> None:
    client = make.client(north)
    page = open_page(north.practitioner, size)
    page.goto(f"/referrals/new?client={client['id']}&to=role:{south.role_id}")

    keep_picture(page, f"sheet-checks-{size}")
    checks, question = place(page, "#checks"), place(page, "#question")
    if size == "desktop":
        assert checks["x"] > question["x"] + question["width"]
        assert checks["y"] < 200
    else:
        assert checks["x"] == question["x"]
        assert question["y"] < checks["y"]


def place(page: Page, selector: str) -> FloatRect:
    found = page.locator(selector).bounding_box()
    assert found is not None
    return found


def test_a_press_right_after_typing_is_about_the_draft_that_is_on_its_way(
    open_page: Open, north: make.Clinic, south: make.Clinic
) -> None:
    client = make.client(north)
    page = open_page(north.practitioner)
    page.goto(f"/referrals/new?client={client['id']}&to=role:{south.role_id}")

    with page.expect_request(lambda request: request.method == "POST" and "hx-request" in request.headers):
        write(page)
    page.get_by_role("button", name="Keep as draft").click()

    expect(page.locator("#said")).to_have_text("The draft is kept.")
    assert len(drafts(north)) == 1


def test_a_draft_whose_answer_was_lost_is_kept_once(open_page: Open, north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)
    page = open_page(north.practitioner)
    page.goto(f"/referrals/new?client={client['id']}&to=role:{south.role_id}")
    lost: list[int] = []

    def lose_the_first_answer(route: Any) -> None:
        answer = route.fetch()
        lost.append(answer.status)
        route.abort() if len(lost) == 1 else route.fulfill(response=answer)

    page.route("**/referrals/new", lose_the_first_answer)
    write(page)
    expect(page.locator("#not-kept")).to_contain_text("What you typed is still here.")

    expect(page.locator("#kept")).to_contain_text("Kept as a draft, ")
    assert (lost, len(drafts(north))) == ([200, 200], 1)


def test_a_sheet_whose_draft_a_colleague_changed_says_so_and_stops(
    open_page: Open, north: make.Clinic, south: make.Clinic
) -> None:
    draft = make.referral(north, south, client_id=make.client(north)["id"], send=False)["id"]
    path = f"/referrals/{draft}/edit"
    page, posts = open_page(north.practitioner), []
    page.goto(path)
    Staff(north.coordinator).open(path).press(path, own_reason="Neck", question="From the desk?", press="draft")
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    question = page.get_by_label("What do you want to know or have done?")

    question.fill("From me?")
    expect(page.locator("#said")).to_contain_text("North Massage Coordinator changed this")
    question.fill("From me again?")
    page.wait_for_timeout(4_000)

    assert len(posts) == 1
    expect(question).to_have_value("From me again?")
    assert drafts(north)[0]["question"] == "From the desk?"


def test_a_sheet_that_was_only_looked_at_leaves_no_draft(
    open_page: Open, north: make.Clinic, south: make.Clinic
) -> None:
    client = make.client(north)
    page, posts = open_page(north.practitioner), []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    page.clock.install()
    page.goto(f"/referrals/new?client={client['id']}&to=role:{south.role_id}")

    page.get_by_label("What do you want to know or have done?").click()
    page.get_by_label("In your own words").click()
    page.clock.run_for(60_000)

    assert (posts, drafts(north)) == ([], [])


def test_a_sheet_that_lacks_a_question_says_so_and_stays_as_it_is(
    open_page: Open, north: make.Clinic, south: make.Clinic
) -> None:
    client = make.client(north)
    page = open_page(north.practitioner)
    page.goto(f"/referrals/new?client={client['id']}&to=role:{south.role_id}")

    page.get_by_label("In your own words").fill("Neck")

    expect(page.locator("#not-kept")).to_have_text("Not kept yet: write the question.")
    expect(page.get_by_label("In your own words")).to_have_value("Neck")
    assert (drafts(north), "/referrals/new?" in page.url) == ([], True)
