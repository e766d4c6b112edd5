"""Versions on the page of a care plan: published, agreed to, objected to, listed."""

import re

from tests import make
from tests.careplans.plans import Plan, alone, done
from tests.workspace.browsing import Browser
from tests.workspace.plan_pages import forms_about, open_line, open_plan


def test_the_lead_publishes_and_the_other_agrees(north: make.Clinic, south: make.Clinic, plan: Plan) -> None:
    plan.goal(north, words="Sleep through")
    open_plan(plan, north.practitioner).press(f"/care-plans/{plan.id}/versions")
    theirs = open_plan(plan, south.practitioner)
    assert "North Massage, goal “Sleep through”: added." in theirs.page
    assert "Not in force for you before you agree" in theirs.page

    theirs.press(f"/care-plans/{plan.id}/agreements", answer="agree")

    assert "Version 2: agreed by North Massage and South Physio." in theirs.page
    assert "Not in force for you" not in theirs.page


def test_who_has_not_answered_for_long_reads_everything_that_is_new_since_they_agreed(
    north: make.Clinic, south: make.Clinic, plan: Plan
) -> None:
    done(plan.answer(south, 1), 201)
    wishes = [f"Wish {number}" for number in range(2, 9)]
    for wish in wishes:
        plan.goal(north, words=wish)
        plan.publish(north)

    page = open_plan(plan, south.practitioner).page

    new = page.split("What is new since you last agreed:")[1].split("</ul>")[0]
    assert re.findall(r"goal “(Wish \d)”: added", new) == wishes


def test_objecting_needs_a_sentence(south: make.Clinic, plan: Plan) -> None:
    theirs = open_plan(plan, south.practitioner)
    theirs.press(f"/care-plans/{plan.id}/agreements", answer="object", sentence="")
    assert theirs.status == 400
    assert "Say it in a sentence, too." in theirs.page

    theirs.press(f"/care-plans/{plan.id}/agreements", answer="object", sentence="Too much at once.")

    assert "South Physio objects" in theirs.page
    assert "<q>Too much at once.</q>" in theirs.page


def test_publishing_a_plan_that_changed_meanwhile_says_who_changed_it(
    north: make.Clinic, south: make.Clinic, plan: Plan
) -> None:
    plan.goal(north, words="Sleep through")
    lead = open_plan(plan, north.practitioner)
    plan.goal(south, words="Walk an hour")

    lead.press(f"/care-plans/{plan.id}/versions")

    assert lead.status == 412
    assert "South Physio Practitioner changed this while you were looking at it" in lead.page
    assert plan.whole(north)["published"] == 1


def test_the_parties_of_a_plan_with_one_party_are_never_asked(north: make.Clinic) -> None:
    plan = alone(north)
    plan.line(north)
    browser, address = open_line(plan, north.practitioner, north)
    assert "ask others" not in browser.page

    browser.send(address, times_per_week="5")
    browser.open(f"/care-plans/{plan.id}").press(f"/care-plans/{plan.id}/versions")

    assert "Your clinic is alone on this plan; nobody is asked to agree." in browser.page
    assert f"/care-plans/{plan.id}/agreements" not in forms_about(browser.page)


def test_all_versions_are_listed_with_what_each_changed_a_page_at_a_time(north: make.Clinic) -> None:
    plan = alone(north)
    for number in range(22):
        plan.goal(north, words=f"Goal {number}")
        plan.publish(north)

    first = open_plan(plan, north.practitioner, "/versions")
    earlier = re.search(r'href="([^"]+before=\d+)"', first.page)

    assert earlier is not None
    assert "Version 22" in first.page
    assert "Version 2<" not in first.page
    last = Browser(north.practitioner).open(earlier[1])
    assert re.findall(r"<strong>Version (\d+)</strong>", last.page) == ["2", "1"]
    assert "goal “Goal 0”: added." in last.page
