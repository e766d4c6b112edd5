"""Everything that changes a referral: drafting, moving, writing to each other. Take, decide, change, record."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet

from backend.audit import events, work
from backend.catalog.queries import catalog
from backend.lib import clock, prepared
from backend.lib.actor import Actor, ActorKind
from backend.lib.late_facts import check_late_fact
from backend.lib.prepared import PreparedModels
from backend.lib.problems import Conflict, Forbidden, NotFound
from backend.lib.querysets import id_or_404
from backend.lib.rest.transitions import checked
from backend.lib.rest.views import check_version
from backend.referrals import deadlines, effects, gates, policies, recognizing
from backend.referrals import workflow as w
from backend.referrals.models import Guest, Message, Package, Referral, Step
from backend.referrals.move import Move
from backend.referrals.workflow import WORKFLOW

CLOCK = "referral.clock"


def move_referral(
    referral_id: UUID | str,
    name: object,
    *,
    actor: Actor,
    expected_version: int | None = None,
    **details: Any,
) -> Referral:
    """Makes one transition of the workflow and returns the referral.

    Raises 400 for an unknown name or bad details, 403 for the wrong side, right or signature, 404 when it is not the
    caller's to see, 412 when it changed since it was read, 409 in the wrong state or when a gate is closed.
    """
    row = WORKFLOW.known(name)
    referral = locked(referral_id, actor)
    parties = policies.parties_of(actor, referral, details)
    WORKFLOW.check_party(row, parties)
    policies.check_rights(actor, row, referral, details)
    check_version(referral.version, expected_version)
    WORKFLOW.check_state(row, referral, parties, last_step=lambda: last_step(referral))
    move = Move(
        referral=referral,
        row=row,
        actor=actor,
        party=policies.party_for(row, parties),
        details=checked(row, details, actor=actor),
    )
    WORKFLOW.require(row, referral, move.details)
    check_client(move)
    return carry_out(move)


def check_client(move: Move) -> None:
    """What the client's death and the end of their consent still leave to each side."""
    referral, name = move.referral, move.row.name
    if move.party in (w.RECIPIENT, w.POOL):
        if not w.needs_no_consent(name, referral, move.details):
            gates.check_client_allows(referral)
    elif move.party != w.SYSTEM and referral.state in w.BEFORE_CARE and name != "withdraw":
        gates.check_client_lives(referral)


def carry_out(move: Move) -> Referral:
    """Applies the effects of a chosen transition, then state, due time, history, event and clock."""
    referral, before = move.referral, move.referral.state
    move.occurred_at = _occurred_at(move)
    target = move.row.target_for(referral, move.details)
    effects.apply(move, target)
    if target != before or move.restarts_state:
        enter_state(referral, target, move)
    referral.version += 1
    referral.updated_at = clock.now()
    with prepared.sent_together():
        prepared.save(referral)
        record_step(move, before)
        set_clock(referral)
        effects.follow_up(move)
    return referral


def enter_state(referral: Referral, target: str, move: Move) -> None:
    referral.state = target
    referral.state_entered_at = clock.now()
    referral.reminders = 0
    due = move.due_at or deadlines.due_for(referral, target, back=move.comes_back, returned=move.report_was_returned)
    referral.due_at = due
    if target in w.FINISHED:
        referral.closed_at = clock.now()


def record_step(move: Move, before: str) -> Step:
    """The history's row, the sentences that came with it, and the event."""
    referral, actor = move.referral, move.actor
    step = Step(
        referral=referral,
        name=move.row.name,
        from_state=before,
        to_state=referral.state,
        party=move.party,
        organization_id=actor.organization_id,
        member_id=actor.member_id,
        application_id=actor.application_id,
        on_behalf_of=move.on_behalf_of,
        by=move.by,
        manner=move.manner,
        reason=move.reason_code,
        occurred_at=move.occurred_at,
    )
    prepared.insert(step)
    for kind, text in move.sentences:
        write_message(referral, actor, text, party=move.party, kind=kind, step=step, by=move.by)
    record(
        move.row.event,
        referral,
        actor,
        role_id=move.on_behalf_of.id if move.on_behalf_of else None,
        occurred_at=move.occurred_at,
        related=move.related,
    )
    return step


def record(
    type: str,
    referral: Referral,
    actor: Actor,
    *,
    role_id: UUID | None = None,
    occurred_at: datetime | None = None,
    related: Mapping[str, str] | None = None,
) -> None:
    """One event about a referral, for both sides."""
    events.record(
        type,
        subject=referral,
        actor=actor,
        organizations=referral.party_ids,
        client_id=referral.client_id,
        related=related,
        role_id=role_id,
        occurred_at=occurred_at,
    )


def set_clock(referral: Referral) -> None:
    """Queues what the clock does next, in the transaction that makes it due."""
    timer = deadlines.next_timer(referral)
    if timer is None:
        work.drop([CLOCK], referral.id)
    else:
        work.queue(CLOCK, referral.id, organization_id=referral.sender_organization_id, due_at=timer.at)


def touch(referral: Referral) -> None:
    """Something hangs on it that did not before: its next version."""
    referral.version += 1
    referral.updated_at = clock.now()
    referral.save(update_fields=["version", "updated_at"])


def locked(referral_id: UUID | str, actor: Actor) -> Referral:
    """The referral, locked, with what every step reads of both sides; 404 when it is not the caller's to see."""
    for referral in LOCKED.found(actor, pk=id_or_404(referral_id)):
        return referral
    raise NotFound


def _locked(actor: Actor, *, pk: UUID) -> QuerySet[Referral]:
    return (
        Referral.objects.visible_to(actor)
        .select_related(
            "sender_organization",
            "recipient_organization",
            "sender_role__practitioner",
            "sender_role__organization",
            "recipient_role__practitioner",
            "recipient_role__organization",
        )
        .locked()
        .filter(pk=pk)
    )


LOCKED: PreparedModels[Referral] = PreparedModels(_locked)


def last_step(referral: Referral) -> dict[str, Any] | None:
    """Who moved last, for the refusal of a move that came too late."""
    step = referral.steps.order_by("-recorded_at", "-id").first()
    return (
        {"name": step.name, "by": step.by, "at": step.recorded_at.isoformat().replace("+00:00", "Z")} if step else None
    )


def _occurred_at(move: Move) -> datetime | None:
    occurred: datetime | None = move.details.get("occurred_at") or (move.details.get("recorded") or {}).get("at")
    if occurred is None:
        return None
    before = move.referral.steps.order_by("-recorded_at", "-id").first()
    check_late_fact(occurred, step_before=(before.occurred_at or before.recorded_at) if before else None)
    return occurred


def write_message(
    referral: Referral,
    actor: Actor,
    text: str,
    *,
    party: str,
    kind: str = "message",
    step: Step | None = None,
    by: str = "",
) -> Message:
    message = Message(
        referral=referral,
        step=step,
        organization_id=actor.organization_id,
        member_id=actor.member_id,
        party=party,
        by=by or actor.display or "Trialogue",
        kind=kind,
        text=text,
    )
    prepared.insert(message)
    return message


def add_message(referral_id: UUID | str, *, actor: Actor, text: str) -> Message:
    """A plain message between the two sides. It does not move the referral.

    Raises 403 for who is on neither side or may not read content, 409 when the other side can no longer be reached
    or the client has stopped sharing: what was received stays as it was and never grows.
    """
    referral = locked(referral_id, actor)
    parties = policies.parties_of(actor, referral) & {w.SENDER, w.RECIPIENT}
    if not parties or not policies.may_read_content(actor) or (actor.has_right("auditor") and not actor.treats):
        raise Forbidden("Messages are for the two sides of a referral.", code="wrong_party")
    if not Referral.objects.content_open_to(actor).filter(pk=referral.pk).exists():
        raise Conflict("This referral is closed for you.", code="content_closed")
    gates.check_recipient_reads(referral)
    if referral.client_id is None:
        recognizing.refuse_who_it_is_about({"/text": text}, actor=actor)
    message = write_message(referral, actor, text, party=sorted(parties)[-1])
    touch(referral)
    record("referral.message_added", referral, actor, related={"message_id": str(message.id)})
    return message


def keep_late_answer(referral_id: UUID | str, name: str, *, actor: Actor, details: Mapping[str, Any]) -> None:
    """Keeps an answer that came after its referral had expired, as a message the sender reads.

    Runs in the transaction after the refusal; keeps nothing when the referral did not expire or it is not the caller's.
    """
    referral = locked(referral_id, actor)
    row = WORKFLOW[name]
    parties = policies.parties_of(actor, referral, details)
    if referral.state != w.EXPIRED or name not in w.ANSWERS or not parties & set(row.by):
        return
    serializer = row.input(data=dict(details), context={"actor": actor}) if row.input else None
    said = serializer.validated_data if serializer is not None and serializer.is_valid() else {}
    text = " ".join([f"{row.label}.", *sentences_in(said)])
    message = write_message(referral, actor, text, party=policies.party_for(row, parties), kind="late_answer")
    touch(referral)
    record("referral.message_added", referral, actor, related={"message_id": str(message.id)})


def sentences_in(said: Mapping[str, Any]) -> list[str]:
    """What somebody typed into a transition, the label of a coded reason first."""
    reason = catalog().decline_reasons.get(said.get("reason", ""))
    typed = [said.get(name) for name in ("question", "answer", "detail")] + [(said.get("report") or {}).get("answer")]
    return [*([f"{reason.label}."] if reason else []), *(text for text in typed if text)]


def mark_delivered(referral: Referral, actor: Actor) -> None:
    """The recipient has it: a clinic here its copy of the event, a guest the mail with the link. Once."""
    now = clock.now()
    changed = Referral.objects.filter(pk=referral.pk, delivered_at=None).update(
        delivered_at=now, updated_at=now, version=F("version") + 1
    )
    if changed:
        record("referral.delivered", referral, actor)


def mark_opened(referral_id: UUID | str, *, actor: Actor) -> bool:
    """Notes, once, that a person of the recipient looked: by page, letter, own token, or as a guest after the code."""
    if not (actor.kind == ActorKind.GUEST or (actor.kind == ActorKind.MEMBER and actor.as_person)):
        return False
    unopened = Referral.objects.visible_to(actor).filter(pk=referral_id, opened_at=None, sent_at__isnull=False)
    referral = unopened.first()
    if referral is None or referral.is_inside_one_organization:
        return False
    if w.RECIPIENT not in policies.parties_of(actor, referral):
        return False
    now = clock.now()
    changed = Referral.objects.filter(pk=referral.pk, opened_at=None).update(
        opened_at=now, delivered_at=referral.delivered_at or now, updated_at=now, version=F("version") + 1
    )
    if changed:
        record("referral.opened", referral, actor)
    return bool(changed)


def discard_draft(referral_id: UUID | str, *, actor: Actor, expected_version: int | None) -> None:
    """Deletes a draft that was never shown to anybody."""
    referral = locked(referral_id, actor)
    if w.SENDER not in policies.parties_of(actor, referral):
        raise Forbidden("Only the sender discards a draft.", code="wrong_party")
    policies.refuse_who_writes_none(actor)
    check_version(referral.version, expected_version)
    kept = referral.steps.exists() or referral.messages.exists() or referral.files.exists()
    if referral.state != w.DRAFT or kept:
        raise Conflict(
            "Only a draft that was never sent, without files or messages, can be discarded; withdraw it instead.",
            code="wrong_state",
            state=referral.state,
            available=[row.name for row in WORKFLOW.available(referral, {w.SENDER})],
        )
    Guest.objects.filter(referral=referral).delete()
    Package.objects.filter(referral=referral).delete()
    referral.delete()
