"""The page of a care plan and its steps, in a browser without script."""

from backend.audit.models import AccessLog
from backend.lib.unit_of_work import acting_as
from tests import make
from tests.careplans.plans import Plan, consent_of, done, shared, withdraw
from tests.workspace.browsing import Browser, buttons, forms_in
from tests.workspace.plan_pages import columns_of, forms_about, line_of, open_plan

THREE = ["Trigger points of the neck", "Deep neck flexors", "C5/6 segment"]


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


def test_the_page_says_what_changed_by_whom_as_far_as_its_reader_reads_it(north: make.Clinic, plan: Plan) -> None:
    line = line_of(plan, north)
    done(plan.patch(north, f"/interventions/{line['id']}", {"times_per_week": 2}), 200)

    practitioner, desk = open_plan(plan, north.practitioner).page, open_plan(plan, north.coordinator).page

    assert "Line “Upper trapezius trigger points”: times per week changed" in practitioner
    assert "What changed" in desk
    assert "Upper trapezius" not in desk


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
