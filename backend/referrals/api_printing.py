"""The API of what is printed: the letter and the reports as PDF."""

from typing import ClassVar
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from backend.lib.ids import short_id
from backend.lib.rest.printed import PDF, PrintedView, pdf_response
from backend.referrals import printing
from backend.referrals.models import Referral, Report


class PrintedReferral(PrintedView):
    scope_resource = "referrals"
    named: ClassVar = {"referral_id": Referral, "report_id": Report}


class ReferralLetter(PrintedReferral):
    @extend_schema(
        operation_id="print_referral",
        summary="The referral as a letter, for paper or fax",
        description="PDF/UA-1. Holds what the caller may read: a front desk's copy leaves the findings out and says so.",
        responses=PDF,
    )
    def get(self, request: Request, referral_id: UUID) -> HttpResponse:
        return pdf_response(printing.letter(referral_id, actor=self.actor), f"referral-{short_id(referral_id)}")


class ReportPdf(PrintedReferral):
    @extend_schema(
        operation_id="print_report",
        summary="One signed report, with its signature in words and its hash",
        description="PDF/UA-1. For those who read reports.",
        responses=PDF,
    )
    def get(self, request: Request, referral_id: UUID, report_id: UUID) -> HttpResponse:
        return pdf_response(
            printing.report(referral_id, report_id, actor=self.actor), f"referral-{short_id(referral_id)}"
        )
