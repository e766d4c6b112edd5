"""PDF as an answer: of the API, and of a page."""

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes

from backend.lib.rest.renderers import AsItIs
from backend.lib.rest.views import View

PDF = {(200, "application/pdf"): OpenApiTypes.BINARY}


class PrintedView(View):
    """Answers with a page for paper, and with a problem where it refuses."""

    renderer_classes = [AsItIs]


def pdf_response(pdf: bytes, name: str) -> HttpResponse:
    """Shown in the browser, kept nowhere; the file's name names nobody."""
    response = HttpResponse(pdf, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store"
    return response
