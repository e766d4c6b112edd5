"""The API of what is printed: the plan as PDF."""

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from backend.careplans import printing
from backend.careplans.api.view import PlanView
from backend.lib.ids import short_id
from backend.lib.rest.printed import PDF, PrintedView, pdf_response


class PlanDocument(PrintedView, PlanView):
    @extend_schema(
        operation_id="print_care_plan",
        summary="The plan on paper, for the client or the file",
        description="PDF/UA-1. Holds what the caller may read: a front desk's copy leaves out what is clinical.",
        responses=PDF,
    )
    def get(self, request: Request, plan_id: str) -> HttpResponse:
        return pdf_response(printing.plan(plan_id, actor=self.actor), f"care-plan-{short_id(plan_id)}")
