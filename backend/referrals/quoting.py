"""Which signed notes may stand behind a report, and the rows that say that they do."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q

from backend.clients.models import Consent
from backend.clients.queries import records_of
from backend.lib.actor import Actor
from backend.lib.problems import invalid
from backend.notes.models import Note, NoteQuerySet
from backend.referrals.models import Referral, Report, ReportQuote
from backend.referrals.move import Move


def quotable(referral: Referral, actor: Actor) -> NoteQuerySet:
    """Signed notes of the caller's own clinic about this client that may leave it.

    Never a draft, an author's or a clinic's private note, or one entered in error; a sensitive one only where the
    client's consent names it.
    """
    if referral.client_id is None or not actor.is_staff:
        return Note.objects.none()
    own: NoteQuerySet = Note.objects.visible_to(actor).released().filter(organization_id=actor.clinic_id)
    own = own.filter(state=Note.State.SIGNED, client_id__in=records_of(referral.client_id, actor))
    return own if shares_sensitive(referral, actor) else own.filter(is_sensitive=False)


def shares_sensitive(referral: Referral, actor: Actor) -> bool:
    """Whether what is marked sensitive may reach the sender: inside one clinic, or where a consent in force says so."""
    sides = [referral.sender_organization_id, actor.clinic_id]
    named = [Consent.Category.NOTES, Consent.Category.SENSITIVE]
    circles = Consent.objects.in_force().filter(
        Q(client_id=referral.client_id), organization_ids__contains=sides, categories__contains=named
    )
    return sides[0] == sides[1] or circles.exists()


def named_notes(ids: Iterable[UUID], found: NoteQuerySet, *, pointer: str) -> list[Note]:
    """These notes, each once; 400 for one that is not among those found."""
    wanted = list(dict.fromkeys(ids))
    notes = {note.pk: note for note in found.filter(pk__in=wanted)} if wanted else {}
    for index, note_id in enumerate(wanted):
        if note_id not in notes:
            raise invalid(
                f"{pointer}/{index}",
                "Quote a signed note of your own clinic about this client: not a draft, not a private one, "
                "and none that was entered in error.",
                code="unknown_note",
            )
    return [notes[note_id] for note_id in wanted]


def quoted_in(move: Move) -> list[Note]:
    """The notes that a report names. What was written down for a guest quotes none."""
    ids = move.details["report"].get("quoted_note_ids", [])
    found = Note.objects.none() if move.details.get("recorded") else quotable(move.referral, move.actor)
    return named_notes(ids, found, pointer="/report/quoted_note_ids")


def hashed(notes: Iterable[Note]) -> list[dict[str, str]]:
    """What of the quoted notes is signed with the report."""
    return [{"note_id": str(note.pk), "content_hash": note.content_hash} for note in notes]


def keep_quotes(report: Report, notes: Iterable[Note], actor: Actor) -> None:
    for note in notes:
        assert note.signed_at is not None, "only signed notes are quoted"
        ReportQuote(
            report=report,
            note=note,
            organization_id=actor.clinic_id,
            note_kind=note.kind,
            note_signed_by=note.cosigned_by or note.signed_by,
            note_signed_at=note.signed_at,
            note_occurred_at=note.occurred_at,
            content_hash=note.content_hash,
        ).save(force_insert=True)
