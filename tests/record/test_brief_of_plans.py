"""What the brief tells of a plan: versions, what changed since, answers, the steps of its lead."""

import pytest

from tests import make
from tests.careplans.plans import Plan, done
from tests.careplans.plans import shared as shared_plan
from tests.record.briefs import busy_plan, lines, mark

pytestmark = pytest.mark.django_db

ADDED = "Added the plan line “Upper trapezius trigger points”: once a week for 6 weeks, 50 minutes, moderate load."


def test_a_version_of_ones_own_does_not_hide_what_a_colleague_changed_before_it(
    north: make.Clinic, south: make.Clinic
) -> None:
    plan = shared_plan(north, south)
    ours = plan.line(south)
    plan.publish(north)
    done(plan.patch(south, f"/interventions/{ours['id']}", {"state": "paused"}))
    plan.goal(north)

    plan.publish(north)

    assert [line["text"] for line in lines(north, plan.client_id, "plan_line")] == [
        f"Paused the plan line “{ours['focus']}”."
    ]


def test_what_was_changed_is_told_although_the_plan_has_ended_since(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared_plan(north, south)
    theirs = plan.line(north)
    plan.publish(north)
    done(plan.patch(north, f"/interventions/{theirs['id']}", {"state": "paused"}))

    done(plan.move(north, "complete", reason="goals_met"))

    assert [line["kind"] for line in lines(south, plan.client_id, "plan_line")] == ["plan_line"]


def test_what_changed_in_the_plan_is_told_once(north: make.Clinic, south: make.Clinic) -> None:
    plan = busy_plan(north, south)

    told = {line["kind"]: line["text"] for line in lines(south, plan.client_id)}
    mine = {line["kind"]: line["text"] for line in lines(north, plan.client_id)}

    assert told == {
        "plan_version": told["plan_version"],
        "plan_line": "Paused the plan line “Levator”.",
        "proposal": "Proposes to change a line of yours: Too long for her.",
    }
    assert told["plan_version"].startswith("Published version 1 of the plan.")
    assert mine == {"plan_line": ADDED}


def test_agreements_and_answers_to_proposals_are_told(north: make.Clinic, south: make.Clinic) -> None:
    plan = busy_plan(north, south)
    proposal = done(plan.get(south, "/proposals"))["results"][0]
    done(plan.post(south, f"/proposals/{proposal['id']}/transitions", {"name": "decline", "answer": "She likes it."}))
    done(plan.answer(south, 1, "object", sentence="Too much in a week."), 201)

    told = {line["kind"]: line["text"] for line in lines(north, plan.client_id)}

    assert told == {
        "proposal": "Declined your proposal: She likes it.",
        "agreement": "Objected to version 1 of the plan: Too much in a week.",
        "plan_line": ADDED,
    }
    assert lines(south, plan.client_id, "proposal", "agreement") == []


LED = [
    ("hold", {"reason": "away", "detail": "Back in January."}, "Put the plan on hold: the client is away. Back in January."),
    ("resume", {}, "Resumed the plan."),
    ("complete", {"reason": "goals_met"}, "Completed the plan: the goals are met."),
    ("reopen", {}, "Reopened the plan; it is on hold."),
    ("revoke", {"reason": "replaced"}, "Revoked the plan: another one replaces it."),
]  # fmt: skip


def test_what_its_lead_does_with_a_whole_plan_is_told_to_the_others(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared_plan(north, south)
    told = [lines(south, plan.client_id, "plan")]
    for name, said, _ in LED:
        done(plan.move(north, name, **said), 200)
        told.append(lines(south, plan.client_id, "plan"))
        assert lines(north, plan.client_id, "plan") == []

    assert [[line["text"] for line in found] for found in told] == [[], *([sentence] for _, _, sentence in LED)]
    assert {(line["author"], line["organization"]["id"]) for line in told[-1]} == {
        ("North Massage Practitioner", north.id)
    }


def test_a_step_of_a_plan_that_was_read_stays_read_until_the_next_one(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared_plan(north, south)
    done(plan.move(north, "hold", reason="away"), 200)
    mark(south, plan.client_id, lines(south, plan.client_id, "plan"))

    done(plan.patch(north, "", {"title": "Neck, arm and hand"}), 200)
    after_a_new_title = lines(south, plan.client_id, "plan")
    done(plan.move(north, "resume"), 200)

    assert [line["is_read"] for line in after_a_new_title] == [True]
    assert [line["is_read"] for line in lines(south, plan.client_id, "plan")] == [False]


def test_the_name_of_a_step_is_who_made_it_whoever_changed_the_plan_since(
    north: make.Clinic, south: make.Clinic
) -> None:
    plan = shared_plan(north, south)
    colleague = make.person(north.organization, "practitioner", discipline="massage_therapy", name="Col League")
    done(plan.move(north, "hold", reason="away"), 200)

    done(plan.patch(colleague, "", {"title": "Neck, arm and hand"}), 200)

    assert [line["author"] for line in lines(south, plan.client_id, "plan")] == ["North Massage Practitioner"]
    assert plan.move(colleague, "hold", reason="illness").json()["last"]["by"].startswith("North Massage Practitioner")


def test_who_leads_a_plan_now_is_told_to_all_but_who_handed_it_over(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    plan = shared_plan(north, south, east)
    colleague = make.person(north.organization, "practitioner", discipline="massage_therapy", name="Col League")
    readers = (north, colleague, south, east)

    done(plan.post(north, "/lead", {"organization_id": south.id}), 200)
    done(plan.patch(south, "", {"title": "Neck, arm and hand"}), 200)
    told = [[line["text"] for line in lines(reader, plan.client_id, "plan")] for reader in readers]
    mark(east, plan.client_id, lines(east, plan.client_id, "plan"))
    read = [line["is_read"] for line in lines(east, plan.client_id, "plan")]
    done(plan.post(south, "/lead", {"organization_id": north.id}), 200)

    assert told == [[], *[["The plan is now led by South Physio."]] * 3]
    assert read == [True]
    assert [(line["text"], line["is_read"]) for line in lines(east, plan.client_id, "plan")] == [
        ("The plan is now led by North Massage.", False)
    ]


def test_who_joins_a_plan_is_not_told_what_was_done_with_it_before(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared_plan(north)
    done(plan.move(north, "hold", reason="away"), 200)
    make.consent(north, plan.client_id, south)
    make.move(south, make.referral(north, south, client_id=plan.client_id)["id"], "accept")

    plan.add(north, south)

    assert lines(south, plan.client_id, "plan") == []


def test_a_plan_that_is_still_a_draft_tells_nothing(north: make.Clinic, shared: str) -> None:
    colleague = make.person(north.organization, "practitioner", discipline="massage_therapy", name="Col League")
    made = done(north.http.send("POST", "care-plans", {"client_id": shared, "title": "Neck"}), 201)
    Plan(made["id"], shared).line(north)

    assert lines(colleague, shared, "plan_line", "plan_version") == []
