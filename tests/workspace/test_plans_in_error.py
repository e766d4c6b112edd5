"""The page of a care plan that should not have been written, or a row of it, in a browser without script."""

import re

from tests import make
from tests.careplans.plans import Plan, done
from tests.workspace.browsing import Browser, buttons, forms_in
from tests.workspace.plan_pages import line_of, open_plan


def errors_on(page: str) -> list[str]:
    """The rows that can be entered in error here."""
    return [
        found[1] for action, _ in forms_in(page) if (found := re.fullmatch(r"/care-plans/[^/]+/(.+)/error", action))
    ]


def test_a_row_of_ones_own_is_entered_in_error_with_a_reason_and_stays_struck_through(
    north: make.Clinic, south: make.Clinic, plan: Plan
) -> None:
    line = line_of(plan, north)
    at = f"/care-plans/{plan.id}/interventions/{line['id']}/error"
    lead = open_plan(plan, north.practitioner)

    lead.press(at, note="Meant for her sister.")
    assert lead.status == 400
    assert 'value="Meant for her sister."' in lead.page
    lead.press(at, reason="duplicate", note="Meant for her sister.")

    assert lead.status == 200
    assert f"<s>{line['focus']}</s>" in lead.page
    assert "entered in error: entered twice" in lead.page
    assert "Meant for her sister." in lead.page
    theirs = open_plan(plan, south.practitioner).page
    assert f"<s>{line['focus']}</s>" in theirs
    assert "Meant for her sister." not in theirs
    assert f"/care-plans/{plan.id}/interventions/{line['id']}" not in re.findall(r'href="([^"]+)"', theirs)


def test_each_party_finds_its_own_rows_to_take_back_and_no_others(
    north: make.Clinic, south: make.Clinic, plan: Plan
) -> None:
    goal = plan.whole(north)["goals"][0]["id"]

    assert errors_on(open_plan(plan, north.practitioner).page) == [
        f"goals/{goal}",
        f"interventions/{line_of(plan, north)['id']}",
    ]
    assert errors_on(open_plan(plan, south.practitioner).page) == [f"interventions/{line_of(plan, south)['id']}"]
    for reader in (north.coordinator, north.auditor):
        assert errors_on(open_plan(plan, reader).page) == []


def test_the_lead_enters_the_plan_in_error_and_nothing_can_be_pressed_any_more(
    north: make.Clinic, south: make.Clinic, plan: Plan
) -> None:
    lead = open_plan(plan, north.practitioner)
    assert "enter_in_error" in buttons(lead.page)
    assert "enter_in_error" not in buttons(open_plan(plan, south.practitioner).page)

    lead.press(f"/care-plans/{plan.id}/move", move="enter_in_error", reason="wrong_entry", note="")

    for page in (lead.page, open_plan(plan, south.practitioner).page):
        assert "Entered in error: wrong entry." in page
        assert "<s>Neck and arm</s>" in page
        assert "<s>Deep neck flexors</s>" in page
        assert "waiting for" not in page
    left = [action for action, _ in forms_in(lead.page) if "/care-plans/" in action]
    assert {action.rsplit("/", 1)[1] for action in left} == {"move", "error"}, "that it was about a wrong client"
    assert 'value="wrong_entry"' not in lead.page
    client = Browser(north.practitioner).open(f"/clients/{plan.client_id}").page
    assert "<s>Neck and arm</s>" in client
    assert open_plan(plan, north.practitioner, "/goals/new").status == 409


def test_about_a_wrong_client_another_clinic_finds_its_own_words_alone(
    north: make.Clinic, south: make.Clinic, east: make.Clinic, plan: Plan
) -> None:
    lead = open_plan(plan, north.practitioner)

    lead.press(f"/care-plans/{plan.id}/move", move="enter_in_error", reason="wrong_client", note="Her sister's.")

    assert "<s>Neck and arm</s>" in lead.page
    theirs = open_plan(plan, south.practitioner)
    assert theirs.status == 200
    assert "Entered in error: wrong client." in theirs.page
    assert "This plan is not open to your clinic now" in theirs.page
    assert "<s>Deep neck flexors</s>" in theirs.page
    assert [word for word in ("Neck and arm", "Upper trapezius", "Carry my son", "sister") if word in theirs.page] == []
    assert open_plan(plan, south.practitioner, "/versions").status == 200
    done(south.http.send("GET", f"care-plans/{plan.id}"), 200)
