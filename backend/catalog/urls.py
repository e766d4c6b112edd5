"""Addresses under /api/v1/catalog/."""

from django.urls import path

from backend.catalog import api

urlpatterns = [
    path("disciplines", api.Disciplines.as_view()),
    path("techniques", api.Techniques.as_view()),
    path("regions", api.Regions.as_view()),
    path("body-zones", api.BodyZones.as_view()),
    path("muscles", api.Muscles.as_view()),
    path("measures", api.Measures.as_view()),
    path("note-templates", api.NoteTemplates.as_view()),
    path("plan-templates", api.PlanTemplates.as_view()),
    path("precautions", api.Precautions.as_view()),
    path("red-flags", api.RedFlags.as_view()),
    path("decline-reasons", api.DeclineReasons.as_view()),
    path("withdraw-reasons", api.WithdrawReasons.as_view()),
    path("problems", api.Problems.as_view()),
]
