"""The first beat of every service here: the client, locked, and whether this caller may write."""

from collections.abc import Mapping
from typing import Any, Protocol, TypeVar, cast
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from backend.clients.models import Access, Client, Registration
from backend.clients.policies import WORKS, refuse_unless, works_with_clients
from backend.clients.queries import client_id_named, ids_of, records_of
from backend.lib import clock
from backend.lib.actor import Actor, ActorKind
from backend.lib.problems import NotFound


class OfClient(Protocol):
    client_id: UUID


R = TypeVar("R", bound=OfClient)


def locked_client(actor: Actor, client_id: UUID) -> Client:
    """The client, or the one it became part of, locked; 404 when not the caller's to see."""
    client = Client.objects.visible_to(actor).locked().one(client_id)
    if client.merged_into_id is None:
        return client
    return Client.objects.visible_to(actor).locked().filter(pk=client.merged_into_id).first() or client


def own_client(actor: Actor, client_id: UUID) -> Client:
    """A client of the caller's clinic, locked: only home changes what it registered."""
    client = locked_client(actor, client_id)
    refuse_unless(works_with_clients(actor), WORKS)
    refuse_unless(
        is_home(actor, client.pk),
        "Another clinic registered this client; only that clinic changes the record. Ask them.",
        code="not_home",
    )
    return client


def shared_client(actor: Actor, client_id: UUID) -> Client:
    """A client whom the caller may write about: at home, or with a live shared record; never with a broken glass."""
    client = locked_client(actor, client_id)
    if actor.kind != ActorKind.CLIENT:
        refuse_who_only_reads(actor, client.pk)
    return client


def named_client(actor: Actor, said: Mapping[str, Any]) -> Client:
    """The client that is named in what was sent, as ``shared_client``."""
    client_id = client_id_named(said, actor)
    assert client_id is not None, "the input names a client"
    return shared_client(actor, client_id)


def refuse_who_only_reads(actor: Actor, client_id: UUID) -> None:
    """403 for whoever sees the client through a broken glass only."""
    refuse_reading_only(Client.objects.filter(may_write(actor), pk=client_id).exists())


def refuse_reading_only(may_write: bool) -> None:
    refuse_unless(may_write, "This access is for reading only.", code="read_only_access")


def may_write(actor: Actor) -> Q:
    """Of a client: at home, or with a live shared record that no broken glass opened."""
    home = Registration.objects.visible_to(actor).filter(client_id=OuterRef("pk"), kind="home", ended_at=None)
    shares = Access.objects.opening_for(actor).filter(client_id=OuterRef("pk")).exclude(why=Access.Why.BREAK_GLASS)
    return Q(Exists(home)) | Q(Exists(shares))


def of_client(client: Client, row: R, actor: Actor) -> R:
    """A row that hangs on this client or on a record that became part of it; 404 for another client's."""
    if row.client_id not in ids_of(actor, client):
        raise NotFound
    return row


def shared_record(actor: Actor, client_id: UUID, row: OfClient) -> Client:
    """The record of this person on which a row hangs, as ``shared_client``; 404 for a row of another client."""
    client = Client.objects.visible_to(actor).one(client_id)
    if row.client_id not in records_of(client.pk, actor):
        raise NotFound
    return shared_client(actor, row.client_id)


def is_home(actor: Actor, client_id: UUID) -> bool:
    return Registration.objects.visible_to(actor).filter(client_id=client_id, kind="home", ended_at=None).exists()


def changed(client: Client, *fields: str) -> None:
    """Saves these fields with the next version."""
    client.version, client.updated_at = client.version + 1, clock.now()
    client.save(update_fields=[*fields, "version", "updated_at"])


def organization_of(actor: Actor) -> UUID:
    """Where the caller acts; whoever passed a rights check acts for an organization."""
    refuse_unless(actor.organization_id is not None, "Only an organization does this.")
    return cast(UUID, actor.organization_id)
