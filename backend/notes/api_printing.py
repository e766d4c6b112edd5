"""The API of what is printed: a note as PDF."""

from typing import ClassVar
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from backend.lib.ids import short_id
from backend.lib.rest.printed import PDF, PrintedView, pdf_response
from backend.notes import printing
from backend.notes.models import Note


class NoteDocument(PrintedView):
    scope_resource = "notes"
    named: ClassVar = {"note_id": Note}

    @extend_schema(
        operation_id="print_note",
        summary="One note on paper, with its signature in words and its hash",
        description=(
            "PDF/UA-1. Holds what the caller may read: sections that are not shared are left out, and the page says so. "
            "What was entered in error is struck through; addenda stand below. For those who read notes."
        ),
        responses=PDF,
    )
    def get(self, request: Request, note_id: UUID) -> HttpResponse:
        return pdf_response(printing.document(note_id, actor=self.actor), f"note-{short_id(note_id)}")
