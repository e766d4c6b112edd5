"""Addresses of the sandbox's mailbox, under /api/v1/."""

from django.urls import path

from backend.notifications import api

urlpatterns = [
    path("sandbox/mails", api.Mails.as_view()),
    path("sandbox/bounces", api.Bounces.as_view()),
]
