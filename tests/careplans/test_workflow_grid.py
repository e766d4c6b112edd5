"""The workflows of plans and proposals against grids drawn by hand: a second opinion, not a copy."""

import pytest

from backend.careplans.models import CarePlan, Proposal
from backend.careplans.workflow import LEAD, OWNER, PLAN_WORKFLOW, PROPOSAL_WORKFLOW, PROPOSER, SYSTEM
from backend.record.event_types import event_types
from tests import make
from tests.careplans.plans import Plan, alone, done, refused, shared

# Who may, in which state. L lead, . nobody.
PLAN_GRID = """
                draft  active  on_hold  completed  revoked
activate        L      .       .        .          .
hold            .      L       .        .          .
resume          .      .       L        .          .
complete        .      L       L        .          .
revoke          L      L       L        .          .
reopen          .      .       .        L          L
enter_in_error  L      L       L        L          L
"""
PLAN_LEADS_TO = {
    "activate": "active", "hold": "on_hold", "resume": "active", "complete": "completed", "revoke": "revoked",
    "reopen": "on_hold", "enter_in_error": "revoked",
}  # fmt: skip
# O owner of the row, P who proposed, Y the service itself.
PROPOSAL_GRID = """
          open  accepted  declined  withdrawn  lapsed
accept    O     .         .         .          .
decline   O     .         .         .          .
withdraw  P     .         .         .          .
lapse     Y     .         .         .          .
"""
PROPOSAL_LEADS_TO = {"accept": "accepted", "decline": "declined", "withdraw": "withdrawn", "lapse": "lapsed"}
LETTERS = {"L": LEAD, "O": OWNER, "P": PROPOSER, "Y": SYSTEM}
DETAILS = {
    "hold": {"reason": "away"}, "complete": {"reason": "goals_met"}, "revoke": {"reason": "replaced"},
    "enter_in_error": {"reason": "duplicate"},
}  # fmt: skip
WAYS = {
    "draft": [], "active": ["activate"], "on_hold": ["activate", "hold"], "completed": ["activate", "complete"],
    "revoked": ["revoke"],
}  # fmt: skip


def cells(grid: str) -> dict[str, dict[str, set[str]]]:
    head, *lines = grid.strip().splitlines()
    return {
        line.split()[0]: {
            state: {LETTERS[letter] for letter in cell if letter != "."}
            for state, cell in zip(head.split(), line.split()[1:], strict=True)
        }
        for line in lines
    }


@pytest.mark.parametrize(
    ("workflow", "grid", "leads_to", "states"),
    [
        (PLAN_WORKFLOW, PLAN_GRID, PLAN_LEADS_TO, CarePlan.State.values),
        (PROPOSAL_WORKFLOW, PROPOSAL_GRID, PROPOSAL_LEADS_TO, Proposal.State.values),
    ],
)
def test_the_table_says_what_the_grid_says(
    workflow: object, grid: str, leads_to: dict[str, str], states: list[str]
) -> None:
    table = workflow.rows  # type: ignore[attr-defined]  # of two types of subject
    drawn = cells(grid)

    assert {row.name: {s: set(row.by) if s in row.sources else set() for s in states} for row in table} == drawn
    assert {row.name: row.target for row in table} == leads_to
    assert {row.event for row in table} <= event_types().keys()


@pytest.mark.django_db
@pytest.mark.parametrize("state", list(WAYS))
def test_every_cell_answers_over_the_api_as_drawn(north: make.Clinic, state: str) -> None:
    for name, row in cells(PLAN_GRID).items():
        client_id = make.client(north)["id"]
        plan = alone(north, client_id) if "activate" in WAYS[state] else None
        if plan is None:
            made = done(north.http.send("POST", "care-plans", {"client_id": client_id, "title": "Neck"}), 201)
            plan = Plan(made["id"], client_id)
        for step in WAYS[state]:
            if step != "activate":
                done(plan.move(north, step, **DETAILS.get(step, {})), 200)
        assert plan.whole(north)["state"] == state

        answer = plan.move(north, name, **DETAILS.get(name, {}))

        if row[state]:
            assert done(answer, 200)["state"] == PLAN_LEADS_TO[name]
        else:
            body = refused(answer, 409, "wrong_state")
            possible = [other for other, there in cells(PLAN_GRID).items() if there[state]]
            assert (body["state"], body["available"]) == (state, possible)
            assert plan.whole(north)["state"] == state


@pytest.mark.django_db
def test_a_plan_about_a_wrong_client_takes_no_step_any_more(north: make.Clinic) -> None:
    plan = alone(north)
    done(plan.move(north, "enter_in_error", reason="wrong_client"), 200)

    for name in PLAN_LEADS_TO:
        body = refused(plan.move(north, name, **DETAILS.get(name, {})), 409, "wrong_state")
        assert (body["state"], body["available"]) == ("revoked", [])
    assert plan.whole(north)["available_transitions"] == []


@pytest.mark.django_db
def test_a_member_that_does_not_lead_moves_nothing(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)

    for name in PLAN_LEADS_TO:
        refused(plan.move(south, name, **DETAILS.get(name, {})), 403, "wrong_party")

    assert plan.whole(north)["state"] == "active"
    assert plan.whole(south)["available_transitions"] == []


@pytest.mark.django_db
def test_a_reason_is_coded_and_other_needs_a_sentence(north: make.Clinic) -> None:
    plan = alone(north)

    refused(plan.move(north, "hold"), 400, "required")
    refused(plan.move(north, "hold", reason="because"), 400, "invalid_choice")
    refused(plan.move(north, "hold", reason="other"), 400, "sentence_required")
    refused(plan.move(north, "jump"), 400, "unknown_transition")
    held = done(plan.move(north, "hold", reason="other", detail="She moves house."), 200)

    assert (held["state_reason"], held["state_detail"]) == ("other", "She moves house.")
