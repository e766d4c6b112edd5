"""Letters, reports and notes as PDF, for members."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse

from backend.lib.ids import short_id
from backend.lib.rest.authentication import actor_of
from backend.lib.rest.printed import pdf_response
from backend.notes import printing as note_printing
from backend.referrals import printing
from backend.workspace.pages import page


@page("GET")
def letter(request: HttpRequest, referral_id: UUID) -> HttpResponse:
    return pdf_response(printing.letter(referral_id, actor=actor_of(request)), f"referral-{short_id(referral_id)}")


@page("GET")
def report(request: HttpRequest, referral_id: UUID, report_id: UUID) -> HttpResponse:
    return pdf_response(
        printing.report(referral_id, report_id, actor=actor_of(request)), f"referral-{short_id(referral_id)}"
    )


@page("GET")
def note(request: HttpRequest, note_id: UUID) -> HttpResponse:
    return pdf_response(note_printing.document(note_id, actor=actor_of(request)), f"note-{short_id(note_id)}")
