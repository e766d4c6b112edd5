"""Proposals: on what is another party's; accepted, declined, taken back, or stale."""

from typing import Any

import pytest

from tests import make
from tests.careplans.plans import LINE, Plan, alone, done, refused, shared

pytestmark = pytest.mark.django_db


def change(row: Any, **changes: Any) -> dict[str, Any]:
    return {
        "kind": "change", "about": "intervention", "row_id": row["id"], "changes": changes, "why": "She responds well.",
    }  # fmt: skip


@pytest.fixture
def plan(north: make.Clinic, south: make.Clinic) -> Plan:
    return shared(north, south)


def proposed(plan: Plan, who: make.Clinic, body: dict[str, Any]) -> Any:
    return done(plan.post(who, "/proposals", body), 201)


def test_the_owner_accepts_and_the_line_changes(north: make.Clinic, south: make.Clinic, plan: Plan) -> None:
    line = plan.line(north)
    proposal = proposed(plan, south, change(line, minutes=30))
    assert (proposal["state"], proposal["owner"]["id"], proposal["by"]) == (
        "open",
        north.id,
        "South Physio Practitioner",
    )
    assert [step["name"] for step in proposal["available_transitions"]] == ["withdraw"]
    assert plan.row(north, "interventions", line["id"])["minutes"] == 50

    accepted = done(
        plan.post(north, f"/proposals/{proposal['id']}/transitions", {"name": "accept", "answer": "Good idea."}), 200
    )

    assert (accepted["state"], accepted["answer"]) == ("accepted", "Good idea.")
    changed = plan.row(south, "interventions", line["id"])
    assert (changed["minutes"], changed["version"], changed["changed_by"]) == (30, 2, "North Massage Practitioner")
    assert plan.whole(north)["proposals"] == []


def test_the_owner_declines_with_a_sentence(north: make.Clinic, south: make.Clinic, plan: Plan) -> None:
    line = plan.line(north)
    proposal = proposed(plan, south, change(line, minutes=30))
    rest = f"/proposals/{proposal['id']}/transitions"

    refused(plan.post(north, rest, {"name": "decline"}), 400, "required")
    declined = done(plan.post(north, rest, {"name": "decline", "answer": "Fifty is what it takes."}), 200)

    assert (declined["state"], declined["answer"]) == ("declined", "Fifty is what it takes.")
    assert plan.row(north, "interventions", line["id"])["version"] == 1


def test_the_proposer_takes_it_back_and_nobody_answers_for_the_other(
    north: make.Clinic, south: make.Clinic, plan: Plan
) -> None:
    line = plan.line(north)
    proposal = proposed(plan, south, change(line, minutes=30))
    rest = f"/proposals/{proposal['id']}/transitions"

    refused(plan.post(south, rest, {"name": "accept"}), 403, "wrong_party")
    refused(plan.post(north, rest, {"name": "withdraw"}), 403, "wrong_party")
    refused(plan.post(north, rest, {"name": "lapse"}), 403, "wrong_party")
    refused(plan.post(north, rest, {"name": "forget"}), 400, "unknown_transition")
    withdrawn = done(plan.post(south, rest, {"name": "withdraw"}), 200)
    again = refused(plan.post(north, rest, {"name": "accept"}), 409, "wrong_state")

    assert withdrawn["state"] == "withdrawn"
    assert (again["state"], again["available"], again["last"]["by"]) == ("withdrawn", [], "South Physio Practitioner")
    assert plan.row(north, "interventions", line["id"])["version"] == 1


def test_a_proposal_on_a_line_that_changed_since_is_stale_and_says_so(
    north: make.Clinic, south: make.Clinic, plan: Plan
) -> None:
    line = plan.line(north)
    proposal = proposed(plan, south, change(line, minutes=30))
    rest = f"/proposals/{proposal['id']}"
    done(plan.patch(north, f"/interventions/{line['id']}", {"weeks": 4}), 200)

    assert done(plan.get(south, rest))["is_stale"] is True
    body = refused(plan.post(north, f"{rest}/transitions", {"name": "accept"}), 409, "proposal_stale")
    assert body["changed_by"] == "North Massage Practitioner"
    assert plan.row(north, "interventions", line["id"])["minutes"] == 50
    done(plan.post(north, f"{rest}/transitions", {"name": "accept", "although_changed": True}), 200)

    changed = plan.row(north, "interventions", line["id"])
    assert (changed["minutes"], changed["weeks"]) == (30, 4)


def test_a_line_can_be_proposed_to_be_added_or_ended(north: make.Clinic, south: make.Clinic, plan: Plan) -> None:
    line = plan.line(north)
    add = {"kind": "add", "about": "intervention", "owner_id": north.id, "changes": LINE, "why": "The left side, too."}
    end = {"kind": "end", "about": "intervention", "row_id": line["id"], "why": "It has done its work."}

    for body in (add, end):
        proposal = proposed(plan, south, body)
        done(plan.post(north, f"/proposals/{proposal['id']}/transitions", {"name": "accept"}), 200)

    rows = plan.whole(north)["interventions"]
    assert [(row["organization"]["id"], row["state"]) for row in rows] == [(north.id, "ended"), (north.id, "active")]
    assert (rows[0]["ended_reason"], rows[0]["ended_detail"]) == ("other", "It has done its work.")


@pytest.mark.parametrize(
    ("about", "changes", "code"),
    [
        ("intervention", {"minutes": 20}, "unknown_field"),
        ("intervention", {"state": "active"}, "unknown_field"),
        ("intervention", {"ended_reason": None}, "reason_required"),
        ("intervention", {"ended_reason": "contraindication", "ended_detail": ""}, "sentence_required"),
        ("goal", {"state": "achieved"}, "unknown_field"),
    ],
)
def test_a_proposal_to_end_something_is_checked_as_the_end_it_will_be(
    north: make.Clinic, south: make.Clinic, plan: Plan, about: str, changes: dict[str, Any], code: str
) -> None:
    row = plan.line(north) if about == "intervention" else plan.goal(north)
    end = {"kind": "end", "about": about, "row_id": row["id"], "changes": changes, "why": "It has done its work."}

    refused(plan.post(south, "/proposals", end), 400, code)

    assert plan.whole(north)["proposals"] == []


def test_a_line_can_be_proposed_to_be_ended_for_a_reason(north: make.Clinic, south: make.Clinic, plan: Plan) -> None:
    line = plan.line(north)
    end = {"kind": "end", "about": "intervention", "row_id": line["id"], "why": "Her hand went numb."}
    proposal = proposed(plan, south, {**end, "changes": {"ended_reason": "contraindication"}})

    done(plan.post(north, f"/proposals/{proposal['id']}/transitions", {"name": "accept"}), 200)

    ended = plan.row(north, "interventions", line["id"])
    assert (ended["ended_reason"], ended["ended_detail"]) == ("contraindication", "Her hand went numb.")


def test_a_goal_can_be_proposed_to_be_changed_or_dropped(north: make.Clinic, south: make.Clinic, plan: Plan) -> None:
    goal = plan.goal(north)
    body = {"about": "goal", "row_id": goal["id"], "why": "She says so."}

    for more in ({"kind": "change", "changes": {"target": 15}}, {"kind": "end"}):
        proposal = proposed(plan, south, {**body, **more})
        done(plan.post(north, f"/proposals/{proposal['id']}/transitions", {"name": "accept"}), 200)

    changed = plan.row(north, "goals", goal["id"])
    assert (changed["target"], changed["state"], changed["version"]) == (15, "dropped", 3)


@pytest.mark.parametrize(
    ("changes", "code", "pointer"),
    [
        ({"minutes": -1}, "min_value", "/changes/minutes"),
        ({"state": "ended", "ended_reason": "left"}, "invalid_choice", "/changes/ended_reason"),
        ({"organization": "x"}, "unknown_field", "/changes/organization"),
        ({"nonsense": 1}, "unknown_field", "/changes/nonsense"),
        ({"on_behalf_of": {}}, "unknown_field", "/changes/on_behalf_of"),
        ({"technique_ids": ["hvla"]}, "out_of_scope", "/technique_ids/0"),
    ],
)
def test_a_proposal_is_checked_as_the_owners_own_change(
    north: make.Clinic, south: make.Clinic, plan: Plan, changes: dict[str, Any], code: str, pointer: str
) -> None:
    line = plan.line(north)

    body = refused(plan.post(south, "/proposals", change(line, **changes)), 400, code)

    assert body["errors"][0]["pointer"] == pointer
    assert plan.whole(north)["proposals"] == []


def test_nobody_proposes_to_themselves_or_to_who_is_not_there(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic, plan: Plan
) -> None:
    line = plan.line(north)
    add = {"kind": "add", "about": "intervention", "changes": LINE, "why": "Please."}

    refused(plan.post(north, "/proposals", change(line, minutes=30)), 409, "own_row")
    refused(plan.post(south, "/proposals", {**add, "owner_id": outsider.id}), 400, "unknown_organization")
    refused(plan.post(south, "/proposals", change({"id": plan.id}, minutes=30)), 400, "unknown_row")
    refused(plan.post(outsider, "/proposals", change(line, minutes=30)), 404, "not_found")

    assert plan.whole(north)["proposals"] == []


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "change", "about": "goal", "why": "x"},
        {"kind": "add", "about": "goal", "why": "x", "changes": {"words": "y"}},
        {"kind": "change", "about": "goal", "why": "x", "changes": {"words": "y"}},
        {"kind": "end", "about": "problem", "why": "x"},
        {"kind": "end", "about": "goal"},
    ],
)
def test_a_proposal_without_what_it_needs_is_refused(south: make.Clinic, plan: Plan, body: dict[str, Any]) -> None:
    assert plan.post(south, "/proposals", body).status_code == 400


def test_of_two_answers_to_one_proposal_the_second_is_refused(
    north: make.Clinic, south: make.Clinic, plan: Plan
) -> None:
    line = plan.line(north)
    proposal = proposed(plan, south, change(line, minutes=30))
    rest = f"/proposals/{proposal['id']}/transitions"

    done(plan.post(north, rest, {"name": "accept"}, **{"If-Match": '"1.0"'}), 200)
    refused(plan.post(north, rest, {"name": "decline", "answer": "No."}, **{"If-Match": '"1.0"'}), 412, "stale")

    assert plan.row(north, "interventions", line["id"])["version"] == 2


def test_alone_there_is_nobody_to_propose_to(north: make.Clinic) -> None:
    plan = alone(north)
    line = plan.line(north)

    refused(plan.post(north, "/proposals", change(line, minutes=30)), 409, "own_row")
