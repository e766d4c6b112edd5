"""Registering a client and what the home clinic keeps about them: contact data, identifiers, representatives, death."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from backend.audit.events import record
from backend.clients.hooks import tell_of_death
from backend.clients.models import Client, ClientIdentifier, Representative
from backend.clients.policies import WORKS, refuse_unless, works_with_clients
from backend.clients.queries import ask_guard, audience_of, homes_of, ids_of
from backend.clients.services.taking import changed, is_home, of_client, organization_of, own_client, shared_client
from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.ids import uuid7
from backend.lib.problems import Conflict, invalid
from backend.lib.rest.views import check_version

Identifier = tuple[str, str]
"""System and value."""


def local_system(organization_id: UUID | None) -> str:
    """The system of an organization's own client numbers, for which ``local_identifier`` is short."""
    return f"urn:trialogue:clients:{organization_id}"


def register_client(*, actor: Actor, family_name: str, identifiers: Sequence[Identifier] = (), **facts: Any) -> Client:
    """A new client, at home in the caller's organization. 409 ``identifier_taken`` names who has the identifier."""
    refuse_unless(works_with_clients(actor), WORKS)
    _refuse_future_birth(facts.get("birth_date"))
    client = Client(family_name=family_name, **facts)
    ask_guard("SELECT register_client(%s, %s, %s)", [client.pk, uuid7(), uuid7()])
    client.save(force_insert=True)
    _add_identifiers(client, actor, identifiers)
    record("client.registered", subject=client, actor=actor, organizations=[actor.organization_id], client_id=client.pk)
    return client


def change_client(
    client_id: UUID,
    *,
    actor: Actor,
    expected_version: int | None = None,
    identifiers: Sequence[Identifier] | None = None,
    **changes: Any,
) -> Client:
    """Changes what home keeps; ``identifiers`` replaces those of the caller's organization."""
    client = own_client(actor, client_id)
    check_version(client.version, expected_version)
    _refuse_future_birth(changes.get("birth_date"))
    if "status" in changes and client.status == Client.Status.DECEASED:
        raise Conflict("This client died; take that back first if it was a mistake.", code="client_deceased")
    for name, value in changes.items():
        setattr(client, name, value)
    if identifiers is not None:
        _replace_identifiers(client, actor, identifiers)
    changed(client, *changes)
    _tell("client.updated", client, actor)
    return client


def upsert_client(*, actor: Actor, identifiers: Sequence[Identifier], **facts: Any) -> tuple[Client, bool]:
    """Changes the client that carries the first identifier, or registers one; whether it was registered."""
    system, value = identifiers[0]
    carrier = ClientIdentifier.objects.visible_to(actor).filter(system=system, value=value).first()
    if carrier is not None:
        more = [
            (row.system, row.value)
            for row in ClientIdentifier.objects.visible_to(actor).filter(client_id=carrier.client_id)
        ]
        return change_client(carrier.client_id, actor=actor, identifiers=[*more, *identifiers], **facts), False
    if "family_name" not in facts:
        raise invalid("/family_name", "A new client needs a family name.", code="required")
    return register_client(actor=actor, identifiers=identifiers, **facts), True


def set_identifiers(
    client_id: UUID, *, actor: Actor, identifiers: Sequence[Identifier], expected_version: int | None = None
) -> Client:
    """The organization's own numbers for a client it sees, also a shared one; nobody else ever sees them."""
    client = shared_client(actor, client_id)
    refuse_unless(works_with_clients(actor), WORKS)
    check_version(client.version, expected_version)
    _replace_identifiers(client, actor, identifiers)
    if is_home(actor, client.pk):
        changed(client)
    return client


def mark_moved(client_id: UUID, *, actor: Actor) -> Client:
    """The client moved away. Referrals and consents stand until somebody ends them."""
    client = own_client(actor, client_id)
    _refuse_if_deceased(client)
    client.status = Client.Status.MOVED
    changed(client, "status")
    _tell("client.moved", client, actor)
    return client


def mark_deceased(client_id: UUID, *, actor: Actor, deceased_on: date | None = None) -> Client:
    """The client died: everybody with access is told and every app reacts in this same transaction."""
    client = own_client(actor, client_id)
    _refuse_if_deceased(client)
    if deceased_on and not (client.birth_date or date.min) <= deceased_on <= clock.now().date():
        raise invalid("/deceased_on", "This day lies in the future or before the birth.")
    client.status, client.deceased_on = Client.Status.DECEASED, deceased_on
    changed(client, "status", "deceased_on")
    # told before the other apps react: they end access, and then nobody would be left to tell
    _tell("client.deceased", client, actor, whole_record=False, always=True)
    tell_of_death(client, actor)
    return client


def undo_death(client_id: UUID, *, actor: Actor) -> Client:
    """A death recorded by mistake. What it ended stays ended; it is started again by hand."""
    client = own_client(actor, client_id)
    if client.status != Client.Status.DECEASED:
        raise Conflict("No death is recorded here.", code="not_deceased")
    client.status, client.deceased_on = Client.Status.ACTIVE, None
    changed(client, "status", "deceased_on")
    _tell("client.updated", client, actor, whole_record=False)
    return client


def add_representative(client_id: UUID, *, actor: Actor, **facts: Any) -> Representative:
    """Somebody who may answer for the client: a parent, guardian, attorney."""
    client = shared_client(actor, client_id)
    refuse_unless(works_with_clients(actor), WORKS)
    added = Representative.objects.create(client=client, organization_id=organization_of(actor), **facts)
    _tell("client.updated", client, actor)
    return added


def end_representative(client_id: UUID, representative_id: UUID, *, actor: Actor) -> Representative:
    client = own_client(actor, client_id)
    person = of_client(client, Representative.objects.visible_to(actor).locked().one(representative_id), actor)
    if person.ended_at is None:
        person.ended_at = clock.now()
        person.save(update_fields=["ended_at"])
        _tell("client.updated", client, actor)
    return person


def _refuse_future_birth(birth_date: date | None) -> None:
    if birth_date and birth_date > clock.now().date():
        raise invalid("/birth_date", "This birth date lies in the future.", code="in_the_future")


def _refuse_if_deceased(client: Client) -> None:
    if client.status == Client.Status.DECEASED:
        raise Conflict("This client's death is recorded already.", code="client_deceased")


def _replace_identifiers(client: Client, actor: Actor, identifiers: Sequence[Identifier]) -> None:
    own = ClientIdentifier.objects.visible_to(actor).filter(client_id__in=ids_of(actor, client))
    kept = {(row.system, row.value): row.pk for row in own}
    own.exclude(pk__in=[pk for pair, pk in kept.items() if pair in set(identifiers)]).delete()
    _add_identifiers(client, actor, [pair for pair in identifiers if pair not in kept])


def _add_identifiers(client: Client, actor: Actor, identifiers: Sequence[Identifier]) -> None:
    if not identifiers:
        return
    rows = [
        ClientIdentifier(client=client, organization_id=organization_of(actor), system=system, value=value)
        for system, value in dict.fromkeys(identifiers)
    ]
    try:
        with transaction.atomic():
            ClientIdentifier.objects.bulk_create(rows)
    except IntegrityError as error:
        raise _taken(actor, identifiers) from error


def _taken(actor: Actor, identifiers: Sequence[Identifier]) -> Conflict:
    for system, value in identifiers:
        row = ClientIdentifier.objects.visible_to(actor).filter(system=system, value=value).first()
        if row is not None:
            return Conflict(
                "Another client of yours has this identifier; open that one, or send another identifier.",
                code="identifier_taken",
                existing={"id": str(row.client_id)},
                identifier={"system": system, "value": value},
            )
    return Conflict("This identifier was taken a moment ago; please try again.", code="identifier_taken")


def _tell(type: str, client: Client, actor: Actor, *, whole_record: bool = True, always: bool = False) -> None:
    told = {*homes_of(client.pk), *audience_of(client.pk, whole_record=whole_record)}
    record(type, subject=client, actor=actor, organizations=told, client_id=client.pk, always=always)
