"""Ending what a signed note asks of the others."""

from uuid import UUID

from backend.audit.events import record
from backend.directory.eligibility import check_lifts_protection
from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.problems import Conflict, Forbidden
from backend.lib.rest.sent import Sent, checked
from backend.lib.rest.views import check_version
from backend.notes import inputs, policies, queries
from backend.notes.models import Ask
from backend.notes.services.taking import changed, locked_note


def end_ask(
    note_id: UUID | str, ask_id: UUID | str, *, actor: Actor, sent: Sent, expected_version: int | None = None
) -> Ask:
    """It is no longer asked. By whoever wrote it, or a colleague of the clinic that did, with a credential in force.

    The note stays as it was signed.
    """
    note = locked_note(note_id, actor)
    ask: Ask = Ask.objects.visible_to(actor).filter(note=note).locked().one(ask_id)
    if not policies.parties_of(actor, note) & {policies.AUTHOR, policies.COLLEAGUE}:
        raise Forbidden("A practitioner of the clinic that asked ends it; ask them.", code="wrong_party")
    check_version(note.version, expected_version)
    if ask.released_at is None or ask.ended_at is not None:
        raise Conflict("Only what is asked now can be ended.", code="ask_not_active")
    said = checked(inputs.EndAskInput, sent)
    check_lifts_protection(actor)
    ask.ended_at, ask.ended_by, ask.ended_because = clock.now(), actor.display[:200], said.get("reason", "")
    ask.save(update_fields=["ended_at", "ended_by", "ended_because"])
    changed(note)
    told = queries.askers_and_asked(ask)
    record(
        "ask.ended",
        subject=ask,
        actor=actor,
        organizations=told,
        client_id=ask.client_id,
        related={"note_id": str(note.pk)},
    )
    return ask
