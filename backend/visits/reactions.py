"""What happens to visits because something else happened."""

from backend.audit import reactions
from backend.audit.models import Event
from backend.clients.models import Client
from backend.lib.actor import Actor, system_of
from backend.visits import services


def end_with_death(client: Client, actor: Actor) -> None:
    """Called in the transaction that records a death."""
    if actor.organization_id is not None:
        services.cancel_coming_visits(client.pk, actor=system_of(actor.organization_id))


@reactions.on("client.deceased")
def end_elsewhere_with_death(event: Event) -> None:
    """The same at the other clinics that are told."""
    services.cancel_coming_visits(event.subject_id, actor=system_of(event.organization_id))
