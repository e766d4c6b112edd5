"""Addresses of the event feed and of the sandbox, under /api/v1/."""

from django.urls import path

from backend.record import api, sandbox

urlpatterns = [
    path("events", api.Events.as_view()),
    path("events/latest", api.LatestEvents.as_view()),
    path("catalog/event-types", api.EventTypes.as_view()),
    path("sandbox/clock", sandbox.Clock.as_view()),
]
