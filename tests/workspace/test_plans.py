"""The page of a care plan and its acts, in a browser without script."""

import re

from backend.audit.models import AccessLog
from backend.catalog.queries import catalog
from backend.lib.unit_of_work import acting_as
from tests import make
from tests.careplans.plans import Plan, alone, consent_of, done, shared, withdraw
from tests.workspace.browsing import Browser, buttons, forms_in
from tests.workspace.plan_pages import columns_of, line_of, open_line, open_plan

THREE = ["Trigger points of the neck", "Deep neck flexors", "C5/6 segment"]


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
    assert "Changed by" not in browser.page
    assert "Deep neck flexors" in browser.page
    assert "ended (left)" in browser.page
    assert [word for word in ("Upper trapezius", "Carry my son", "Neck and arm") if word in browser.page] == []
    line = line_of(plan, south)["id"]
    assert forms_about(browser.page) == [f"/care-plans/{plan.id}/interventions/{line}/error"]
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


# --- the plan as a whole -------------------------------------------------------------------------------------------


def test_a_step_of_the_plan_needs_its_reason_and_keeps_what_was_typed(north: make.Clinic, plan: Plan) -> None:
    lead = open_plan(plan, north.practitioner)
    assert buttons(lead.page) == {"hold", "complete", "revoke", "enter_in_error"}

    lead.press(f"/care-plans/{plan.id}/move", move="hold", reason="other", detail="")
    assert lead.status == 400
    assert "Say it in a sentence, too." in lead.page
    lead.press(f"/care-plans/{plan.id}/move", move="hold", reason="away", detail="Back in January.")

    assert "On hold: the client is away. Back in January." in lead.page
    assert buttons(lead.page) == {"resume", "complete", "revoke", "enter_in_error"}


def test_a_finished_plan_is_read_and_not_written(north: make.Clinic, plan: Plan) -> None:
    lead = open_plan(plan, north.practitioner)

    lead.press(f"/care-plans/{plan.id}/header", title="Neck and arm", review_on="2020-01-05")
    lead.press(f"/care-plans/{plan.id}/move", move="complete", reason="goals_met")

    assert "Completed: the goals are met." in lead.page
    assert "Review is overdue" not in lead.page
    assert "Next review" not in Browser(north.practitioner).open(f"/clients/{plan.client_id}").page
    assert buttons(lead.page) == {"reopen", "enter_in_error"}
    assert {action.rsplit("/", 1)[1] for action in forms_about(lead.page)} == {"move", "error"}
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
    lead.press(f"{first}/decide", answer="drop", sentence="Not needed any more.")
    lead.open(f"{second}/take-over").send(
        f"{second}/take-over",
        focus="Spinal loading, gently",
        times_per_week="1",
        region=["cervical"],
        **{"side-cervical": "left"},
    )

    whole = plan.whole(north)
    assert whole["to_decide"] == []
    assert "ended (left): dropped by the lead" in lead.page
    assert "ended (left): taken over by the lead" in lead.page
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


def test_the_lead_hands_the_plan_over_and_stays_on_its_team(north: make.Clinic, south: make.Clinic, plan: Plan) -> None:
    address = f"/care-plans/{plan.id}/lead"
    assert address not in forms_about(open_plan(plan, south.practitioner).page)
    lead = open_plan(plan, north.practitioner)

    lead.press(address, organization_id=south.id)

    assert "They lead the plan now. Your clinic stays on the team." in lead.page
    assert address not in forms_about(lead.page)
    assert "Now led by South Physio" in lead.page
    assert plan.whole(south)["lead"]["organization"]["id"] == south.id
    assert [m["role"] for m in plan.whole(south)["team"] if m["is_live"]] == ["member", "lead"]


def test_whoever_left_meanwhile_is_not_handed_the_lead(north: make.Clinic, south: make.Clinic, plan: Plan) -> None:
    lead = open_plan(plan, north.practitioner)
    member = next(m for m in plan.whole(south)["team"] if m["organization"]["id"] == south.id)
    done(plan.post(south, f"/team/{member['id']}/end"), 200)

    lead.press(f"/care-plans/{plan.id}/lead", organization_id=south.id)

    assert lead.status == 409
    assert "This organization is not on the team now" in lead.page


def test_the_page_says_what_changed_by_whom_as_far_as_its_reader_reads_it(north: make.Clinic, plan: Plan) -> None:
    line = line_of(plan, north)
    done(plan.patch(north, f"/interventions/{line['id']}", {"times_per_week": 2}), 200)

    practitioner, desk = open_plan(plan, north.practitioner).page, open_plan(plan, north.coordinator).page

    assert "Line “Upper trapezius trigger points”: times per week changed" in practitioner
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
