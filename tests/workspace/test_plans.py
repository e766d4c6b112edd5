"""The page of a care plan and its acts, in a browser without script."""

import re
from typing import Any

import pytest

from backend.audit.models import AccessLog
from backend.catalog.queries import catalog
from backend.lib.unit_of_work import acting_as
from tests import make
from tests.careplans.plans import LINE, Plan, alone, consent_of, done, shared, withdraw
from tests.workspace.browsing import Browser, buttons, forms_in

THREE = ["Trigger points of the neck", "Deep neck flexors", "C5/6 segment"]


@pytest.fixture
def plan(north: make.Clinic, south: make.Clinic) -> Plan:
    """A plan of two clinics, published once and agreed to by both."""
    made = shared(north, south)
    made.line(north)
    made.line(south, focus="Deep neck flexors", technique_ids=[])
    made.goal(north)
    made.publish(north)
    done(made.answer(south, 1), 201)
    return made


def open_plan(plan: Plan, who: make.Person, rest: str = "") -> Browser:
    return Browser(who).open(f"/care-plans/{plan.id}{rest}")


def line_of(plan: Plan, clinic: make.Clinic) -> Any:
    return next(row for row in plan.whole(clinic)["interventions"] if row["organization"]["id"] == clinic.id)


def open_line(plan: Plan, who: make.Person, of: make.Clinic) -> tuple[Browser, str]:
    """The form of a clinic's line, and its address."""
    address = f"/care-plans/{plan.id}/interventions/{line_of(plan, of)['id']}"
    return Browser(who).open(address), address


def columns_of(page: str) -> list[str]:
    return re.findall(r'<section class="column[^>]*aria-label="([^"]*)"', page)


# --- who reads what ------------------------------------------------------------------------------------------------


def test_ones_own_column_comes_first_and_the_head_says_who_agreed(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    plan = shared(north, south, east)
    for clinic, focus in zip((north, south, east), THREE, strict=True):
        plan.line(clinic, focus=focus, technique_ids=[])
    plan.goal(south)
    plan.publish(north)
    done(plan.answer(south, 1, "object", sentence="Too much."), 201)

    page = open_plan(plan, south.practitioner).page

    assert columns_of(page) == ["South Physio (you)", "North Massage", "East Chiropractic"]
    assert "Version 1: agreed by North Massage; South Physio objects; waiting for East Chiropractic (asked " in page
    assert "<q>Too much.</q>" in page
    assert all(focus in page for focus in THREE)
    assert "Carry my son for ten minutes" in page
    assert page.index("Carry my son") < page.index("Who does what")


def test_a_coordinator_reads_how_often_and_nothing_clinical(north: make.Clinic, plan: Plan) -> None:
    browser = open_plan(plan, north.coordinator)

    assert browser.status == 200
    assert "once a week for 6 weeks" in browser.page
    assert [
        word for word in ("Upper trapezius", "Carry my son", "Neck and arm", "Trigger") if word in browser.page
    ] == []
    assert "What is clinical is left out here" in browser.page
    assert [action for action, _ in forms_in(browser.page) if "/care-plans/" in action] == []
    assert open_plan(plan, north.coordinator, "/versions").status == 403


def test_an_auditor_reads_it_all_and_presses_nothing(north: make.Clinic, plan: Plan) -> None:
    browser = open_plan(plan, north.auditor)

    assert "Upper trapezius" in browser.page
    assert "Carry my son" in browser.page
    assert [action for action, _ in forms_in(browser.page) if "/care-plans/" in action] == []
    assert open_plan(plan, north.auditor, "/goals/new").status == 403


def test_an_admin_needs_another_role_and_an_outsider_finds_nothing(
    north: make.Clinic, outsider: make.Clinic, plan: Plan
) -> None:
    assert open_plan(plan, north.admin).status == 403
    assert open_plan(plan, outsider.practitioner).status == 404
    assert open_plan(plan, outsider.practitioner, "/document.pdf").status == 404


def test_a_clinic_that_is_not_on_the_team_any_more_reads_what_it_wrote(
    north: make.Clinic, south: make.Clinic, plan: Plan
) -> None:
    member = next(m for m in plan.whole(south)["team"] if m["organization"]["id"] == south.id)
    open_plan(plan, south.practitioner).press(f"/care-plans/{plan.id}/team/{member['id']}/end")

    browser = open_plan(plan, south.practitioner)

    assert browser.status == 200
    assert "This plan is not open to your clinic now" in browser.page
    assert "Deep neck flexors" in browser.page
    assert "ended (left)" in browser.page
    assert [word for word in ("Upper trapezius", "Carry my son", "Neck and arm") if word in browser.page] == []
    assert forms_about(browser.page) == []
    assert open_plan(plan, south.practitioner, "/goals/new").status == 403


def forms_about(page: str) -> list[str]:
    return [action for action, _ in forms_in(page) if action.startswith("/care-plans/")]


def test_looking_at_a_plan_across_clinics_is_logged_also_when_a_press_is_refused(
    north: make.Clinic, south: make.Clinic, plan: Plan
) -> None:
    before = looks(south, plan)

    open_plan(plan, south.practitioner).press(
        f"/care-plans/{plan.id}/agreements", number="1", answer="object", sentence=""
    )

    assert looks(south, plan) == before + 2


def looks(clinic: make.Clinic, plan: Plan) -> int:
    with acting_as(clinic.practitioner.actor):
        return AccessLog.objects.filter(subject_id=plan.id).count()


# --- beginning one -------------------------------------------------------------------------------------------------


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


def test_a_blank_plan_is_kept_as_a_draft_and_activated_later(north: make.Clinic) -> None:
    client = make.client(north)["id"]
    browser = Browser(north.practitioner).open(f"/care-plans/new?client={client}")

    browser.press("/care-plans/new", title="Neck pain", press="draft")

    plan = Plan(browser.path.split("/")[-1], client)
    assert plan.whole(north)["state"] == "draft"
    assert buttons(browser.page) == {"activate", "revoke"}
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
    assert "Start a care plan" not in Browser(north.coordinator).open(f"/clients/{client}").page


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


# --- versions ------------------------------------------------------------------------------------------------------


def test_the_lead_publishes_and_the_other_agrees(north: make.Clinic, south: make.Clinic, plan: Plan) -> None:
    plan.goal(north, words="Sleep through")
    open_plan(plan, north.practitioner).press(f"/care-plans/{plan.id}/versions")
    theirs = open_plan(plan, south.practitioner)
    assert "North Massage, goal “Sleep through”: added." in theirs.page
    assert "Not in force for you before you agree" in theirs.page

    theirs.press(f"/care-plans/{plan.id}/agreements", answer="agree")

    assert "Version 2: agreed by North Massage and South Physio." in theirs.page
    assert "Not in force for you" not in theirs.page


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


# --- the plan as a whole -------------------------------------------------------------------------------------------


def test_a_step_of_the_plan_needs_its_reason_and_keeps_what_was_typed(north: make.Clinic, plan: Plan) -> None:
    lead = open_plan(plan, north.practitioner)
    assert buttons(lead.page) == {"hold", "complete", "revoke"}

    lead.press(f"/care-plans/{plan.id}/move", move="hold", reason="other", detail="")
    assert lead.status == 400
    assert "Say it in a sentence, too." in lead.page
    lead.press(f"/care-plans/{plan.id}/move", move="hold", reason="away", detail="Back in January.")

    assert "On hold: the client is away. Back in January." in lead.page
    assert buttons(lead.page) == {"resume", "complete", "revoke"}


def test_a_finished_plan_is_read_and_not_written(north: make.Clinic, plan: Plan) -> None:
    lead = open_plan(plan, north.practitioner)

    lead.press(f"/care-plans/{plan.id}/move", move="complete", reason="goals_met")

    assert "Completed: the goals are met." in lead.page
    assert (forms_about(lead.page), buttons(lead.page)) == ([f"/care-plans/{plan.id}/move"], {"reopen"})
    assert open_plan(plan, north.practitioner, "/goals/new").status == 409


def test_the_lead_changes_title_and_review_and_others_do_not(
    north: make.Clinic, south: make.Clinic, plan: Plan
) -> None:
    lead = open_plan(plan, north.practitioner)
    header = f"/care-plans/{plan.id}/header"

    lead.press(header, title="Neck, arm, thumb", review_on="2020-01-05")

    assert "<h1>Neck, arm, thumb</h1>" in lead.page
    assert "Review is overdue: 5 January 2020" in lead.page
    lead.press(header, title="Neck, arm, thumb", review_on="")
    assert plan.whole(north)["review_on"] is None
    assert header not in forms_about(open_plan(plan, south.practitioner).page)


# --- the team ------------------------------------------------------------------------------------------------------


def test_the_lead_adds_a_clinic_that_shares_the_record(north: make.Clinic, south: make.Clinic) -> None:
    plan = alone(north)
    make.consent(north, plan.client_id, south)
    lead = open_plan(plan, north.practitioner)
    assert f"/care-plans/{plan.id}/team" not in forms_about(lead.page)
    make.move(south, make.referral(north, south, client_id=plan.client_id)["id"], "accept")

    lead.open(f"/care-plans/{plan.id}").press(f"/care-plans/{plan.id}/team", organization_id=south.id)

    assert [m["organization"]["id"] for m in plan.whole(north)["team"]] == [north.id, south.id]
    assert columns_of(lead.page) == ["North Massage (you)", "South Physio"]


def test_the_lines_of_who_left_are_taken_over_or_dropped(north: make.Clinic, south: make.Clinic, plan: Plan) -> None:
    plan.line(south, focus="Spinal loading", technique_ids=only_of_physical_therapy())
    left = [row for row in plan.whole(south)["interventions"] if row["organization"]["id"] == south.id]
    member = next(m for m in plan.whole(south)["team"] if m["organization"]["id"] == south.id)
    open_plan(plan, south.practitioner).press(f"/care-plans/{plan.id}/team/{member['id']}/end")
    lead = open_plan(plan, north.practitioner)
    assert lead.page.count("ended (left)") == 2

    first, second = (f"/care-plans/{plan.id}/interventions/{row['id']}" for row in left)
    lead.press(f"{first}/drop", sentence="Not needed any more.")
    lead.open(f"{second}/take-over").send(
        f"{second}/take-over",
        focus="Spinal loading, gently",
        times_per_week="1",
        region=["cervical"],
        **{"side-cervical": "left"},
    )

    whole = plan.whole(north)
    assert whole["to_decide"] == []
    mine = [row for row in whole["interventions"] if row["organization"]["id"] == north.id]
    assert (mine[-1]["focus"], mine[-1]["continues_id"]) == ("Spinal loading, gently", left[1]["id"])
    assert Browser(north.practitioner).open(f"{second}/take-over").status == 409


def only_of_physical_therapy() -> list[str]:
    """A technique that a massage therapist does not do, so that taking the line over leaves it out."""
    massage = {technique.code for technique in catalog().techniques_of("massage_therapy")}
    return [next(t.code for t in catalog().techniques_of("physical_therapy") if t.code not in massage)]


def test_when_the_lead_leaves_the_lead_passes_on(north: make.Clinic, south: make.Clinic, plan: Plan) -> None:
    member = next(m for m in plan.whole(north)["team"] if m["organization"]["id"] == north.id)
    lead = open_plan(plan, north.practitioner)
    assert "The lead passes to" in lead.page

    lead.press(f"/care-plans/{plan.id}/team/{member['id']}/end")

    assert plan.whole(south)["lead"]["organization"]["id"] == south.id
    assert "South Physio</strong>" in open_plan(plan, south.practitioner).page


def test_the_page_says_what_changed_by_whom_as_far_as_its_reader_reads_it(north: make.Clinic, plan: Plan) -> None:
    line = line_of(plan, north)
    done(plan.patch(north, f"/interventions/{line['id']}", {"times_per_week": 2}), 200)

    practitioner, desk = open_plan(plan, north.practitioner).page, open_plan(plan, north.coordinator).page

    assert "Line “Upper trapezius trigger points” changed: times per week" in practitioner
    assert "What changed" in desk
    assert "Upper trapezius" not in desk


# --- where plans are found -----------------------------------------------------------------------------------------


def test_a_client_and_a_referral_lead_to_the_plan(north: make.Clinic, south: make.Clinic, plan: Plan) -> None:
    (referral,) = north.http.send("GET", f"referrals?client_id={plan.client_id}").json()["results"]

    pages = [
        Browser(who).open(path).page
        for who in (north.practitioner, south.practitioner)
        for path in (f"/clients/{plan.client_id}", f"/referrals/{referral['id']}")
    ]

    assert [f'href="/care-plans/{plan.id}"' in page for page in pages] == [True] * 4


def test_a_withdrawn_consent_closes_the_page_with_the_next_request(
    north: make.Clinic, south: make.Clinic, plan: Plan
) -> None:
    theirs = open_plan(plan, south.practitioner)
    assert "Upper trapezius" in theirs.page

    withdraw(north, plan.client_id, consent_of(plan, north))

    theirs.open(f"/care-plans/{plan.id}")
    assert "Upper trapezius" not in theirs.page
    assert "Carry my son" not in theirs.page


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
