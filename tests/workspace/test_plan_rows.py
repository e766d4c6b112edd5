"""Lines, goals, problems and phases of a plan, and proposals about them, in a browser without script."""

import re
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from backend.directory.models import Organization
from backend.lib import clock
from tests import make
from tests.careplans.plans import LINE, Plan, alone, done
from tests.workspace.plan_pages import line_of, open_line, open_plan

# --- lines and goals -----------------------------------------------------------------------------------------------


def test_more_than_was_agreed_is_saved_and_the_others_are_asked_at_once(
    north: make.Clinic, south: make.Clinic, plan: Plan
) -> None:
    browser, address = open_line(plan, north.practitioner, north)

    browser.send(address, times_per_week="2", press="ask")

    assert line_of(plan, north)["times_per_week"] == 2
    assert plan.whole(north)["published"] == 2
    theirs = open_plan(plan, south.practitioner).page
    assert "Do you agree to version 2?" in theirs
    assert "times per week from 1 to 2." in theirs
    assert "In force for you: how often once a week for 6 weeks" in theirs


def test_what_somebody_else_changed_meanwhile_is_not_agreed_to_unseen(
    north: make.Clinic, south: make.Clinic, plan: Plan
) -> None:
    browser, address = open_line(plan, north.practitioner, north)
    plan.line(south, technique_ids=[], times_per_week=5)

    browser.send(address, times_per_week="2", press="ask")

    assert (line_of(plan, north)["times_per_week"], plan.whole(north)["published"]) == (2, 1)
    assert "Nobody is asked yet: somebody else changed the plan meanwhile." in browser.page


def test_what_stays_within_the_agreement_asks_nobody(north: make.Clinic, plan: Plan) -> None:
    browser, address = open_line(plan, north.practitioner, north)

    browser.send(address, weeks="4", press="ask")

    whole = plan.whole(north)
    assert (line_of(plan, north)["weeks"], whole["published"]) == (4, 1)
    assert 'class="waits"' not in browser.page


def test_saving_only_asks_nobody_yet(north: make.Clinic, plan: Plan) -> None:
    browser, address = open_line(plan, north.practitioner, north)

    browser.send(address, times_per_week="2", press="keep")

    assert plan.whole(north)["published"] == 1
    assert "Changed since version 1" in browser.page
    assert "Waiting for North Massage, South Physio to agree." in browser.page


def test_every_field_of_a_line_is_changed_and_cleared(north: make.Clinic, plan: Plan) -> None:
    browser, address = open_line(plan, north.practitioner, north)

    browser.send(
        address,
        focus="Suboccipitals",
        minutes="40",
        weeks="",
        load="low",
        home_programme="Heat.\r\nTen minutes.",
        region=["cervical", "shoulder"],
        **{
            "technique_ids": ["tpt"],
            "side-cervical": "left",
            "side-shoulder": "right",
            "avoid.0.region": "cervical",
            "avoid.0.side": "right",
            "avoid.1.region": "lumbar",
            "avoid.1.side": "left",
            "avoid.1.note": "disc",
        },
    )

    line = line_of(plan, north)
    assert (line["focus"], line["minutes"], line["weeks"], line["load"]) == ("Suboccipitals", 40, None, "low")
    assert line["home_programme"] == "Heat.\nTen minutes."
    assert line["regions"] == [{"region": "cervical", "side": "left"}, {"region": "shoulder", "side": "right"}]
    assert line["avoid"] == [
        {"region": "cervical", "side": "right"},
        {"region": "lumbar", "side": "left", "note": "disc"},
    ]
    assert line["visit_budget"] == LINE["visit_budget"]


def test_a_line_ends_with_a_reason_and_not_without(north: make.Clinic, plan: Plan) -> None:
    browser, address = open_line(plan, north.practitioner, north)

    browser.send(address, state="ended", ended_detail="She is well.")

    assert browser.status == 400
    assert "Say why it ends." in browser.page
    assert "She is well." in browser.page
    assert line_of(plan, north)["state"] == "active"
    browser.send(address, state="ended", ended_reason="done", ended_detail="She is well.")
    line = line_of(plan, north)
    assert (line["state"], line["ended_reason"], line["ended_detail"]) == ("ended", "done", "She is well.")
    assert "ended (done): She is well." in browser.page


def test_two_editors_of_one_line_the_second_learns_who_and_when_and_keeps_the_words(
    north: make.Clinic, plan: Plan
) -> None:
    second = make.person(north.organization, "practitioner", discipline="massage_therapy", name="Ida Second")
    mine, address = open_line(plan, north.practitioner, north)
    open_line(plan, second, north)[0].send(address, minutes="40")

    mine.send(address, minutes="50", home_programme="Heat in the evening.")

    assert mine.status == 412
    assert "Ida Second changed this while you were looking at it (" in mine.page
    assert "As it stands now" in mine.page
    assert "Heat in the evening." in mine.page
    assert line_of(plan, north)["minutes"] == 40
    mine.send(address, minutes="50", home_programme="Heat in the evening.")
    line = line_of(plan, north)
    assert (line["minutes"], line["home_programme"]) == (50, "Heat in the evening.")


def test_a_goal_is_added_changed_and_achieved(north: make.Clinic, plan: Plan) -> None:
    browser = open_plan(plan, north.practitioner, "/goals/new")
    browser.press(
        f"/care-plans/{plan.id}/goals/new",
        words="Sleep",
        measure="hours",
        unit="h",
        baseline="0",
        target="7.5",
        due_on="2031-12-24",
    )
    goal = plan.whole(north)["goals"][-1]
    assert (goal["words"], goal["baseline"], goal["target"], goal["due_on"]) == ("Sleep", 0, 7.5, "2031-12-24")
    assert "Target</dt><dd>7.5 h" in browser.page

    address = f"/care-plans/{plan.id}/goals/{goal['id']}"
    browser.open(address).send(address, state="achieved", target="")

    goal = plan.whole(north)["goals"][-1]
    assert (goal["state"], goal["target"], goal["baseline"]) == ("achieved", None, 0)


def test_a_problem_takes_an_icd_code_and_refuses_what_is_none(north: make.Clinic, plan: Plan) -> None:
    browser = open_plan(plan, north.practitioner, "/problems/new")

    browser.press(f"/care-plans/{plan.id}/problems/new", text="Stiff neck", icd10="neck")

    assert browser.status == 400
    assert "This is not an ICD-10-CM code" in browser.page
    assert 'value="Stiff neck"' in browser.page
    browser.press(f"/care-plans/{plan.id}/problems/new", text="Stiff neck", icd10="m542")
    (problem,) = plan.whole(north)["problems"]
    assert problem["icd10"] == "M54.2"


def test_the_lead_sets_phases_and_nobody_else(north: make.Clinic, south: make.Clinic, plan: Plan) -> None:
    browser = open_plan(plan, north.practitioner, "/phases/new")
    browser.press(f"/care-plans/{plan.id}/phases/new", name="Calm down", from_on="2031-12-08", until_on="2031-12-01")
    assert (browser.status, "It ends before it starts." in browser.page) == (400, True)
    browser.press(f"/care-plans/{plan.id}/phases/new", name="Calm down", from_on="2031-12-01", until_on="2031-12-08")

    assert "from 1 December 2031 until 8 December 2031" in browser.page
    assert open_plan(plan, south.practitioner, "/phases/new").status == 403


def test_who_leads_next_changes_the_phases_it_found(north: make.Clinic, south: make.Clinic, plan: Plan) -> None:
    phase = done(plan.post(north, "/phases", {"name": "Calm down"}), 201)
    done(plan.post(north, "/lead", {"organization_id": south.id}), 200)
    address = f"/care-plans/{plan.id}/phases/{phase['id']}"

    browser = open_plan(plan, south.practitioner)
    assert f'href="{address}"' in browser.page
    browser.open(address).press(address, name="Build up")

    assert plan.row(south, "phases", phase["id"])["name"] == "Build up"
    assert f'href="{address}"' not in open_plan(plan, north.practitioner).page


# --- proposals -----------------------------------------------------------------------------------------------------


def test_a_change_of_anothers_line_is_proposed_and_accepted(north: make.Clinic, south: make.Clinic, plan: Plan) -> None:
    browser, address = open_line(plan, south.practitioner, north)
    assert "North Massage owns this; you propose, they decide." in browser.page

    browser.send(address, times_per_week="2", chip="Responds well", why="She has time now.")

    (proposal,) = plan.whole(north)["proposals"]
    assert (proposal["changes"], proposal["why"]) == ({"times_per_week": 2}, "Responds well. She has time now.")
    lead = open_plan(plan, north.practitioner)
    assert "Times per week from 1 to 2" in lead.page
    lead.press(f"/care-plans/{plan.id}/proposals/{proposal['id']}", name="accept")
    assert line_of(plan, north)["times_per_week"] == 2
    assert plan.whole(north)["proposals"] == []


def test_a_proposal_that_changes_nothing_or_says_no_why_is_refused(
    north: make.Clinic, south: make.Clinic, plan: Plan
) -> None:
    browser, address = open_line(plan, south.practitioner, north)

    browser.send(address, why="Just so.")
    assert browser.status == 409
    assert "Nothing is different yet." in browser.page
    assert "Just so." in browser.page
    browser.send(address, minutes="30", why="")

    assert browser.status == 400
    assert 'value="30"' in browser.page
    assert plan.whole(north)["proposals"] == []


def test_ending_a_line_is_proposed_and_withdrawn(north: make.Clinic, south: make.Clinic, plan: Plan) -> None:
    browser, address = open_line(plan, south.practitioner, north)
    browser.send(address, kind="end", chip="No change so far")
    (proposal,) = plan.whole(south)["proposals"]
    assert (proposal["kind"], proposal["why"]) == ("end", "No change so far")

    browser.press(f"/care-plans/{plan.id}/proposals/{proposal['id']}", name="withdraw")

    assert plan.whole(south)["proposals"] == []
    assert line_of(plan, north)["state"] == "active"


def test_a_proposal_is_declined_with_a_sentence_and_not_without(
    north: make.Clinic, south: make.Clinic, plan: Plan
) -> None:
    browser, address = open_line(plan, south.practitioner, north)
    browser.send(address, kind="end", chip="No change so far")
    (proposal,) = plan.whole(north)["proposals"]
    answer = f"/care-plans/{plan.id}/proposals/{proposal['id']}"
    lead = open_plan(plan, north.practitioner)

    lead.press(answer, name="decline", answer="")
    assert lead.status == 400
    lead.press(answer, name="decline", answer="Two more weeks.")

    assert lead.status == 200
    declined = done(plan.get(south, f"/proposals/{proposal['id']}"))
    assert (declined["state"], declined["answer"]) == ("declined", "Two more weeks.")


def test_a_proposal_about_what_has_changed_since_says_so_before_it_is_accepted(
    north: make.Clinic, south: make.Clinic, plan: Plan
) -> None:
    browser, address = open_line(plan, south.practitioner, north)
    browser.send(address, times_per_week="2", chip="Responds well")
    line = line_of(plan, north)
    done(plan.patch(north, f"/interventions/{line['id']}", {"minutes": 30}), 200)
    (proposal,) = plan.whole(north)["proposals"]
    lead = open_plan(plan, north.practitioner)
    assert "This has changed since it was proposed." in lead.page

    lead.press(f"/care-plans/{plan.id}/proposals/{proposal['id']}", name="accept")

    line = line_of(plan, north)
    assert (line["times_per_week"], line["minutes"]) == (2, 30)


@pytest.mark.parametrize("kind", ["interventions", "goals"])
def test_something_new_is_proposed_to_another_clinic(
    kind: str, north: make.Clinic, south: make.Clinic, plan: Plan
) -> None:
    browser = open_plan(plan, north.practitioner, f"/{kind}/new?for={south.id}")
    assert "to South Physio" in browser.page

    browser.press(f"/care-plans/{plan.id}/{kind}/new", focus="Scapular control", words="Lift a box", why="It is weak.")

    (proposal,) = plan.whole(south)["proposals"]
    assert (proposal["kind"], proposal["owner"]["id"]) == ("add", south.id)
    theirs = open_plan(plan, south.practitioner)
    theirs.press(f"/care-plans/{plan.id}/proposals/{proposal['id']}", name="accept")
    row = plan.whole(south)[kind][-1]
    assert (row["organization"]["id"], row.get("focus", row.get("words"))) == (
        south.id,
        "Scapular control" if kind == "interventions" else "Lift a box",
    )


def test_nothing_is_proposed_to_a_clinic_that_is_not_on_the_team(
    north: make.Clinic, outsider: make.Clinic, plan: Plan
) -> None:
    assert open_plan(plan, north.practitioner, f"/goals/new?for={outsider.id}").status == 404
    assert open_plan(plan, north.practitioner, "/goals/new?for=nobody").status == 404


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Niue"])
def test_the_next_weeks_are_counted_from_the_day_it_is_at_the_clinic(north: make.Clinic, zone: str) -> None:
    Organization.objects.filter(pk=north.id).update(time_zone=zone)
    today = clock.now().astimezone(ZoneInfo(zone)).date()

    page = open_plan(alone(north), north.practitioner, "/goals/new").page

    chips = re.findall(
        r'value="([-0-9]+)"[^>]*><span class="hear">(Due in) </span><span[^>]*>\+</span>(\d weeks?)<', page
    )
    assert chips == [
        ((today + timedelta(weeks=1)).isoformat(), "Due in", "1 week"),
        ((today + timedelta(weeks=2)).isoformat(), "Due in", "2 weeks"),
    ]


def test_every_day_of_a_plan_is_a_field_that_needs_no_script(north: make.Clinic) -> None:
    plan = alone(north)

    pages = {rest: open_plan(plan, north.practitioner, rest).page for rest in ("", "/goals/new", "/phases/new")}

    days = {rest: re.findall(r'<input type="date" name="(\w+)"', page) for rest, page in pages.items()}
    assert days == {"": ["review_on"], "/goals/new": ["due_on"], "/phases/new": ["from_on", "until_on"]}
    chips = [each for page in pages.values() for each in re.findall(r'<span class="ahead"[^>]*>', page)]
    assert len(chips) == 4
    assert all(each.endswith(" hidden>") for each in chips)


@pytest.mark.parametrize(("typed", "way", "then"), [("", "more", "30"), ("50", "more", "55"), ("50", "less", "45")])
def test_minutes_are_stepped_by_five_and_begin_at_thirty(north: make.Clinic, typed: str, way: str, then: str) -> None:
    plan = alone(north)
    plan.line(north)
    browser, address = open_line(plan, north.practitioner, north)

    browser.send(address, minutes=typed, step=f"minutes {way}")

    assert f'name="minutes" id="minutes" value="{then}"' in browser.page
    assert line_of(plan, north)["minutes"] == 50


@pytest.mark.parametrize(
    "typed",
    [
        {"times_per_week": "nan"},
        {"times_per_week": "1e999"},
        {"weeks": "9" * 5000},
        {f"avoid.{'9' * 5000}.region": "cervical"},
        {"avoid.0.region": "nowhere"},
        {"technique_ids": ["nothing"]},
        {"region": ["cervical"], "side-cervical": "inside"},
        {"focus": "a\x00b"},
        {"version": "x"},
        {"version": "9" * 40},
        {"step": "weeks more", "weeks": "inf"},
        {"step": "id less"},
        {"press": "everything", "state": "gone"},
    ],
)
def test_what_no_form_of_ours_sends_is_refused_in_words(typed: dict[str, Any], north: make.Clinic) -> None:
    plan = alone(north)
    plan.line(north)
    browser, address = open_line(plan, north.practitioner, north)

    browser.send(address, **typed)

    assert browser.status in (200, 400, 412)
    line = line_of(plan, north)
    assert (line["times_per_week"], line["weeks"], line["state"]) == (1, 6, "active")


def a_colleague_changes(plan: Plan, clinic: make.Clinic, **typed: Any) -> None:
    second = make.person(clinic.organization, "practitioner", discipline="massage_therapy", name="Ida Second")
    browser, address = open_line(plan, second, clinic)
    assert "Saved." in browser.send(address, **typed).page


def test_who_presses_twice_keeps_what_a_colleague_changed_beside_it(north: make.Clinic, plan: Plan) -> None:
    mine, address = open_line(plan, north.practitioner, north)
    a_colleague_changes(plan, north, weeks="9", technique_ids=[])

    mine.send(address, minutes="50")
    told = mine.page
    mine.send(address)

    assert "Ida Second changed this while you were looking at it (" in told
    assert "What you changed is as you typed it; everything else is as it stands now." in told
    line = line_of(plan, north)
    assert (line["minutes"], line["weeks"], line["technique_ids"]) == (50, 9, [])


def test_a_step_of_a_number_does_not_hide_that_a_colleague_changed_the_line(north: make.Clinic, plan: Plan) -> None:
    mine, address = open_line(plan, north.practitioner, north)
    a_colleague_changes(plan, north, weeks="9")

    mine.send(address, step="minutes more")

    assert "Ida Second changed this while you were looking at it (" in mine.page
    mine.send(address)
    line = line_of(plan, north)
    assert (line["weeks"], line["minutes"], LINE["minutes"]) == (9, 55, 50)


def test_a_proposal_says_only_what_its_writer_changed_and_waits_when_the_line_changed_meanwhile(
    north: make.Clinic, south: make.Clinic, plan: Plan
) -> None:
    theirs, address = open_line(plan, south.practitioner, north)
    a_colleague_changes(plan, north, times_per_week="3")

    theirs.send(address, weeks="8", why="Needs longer.")

    assert theirs.status == 412
    assert plan.get(south, "/proposals").json()["results"] == []
    theirs.send(address)
    (proposal,) = plan.get(south, "/proposals").json()["results"]
    assert proposal["changes"] == {"weeks": 8}


@pytest.mark.parametrize("read", ["", "{", "[]", "null", "[" * 50_000])
def test_a_form_that_does_not_say_what_it_showed_is_taken_as_typed(north: make.Clinic, plan: Plan, read: str) -> None:
    mine, address = open_line(plan, north.practitioner, north)

    mine.send(address, minutes="45", read=read)

    assert mine.status == 200
    assert line_of(plan, north)["minutes"] == 45


def test_title_and_review_are_changed_each_by_itself(north: make.Clinic, plan: Plan) -> None:
    header = f"/care-plans/{plan.id}/header"
    mine, theirs = open_plan(plan, north.practitioner), open_plan(plan, north.practitioner)
    theirs.send(header, review_on="2031-02-03")

    mine.send(header, title="Neck and arm")
    assert mine.status == 412
    mine.send(header)

    whole = plan.whole(north)
    assert (whole["title"], whole["review_on"]) == ("Neck and arm", "2031-02-03")
