"""The API of what is printed: the letter and the reports as PDF."""

from typing import ClassVar
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from backend.lib.rest.renderers import AsItIs
from backend.lib.rest.views import View
from backend.referrals import printing
from backend.referrals.models import Referral, Report

PDF = {(200, "application/pdf"): OpenApiTypes.BINARY}


class PrintedView(View):
    scope_resource = "referrals"
    named: ClassVar = {"referral_id": Referral, "report_id": Report}
    renderer_classes = [AsItIs]


class ReferralLetter(PrintedView):
    @extend_schema(
        operation_id="print_referral",
        summary="The referral as a letter, for paper or fax",
        description="PDF/UA-1. Holds what the caller may read: a front desk's copy leaves the findings out and says so.",
        responses=PDF,
    )
    def get(self, request: Request, referral_id: UUID) -> HttpResponse:
        return printing.pdf_response(printing.letter(referral_id, actor=self.actor), referral_id)


class ReportPdf(PrintedView):
    @extend_schema(
        operation_id="print_report",
        summary="One signed report, with its signature in words and its hash",
        description="PDF/UA-1. For those who read reports.",
        responses=PDF,
    )
    def get(self, request: Request, referral_id: UUID, report_id: UUID) -> HttpResponse:
        return printing.pdf_response(printing.report(referral_id, report_id, actor=self.actor), referral_id)
