"""Addresses of one client's record, of the event feed and of the sandbox, under /api/v1/."""

from django.urls import path

from backend.record import api, api_brief, api_search, api_timeline, sandbox

urlpatterns = [
    path("events", api.Events.as_view()),
    path("events/latest", api.LatestEvents.as_view()),
    path("clients/<str:client_id>/timeline", api_timeline.Timeline.as_view()),
    path("clients/<str:client_id>/search", api_search.SearchNotes.as_view()),
    path("clients/<str:client_id>/brief", api_brief.Brief.as_view()),
    path("clients/<str:client_id>/brief/read", api_brief.ReadBrief.as_view()),
    path("clients/<str:client_id>/body-map", api_brief.BodyMap.as_view()),
    path("catalog/event-types", api.EventTypes.as_view()),
    path("sandbox/clock", sandbox.Clock.as_view()),
]
