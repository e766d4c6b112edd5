"""Who reads which client for an export: decided once, and asked again before anybody takes it away."""

from dataclasses import dataclass
from uuid import UUID

from backend.clients.models import Access, Client
from backend.clients.policies import READS, reads_clients, refuse_unless
from backend.clients.queries import client_for, ids_of, records_of
from backend.clients.services.taking import may_write
from backend.lib.actor import Actor
from backend.lib.problems import Forbidden, NotFound
from backend.lib.querysets import id_or_404
from backend.portability.models import Export

EMERGENCY = (
    "An emergency opens a client for reading only, so nothing is taken away. Your own clinic's part is exported with "
    "include: own."
)


@dataclass(frozen=True, slots=True)
class Reading:
    """A reader and a client: the records that are one person, and the client's own row while it is open.

    ``include`` narrows everything to what the reader's own people wrote, or to what may be handed on.
    """

    actor: Actor
    client_id: UUID
    ids: tuple[UUID, ...]
    client: Client | None
    include: str = Export.Include.ALL

    @property
    def clinic_id(self) -> UUID:
        return self.actor.clinic_id

    @property
    def is_own(self) -> bool:
        return self.include == Export.Include.OWN

    @property
    def is_to_hand_on(self) -> bool:
        return self.include == Export.Include.TO_HAND_ON


def reading_of(actor: Actor, client_id: UUID | str, include: str = Export.Include.ALL) -> Reading:
    """The client as far as the caller sees them, whether or not anything is there to export."""
    wanted = id_or_404(client_id)
    try:
        client = client_for(actor, wanted)
    except NotFound:
        return Reading(actor, wanted, (wanted,), None, include)
    return Reading(actor, client.pk, _records(client, actor), client, include)


def _records(client: Client, actor: Actor) -> tuple[UUID, ...]:
    """The records that are this person, without linked ones that nothing but a broken glass opens."""
    merged = ids_of(actor, client)
    linked = set(records_of(client.pk, actor)) - set(merged)
    if not linked:
        return tuple(merged)
    emergencies = Client.objects.visible_to(actor).filter(pk__in=linked).exclude(may_write(actor))
    return (*merged, *sorted(linked - set(emergencies.values_list("pk", flat=True))))


def check_may_export(reading: Reading) -> None:
    """403 for roles that read no clients, and behind a broken glass."""
    refuse_unless(reads_clients(reading.actor), READS)
    if reading.client is not None and not reading.is_own and _is_emergency(reading):
        raise Forbidden(EMERGENCY, code="emergency_reads_only")


def _is_emergency(reading: Reading) -> bool:
    """Whether nothing but a broken glass opens this client to the reader."""
    if reading.client is None or reading.client.is_home:  # type: ignore[attr-defined]  # with_home
        return False
    merged = ids_of(reading.actor, reading.client)
    opened = Access.objects.opening_for(reading.actor).filter(client_id__in=merged)
    return not opened.exclude(why=Access.Why.BREAK_GLASS).exists()
