"""What of a record is handed on to others: what is finished, and what its clinic does not keep to itself."""

from collections.abc import Callable, Collection, Mapping
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from backend.careplans.models import (
    WRONG_CLIENT,
    Agreement,
    CarePlan,
    Decision,
    Goal,
    Intervention,
    Phase,
    PlanVersion,
    Problem,
    Proposal,
)
from backend.clients.models import Consent, Precaution
from backend.lib.actor import Actor
from backend.notes.models import Ask, Note, NoteFile
from backend.notes.models.note import RELEASED
from backend.notes.rendering import GOES_WITH
from backend.referrals.models import Message, Referral, ReferralFile, Report
from backend.referrals.models.content import ABOUT_THIS_CLIENT

# What a file says of itself; never how much of it there is.
LEFT_OUT = (
    "Drafts: notes that were not signed, referrals that were not sent, care plans that were not begun.",
    "Notes, and sections of notes, that their author or clinic keeps, with what was added, asked and filed there.",
    "What is marked as sensitive, unless a consent of the client names it.",
    "What was about another client, and what was written for one side of a referral alone.",
    "Who may see the client, who did look, and what happened, as it was told to this clinic.",
)


def may_leave(model: type[Any]) -> Q:
    """Of this table, the rows that are handed on."""
    return CONDITIONS[model]() if model in CONDITIONS else Q()


def about_another_client(actor: Actor, plan_ids: Collection[UUID]) -> set[str]:
    """Rows of these plans that their own clinic alone reads on."""
    tables: tuple[Any, ...] = (Problem, Goal, Intervention, Phase)
    found = (rows.objects.visible_to(actor).filter(_about_another(), plan_id__in=plan_ids) for rows in tables)
    return {str(pk) for rows in found for pk in rows.values_list("pk", flat=True)}


def _begun(prefix: str = "") -> Q:
    return ~Q(**{f"{prefix}state": CarePlan.State.DRAFT}) & ~_about_another(prefix)


def _about_another(prefix: str = "") -> Q:
    return Q(**{f"{prefix}entered_in_error_reason": WRONG_CLIENT})


def _shared_if_sensitive() -> Q:
    """Where a consent in force says so, as for the clinics of its circle."""
    named = Consent.objects.in_force().filter(
        client_id=OuterRef("client_id"),
        organization_ids__contains=[OuterRef("organization_id")],
        categories__contains=[Consent.Category.SENSITIVE],
    )
    return Q(is_sensitive=False) | Q(Exists(named))


def _notes() -> Q:
    return RELEASED & _shared_if_sensitive()


def _of_note(**shared: Any) -> Q:
    return Q(Exists(Note.objects.filter(_notes(), pk=OuterRef("note_id"), **shared)))


def _sent(prefix: str = "") -> Q:
    return Q(**{f"{prefix}sent_at__isnull": False, f"{prefix}content_gone_because": ""})


CONDITIONS: Mapping[type[Any], Callable[[], Q]] = {
    Ask: _of_note,
    Agreement: lambda: _begun("plan__"),
    CarePlan: _begun,
    Consent: lambda: ~Q(status=Consent.Status.REFUSED),
    Decision: lambda: (
        _begun("plan__") & ~_about_another("line__") & ~_about_another("goal__") & ~_about_another("problem__")
    ),
    Message: lambda: _sent("referral__") & Q(reaches_recipient=True) & ABOUT_THIS_CLIENT,
    Note: _notes,
    NoteFile: lambda: _of_note(shared_sections__contains=[GOES_WITH["attachments"]]),
    PlanVersion: lambda: _begun("plan__"),
    Precaution: lambda: _shared_if_sensitive() & ~_about_another(),
    Proposal: lambda: _begun("plan__") & Q(kept_for_ids=None),
    Referral: _sent,
    ReferralFile: lambda: (
        _sent("referral__")
        & Q(reaches_recipient=True)
        & (Q(report=None) | Q(Exists(Report.objects.filter(ABOUT_THIS_CLIENT, pk=OuterRef("report_id")))))
    ),
    Report: lambda: _sent("referral__") & ABOUT_THIS_CLIENT,
}
