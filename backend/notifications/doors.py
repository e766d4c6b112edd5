"""The secure links that mails carry: found again while they live, made when there is none."""

from datetime import timedelta
from uuid import UUID

from django.db.models import F, Q

from backend.clients.models import Client, Representative
from backend.clients.queries import homes_of
from backend.lib import clock
from backend.lib.actor import Actor
from backend.links.models import Link, LinkQuerySet
from backend.links.services import end_links_of_referral, make_link, revoke_links_of_referral
from backend.referrals.models import Guest, Referral

AFTER_THE_END = timedelta(days=30)
CLIENT_LINK_LIVES = timedelta(days=14)


def guest_link(referral: Referral, actor: Actor, *, may_make: bool) -> Link | None:
    """The guest's one link; made with the first mail. None when there is no address, or the clinic ended the link."""
    guest = Guest.objects.visible_to(actor).filter(pk=referral.pk).first()
    if guest is None or not guest.email:
        return None
    sent = _links(referral, actor).filter(purpose=Link.Purpose.GUEST, contact=guest.email)
    if found := _live(sent):
        return found
    if not may_make or sent.exists():
        return None
    return make_guest_link(referral, guest.email, actor)


def make_guest_link(referral: Referral, contact: str, actor: Actor) -> Link:
    return make_link(
        actor=actor,
        purpose=Link.Purpose.GUEST,
        organization_id=referral.sender_organization_id,
        contact=contact,
        referral_id=referral.pk,
    )


def end_guest_links(referral: Referral, actor: Actor) -> int:
    """The guest's links open nothing any more, and the clinic ended them; returns how many were live.

    Those of the client for the same referral stay.
    """
    live = _links(referral, actor).filter(purpose=Link.Purpose.GUEST, revoked_at=None)
    return live.update(revoked_at=clock.now(), version=F("version") + 1)


def newest_guest_link(referral_id: UUID, actor: Actor) -> Link | None:
    """The last link a guest was sent, live or not."""
    links = Link.objects.visible_to(actor).filter(referral_id=referral_id, purpose=Link.Purpose.GUEST)
    return links.order_by("-created_at", "-id").first()


def client_link(referral: Referral, purpose: Link.Purpose, actor: Actor) -> Link | None:
    """A link to the client's own page; None for a client without an address, or who died."""
    contact = address_of_client(referral, actor)
    if not contact:
        return None
    found = _live(_links(referral, actor).filter(purpose=purpose, contact=contact))
    return found or make_link(
        actor=actor,
        purpose=purpose,
        organization_id=referral.sender_organization_id,
        contact=contact,
        client_id=referral.client_id,
        referral_id=referral.pk,
        expires_at=clock.now() + CLIENT_LINK_LIVES,
    )


def address_of_client(referral: Referral, actor: Actor) -> str:
    """The client's address, else that of somebody who may answer for them."""
    if referral.client_id is None:
        return ""
    client = Client.objects.visible_to(actor).filter(pk=referral.client_id).first()
    return address_of(client, actor, asker_id=referral.sender_organization_id) if client else ""


def address_of(client: Client, actor: Actor, *, asker_id: UUID) -> str:
    """Empty for a client who died, or whom nothing reaches."""
    if client.status == Client.Status.DECEASED:
        return ""
    if client.email:
        return client.email
    # Whom home, or the clinic that asks, wrote down: a guest in the circle does not answer for the client by its own word.
    trusted = [asker_id, *homes_of(client.pk)]
    others = (
        Representative.objects.visible_to(actor)
        .filter(client_id=client.pk, ended_at=None, organization_id__in=trusted)
        .exclude(email="")
    )
    return others.order_by("created_at").values_list("email", flat=True).first() or ""


def keep_links(referral: Referral, actor: Actor) -> None:
    """Links live as long as the referral is open and 30 days more; not at all when it was sent in error."""
    if referral.content_gone_because:
        revoke_links_of_referral(referral.pk, actor=actor)
    elif referral.closed_at is not None:
        end_links_of_referral(referral.pk, at=referral.closed_at + AFTER_THE_END, actor=actor)


def _links(referral: Referral, actor: Actor) -> LinkQuerySet:
    return Link.objects.visible_to(actor).filter(referral_id=referral.pk)


def _live(links: LinkQuerySet) -> Link | None:
    lasting = Q(expires_at=None) | Q(expires_at__gt=clock.now())
    found: Link | None = links.filter(lasting, revoked_at=None).order_by("-created_at").first()
    return found
