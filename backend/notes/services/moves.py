"""What happens to a note once it is written: signed, co-signed, amended, entered in error, closed. Never unsigned again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Max
from django.db.models.functions import Coalesce

from backend.attachments.services import check_none_refused
from backend.audit import events, work
from backend.clients.policies import SAID_ALREADY, says_more
from backend.lib import clock
from backend.lib.actor import Actor, ActorKind
from backend.lib.late_facts import check_late_fact
from backend.lib.problems import Conflict, Forbidden, invalid
from backend.lib.rest.sent import Sent
from backend.lib.rest.transitions import checked
from backend.lib.rest.views import check_version
from backend.lib.workflow import Transition
from backend.notes import policies, queries, signing
from backend.notes import workflow as w
from backend.notes.models import WRONG_CLIENT, Addendum, Ask, Note
from backend.notes.services.drafts import UNSIGNED, ask_after
from backend.notes.services.taking import changed, locked_note

ERROR_FIELDS = ("entered_in_error_reason", "entered_in_error_note", "entered_in_error_by", "entered_in_error_at")
COSIGNATURE = ("cosigned_by_role", "cosigned_by", "cosigned_license", "cosigned_at")
BEGUN = 1  # the version of a draft that nobody changed yet
SIGNED_HASH = "signed_hash"  # under which events carry the hash of what was signed


def move_note(
    note_id: UUID | str, name: str, details: Sent, *, actor: Actor, expected_version: int | None = None
) -> Note:
    """Makes one transition of the workflow and returns the note.

    Raises 404 when it is not the caller's to see, 403 for the wrong party or signature, 412 when it changed since it was
    read, 409 in the wrong state, 400 for bad details, 409 when a credential is not in force.
    """
    row, note = w.WORKFLOW[name], locked_note(note_id, actor)
    said = _chosen(row, note, actor, expected_version, details)
    told_before = queries.readers_of(note)
    fields = CHANGES[name](note, actor, said)
    note.state = row.target_for(note, said)
    changed(note, "state", *fields)
    _follow_up(row, note, actor, told_before)
    return note


def amend_note(note_id: UUID | str, details: Sent, *, actor: Actor, expected_version: int | None = None) -> Addendum:
    """Adds to a signed note, signed by who adds it; refused as ``move_note`` refuses."""
    row, note = w.WORKFLOW["amend"], locked_note(note_id, actor)
    said = _chosen(row, note, actor, expected_version, details)
    if said.get("occurred_at"):
        check_late_fact(said["occurred_at"], step_before=_step_before(note, actor))
    elsewhere = said.pop("signed_elsewhere", None)
    _check_signed_after(said.get("occurred_at"), elsewhere)
    signer = signing.role_of_signer(actor, note.discipline, elsewhere)
    signing.check_credential(signer)
    added = Addendum(
        note=note,
        organization_id=note.organization_id,
        recorded_at=clock.now(),
        **signing.signature_for(actor, signer, elsewhere),
        **said,
    )
    facts = {**added.__dict__, "reason": str(added.reason)}
    added.content_hash = signing.addendum_hash_of(facts, note.pk, queries.hash_before(note, actor))
    added.save(force_insert=True)
    changed(note)
    related = {"addendum_id": str(added.pk), SIGNED_HASH: added.content_hash}
    _record(row.event, note, actor, queries.readers_of(note), related=related)
    return added


def _step_before(note: Note, actor: Actor) -> datetime:
    """When the newest step of a signed note was made: it was signed, co-signed, or something was added."""
    added = Addendum.objects.visible_to(actor).filter(note=note).aggregate(at=Max(Coalesce("occurred_at", "signed_at")))
    return max(step for step in (note.signed_at, note.cosigned_at, added["at"]) if step is not None)


def _chosen(
    row: Transition[Note], note: Note, actor: Actor, expected_version: int | None, details: Sent
) -> dict[str, Any]:
    """Decides whether the caller makes this transition now, and returns its checked input."""
    parties = policies.parties_of(actor, note)
    if not parties & set(row.by):
        allowed = " or ".join(policies.ONLY[party] for party in row.by)
        raise Forbidden(f"“{row.label}” is for {allowed}.", code="wrong_party")
    if row.name in ("sign", "amend"):
        signing.check_signs(actor, details)
    check_version(note.version, expected_version)
    w.WORKFLOW.check_state(row, note, parties)
    if row.name == "sign" and policies.DRAFTER in parties:
        _check_words_are_known(note, expected_version)
    said = checked(row, details, actor=actor)
    w.WORKFLOW.require(row, note, said)
    return said


def _check_words_are_known(note: Note, expected_version: int | None) -> None:
    """409 for a system that does not say which words were signed, once they are others than those it began with."""
    if note.version > BEGUN and expected_version is None:
        raise Conflict(
            "This draft was changed since you began it, perhaps by its author in Trialogue. Read it, and when it says what "
            "was signed, send If-Match with its ETag.",
            code="draft_changed",
            current_version=note.version,
        )


# --- what each transition changes ----------------------------------------------------------------------------------


def _sign(note: Note, actor: Actor, said: dict[str, Any]) -> tuple[str, ...]:
    """The author signs here, or their system delivers that they signed elsewhere; a student's waits for a colleague."""
    elsewhere = said.get("signed_elsewhere")
    signer = signing.role_of_signer(actor, note.discipline, elsewhere)
    _check_signed_after(note.occurred_at, elsewhere)
    if signer.practitioner_id != note.author_practitioner_id:
        raise Forbidden("A note is signed by whoever wrote it, never by another.", code="not_the_author")
    said["is_student"] = signing.is_student(signer)
    if said["is_student"] and note.visibility == Note.Visibility.AUTHOR:
        raise Conflict(
            "A colleague has to read what they co-sign: share this note with your clinic or the care team, then sign.",
            code="cosigner_reads",
        )
    for name, value in signing.signature_for(actor, signer, elsewhere).items():
        setattr(note, name, value)
    signed = {name: getattr(note, name) for name in signing.SIGNATURE_FACTS}
    written = queries.one_row(note.pk, actor)
    check_none_refused(written["file_list"])
    note.content_hash = signing.content_hash_of({**written, **signed})
    if not said["is_student"]:
        _release(note, actor)
    return (*signing.SIGNATURE_FIELDS, "released_at")


def _check_signed_after(occurred_at: datetime | None, elsewhere: Mapping[str, Any] | None) -> None:
    """400 for a signature that is older than what it is put under."""
    if elsewhere and occurred_at and elsewhere["signed_at"] < occurred_at:
        raise invalid(
            "/signed_elsewhere/signed_at",
            "This is before what the signature is put under took place; say when that was with occurred_at.",
            code="signed_too_early",
        )


def _cosign(note: Note, actor: Actor, said: dict[str, Any]) -> tuple[str, ...]:
    colleague = signing.role_of_signer(actor, note.discipline, None)
    signing.check_credential(colleague)
    note.cosigned_by_role, note.cosigned_at = colleague, clock.now()
    note.cosigned_by, note.cosigned_license = (
        f"{colleague.practitioner}, {colleague.organization}",
        signing.license_of(colleague),
    )
    _release(note, actor)
    return (*COSIGNATURE, "released_at")


def _enter_in_error(note: Note, actor: Actor, said: dict[str, Any]) -> tuple[str, ...]:
    """Also of a note that is in error already: that it is about a wrong client, and nothing else."""
    if note.state == w.ENTERED_IN_ERROR and not says_more(said["reason"], note.entered_in_error_reason):
        raise Conflict(SAID_ALREADY, code="entered_in_error", available=[])
    note.entered_in_error_reason, note.entered_in_error_note = said["reason"], said.get("note", "")
    note.entered_in_error_by, note.entered_in_error_at = actor.display[:200], clock.now()
    return ERROR_FIELDS


def _close_unsigned(note: Note, actor: Actor, said: dict[str, Any]) -> tuple[str, ...]:
    note.closed_by, note.closed_at = actor.display[:200], clock.now()
    return ("closed_by", "closed_at")


CHANGES = {"sign": _sign, "cosign": _cosign, "enter_in_error": _enter_in_error, "close_unsigned": _close_unsigned}


def _release(note: Note, actor: Actor) -> None:
    """From now on it counts as signed for others, and what it asks reaches the circle."""
    note.released_at = clock.now()
    Ask.objects.visible_to(actor).filter(note=note).update(released_at=note.released_at)


# --- what follows --------------------------------------------------------------------------------------------------


def _follow_up(row: Transition[Note], note: Note, actor: Actor, told_before: set[UUID]) -> None:
    if note.state == w.AWAITING_COSIGNATURE:
        ask_after(note, clock.now())
    else:
        work.drop([UNSIGNED], note.pk)
    told = queries.readers_of(note)
    if row.name == "enter_in_error":
        told |= told_before | queries.organizations_that_read(note, actor)
        _end_asks(note, actor)
    always = row.name == "enter_in_error" and note.visibility != Note.Visibility.AUTHOR
    _record(row.event, note, actor, told, related=_hash_told(row, note, actor), always=always)
    if note.released_at is not None and row.name in ("sign", "cosign"):
        for ask in Ask.objects.visible_to(actor).filter(note=note):
            _record("ask.raised", ask, actor, queries.askers_and_asked(ask))


def _hash_told(row: Transition[Note], note: Note, actor: Actor) -> dict[str, str]:
    """Of a signature, what it was given for: kept where nothing is changed, beside the row that has it, too."""
    if row.name == "sign":
        return {SIGNED_HASH: note.content_hash}
    if row.name == "cosign":
        return {SIGNED_HASH: signing.cosignature_hash_of(note.__dict__, queries.hash_before(note, actor))}
    return {}


def _end_asks(note: Note, actor: Actor) -> None:
    """What was written in error asks nothing any more; whoever keeps what was asked about a wrong client stops showing it."""
    raised = Ask.objects.visible_to(actor).filter(note=note, released_at__isnull=False)
    open_asks, wrong_client = raised.filter(ended_at=None), note.entered_in_error_reason == WRONG_CLIENT
    for ask in raised if wrong_client else open_asks:
        _record("ask.ended", ask, actor, queries.askers_and_asked(ask), always=wrong_client)
    open_asks.update(ended_at=clock.now(), ended_by=actor.display[:200], ended_because=w.ENTERED_IN_ERROR)
    Ask.objects.visible_to(actor).filter(note=note).update(is_taken_back=wrong_client)


def _record(
    type: str,
    subject: Note | Ask,
    actor: Actor,
    told: set[UUID],
    *,
    related: Mapping[str, str] | None = None,
    always: bool = False,
) -> None:
    events.record(
        type,
        subject=subject,
        actor=actor,
        organizations=told,
        client_id=subject.client_id,
        related={**({"note_id": str(subject.note_id)} if isinstance(subject, Ask) else {}), **(related or {})},
        role_id=subject.author_role_id if actor.kind == ActorKind.SYSTEM else None,
        always=always,
    )
