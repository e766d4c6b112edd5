"""The life of a care plan and of a proposal, as tables. Behaviour, refusals, buttons and OpenAPI come from here."""

from collections.abc import Mapping
from typing import Any

from backend.careplans import inputs
from backend.careplans.models import WRONG_CLIENT, CarePlan, Proposal
from backend.lib.workflow import Transition, Workflow

LEAD, OWNER, PROPOSER, SYSTEM = "lead", "owner of the line", "party that proposed it", "system"
TREATS, ADMINS = frozenset({"practitioner"}), frozenset({"admin"})

DRAFT, ACTIVE, ON_HOLD, COMPLETED, REVOKED = (state.value for state in CarePlan.State)
FINISHED = frozenset({COMPLETED, REVOKED})
OPEN = Proposal.State.OPEN.value
ENTER_IN_ERROR = "enter_in_error"


def stands(plan: CarePlan, details: Mapping[str, Any]) -> bool:
    """This plan was entered in error: it stays as it is."""
    return plan.entered_in_error_at is None


def is_not_taken_back(plan: CarePlan, details: Mapping[str, Any]) -> bool:
    """This plan was entered in error, about a wrong client: it stays as it is."""
    return plan.entered_in_error_reason != WRONG_CLIENT


def _of_plan(
    name: str, sources: tuple[str, ...], target: str, past: str, summary: str, **more: Any
) -> Transition[CarePlan]:
    return Transition(
        name=name,
        sources=sources,
        target=target,
        by=(LEAD,),
        event=f"care_plan.{past}",
        summary=summary,
        **{"label": name.capitalize(), "rights": TREATS, "input": inputs.TransitionOfPlan, **more},
    )


PLAN_WORKFLOW: Workflow[CarePlan] = Workflow(
    (
        _of_plan("activate", (DRAFT,), ACTIVE, "activated", "Begin to work from the plan."),
        _of_plan("hold", (ACTIVE,), ON_HOLD, "held", "Pause the plan as a whole.", input=inputs.Hold),
        _of_plan("resume", (ON_HOLD,), ACTIVE, "resumed", "Go on with the plan."),
        _of_plan("complete", (ACTIVE, ON_HOLD), COMPLETED, "completed", "The episode is over.", input=inputs.Complete),
        _of_plan(
            "revoke", (DRAFT, ACTIVE, ON_HOLD), REVOKED, "revoked", "The plan ends without being completed.",
            input=inputs.Revoke,
        ),
        _of_plan(
            "reopen", (COMPLETED, REVOKED), ON_HOLD, "reopened",
            "It ended by mistake: it stands as it was, on hold until it is resumed.", offered=stands,
        ),
        _of_plan(
            ENTER_IN_ERROR, (DRAFT, ACTIVE, ON_HOLD, COMPLETED, REVOKED), REVOKED, "entered_in_error",
            "It should not have been written: it stays, struck through. “Wrong client” takes it away from the others at once.",
            label="Entered in error", rights=TREATS | ADMINS, input=inputs.EnterInError,
            offered=is_not_taken_back,
        ),
    )
)  # fmt: skip


def _of_proposal(
    name: str, target: Proposal.State, by: str, past: str, summary: str, **more: Any
) -> Transition[Proposal]:
    return Transition(
        name=name,
        sources=(OPEN,),
        target=target.value,
        by=(by,),
        event=f"proposal.{past}",
        summary=summary,
        label=name.capitalize(),
        rights=TREATS,
        **{"input": inputs.TransitionOfPlan, **more},
    )


PROPOSAL_WORKFLOW: Workflow[Proposal] = Workflow(
    (
        _of_proposal(
            "accept", Proposal.State.ACCEPTED, OWNER, "accepted", "The owner makes the change.",
            input=inputs.AcceptProposal,
        ),
        _of_proposal(
            "decline", Proposal.State.DECLINED, OWNER, "declined", "The owner leaves it as it is, and says why.",
            input=inputs.DeclineProposal,
        ),
        _of_proposal("withdraw", Proposal.State.WITHDRAWN, PROPOSER, "withdrawn", "The proposal is taken back."),
        _of_proposal(
            "lapse", Proposal.State.LAPSED, SYSTEM, "lapsed", "One of the two is no longer on the team, or the client died.",
        ),
    )
)  # fmt: skip
