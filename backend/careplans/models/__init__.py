"""A plan, what stands in it, and what its parties say about it."""

from backend.careplans.models.agreeing import Agreement, PlanVersion, Proposal
from backend.careplans.models.plan import (
    CarePlan,
    CarePlanQuerySet,
    OfPlanQuerySet,
    PlanIdentifier,
    PlanRow,
    TeamMember,
)
from backend.careplans.models.rows import Decision, Goal, Intervention, Phase, Problem

__all__ = [
    "Agreement",
    "CarePlan",
    "CarePlanQuerySet",
    "Decision",
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
