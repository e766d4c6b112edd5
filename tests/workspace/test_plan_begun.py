"""A care plan is begun from the page of its client: from a template, from what is typed, or blank."""

import re

from backend.catalog.queries import catalog
from tests import make
from tests.careplans.plans import Plan, alone
from tests.workspace.browsing import Browser, buttons
from tests.workspace.plan_pages import open_plan


def test_a_plan_is_begun_from_the_clients_page_with_its_first_goal_and_line(north: make.Clinic) -> None:
    client = make.client(north)["id"]
    browser = Browser(north.practitioner).open(f"/clients/{client}")
    assert f'href="/care-plans/new?client={client}"' in browser.page

    browser.open(f"/care-plans/new?client={client}").press(
        "/care-plans/new",
        title="Neck pain",
        review_on="2031-12-15",
        **{"goal.words": "Sleep through", "line.focus": "Neck", "line.times_per_week": "0.5", "line.weeks": "6"},
        press="begin",
    )

    plan = Plan(browser.path.split("/")[-1], client)
    whole = plan.whole(north)
    assert (whole["state"], whole["title"], whole["review_on"]) == ("active", "Neck pain", "2031-12-15")
    assert [goal["words"] for goal in whole["goals"]] == ["Sleep through"]
    assert [(line["focus"], line["times_per_week"], line["weeks"]) for line in whole["interventions"]] == [
        ("Neck", 0.5, 6)
    ]
    assert "every 2 weeks for 6 weeks" in browser.page
    assert "Your clinic is alone on this plan" in browser.page
    assert "Do you agree" not in browser.page
    assert "Neck pain" in Browser(north.practitioner).open(f"/clients/{client}").page


def test_a_client_without_a_plan_is_offered_the_templates_and_a_plan_begins_in_two_presses(north: make.Clinic) -> None:
    client = make.client(north)["id"]
    browser = Browser(north.practitioner).open(f"/clients/{client}")
    offered = re.findall(r'<button name="from" value="(\w+)"', browser.page)
    assert offered == list(catalog().plan_templates)

    browser.press("/care-plans/new", **{"from": "low_back"})

    assert "Trial of care, until there is a first meaningful change" in browser.page
    assert "A licensed clinician looks over it before a clinic works from it." in browser.page
    assert "VA Chiropractic Field Advisory Committee" in browser.page
    assert north.http.send("GET", "care-plans").json()["results"] == []
    browser.send("/care-plans/new", press="begin")
    whole = Plan(browser.path.split("/")[-1], client).whole(north)
    assert (whole["state"], whole["title"]) == ("active", "Low back pain")
    assert whole["review_on"] is not None
    assert ([row["text"] for row in whole["problems"]], len(whole["phases"])) == (["Low back pain"], 4)
    page = Browser(north.practitioner).open(f"/clients/{client}").page
    assert 'name="from"' not in page
    assert "Start a care plan" in page


def test_another_template_replaces_what_the_first_one_said_and_not_what_was_typed(north: make.Clinic) -> None:
    client, address = make.client(north)["id"], "/care-plans/new"
    browser = Browser(north.practitioner).open(f"{address}?client={client}")

    browser.send(address, **{"from": "shoulder", "goal.words": "Hang the washing"})
    assert 'value="Shoulder pain"' in browser.page
    browser.send(address, **{"from": "headache", "review_on": "2031-12-15"})

    assert 'name="title" id="title" value="Tension-type or cervicogenic headache"' in browser.page
    assert 'value="2031-12-15"' in browser.page
    assert 'value="Hang the washing"' in browser.page
    browser.send(address, **{"from": ""})
    assert 'name="title" id="title" value=""' in browser.page
    assert 'name="template"' not in browser.page
    browser.send(address, **{"from": "neck_arm", "title": "My neck"})
    assert 'name="title" id="title" value="My neck"' in browser.page


def test_a_review_that_is_emptied_on_the_page_stays_empty(north: make.Clinic) -> None:
    client = make.client(north)["id"]
    browser = Browser(north.practitioner).open(f"/clients/{client}").press("/care-plans/new", **{"from": "shoulder"})

    browser.send("/care-plans/new", review_on="", press="draft")

    whole = Plan(browser.path.split("/")[-1], client).whole(north)
    assert (whole["state"], whole["review_on"], len(whole["phases"])) == ("draft", None, 4)


def test_a_template_that_no_page_of_ours_offers_writes_nothing(north: make.Clinic) -> None:
    client = make.client(north)["id"]
    browser = Browser(north.practitioner).open(f"/care-plans/new?client={client}")

    browser.press("/care-plans/new", **{"from": "nothing"})
    assert browser.status == 200
    browser.press("/care-plans/new", template="nothing", title="Neck", press="begin")

    assert browser.status == 400
    assert "The catalog has no “nothing” among its plan templates." in browser.page
    assert north.http.send("GET", "care-plans").json()["results"] == []


def test_a_goal_is_offered_the_measures_that_fit_the_plans_problem_first(north: make.Clinic) -> None:
    plan = alone(north, template="shoulder")

    page = open_plan(plan, north.practitioner, "/goals/new").page

    offered = re.findall(r'<option value="([^"]+)">', page)
    assert offered[:3] == ["QuickDASH", "Numeric pain rating scale", "Patient-Specific Functional Scale"]
    assert len(offered) == len(catalog().measures)
    assert 'name="measure" id="measure" value=""' in page


def test_a_blank_plan_is_kept_as_a_draft_and_activated_later(north: make.Clinic) -> None:
    client = make.client(north)["id"]
    browser = Browser(north.practitioner).open(f"/care-plans/new?client={client}")

    browser.press("/care-plans/new", title="Neck pain", press="draft")

    plan = Plan(browser.path.split("/")[-1], client)
    assert plan.whole(north)["state"] == "draft"
    assert buttons(browser.page) == {"activate", "revoke", "enter_in_error"}
    browser.press(f"/care-plans/{plan.id}/move", move="activate")
    assert plan.whole(north)["state"] == "active"


def test_a_plan_that_lacks_something_is_not_begun_and_what_was_typed_is_still_there(north: make.Clinic) -> None:
    client = make.client(north)["id"]
    browser = Browser(north.practitioner).open(f"/care-plans/new?client={client}")

    browser.press(
        "/care-plans/new", title="", **{"goal.words": "Sleep through", "line.times_per_week": "2"}, press="begin"
    )

    assert browser.status == 400
    assert 'value="Sleep through"' in browser.page
    assert north.http.send("GET", "care-plans").json()["results"] == []


def test_a_number_is_stepped_by_the_server_and_nothing_is_saved(north: make.Clinic) -> None:
    client = make.client(north)["id"]
    browser = Browser(north.practitioner).open(f"/care-plans/new?client={client}")

    browser.press("/care-plans/new", title="Neck", **{"line.times_per_week": "1"}, step="line.times_per_week less")

    assert browser.status == 200
    assert 'name="line.times_per_week" id="line.times_per_week" value="0.5"' in browser.page
    assert 'value="Neck"' in browser.page
    assert north.http.send("GET", "care-plans").json()["results"] == []


def test_a_coordinator_starts_no_plan(north: make.Clinic) -> None:
    client = make.client(north)["id"]

    assert Browser(north.coordinator).open(f"/care-plans/new?client={client}").status == 403
    page = Browser(north.coordinator).open(f"/clients/{client}").page
    assert "A blank plan" not in page
    assert 'name="from"' not in page
