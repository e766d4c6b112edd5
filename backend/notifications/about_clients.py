"""From events of clients to mails: an emergency is told at once, and whoever said yes learns where to stop it."""

from uuid import UUID

from django.db.models import QuerySet

from backend.audit import reactions
from backend.audit.models import Event
from backend.clients.models import Client, Consent
from backend.clients.queries import homes_of
from backend.directory.models import Member
from backend.lib import clock
from backend.lib.actor import system_of
from backend.notifications.client_links import live_or_new_link, write_own_mail
from backend.notifications.services import write_mail
from backend.notifications.told import BROKEN_GLASS, CONSENT_WRITTEN, EMERGENCY, GLASS_WAS_BROKEN

TOLD_OF_EMERGENCIES = ["practitioner", "admin"]


@reactions.on(BROKEN_GLASS)
def tell_of_broken_glass(event: Event) -> None:
    """Home's practitioners and admins, and the client, at once and whatever their quiet hours."""
    actor, homes = system_of(event.organization_id), homes_of(event.client_id) if event.client_id else []
    client = Client.objects.visible_to(actor).filter(pk__in=[event.client_id]).first()
    if client is None or event.organization_id not in homes:
        return
    for member in _told(event.organization_id):
        if member.pk == event.actor_member_id:
            continue
        write_mail(
            organization_id=event.organization_id,
            key=f"{event.change_id}:{member.pk}",
            kind=EMERGENCY,
            to=member.user.email,
            subject="An emergency look at a client",
            hold_until=clock.now(),
            event_type=event.type,
            client_id=client.pk,
            member=member,
        )
    link = live_or_new_link(client, actor) if event.organization_id == min(homes) else None
    if link is not None:
        write_own_mail(GLASS_WAS_BROKEN, link, key=f"{event.change_id}:client")


def _told(organization_id: UUID) -> QuerySet[Member]:
    here = Member.objects.filter(organization_id=organization_id, ended_at=None)
    return here.filter(rights__overlap=TOLD_OF_EMERGENCIES).select_related("user")


@reactions.on("consent.given")
def tell_of_written_consent(event: Event) -> None:
    """A yes that staff wrote down brings the client the page on which they can take it back."""
    actor = system_of(event.organization_id)
    consent = Consent.objects.visible_to(actor).in_force().filter(pk=event.subject_id).first()
    if consent is None or consent.organization_id != event.organization_id or consent.method == Consent.Method.LINK:
        return
    client = Client.objects.visible_to(actor).filter(pk=consent.client_id).first()
    link = live_or_new_link(client, actor) if client is not None else None
    if link is not None:
        write_own_mail(CONSENT_WRITTEN, link, key=f"consent:{consent.pk}")
