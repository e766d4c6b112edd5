"""Sending: the gates, then the package freezes and opens; asking the client and what they answer."""

from backend.lib import clock, prepared
from backend.lib.ids import uuid7
from backend.lib.problems import Conflict
from backend.referrals import gates, sharing
from backend.referrals.effects.access import guard
from backend.referrals.effects.registry import of
from backend.referrals.models import Package, Referral
from backend.referrals.move import Move


@of("send")
def send(move: Move) -> None:
    """A coordinator may have prepared it without a name: then it is the practitioner's who presses."""
    if move.referral.sender_role is None:
        move.referral.sender_role = move.on_behalf_of
    check_and_send(move)


def check_and_send(move: Move) -> None:
    """All gates of sending; then the package freezes and opens to the recipient."""
    referral, package, guest = move.referral, move.package, move.guest
    check_sender(referral)
    gates.check_region(referral)
    gates.check_not_oneself(referral)
    gates.check_recipient(referral)
    gates.check_red_flags(referral, package)
    if gates.needs_consent(referral):
        consent = gates.covering_consent(referral, guest_email=guest.email if guest else "")
        if consent is None:
            raise gates.consent_missing(referral)
        referral.consent = consent
    freeze_and_open(move, package)


def check_sender(referral: Referral) -> None:
    if referral.sender_role is None:
        raise Conflict("Name the practitioner who refers.", code="practitioner_required")
    gates.check_role(referral.sender_role, of_discipline=referral.sender_role.discipline, who="sender")


def freeze_and_open(move: Move, package: Package) -> None:
    referral, now = move.referral, clock.now()
    referral.sent_at = referral.sent_at or now
    referral.has_red_flag = bool((package.red_flags or {}).get("positive"))
    package.frozen_at = now
    move.after.append(lambda: prepared.save(package))
    if gates.holds_region(package) and referral.client_id is not None:
        move.after.append(
            lambda: sharing.hold_regions(
                client_id=move.client_id,
                regions=referral.regions,
                referral_id=referral.id,
                organization_id=referral.sender_organization_id,
                actor=move.actor,
            )
        )
    if gates.needs_consent(referral) and referral.recipient_organization_id is not None:
        move.after.append(lambda: guard("send_package", uuid7(), referral.id))


@of("ask_consent")
def ask_consent(move: Move) -> None:
    check_sender(move.referral)
    gates.check_not_oneself(move.referral)
    gates.check_recipient(move.referral)
    if not gates.needs_consent(move.referral):
        raise Conflict("No consent is needed for this referral; send it.", code="consent_not_needed")
    move.after.append(lambda: sharing.tell_consent_requested(move.client_id, move.referral, move.actor))


@of("consent_given")
def consent_given(move: Move) -> None:
    """The client's yes makes the consent that covers this recipient; then all gates of sending again."""
    referral = move.referral
    email = move.guest.email if move.guest else ""
    sharing.record_the_yes(referral, email, details=move.details, actor=move.actor)
    check_and_send(move)


@of("consent_refused")
def consent_refused(move: Move) -> None:
    sharing.record_the_no(move.referral, details=move.details, actor=move.actor)
