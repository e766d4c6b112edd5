"""Addresses of clients' and guests' links, of a guest's corrected address, and of the sandbox's mailbox, under /api/v1/."""

from django.urls import path

from backend.notifications import api, api_links

urlpatterns = [
    path("referrals/<uuid:referral_id>/guest-address", api.GuestAddress.as_view()),
    path("clients/<str:client_id>/links", api_links.ClientLinks.as_view()),
    path("clients/<str:client_id>/links/<str:link_id>/end", api_links.EndClientLink.as_view()),
    path("referrals/<uuid:referral_id>/guest-link/send", api_links.SendGuestLink.as_view()),
    path("referrals/<uuid:referral_id>/guest-link/end", api_links.EndGuestLink.as_view()),
    path("sandbox/mails", api.Mails.as_view()),
    path("sandbox/bounces", api.Bounces.as_view()),
]
