"""Who somebody with a link is, before and after the code."""

from backend.lib.actor import Actor, ActorKind
from backend.links.models import Link


def holder_of(link: Link) -> Actor:
    """Whoever has the address: may see the link itself and nothing it opens."""
    return Actor(kind=ActorKind.LINK, link_id=link.id)


def actor_behind(link: Link) -> Actor:
    """Whoever gave the right code: the guest of that one referral, or that client."""
    if link.purpose == Link.Purpose.GUEST:
        return Actor(kind=ActorKind.GUEST, referral_id=link.referral_id, link_id=link.id, display=link.contact)
    return Actor(kind=ActorKind.CLIENT, client_id=link.client_id, referral_id=link.referral_id, link_id=link.id)
