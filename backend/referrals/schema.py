"""The union of transitions in the OpenAPI document: one closed object per row of the table."""

from backend.lib.rest.transitions import components_of, union_of
from backend.referrals.workflow import WORKFLOW

COMPONENTS = components_of(WORKFLOW)
TRANSITION = union_of(COMPONENTS, "ReferralTransition")
