"""The union of transitions in the OpenAPI document: one closed object per row of the table."""

from backend.lib.rest.transitions import union_of
from backend.referrals.workflow import WORKFLOW

TRANSITION = union_of(WORKFLOW, "ReferralTransition")
