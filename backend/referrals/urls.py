"""Addresses of referrals and visits, under /api/v1."""

from django.urls import path

from backend.referrals import api, api_printing, api_visits

urlpatterns = [
    path("referrals", api.Referrals.as_view()),
    path("referrals/figures", api.ReferralFigures.as_view()),
    path("referrals/search", api.ReferralSearch.as_view()),
    path("referrals/<uuid:referral_id>", api.OneReferral.as_view()),
    path("referrals/<uuid:referral_id>/transitions", api.ReferralTransitions.as_view()),
    path("referrals/<uuid:referral_id>/messages", api.ReferralMessages.as_view()),
    path("referrals/<uuid:referral_id>/reports", api.ReferralReports.as_view()),
    path("referrals/<uuid:referral_id>/report-draft", api.ReportDrafts.as_view()),
    path("referrals/<uuid:referral_id>/reports/<uuid:report_id>/pdf", api_printing.ReportPdf.as_view()),
    path("referrals/<uuid:referral_id>/reports/<uuid:report_id>/entered-in-error", api.ReportInError.as_view()),
    path("referrals/<uuid:referral_id>/messages/<uuid:message_id>/entered-in-error", api.MessageInError.as_view()),
    path("referrals/<uuid:referral_id>/letter", api_printing.ReferralLetter.as_view()),
    path("referrals/<uuid:referral_id>/attachments", api.ReferralAttachments.as_view()),
    path("referrals/<uuid:referral_id>/attachments/<uuid:attachment_id>", api.OneAttachment.as_view()),
    path("visits", api_visits.Visits.as_view()),
    path("visits/<uuid:visit_id>", api_visits.OneVisit.as_view()),
    path("visits/<uuid:visit_id>/transitions", api_visits.VisitTransitions.as_view()),
    path("catalog/transitions", api.TransitionCatalog.as_view()),
]
