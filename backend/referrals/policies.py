"""Which side a caller is on, and what a person on that side may do."""

from collections.abc import Mapping
from typing import Any

from backend.directory.models import Organization
from backend.lib.actor import Actor, ActorKind
from backend.lib.problems import Forbidden
from backend.lib.workflow import Transition
from backend.referrals import workflow as w
from backend.referrals.models import Referral

# Presses that need a person who treats; a system has to name who that is.
NAMED = frozenset({"accept", "decline"})
CONTRAINDICATED = ("contraindication", "needs_medical_first")


def parties_of(actor: Actor, referral: Referral, details: Mapping[str, Any] | None = None) -> set[str]:
    """The sides the caller is on. Inside one organization these can be both.

    A guest answers for the recipient. The sender's staff may answer for a guest when they say who answered and how.
    """
    if actor.kind == ActorKind.GUEST:
        return {w.RECIPIENT}
    if actor.kind == ActorKind.CLIENT:
        return {w.CLIENT}
    if not actor.is_staff:
        return set()
    sides = set()
    if actor.kind == ActorKind.SYSTEM and actor.application_id is None:
        sides.add(w.SYSTEM)
    if referral.sender_organization_id == actor.organization_id:
        sides.add(w.SENDER)
        if referral.is_guest and (details or {}).get("recorded"):
            sides.add(w.RECIPIENT)
    if referral.recipient_organization_id == actor.organization_id:
        sides.add(w.RECIPIENT)
    elif referral.is_pool and referral.recipient_organization_id is None and w.SENDER not in sides:
        sides.add(w.POOL)
    return sides - {w.SENDER, w.RECIPIENT} if w.SYSTEM in sides else sides


def party_for(row: Transition[Referral], parties: set[str]) -> str:
    """The one side on which the caller makes this transition."""
    return next(party for party in row.by if party in parties)


def check_rights(actor: Actor, row: Transition[Referral], referral: Referral, details: Mapping[str, Any]) -> None:
    """403 when the person's rights inside their own clinic do not reach so far."""
    for_guest = check_recorded(actor, row, referral, details)
    if actor.kind == ActorKind.GUEST and row.name == "assign":
        raise Forbidden("A guest answers for themselves; name a colleague in a decline instead.", code="wrong_party")
    if actor.kind != ActorKind.MEMBER:
        _check_system(actor, row, details)
        return
    if row.name == "report" and "signed_elsewhere" in details:
        raise Forbidden("Only a clinic's system delivers what was signed elsewhere.", code="signature_required")
    needed = w.STAFF if for_guest else row.rights
    if not (needed & actor.rights):
        raise Forbidden(
            f"“{row.label}” needs {' or '.join(sorted(needed))} rights in your clinic.", code="right_required"
        )
    if row.name in NAMED and not actor.treats and not for_guest:
        _check_coordinator(actor, row, referral, details)


def check_recorded(actor: Actor, row: Transition[Referral], referral: Referral, details: Mapping[str, Any]) -> bool:
    """Whether the sender's staff write down a guest's answer; 403 for answers that are nobody's to write down."""
    if not details.get("recorded"):
        return False
    is_sender = referral.sender_organization_id == actor.organization_id
    for_guest = actor.is_staff and is_sender and referral.is_guest and w.RECIPIENT in row.by
    answers_for_client = w.CLIENT in row.by and (actor.is_staff or actor.kind == ActorKind.GUEST)
    if not for_guest and not answers_for_client:
        raise Forbidden("Only the answer of a guest or a client is written down by somebody else.", code="wrong_party")
    return for_guest


def _check_system(actor: Actor, row: Transition[Referral], details: Mapping[str, Any]) -> None:
    if actor.kind != ActorKind.SYSTEM or actor.application_id is None:
        return
    if row.name == "report":
        if "signed_elsewhere" not in details:
            raise Forbidden(
                "A system cannot sign. Deliver what a practitioner signed with signed_elsewhere, or let them sign here.",
                code="signature_required",
            )
        if not actor.allows("notes:transmit"):
            raise Forbidden("This token does not carry the scope notes:transmit.", code="insufficient_scope")
        return
    needs_name = row.name in NAMED or row.rights == w.TREATS
    named = details.get("practitioner_role_id") or details.get("on_behalf_of")
    if needs_name and not named:
        raise Forbidden(
            f"A system names the practitioner who decides to “{row.label.lower()}”: practitioner_role_id or on_behalf_of.",
            code="practitioner_required",
        )


def _check_coordinator(actor: Actor, row: Transition[Referral], referral: Referral, details: Mapping[str, Any]) -> None:
    """A coordinator accepts and declines for a named role where the clinic allows it, never for a contraindication."""
    clinic = referral.recipient_organization or Organization.objects.one(actor.organization_id)  # a pool has none yet
    if not clinic.coordinators_may_accept:
        raise Forbidden("In this clinic a practitioner answers referrals.", code="right_required")
    if row.name == "accept" and not (details.get("practitioner_role_id") or referral.recipient_role_id):
        raise Forbidden("Name the practitioner who takes the client on.", code="practitioner_required")
    if row.name == "decline" and details.get("reason") in CONTRAINDICATED:
        raise Forbidden("A practitioner has to give this reason.", code="right_required")


def refuse_who_writes_none(actor: Actor) -> None:
    """403 for members who neither treat nor coordinate."""
    if actor.kind == ActorKind.MEMBER and not actor.has_right("practitioner", "coordinator"):
        raise Forbidden("Referrals are written by practitioners and coordinators.", code="right_required")


def may_read_content(actor: Actor) -> bool:
    """Inside a clinic: an admin without another role reads no package, messages or reports."""
    return actor.kind != ActorKind.MEMBER or actor.has_right("practitioner", "coordinator", "auditor")
