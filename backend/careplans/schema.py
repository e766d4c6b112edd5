"""The unions of transitions of plans and proposals in the OpenAPI document."""

from backend.careplans.workflow import PLAN_WORKFLOW, PROPOSAL_WORKFLOW
from backend.lib.rest.transitions import union_of

TRANSITION = union_of(PLAN_WORKFLOW, "CarePlanTransition", prefix="CarePlan")
PROPOSAL_TRANSITION = union_of(PROPOSAL_WORKFLOW, "ProposalTransition", prefix="Proposal")
