"""The unions of transitions of plans and proposals in the OpenAPI document."""

from backend.careplans.workflow import PLAN_WORKFLOW, PROPOSAL_WORKFLOW
from backend.lib.rest.transitions import components_of, union_of

TRANSITION = union_of(components_of(PLAN_WORKFLOW, of="CarePlan"), "CarePlanTransition")
PROPOSAL_TRANSITION = union_of(components_of(PROPOSAL_WORKFLOW, of="Proposal"), "ProposalTransition")
