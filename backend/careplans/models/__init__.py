"""A plan, what stands in it, and what its parties say about it."""

from backend.careplans.models.agreeing import BODY, CHANGES, Agreement, PlanVersion, Proposal
from backend.careplans.models.plan import (
    WRONG_CLIENT,
    CarePlan,
    CarePlanQuerySet,
    EnteredInError,
    ErrorReason,
    OfPlanQuerySet,
    PlanIdentifier,
    PlanRow,
    TeamMember,
)
from backend.careplans.models.rows import Decision, Goal, Intervention, Phase, Problem

__all__ = [
    "BODY",
    "CHANGES",
    "WRONG_CLIENT",
    "Agreement",
    "CarePlan",
    "CarePlanQuerySet",
    "Decision",
    "EnteredInError",
    "ErrorReason",
    "Goal",
    "Intervention",
    "OfPlanQuerySet",
    "Phase",
    "PlanIdentifier",
    "PlanRow",
    "PlanVersion",
    "Problem",
    "Proposal",
    "TeamMember",
]
