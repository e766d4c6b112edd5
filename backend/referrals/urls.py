"""Addresses of referrals and attachments, under /api/v1."""

from django.urls import path

from backend.referrals import api

urlpatterns = [
    path("referrals", api.Referrals.as_view()),
    path("referrals/search", api.ReferralSearch.as_view()),
    path("referrals/<uuid:referral_id>", api.OneReferral.as_view()),
    path("referrals/<uuid:referral_id>/transitions", api.ReferralTransitions.as_view()),
    path("referrals/<uuid:referral_id>/messages", api.ReferralMessages.as_view()),
    path("referrals/<uuid:referral_id>/reports", api.ReferralReports.as_view()),
    path("referrals/<uuid:referral_id>/attachments", api.ReferralAttachments.as_view()),
    path("attachments", api.Attachments.as_view()),
    path("attachments/<uuid:attachment_id>/content", api.AttachmentContent.as_view()),
    path("catalog/transitions", api.TransitionCatalog.as_view()),
]
