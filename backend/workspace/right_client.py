"""Whether a note is opened at the client's own appointment; if not, the page asks whether this is the right person."""

from dataclasses import dataclass
from datetime import timedelta

from backend.clients.models import Client
from backend.clients.queries import ids_of
from backend.lib import clock
from backend.lib.actor import Actor
from backend.visits.models import Visit

NEAR = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Doubt:
    """Nobody expects this client now; ``expected`` is who has an appointment with the reader at this moment, if anybody."""

    expected: str


def doubt_about(client: Client, actor: Actor) -> Doubt | None:
    """None within two hours of an appointment of this client with the reader."""
    now = clock.now()
    with_me = Visit.objects.visible_to(actor).filter(practitioner_role_id__in=actor.role_ids)
    around = with_me.exclude(state__in=Visit.NOT_HELD).filter(starts_at__lte=now + NEAR, ends_at__gte=now - NEAR)
    mine = ids_of(actor, client)
    if around.filter(client_id__in=mine).exists():
        return None
    seen_now = around.exclude(client_id__in=mine).filter(starts_at__lte=now, ends_at__gt=now).order_by("starts_at")
    return Doubt(expected=seen_now.values_list("client_name", flat=True).first() or "")
