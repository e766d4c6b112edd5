"""A care plan in a real browser: adjusted within the budget of presses, at both widths, with and without script."""

import re
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from backend.lib import clock
from tests import make
from tests.browser.conftest import Open
from tests.browser.looking import both_widths, faults, keep_picture
from tests.browser.test_workspace_in_chromium import Presses
from tests.careplans.plans import Plan, done, shared

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
T11 = 5
EXERCISE = {
    "focus": "Deep neck flexors, nerve glides",
    "technique_ids": [],
    "regions": [{"region": "cervical", "side": "left"}, {"region": "shoulder", "side": "left"}],
    "times_per_week": 2,
    "weeks": 8,
    "minutes": 30,
    "avoid": [],
    "home_programme": "Glides three times a day, ten each.\nStop when the thumb goes numb.",
    "visit_budget": 8,
}
ADJUSTING = {
    "focus": "C5/6 segment",
    "technique_ids": [],
    "regions": [{"region": "cervical", "side": "bilateral"}],
    "times_per_week": 0.5,
    "weeks": 4,
    "minutes": 20,
    "avoid": [{"region": "cervical", "side": "left", "note": "no thrust"}],
}


@pytest.fixture
def plan(north: make.Clinic, south: make.Clinic, east: make.Clinic) -> Plan:
    """A plan of three clinics in its second version, with something of everything."""
    made = shared(north, south, east)
    done(made.patch(north, "", {"title": "Neck pain with a numb thumb", "review_on": "2031-12-15"}), 200)
    line, exercise, adjusting = made.line(north), made.line(south, **EXERCISE), made.line(east, **ADJUSTING)
    made.goal(north, due_on="2031-12-24")
    goal = made.goal(south, words="Sleep through the night", measure="hours", unit="h", baseline=5, target=7)
    done(made.post(north, "/problems", {"text": "Stiff, painful neck", "icd10": "M54.2"}), 201)
    done(made.post(north, "/phases", {"name": "Calm down", "from_on": "2031-11-24", "until_on": "2031-12-08"}), 201)
    made.publish(north)
    done(made.answer(south, 1), 201)
    done(made.answer(east, 1), 201)
    done(made.patch(south, f"/interventions/{exercise['id']}", {"times_per_week": 3}), 200)
    made.publish(north)
    done(made.answer(east, 2, "object", sentence="Three times is too much beside the adjustments."), 201)
    done(made.patch(east, f"/interventions/{adjusting['id']}", {"state": "paused"}), 200)
    change = {"kind": "change", "about": "intervention", "why": "She responds well; she has time before Christmas."}
    done(made.post(south, "/proposals", {**change, "row_id": line["id"], "changes": {"times_per_week": 2}}), 201)
    done(
        made.post(north, "/proposals", {**change, "kind": "end", "row_id": adjusting["id"], "why": "Sore after."}), 201
    )
    done(
        made.post(north, "/proposals", {**change, "about": "goal", "row_id": goal["id"], "changes": {"target": 8}}), 201
    )
    return made


def line_of(plan: Plan, clinic: make.Clinic) -> Any:
    return next(row for row in plan.whole(clinic)["interventions"] if row["organization"]["id"] == clinic.id)


@both_widths
def test_t11_the_frequency_of_ones_own_line_is_changed_in_five_presses_and_the_others_are_asked(
    open_page: Open, north: make.Clinic, plan: Plan, size: str
) -> None:
    page, presses = open_page(north.practitioner, size), Presses()
    page.goto(f"/care-plans/{plan.id}")

    presses.press(page.get_by_role("link", name="Change: Upper trapezius trigger points"))
    presses.press(page.get_by_role("button", name="More: Times a week"))
    expect(page.get_by_role("spinbutton", name="Times a week")).to_have_value("2")
    presses.press(page.get_by_role("button", name="Save and ask others"))

    expect(page.get_by_text("Whoever has not agreed to it yet is asked.")).to_be_visible()
    assert presses.count <= T11
    whole = plan.whole(north)
    assert (line_of(plan, north)["times_per_week"], whole["published"]) == (2, 3)


@both_widths
def test_t11_a_change_is_proposed_to_another_clinic_in_five_presses(
    open_page: Open, north: make.Clinic, south: make.Clinic, plan: Plan, size: str
) -> None:
    page, presses = open_page(north.practitioner, size), Presses()
    page.goto(f"/care-plans/{plan.id}")

    presses.press(page.get_by_role("link", name="Propose a change: Deep neck flexors, nerve glides"))
    presses.press(page.get_by_role("button", name="Less: Times a week"))
    presses.press(page.get_by_label("Too much at once", exact=True))
    presses.press(page.get_by_role("button", name="Propose to South Physio"))

    expect(page.get_by_text("Proposed to South Physio.")).to_be_visible()
    assert presses.count <= T11
    proposal = plan.whole(south)["proposals"][-1]
    assert (proposal["changes"], proposal["why"]) == ({"times_per_week": 2}, "Too much at once")


@both_widths
def test_t11_a_line_is_paused_and_a_goal_is_added_in_five_presses_each(
    open_page: Open, south: make.Clinic, plan: Plan, size: str
) -> None:
    page, presses = open_page(south.practitioner, size), Presses()
    page.goto(f"/care-plans/{plan.id}")

    presses.press(page.get_by_role("link", name="Change: Deep neck flexors, nerve glides"))
    presses.press(page.get_by_label("Paused", exact=True))
    presses.press(page.get_by_role("button", name="Save", exact=True))

    expect(page.get_by_text("Saved.")).to_be_visible()
    assert presses.count <= T11
    presses.count = 0
    presses.press(page.get_by_role("link", name="New goal"))
    presses.type(page.get_by_label("In the client's words"), "Lift my daughter into the car")
    presses.press(page.get_by_role("button", name="Save", exact=True))

    expect(page.get_by_role("heading", name="Lift my daughter into the car")).to_be_visible()
    assert presses.count <= T11
    assert line_of(plan, south)["state"] == "paused"


@both_widths
def test_t11_a_goal_due_in_two_weeks_and_a_review_in_one_take_five_presses_each(
    open_page: Open, north: make.Clinic, plan: Plan, size: str
) -> None:
    page, presses = open_page(north.practitioner, size), Presses()
    today = clock.now().astimezone(ZoneInfo(north.organization.time_zone)).date()
    page.goto(f"/care-plans/{plan.id}")

    presses.press(page.get_by_role("link", name="New goal"))
    presses.type(page.get_by_label("In the client's words"), "Sleep on my left side")
    presses.press(page.get_by_role("button", name="Due in 2 weeks"))
    expect(page.get_by_role("button", name="Due in 2 weeks", pressed=True)).to_be_visible()
    presses.press(page.get_by_role("button", name="Save and ask others"))

    expect(page.get_by_role("heading", name="Sleep on my left side")).to_be_visible()
    assert presses.count <= T11
    presses.count = 0
    presses.press(page.get_by_text("Title and review day"))
    presses.press(page.get_by_role("button", name="Review in 1 week"))
    expect(page.get_by_role("button", name="Review in 2 weeks", pressed=False)).to_be_visible()
    presses.press(page.get_by_role("button", name="Save", exact=True))

    expect(page.get_by_text("Saved.")).to_be_visible()
    assert presses.count <= T11
    whole = plan.whole(north)
    assert whole["review_on"] == (today + timedelta(weeks=1)).isoformat()
    assert whole["goals"][-1]["due_on"] == (today + timedelta(weeks=2)).isoformat()


@both_widths
def test_t11_minutes_are_stepped_in_five_presses(open_page: Open, south: make.Clinic, plan: Plan, size: str) -> None:
    page, presses = open_page(south.practitioner, size), Presses()
    page.goto(f"/care-plans/{plan.id}")

    presses.press(page.get_by_role("link", name="Change: Deep neck flexors, nerve glides"))
    presses.press(page.get_by_text("Everything else in this line"))
    presses.press(page.get_by_role("button", name="More: Minutes each time"))
    expect(page.get_by_role("spinbutton", name="Minutes each time")).to_have_value("35")
    presses.press(page.get_by_role("button", name="Save", exact=True))

    expect(page.get_by_text("Saved.")).to_be_visible()
    assert presses.count <= T11
    assert line_of(plan, south)["minutes"] == 35


@both_widths
def test_a_thumb_hits_each_day_and_another_day_is_picked(
    open_page: Open, north: make.Clinic, plan: Plan, size: str
) -> None:
    page = open_page(north.practitioner, size)
    page.goto(f"/care-plans/{plan.id}/phases/new")
    chips = page.get_by_role("button", name=re.compile("(First|Last) day"))

    page.get_by_role("button", name="First day in 1 week").click()
    boxes = [chip.bounding_box() for chip in chips.all()]
    keep_picture(page, f"plan-days-{size}")
    page.get_by_role("button", name="Pick a day: Last day").click()

    assert len(boxes) == 6
    assert all(box and box["height"] >= 44 and box["width"] >= 44 for box in boxes)
    expect(page.get_by_label("Last day (optional)")).to_be_focused()
    page.get_by_label("Last day (optional)").fill("2032-01-31")
    expect(page.locator(".ahead [aria-pressed=true]")).to_have_count(1)
    page.get_by_label("First day (optional)").fill("2032-01-01")
    expect(page.locator(".ahead [aria-pressed=true]")).to_have_count(0)


def test_without_script_there_are_no_chips_and_the_day_is_typed(
    open_page: Open, north: make.Clinic, plan: Plan
) -> None:
    page = open_page(north.practitioner, "phone", java_script_enabled=False)
    page.goto(f"/care-plans/{plan.id}/goals/new")

    expect(page.get_by_role("button", name="Due in 1 week")).to_have_count(0)
    page.get_by_label("In the client's words").fill("Sleep on my left side")
    page.get_by_label("Due (optional)").fill("2032-02-03")
    page.get_by_role("button", name="Save only").click()

    expect(page.get_by_role("heading", name="Sleep on my left side")).to_be_visible()
    assert plan.whole(north)["goals"][-1]["due_on"] == "2032-02-03"


def test_without_script_the_frequency_is_stepped_by_the_server(open_page: Open, south: make.Clinic, plan: Plan) -> None:
    page = open_page(south.practitioner, "phone", java_script_enabled=False)
    page.goto(f"/care-plans/{plan.id}")
    page.get_by_role("link", name="Change: Deep neck flexors, nerve glides").click()

    page.get_by_role("button", name="Less: Times a week").click()
    page.get_by_role("button", name="Less: Times a week").click()
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.get_by_text("Saved.")).to_be_visible()
    assert line_of(plan, south)["times_per_week"] == 1


@both_widths
def test_without_script_a_line_and_then_the_plan_are_entered_in_error(
    open_page: Open, north: make.Clinic, south: make.Clinic, plan: Plan, size: str
) -> None:
    line, theirs = line_of(plan, north), open_page(south.practitioner, size, java_script_enabled=False)
    page = open_page(north.practitioner, size, java_script_enabled=False)
    page.goto(f"/care-plans/{plan.id}")
    card = page.locator(f"#row-{line['id']}")
    card.get_by_text("This was a mistake").click()
    card.get_by_label("Entered twice").check()
    keep_picture(page, f"plan-line-in-error-asked-{size}")

    card.get_by_role("button", name="Mark as entered in error").click()

    expect(page.get_by_text("Marked. It stays, struck through.")).to_be_visible()
    assert line_of(plan, north)["entered_in_error"]["reason"] == "duplicate"
    keep_picture(page, f"plan-line-in-error-{size}")
    step = page.locator("#move-enter_in_error")
    step.locator("summary").click()
    step.get_by_label("Wrong client").check()
    keep_picture(page, f"plan-in-error-asked-{size}")
    step.get_by_role("button", name="Entered in error").click()

    expect(page.get_by_text("Entered in error: wrong client.")).to_be_visible()
    keep_picture(page, f"plan-in-error-{size}")
    theirs.goto(f"/care-plans/{plan.id}")
    expect(theirs.get_by_text("Entered in error: wrong client.")).to_be_visible()
    expect(theirs.get_by_text("Neck pain with a numb thumb")).to_have_count(0)
    keep_picture(theirs, f"plan-in-error-elsewhere-{size}")


@both_widths
@pytest.mark.parametrize("java_script_enabled", [True, False], ids=["script", "plain"])
def test_a_plan_begins_from_a_template_in_two_presses(
    open_page: Open, north: make.Clinic, size: str, java_script_enabled: bool
) -> None:
    client = make.client(north)["id"]
    page = open_page(north.practitioner, size, java_script_enabled=java_script_enabled)
    presses = Presses()
    page.goto(f"/clients/{client}")

    presses.press(page.get_by_role("button", name="Shoulder pain"))
    expect(page.get_by_text("Trial of care, until there is a first meaningful change")).to_be_visible()
    keep_picture(page, f"plan-from-template-{size}")
    presses.press(page.get_by_role("button", name="Begin", exact=True))

    expect(page.get_by_role("heading", name="Shoulder pain")).to_be_visible()
    assert presses.count == 2
    [begun] = north.http.send("GET", f"care-plans?client_id={client}").json()["results"]
    assert (begun["state"], begun["title"]) == ("active", "Shoulder pain")


@both_widths
def test_axe_finds_nothing_where_a_template_is_chosen_or_an_admin_says_that_it_was_a_mistake(
    open_page: Open, north: make.Clinic, plan: Plan, size: str
) -> None:
    lead, admin = open_page(north.practitioner, size, bypass_csp=True), open_page(north.admin, size, bypass_csp=True)
    lead.goto(f"/care-plans/new?client={plan.client_id}")
    lead.get_by_role("button", name="Tension-type or cervicogenic headache").click()
    expect(lead.get_by_role("button", name="Tension-type or cervicogenic headache", pressed=True)).to_be_visible()
    found: list[str] = []
    for page, path in ((lead, ""), (admin, "/settings/care-plans"), (admin, f"/settings/care-plans/{plan.id}")):
        if path:
            page.goto(path)
        keep_picture(page, f"plan{path.count('/')}-{'admin' if path else 'template'}-{size}")
        found += [f"{path}: {each}" for each in faults(page)]

    assert found == []


def test_enter_in_a_field_saves_and_presses_no_stepper(open_page: Open, south: make.Clinic, plan: Plan) -> None:
    page = open_page(south.practitioner)
    page.goto(f"/care-plans/{plan.id}/interventions/{line_of(plan, south)['id']}")

    page.get_by_role("spinbutton", name="For how many weeks").fill("6")
    page.keyboard.press("Enter")

    expect(page.get_by_text("Saved.")).to_be_visible()
    line = line_of(plan, south)
    assert (line["weeks"], line["times_per_week"]) == (6, 3)


def test_own_column_comes_first_and_columns_stand_side_by_side_where_there_is_room(
    open_page: Open, south: make.Clinic, plan: Plan
) -> None:
    seen = {}
    for size in ("phone", "desktop"):
        page = open_page(south.practitioner, size)
        page.goto(f"/care-plans/{plan.id}")
        boxes = [column.bounding_box() for column in page.locator(".column").all()]
        expect(page.locator(".column").first).to_contain_text("South Physio")
        seen[size] = len({round(box["x"]) for box in boxes if box})

    assert seen == {"phone": 1, "desktop": 3}


def pages_of(
    plan: Plan, north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> list[tuple[str, make.Person, str]]:
    """Every page of a plan, with who looks at it."""
    path, lead = f"/care-plans/{plan.id}", north.practitioner
    own, others = line_of(plan, north)["id"], line_of(plan, south)["id"]
    goal = plan.whole(north)["goals"][0]["id"]
    return [
        ("plan-lead", lead, path),
        ("plan-party", south.practitioner, path),
        ("plan-objects", east.practitioner, path),
        ("plan-desk", north.coordinator, path),
        ("plan-auditor", north.auditor, path),
        ("plan-line", lead, f"{path}/interventions/{own}"),
        ("plan-propose", lead, f"{path}/interventions/{others}"),
        ("plan-line-new", lead, f"{path}/interventions/new"),
        ("plan-line-for", lead, f"{path}/interventions/new?for={south.id}"),
        ("plan-goal", lead, f"{path}/goals/{goal}"),
        ("plan-problem-new", lead, f"{path}/problems/new"),
        ("plan-phase-new", lead, f"{path}/phases/new"),
        ("plan-versions", lead, f"{path}/versions"),
        ("plan-changes", lead, f"{path}/changes"),
        ("plan-new", lead, f"/care-plans/new?client={plan.client_id}"),
        ("plan-client", lead, f"/clients/{plan.client_id}"),
    ]


@both_widths
def test_axe_finds_nothing_on_any_page_of_a_plan_and_none_is_wider_than_the_window(
    open_page: Open, north: make.Clinic, south: make.Clinic, east: make.Clinic, plan: Plan, size: str
) -> None:
    found: list[str] = []
    windows: dict[str, Page] = {}
    for name, who, path in pages_of(plan, north, south, east):
        key = str(who.member.pk)
        page = windows.get(key) or windows.setdefault(key, open_page(who, size, bypass_csp=True))
        page.goto(path)
        keep_picture(page, f"{name}-{size}")
        found += [f"{name}: {each}" for each in faults(page)]

    assert found == []


def test_the_policy_about_scripts_and_styles_is_kept_on_a_plan(open_page: Open, north: make.Clinic, plan: Plan) -> None:
    page, complaints = open_page(north.practitioner), []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))

    for rest in ("", f"/interventions/{line_of(plan, north)['id']}", "/goals/new", "/versions", "/changes"):
        page.goto(f"/care-plans/{plan.id}{rest}")

    assert complaints == []
