"""Addresses of a guest's corrected address and the sandbox's mailbox, under /api/v1/."""

from django.urls import path

from backend.notifications import api

urlpatterns = [
    path("referrals/<uuid:referral_id>/guest-address", api.GuestAddress.as_view()),
    path("sandbox/mails", api.Mails.as_view()),
    path("sandbox/bounces", api.Bounces.as_view()),
]
