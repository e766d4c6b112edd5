"""What the worker does with notes: it says that a note waits for a signature, a day after its draft was last touched."""

from functools import partial
from uuid import UUID

from backend.audit import events, work
from backend.lib import clock
from backend.lib.unit_of_work import current_actor
from backend.notes import workflow as w
from backend.notes.models import Note
from backend.notes.services.drafts import UNSIGNED
from backend.visits.models import Visit

SAID = {w.DRAFT: "note.unsigned", w.AWAITING_COSIGNATURE: "note.uncosigned"}


@work.handles(UNSIGNED)
def ask_for_the_signature(claim: work.Claim) -> None:
    work.do_in_organization(claim, partial(_ask, claim.subject_id))


def _ask(note_id: UUID) -> None:
    """Once, and not for a visit that did not take place; a private note is nobody's business but its author's."""
    actor = current_actor()
    note = Note.objects.visible_to(actor).filter(pk=note_id, state__in=SAID).first()
    if note is None or (note.state == w.DRAFT and note.visit_id is not None and not _took_place(note.visit_id)):
        return
    events.record(
        SAID[Note.State(note.state)],
        subject=note,
        actor=actor,
        organizations=[note.organization_id],
        client_id=note.client_id,
        related={"practitioner_role_id": str(note.author_role_id)},
    )


def _took_place(visit_id: UUID) -> bool:
    visits = Visit.objects.visible_to(current_actor()).filter(pk=visit_id, starts_at__lte=clock.now())
    return visits.exclude(state__in=Visit.NOT_HELD).exists()
