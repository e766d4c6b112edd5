"""Addresses of care plans and what stands in them."""

from django.urls import path

from backend.careplans.api import agreeing, plans, printing, rows, team

ONE = "care-plans/<str:plan_id>"
urlpatterns = [
    path("care-plans", plans.CarePlans.as_view()),
    path(ONE, plans.OneCarePlan.as_view()),
    path(f"{ONE}/transitions", plans.PlanTransitions.as_view()),
    path(f"{ONE}/entered-in-error", plans.PlanInError.as_view()),
    path(f"{ONE}/progress", plans.Progress.as_view()),
    path(f"{ONE}/changes", plans.Changes.as_view()),
    path(f"{ONE}/document", printing.PlanDocument.as_view()),
    path(f"{ONE}/problems", rows.Problems.as_view()),
    path(f"{ONE}/problems/<str:row_id>", rows.OneProblem.as_view()),
    path(f"{ONE}/problems/<str:row_id>/entered-in-error", rows.ProblemInError.as_view()),
    path(f"{ONE}/goals", rows.Goals.as_view()),
    path(f"{ONE}/goals/<str:row_id>", rows.OneGoal.as_view()),
    path(f"{ONE}/goals/<str:row_id>/entered-in-error", rows.GoalInError.as_view()),
    path(f"{ONE}/problems/<str:row_id>/decision", rows.ProblemDecision.as_view()),
    path(f"{ONE}/goals/<str:row_id>/decision", rows.GoalDecision.as_view()),
    path(f"{ONE}/interventions", rows.Interventions.as_view()),
    path(f"{ONE}/interventions/<str:row_id>", rows.OneIntervention.as_view()),
    path(f"{ONE}/interventions/<str:row_id>/entered-in-error", rows.InterventionInError.as_view()),
    path(f"{ONE}/interventions/<str:row_id>/decision", rows.LineDecision.as_view()),
    path(f"{ONE}/phases", rows.Phases.as_view()),
    path(f"{ONE}/phases/<str:row_id>", rows.OnePhase.as_view()),
    path(f"{ONE}/phases/<str:row_id>/entered-in-error", rows.PhaseInError.as_view()),
    path(f"{ONE}/team", team.Team.as_view()),
    path(f"{ONE}/team/<str:membership_id>/end", team.EndMembership.as_view()),
    path(f"{ONE}/lead", team.Lead.as_view()),
    path(f"{ONE}/proposals", agreeing.Proposals.as_view()),
    path(f"{ONE}/proposals/<str:proposal_id>", agreeing.OneProposal.as_view()),
    path(f"{ONE}/proposals/<str:proposal_id>/transitions", agreeing.ProposalTransitions.as_view()),
    path(f"{ONE}/versions", agreeing.Versions.as_view()),
    path(f"{ONE}/versions/<int:number>", agreeing.OneVersion.as_view()),
    path(f"{ONE}/agreements", agreeing.Agreements.as_view()),
]
