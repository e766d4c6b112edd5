"""Care plans in the settings, by what an admin who reads none may know: to say that one, or a row of it, was a mistake."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backend.lib.ids import short_id
from tests import make
from tests.access.test_query_counts import counted
from tests.careplans.plans import Plan, alone, done, leave
from tests.workspace.browsing import Browser, forms_in
from tests.workspace.plan_pages import line_of, open_plan

WORDS = ("Neck and arm", "Upper trapezius", "Carry my son", "Stiff neck", "Calm down", "Tennis", "Deep neck flexors")


def page_of(plan: Plan) -> str:
    return f"/settings/care-plans/{plan.id}"


def opened(plan: Plan, who: make.Person) -> Browser:
    return Browser(who).open(page_of(plan))


def sayable(browser: Browser) -> list[str]:
    """What the page lets one say was a mistake."""
    return [action for action, _ in forms_in(browser.page) if "/settings/care-plans/" in action]


def full(north: make.Clinic, plan: Plan) -> Plan:
    done(plan.post(north, "/problems", {"text": "Stiff neck"}), 201)
    done(plan.post(north, "/phases", {"name": "Calm down"}), 201)
    return plan


def test_an_admin_finds_a_plan_by_the_number_a_practitioner_reads_out(north: make.Clinic, plan: Plan) -> None:
    number = short_id(plan.id)
    assert f"Plan {number}." in open_plan(plan, north.practitioner).page
    other = alone(north)

    browser = (
        Browser(north.admin)
        .open("/settings")
        .follow("Care plans")
        .open(f"/settings/care-plans?number={number.upper()}")
    )

    assert page_of(plan) in browser.page
    assert page_of(other) not in browser.page
    assert "Led by North Massage, " in browser.page
    browser.follow(number)
    assert browser.path == page_of(plan)


def test_no_word_of_a_plan_and_no_clients_name_stands_on_these_pages(
    north: make.Clinic, south: make.Clinic, plan: Plan
) -> None:
    full(north, plan)
    client = plan.whole(north)["client"]["display"]
    done(
        plan.post(
            north,
            f"/interventions/{line_of(plan, north)['id']}/entered-in-error",
            {"reason": "other", "note": "Tennis"},
        )
    )

    pages = [
        Browser(clinic.admin).open(path).page
        for clinic in (north, south)
        for path in ("/settings/care-plans", page_of(plan))
    ]

    assert [(word, page) for page in pages for word in (*WORDS, client) if word in page] == []
    assert all(short_id(plan.id) in page for page in pages)


def test_an_admin_takes_back_each_row_of_the_clinic_and_then_the_plan(north: make.Clinic, plan: Plan) -> None:
    browser = opened(full(north, plan), north.admin)
    kinds = [action.split("/")[4] for action in sayable(browser)[1:]]
    assert kinds == ["problems", "goals", "interventions", "phases"]

    for action in sayable(browser)[1:]:
        browser.press(action, reason="duplicate", note="Meant for her sister.")
        assert browser.status == 200
    browser.press(page_of(plan), reason="wrong_entry")

    assert "Entered in error: wrong entry." in browser.page
    assert "Meant for her sister." not in browser.page
    whole = plan.whole(north)
    assert whole["entered_in_error"]["by"] == north.admin.actor.display
    rows = [*whole["problems"], *whole["phases"], *whole["goals"], line_of(plan, north)]
    assert {row["entered_in_error"]["reason"] for row in rows} == {"duplicate"}
    assert {row["entered_in_error"]["note"] for row in rows} == {"Meant for her sister."}


def test_of_what_is_in_error_an_admin_can_still_say_that_it_was_about_a_wrong_client(
    north: make.Clinic, south: make.Clinic, plan: Plan
) -> None:
    browser = opened(plan, north.admin).press(page_of(plan), reason="duplicate")
    assert re.findall(r'name="reason" value="(\w+)"', browser.page.split('id="rows"')[0]) == ["wrong_client"]

    browser.press(page_of(plan), reason="wrong_client")

    assert page_of(plan) not in sayable(browser)
    assert "Neck and arm" not in open_plan(plan, south.practitioner).page


def test_an_admin_of_a_party_says_it_of_its_own_rows_alone(north: make.Clinic, south: make.Clinic, plan: Plan) -> None:
    browser, line = opened(plan, south.admin), line_of(plan, south)["id"]
    assert sayable(browser) == [f"{page_of(plan)}/interventions/{line}/error"]
    assert "The clinic that leads the plan says whether it was a mistake" in browser.page

    browser.press(f"{page_of(plan)}/interventions/{line}/error", reason="wrong_entry")
    assert line_of(plan, south)["entered_in_error"]["reason"] == "wrong_entry"

    whole = plan.whole(north)
    for address in (page_of(plan), f"{page_of(plan)}/goals/{whole['goals'][0]['id']}/error"):
        refused = browser.http.post(address, {"reason": "duplicate", "once": "x"})
        assert refused.status_code in (400, 403)
    assert plan.whole(north)["entered_in_error"] is None
    assert plan.whole(north)["goals"][0]["entered_in_error"] is None


def test_a_clinic_that_left_takes_its_rows_back_here_too(north: make.Clinic, south: make.Clinic, plan: Plan) -> None:
    line = line_of(plan, south)["id"]
    done(leave(plan, south, south), 200)

    opened(plan, south.admin).press(f"{page_of(plan)}/interventions/{line}/error", reason="duplicate")

    assert line_of(plan, south)["entered_in_error"]["reason"] == "duplicate"


def test_without_a_reason_nothing_is_said_and_the_sentence_is_still_there(north: make.Clinic, plan: Plan) -> None:
    browser = opened(plan, north.admin).press(page_of(plan), note="Wrong person.")

    assert browser.status == 400
    assert 'value="Wrong person."' in browser.page
    assert plan.whole(north)["entered_in_error"] is None


def test_what_a_practitioner_changed_meanwhile_is_not_struck_through_unseen(north: make.Clinic, plan: Plan) -> None:
    browser = opened(plan, north.admin)
    done(plan.patch(north, "", {"title": "Neck"}), 200)

    browser.press(page_of(plan), reason="duplicate")

    assert browser.status == 412
    assert plan.whole(north)["entered_in_error"] is None


@pytest.mark.parametrize("who", ["practitioner", "coordinator", "auditor"])
def test_these_pages_are_for_an_admin(north: make.Clinic, plan: Plan, who: str) -> None:
    person = getattr(north, who)

    assert Browser(person).open("/settings/care-plans").status == 403
    assert opened(plan, person).status == 403
    assert "/settings/care-plans" not in Browser(person).open("/settings").page


def test_an_outsider_finds_no_plan_here(plan: Plan, outsider: make.Clinic) -> None:
    assert opened(plan, outsider.admin).status == 404
    assert "Your clinic is on no care plan." in Browser(outsider.admin).open("/settings/care-plans").page


@pytest.mark.parametrize(
    "asked", ["number=%00", "number=zz", "number=" + "a" * 9, "number='--", "before=x", "before=%00"]
)
def test_a_question_no_page_of_ours_asks_finds_nothing(north: make.Clinic, plan: Plan, asked: str) -> None:
    browser = Browser(north.admin).open(f"/settings/care-plans?{asked}")

    assert browser.status in (200, 400, 404)
    assert page_of(plan) not in browser.page


def test_many_plans_stand_on_several_pages(north: make.Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.workspace.views.settings.mistakes.MOST", 2)
    made = [alone(north) for _ in range(3)]

    browser = Browser(north.admin).open("/settings/care-plans")
    first = re.findall(r'href="/settings/care-plans/([-0-9a-f]{36})"', browser.page)
    browser.follow("Earlier plans")

    rest = re.findall(r'href="/settings/care-plans/([-0-9a-f]{36})"', browser.page)
    assert [*first, *rest] == [plan.id for plan in reversed(made)]
    assert "Earlier plans" not in browser.page


@pytest.mark.django_db(transaction=True)
def test_the_pages_ask_as_little_of_many_plans_and_rows_as_of_one(north: make.Clinic) -> None:
    plan = full(north, alone(north))
    plan.goal(north)
    plan.line(north)
    few = [asked_for(path, north) for path in ("/settings/care-plans", page_of(plan))]
    for _ in range(3):
        full(north, alone(north))
        full(north, plan)
        plan.line(north)

    assert [asked_for(path, north) for path in ("/settings/care-plans", page_of(plan))] == few
    assert max(few) <= 30


def asked_for(path: str, north: make.Clinic) -> int:
    browser = Browser(north.admin)
    with CaptureQueriesContext(connection) as queries:
        browser.open(path)
    assert browser.status == 200
    return counted(queries)
