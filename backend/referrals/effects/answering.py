"""Answering: accept, decline, ask, and who on each side has it."""

from backend.directory.models import PractitionerRole
from backend.lib import clock, prepared
from backend.lib.actor import Actor
from backend.lib.ids import uuid7
from backend.lib.problems import Conflict, invalid
from backend.referrals import deadlines, gates, sharing
from backend.referrals import workflow as w
from backend.referrals.effects.access import end_access, guard
from backend.referrals.effects.registry import of
from backend.referrals.models import (
    Guest,
    PoolPass,
    Referral,
)
from backend.referrals.move import Move


@of("ask_information")
def ask_information(move: Move) -> None:
    move.referral.paused_minutes = deadlines.open_minutes_left(move.referral)
    move.say("question", move.details["question"])


@of("give_information")
def give_information(move: Move) -> None:
    gates.check_recipient_reads(move.referral)
    move.say("answer", move.details["answer"])
    move.due_at = deadlines.due_for(move.referral, w.SENT)
    move.referral.paused_minutes = None


@of("accept")
def accept(move: Move) -> None:
    """Who takes it, with the credential gate again; a pool's winner joins the circle; the shared record opens."""
    referral, actor = move.referral, move.actor
    if referral.is_guest:
        accept_as_guest(move)
        return
    role = move.on_behalf_of if (move.details.get("practitioner_role_id") or actor.treats) else referral.recipient_role
    role = role or referral.recipient_role
    if role is None:
        raise invalid(
            "/practitioner_role_id", "Name the practitioner who takes the client on.", code="practitioner_required"
        )
    if referral.is_pool:
        referral.paused_minutes = deadlines.open_minutes_left(referral)
    become_recipient(referral, role)
    if referral.is_pool:
        referral.release_until = deadlines.release_until(referral)
    if identifier := move.details.get("recipient_identifier"):
        referral.recipient_identifier = identifier
        gates.check_identifier_free(
            referral, recipient_organization=role.organization, recipient_identifier=dict(identifier)
        )
    referral.accepted_at = clock.now()
    referral.no_show_count = 0
    if referral.client_id is None:
        return
    open_record(move)
    if own := move.details.get("own_client_id"):
        move.after.append(lambda: sharing.link_own_client(referral, own, actor=actor))


def become_recipient(referral: Referral, role: PractitionerRole) -> None:
    """Who takes it, with the gates of the recipient's side asked again."""
    gates.check_role(role, of_discipline=referral.discipline)
    gates.check_not_excluded(referral, role)
    referral.recipient_role = role
    if referral.recipient_organization_id != role.organization_id:
        referral.recipient_organization = role.organization
    gates.check_not_oneself(referral)


def open_record(move: Move) -> None:
    """Once it is saved who took it: a pool's winner joins the circle, and the shared record opens."""
    referral = move.referral
    if referral.is_pool:
        move.after.append(lambda: guard("join_circle", referral.id))
    if not referral.is_inside_one_organization:
        access_id = uuid7()
        move.after.append(lambda: guard("share_record", access_id, referral.id))
        move.after.append(lambda: sharing.tell_access_started(access_id, move.client_id, referral, move.actor))


def take_by_answering(move: Move) -> None:
    """A pool's member that answers an advice wins it as by accepting; what it writes is its own from the first word."""
    if move.on_behalf_of is None:
        raise invalid("/on_behalf_of", "Name the practitioner who answers.", code="practitioner_required")
    become_recipient(move.referral, move.on_behalf_of)
    move.referral.accepted_at = clock.now()
    prepared.save(move.referral)
    if move.referral.client_id is not None:
        open_record(move)


def accept_as_guest(move: Move) -> None:
    guest = Guest.objects.filter(pk=move.referral.pk).first()
    if guest is None or (guest.attested_at is None and not move.details.get("recorded")):
        raise Conflict("Say who you are first: name, clinic and license.", code="attestation_required")
    move.referral.accepted_at = clock.now()


@of("pass")
def pass_on(move: Move) -> None:
    passed = PoolPass(referral=move.referral, organization_id=move.actor.clinic_id)
    passed.save(force_insert=True)
    move.due_at = move.referral.due_at
    move.after.append(lambda: tell_when_nobody_is_left(move.referral, move.actor))


@of("release")
def release(move: Move) -> None:
    """The winner gives it back: last of all the guard takes the clinic off, which may not see the row afterwards."""
    referral = move.referral
    end_access(referral, move.actor, because="release")
    guard("leave_circle", referral.id)
    PoolPass(referral=referral, organization_id=move.actor.clinic_id).save(force_insert=True)
    move.due_at = deadlines.due_after_release(referral)
    referral.paused_minutes = None
    move.after.append(lambda: guard("give_back", referral.id))
    move.after.append(lambda: tell_when_nobody_is_left(referral, move.actor))


def tell_when_nobody_is_left(referral: Referral, actor: Actor) -> None:
    """The sender need not wait for the time to run out when no eligible clinic is left."""
    if not gates.pool_is_left(referral):
        sharing.tell_pool_exhausted(referral, actor)


@of("decline")
def decline(move: Move) -> None:
    move.say("decline", move.details.get("detail"))
    suggested = move.details.get("suggested_practitioner_role_id")
    if suggested is not None:
        role = PractitionerRole.objects.filter(pk=suggested, ended_at=None).first()
        if role is None:
            raise invalid("/suggested_practitioner_role_id", "There is no such colleague.", code="unknown_role")
        move.referral.suggested_role = role
        move.related["suggested_practitioner_role_id"] = str(role.id)
        move.say("suggestion", f"Suggested instead: {role.practitioner}, {role.organization}.")
    if colleague := move.details.get("suggested_name"):
        move.say("suggestion", f"Suggested instead: {colleague}.")


@of("assign")
def assign(move: Move) -> None:
    """A colleague of one's own clinic; on the recipient's side with the credential gate."""
    referral = move.referral
    side = move.details.get("side") or move.party
    if side == w.SENDER and referral.sender_organization_id != move.actor.organization_id:
        raise invalid("/side", "That is not your side.", code="wrong_party")
    if referral.is_inside_one_organization and not move.details.get("side"):
        raise invalid("/side", "Say which side: sender or recipient.", code="side_required")
    role = (
        PractitionerRole.objects.select_related("practitioner", "organization")
        .filter(pk=move.details["practitioner_role_id"], organization_id=move.actor.organization_id, ended_at=None)
        .first()
    )
    if role is None:
        raise invalid("/practitioner_role_id", "There is no such colleague in your clinic.", code="unknown_role")
    if side == w.RECIPIENT:
        if referral.recipient_organization_id != move.actor.organization_id:
            raise invalid("/side", "That is not your side.", code="wrong_party")
        gates.check_role(role, of_discipline=referral.discipline)
        gates.check_not_excluded(referral, role)
        referral.recipient_role = role
    else:
        referral.sender_role = role
    gates.check_not_oneself(referral)
    move.related["practitioner_role_id"] = str(role.id)
