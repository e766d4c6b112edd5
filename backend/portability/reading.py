"""Who reads which client for an export: decided once, and asked again before anybody takes it away."""

from dataclasses import dataclass
from uuid import UUID

from backend.clients.models import Access, Client
from backend.clients.policies import READS, reads_clients, refuse_unless
from backend.clients.queries import client_for, ids_of
from backend.lib.actor import Actor
from backend.lib.problems import Forbidden, NotFound
from backend.lib.querysets import id_or_404

EMERGENCY = (
    "An emergency opens a client for reading only, so nothing is taken away. Your own clinic's part is exported with "
    "include: own."
)


@dataclass(frozen=True, slots=True)
class Reading:
    """A reader and a client: the records that are one person, and the client's own row while it is open.

    ``is_own`` narrows everything to what the reader's own people wrote.
    """

    actor: Actor
    client_id: UUID
    ids: tuple[UUID, ...]
    client: Client | None
    is_own: bool

    @property
    def clinic_id(self) -> UUID:
        return self.actor.clinic_id


def reading_of(actor: Actor, client_id: UUID | str, *, is_own: bool) -> Reading:
    """The client as far as the caller sees them, whether or not anything is there to export."""
    wanted = id_or_404(client_id)
    try:
        client = client_for(actor, wanted)
    except NotFound:
        return Reading(actor, wanted, (wanted,), None, is_own)
    return Reading(actor, client.pk, tuple(ids_of(actor, client)), client, is_own)


def check_may_export(reading: Reading) -> None:
    """403 for roles that read no clients, and behind a broken glass."""
    refuse_unless(reads_clients(reading.actor), READS)
    if reading.client is not None and not reading.is_own and _is_emergency(reading):
        raise Forbidden(EMERGENCY, code="emergency_reads_only")


def _is_emergency(reading: Reading) -> bool:
    """Whether nothing but a broken glass opens this client to the reader."""
    if reading.client is None or reading.client.is_home:  # type: ignore[attr-defined]  # with_home
        return False
    opened = Access.objects.opening_for(reading.actor).filter(client_id__in=reading.ids)
    return not opened.exclude(why=Access.Why.BREAK_GLASS).exists()
