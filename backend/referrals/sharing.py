"""Where a referral meets the client's consent and record: the yes, the link to one's own client, the hold, the notices."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from backend.audit import events
from backend.clients import services as clients
from backend.clients.models import Access, Consent
from backend.lib.actor import Actor, ActorKind
from backend.lib.problems import invalid
from backend.referrals.models import Referral

CATEGORIES = ["plan", "notes", "outcomes"]


def record_the_yes(referral: Referral, guest_email: str, *, details: dict[str, Any], actor: Actor) -> Consent:
    """A consent for this referral's circle: the sender and its recipient, whoever wrote the answer down."""
    assert referral.client_id is not None
    given_by = details.get("given_by") or {}
    circle = [referral.sender_organization_id, referral.recipient_organization_id]
    pool = {"discipline": referral.discipline, "near": referral.pool_near}
    return clients.give_consent(
        referral.client_id,
        actor=actor,
        organization_ids=[pk for pk in circle if pk],
        guests=[guest_email] if guest_email else [],
        pools=[pool] if referral.is_pool else [],
        categories=details.get("categories", CATEGORIES),  # none at all is an answer, too: the safety floor only
        method=how_answered(details, actor),
        given_by_name=given_by.get("name", ""),
        given_by_relationship=given_by.get("relationship", "self"),
        expires_on=details.get("expires_on"),
        excluded_practitioner_ids=details.get("excluded_practitioner_ids", []),
    )


def how_answered(details: dict[str, Any], actor: Actor) -> str:
    """A client answers by link; staff say how the client told them."""
    if actor.kind == ActorKind.CLIENT:
        return "link"
    if "method" not in details:
        raise invalid("/method", "Say how the client answered: in person, on paper or spoken.", code="method_required")
    return str(details["method"])


def record_the_no(referral: Referral, *, details: dict[str, Any], actor: Actor) -> Consent:
    """The client's no, kept by the clinic that asked."""
    assert referral.client_id is not None
    given_by = details.get("given_by") or {}
    return clients.refuse_consent(
        referral.client_id,
        actor=actor,
        organization_ids=[referral.sender_organization_id],
        method=how_answered(details, actor),
        given_by_name=given_by.get("name", ""),
        given_by_relationship=given_by.get("relationship", "self"),
    )


def link_own_client(referral: Referral, own_client_id: UUID, *, actor: Actor) -> None:
    """The recipient says: the same person as one of our own clients."""
    assert referral.client_id is not None
    clients.link_client(referral.client_id, own_client_id=own_client_id, actor=actor)


def hold_regions(
    *, client_id: UUID, regions: list[dict[str, str]], referral_id: UUID, organization_id: UUID, actor: Actor
) -> None:
    """A red flag of the same day holds treatment of the region for the whole circle until it is cleared."""
    clients.hold_for_red_flag(
        client_id,
        regions=regions,
        subject_id=referral_id,
        organization_id=organization_id,
        actor=actor,
    )


def tell_access_started(access_id: UUID, client_id: UUID, referral: Referral, actor: Actor) -> None:
    """The shared record is open: the recipient may load this client now."""
    events.record(
        "access.started",
        subject=Access(id=access_id, client_id=client_id),
        actor=actor,
        organizations=[referral.recipient_organization_id],
        client_id=client_id,
        related={
            "referral_id": str(referral.id),
            "client_id": str(client_id),
            "extent": Access.Extent.SHARED_RECORD.value,
        },
    )


def tell_consent_requested(client_id: UUID, referral: Referral, actor: Actor) -> None:
    """The client is asked; only the clinic that asks knows of it."""
    events.record(
        "consent.requested",
        subject=referral,
        actor=actor,
        organizations=[referral.sender_organization_id],
        client_id=client_id,
        related={"referral_id": str(referral.id), "client_id": str(client_id)},
    )


def tell_pool_exhausted(referral: Referral, actor: Actor) -> None:
    """Nobody is left who could take it: the sender sends it to somebody else."""
    events.record(
        "referral.pool_exhausted",
        subject=referral,
        actor=actor,
        organizations=[referral.sender_organization_id],
        client_id=referral.client_id,
    )


def tell_access_ended(client_id: UUID, ended: Iterable[tuple[UUID, UUID]], *, because: str, actor: Actor) -> None:
    """Stop showing your copy: told to those who lost access, with the reason."""
    for access_id, organization_id in ended:
        events.record(
            "access.ended",
            subject=Access(id=access_id, client_id=client_id),
            actor=actor,
            organizations=[organization_id],
            client_id=client_id,
            related={"client_id": str(client_id), "reason": because},
            always=True,
        )
