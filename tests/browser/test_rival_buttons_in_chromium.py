"""No key decides for somebody between answers that are each other's rivals: in a real browser."""

import pytest
from playwright.sync_api import Locator, expect

from tests import make
from tests.browser.conftest import Open
from tests.browser.looking import both_widths, keep_picture
from tests.browser.session_ends import posts_of
from tests.careplans.plans import Plan, done, leave, shared

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
both_ways = pytest.mark.parametrize("java_script_enabled", [True, False], ids=["script", "plain"])


@pytest.fixture
def plan(north: make.Clinic, south: make.Clinic) -> Plan:
    """A plan of two clinics that one of them has not answered yet."""
    made = shared(north, south)
    made.line(north)
    made.line(south, focus="Deep neck flexors", technique_ids=[])
    made.publish(north)
    return made


def type_into(field: Locator, words: str, key: str) -> None:
    field.fill(words)
    field.press(key)


@both_widths
def test_a_key_in_the_reason_for_an_objection_objects_and_agrees_to_nothing(
    open_page: Open, south: make.Clinic, plan: Plan, size: str
) -> None:
    page = open_page(south.practitioner, size)
    page.goto(f"/care-plans/{plan.id}")
    keep_picture(page, f"plan-answer-{size}")

    type_into(page.get_by_label("If not, why"), "Too much at once.", "Control+Enter")

    expect(page.locator(".parties .object")).to_contain_text("Too much at once.")


def test_agreeing_says_no_sentence(open_page: Open, south: make.Clinic, plan: Plan) -> None:
    page = open_page(south.practitioner)
    page.goto(f"/care-plans/{plan.id}")
    page.get_by_label("If not, why").fill("Too much at once.")

    page.get_by_role("button", name="Agree", exact=True).click()

    expect(page.locator(".parties .agree")).to_have_count(2)
    expect(page.locator(".parties q")).to_have_count(0)


@both_ways
@pytest.mark.parametrize("key", ["Enter", "Control+Enter"])
def test_a_key_in_the_answer_to_a_proposal_neither_accepts_nor_declines(
    open_page: Open, north: make.Clinic, south: make.Clinic, plan: Plan, key: str, *, java_script_enabled: bool
) -> None:
    line = plan.whole(north)["interventions"][0]
    proposal = {"kind": "end", "about": "intervention", "row_id": line["id"], "why": "It is done."}
    done(plan.post(south, "/proposals", proposal), 201)
    page = open_page(north.practitioner, java_script_enabled=java_script_enabled)
    page.goto(f"/care-plans/{plan.id}")
    posts = posts_of(page)
    answer = page.get_by_label("Your answer")

    type_into(answer, "Two more weeks.", key)

    if java_script_enabled and key == "Control+Enter":
        expect(page.get_by_role("button", name="Accept")).to_be_focused()
    else:
        expect(answer).to_be_focused()
    assert posts == []
    assert plan.whole(north)["proposals"][0]["state"] == "open"


@both_ways
@pytest.mark.parametrize("key", ["Enter", "Control+Enter"])
def test_a_key_in_the_sentence_about_what_somebody_left_takes_nothing_over(
    open_page: Open, north: make.Clinic, south: make.Clinic, plan: Plan, key: str, *, java_script_enabled: bool
) -> None:
    plan.goal(south)
    done(leave(plan, south, south), 200)
    page = open_page(north.practitioner, java_script_enabled=java_script_enabled)
    page.goto(f"/care-plans/{plan.id}")
    posts = posts_of(page)
    before = plan.whole(north)["to_decide"]
    sentence = page.get_by_label("Go on with it, or drop it").first

    type_into(sentence, "Not needed any more.", key)

    if java_script_enabled and key == "Control+Enter":
        expect(page.get_by_role("button", name="Take over").first).to_be_focused()
    else:
        expect(sentence).to_be_focused()
    assert (posts, plan.whole(north)["to_decide"]) == ([], before)
    keep_picture(page, f"plan-decide-{'script' if java_script_enabled else 'plain'}")
