"""The reader's own visits of a client: which one a note is opened at, and whether anybody expects the client now."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Exists, OuterRef

from backend.clients.models import Client
from backend.clients.queries import ids_of, records_of
from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.late_facts import LATEST
from backend.notes.queries import signed_by
from backend.visits.models import Visit, VisitQuerySet

NEAR, A_DAY = timedelta(hours=2), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Doubt:
    """Nobody expects this client now; ``expected`` is who has an appointment with the reader at this moment, if anybody."""

    expected: str


def doubt_about(client: Client, actor: Actor) -> Doubt | None:
    """None within two hours of an appointment of this client with the reader."""
    now, around = clock.now(), _own_around_now(actor)
    mine = records_of(client.pk, actor)
    if around.filter(client_id__in=mine).exists():
        return None
    seen_now = around.exclude(client_id__in=mine).filter(starts_at__lte=now, ends_at__gt=now).order_by("starts_at")
    return Doubt(expected=seen_now.values_list("client_name", flat=True).first() or "")


def visit_now(client: Client, actor: Actor) -> Visit | None:
    """The reader's own visit of this client that is near or was held within a day, the nearest of several."""
    now = clock.now()
    near = [visit for visit in visits_to_write_of(client, actor) if visit.ends_at >= now - A_DAY]
    return min(near, key=lambda visit: max(visit.starts_at - now, now - visit.ends_at), default=None)


def visits_to_write_of(client: Client, actor: Actor) -> list[Visit]:
    """The reader's own visits of this client whose note they have not signed, the newest first: as far back as a note may tell of."""
    now, records = clock.now(), ids_of(actor, client)
    signed = signed_by(actor).filter(client_id__in=records, visit_id=OuterRef("pk"))
    mine = _own(actor).filter(organization_id=actor.clinic_id, client_id__in=records)
    told = mine.filter(~Exists(signed), starts_at__lte=now + NEAR, starts_at__gte=now - LATEST)
    return list(told.order_by("-starts_at", "-id"))


def _own_around_now(actor: Actor) -> VisitQuerySet:
    now = clock.now()
    return _own(actor).filter(starts_at__lte=now + NEAR, ends_at__gte=now - NEAR)


def _own(actor: Actor) -> VisitQuerySet:
    with_me = Visit.objects.visible_to(actor).filter(practitioner_role_id__in=actor.role_ids)
    return with_me.exclude(state__in=Visit.NOT_HELD)
