"""The link to a client's own page, apart from any referral: who can see me, who looked, stop sharing."""

from datetime import timedelta
from uuid import UUID

from django.db.models import F, Q

from backend.audit.events import record
from backend.clients.models import Client
from backend.clients.policies import WORKS, refuse_unless, works_with_clients
from backend.clients.queries import ids_of
from backend.clients.services.taking import shared_client
from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.problems import Conflict, TooMany
from backend.links.models import Link, LinkQuerySet
from backend.links.services import make_link
from backend.notifications import doors
from backend.notifications.models import Mail
from backend.notifications.services import RENEWALS_A_DAY, hold, write_mail
from backend.notifications.told import OWN_PAGE, SENT_OWN_PAGE


def send_own_link(client_id: UUID, *, actor: Actor) -> Link:
    """The clinic mails the client a fresh link to their own page; its earlier ones end.

    409 for a client without an address or who died, 429 when three went out within a day.
    """
    client = shared_client(actor, client_id)
    refuse_unless(works_with_clients(actor), WORKS)
    contact = doors.address_of(client, actor, asker_id=actor.clinic_id)
    if not contact:
        raise Conflict("There is no e-mail address to send a link to; print or say it instead.", code="no_address")
    if was_sent_enough(client.pk, actor):
        raise TooMany("Three links went out within a day. Try again tomorrow.", code="too_many_links")
    live_links(client.pk, actor).update(revoked_at=clock.now(), version=F("version") + 1)
    link = make_own_link(client.pk, contact, actor)
    _record("client.link_sent", link, actor)
    write_own_mail(SENT_OWN_PAGE, link, key=f"own_link:{link.pk}")
    return link


def end_own_link(client_id: UUID, link_id: UUID | str, *, actor: Actor) -> Link:
    """The clinic ends a link it sent: whoever holds the address is out with their next press."""
    client = shared_client(actor, client_id)
    refuse_unless(works_with_clients(actor), WORKS)
    link = own_links(client, actor).locked().one(link_id)
    if link.revoked_at is not None:
        raise Conflict("This link has been ended already.", code="no_link")
    link.revoked_at, link.version = clock.now(), link.version + 1
    link.save(update_fields=["revoked_at", "version"])
    _record("client.link_ended", link, actor)
    return link


def own_links(client: Client, actor: Actor) -> LinkQuerySet:
    """Those the caller's clinic sent to this client, also before the record became part of another."""
    return _own(Link.objects.visible_to(actor)).filter(client_id__in=ids_of(actor, client))


def live_links(client_id: UUID, actor: Actor) -> LinkQuerySet:
    lasting = Q(expires_at=None) | Q(expires_at__gt=clock.now())
    return _own(Link.objects.visible_to(actor)).filter(lasting, client_id=client_id, revoked_at=None)


def live_or_new_link(client: Client, actor: Actor) -> Link | None:
    """What the service itself sends the client to; None for a client without an address, or who died."""
    contact = doors.address_of(client, actor, asker_id=actor.clinic_id)
    if not contact:
        return None
    found = live_links(client.pk, actor).filter(contact=contact).order_by("-created_at").first()
    return found or make_own_link(client.pk, contact, actor)


def renew_own_link(old: Link, actor: Actor, *, key: str) -> None:
    """Whoever holds an address that ran out gets a new one, as long as the clinic has to do with the client."""
    client = Client.objects.visible_to(actor).filter(pk__in=[old.client_id]).first()
    if client is None or was_sent_enough(client.pk, actor):
        return
    link = live_or_new_link(client, actor)
    if link is not None:
        write_own_mail(SENT_OWN_PAGE, link, key=key)


def make_own_link(client_id: UUID, contact: str, actor: Actor) -> Link:
    return make_link(
        actor=actor,
        purpose=Link.Purpose.CLIENT,
        organization_id=actor.clinic_id,
        contact=contact,
        client_id=client_id,
        expires_at=clock.now() + doors.CLIENT_LINK_LIVES,
    )


def write_own_mail(kind: str, link: Link, *, key: str) -> Mail | None:
    return write_mail(
        organization_id=link.organization_id,
        key=key,
        kind=kind,
        to=link.contact,
        subject=OWN_PAGE[kind][0],
        hold_until=clock.now() + hold(),
        client_id=link.client_id,
        link_id=link.pk,
    )


def was_sent_enough(client_id: UUID, actor: Actor) -> bool:
    """Whether as many links went out within a day as may."""
    sent = Mail.objects.visible_to(actor).filter(client_id=client_id, kind=SENT_OWN_PAGE)
    return sent.filter(created_at__gt=clock.now() - timedelta(days=1)).count() >= RENEWALS_A_DAY


def _own(links: LinkQuerySet) -> LinkQuerySet:
    return links.filter(purpose=Link.Purpose.CLIENT, referral_id=None)


def _record(type: str, link: Link, actor: Actor) -> None:
    record(
        type,
        subject=Client(pk=link.client_id),
        actor=actor,
        organizations=[link.organization_id],
        client_id=link.client_id,
        related={"link_id": str(link.pk)},
    )
