"""What a referral is written from: the client and what of them may leave the clinic, and the two practitioners."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import JSONObject

from backend.clients.models import Client, Precaution
from backend.clients.queries import client_id_named
from backend.clients.services.taking import may_write, refuse_reading_only
from backend.directory.models import PractitionerRole
from backend.lib.actor import ANONYMOUS, Actor
from backend.lib.prepared import PreparedModels
from backend.lib.problems import NotFound, invalid


@dataclass(frozen=True, slots=True)
class ClientFacts:
    """The client a referral is about, and the precautions of the clinic's own that may leave it with a package."""

    client: Client
    precautions: list[dict[str, Any]]


def client_named(fields: dict[str, Any], actor: Actor) -> ClientFacts | None:
    """The client by id or by the organization's own number; 404 when it is not the caller's to see."""
    pk = client_id_named(fields, actor)
    if pk is None:
        return None
    for client in CLIENT.found(actor, pk=pk):
        facts: Any = client  # annotated
        refuse_reading_only(facts.may_write)  # a draft would keep what was read in an emergency
        return ClientFacts(client, facts.own_precautions)
    raise NotFound


def _client(actor: Actor, *, pk: UUID) -> QuerySet[Client]:
    precautions = ArraySubquery(precautions_leaving(actor).filter(client_id=OuterRef("pk")))
    return (
        Client.objects.visible_to(actor).filter(pk=pk).annotate(may_write=may_write(actor), own_precautions=precautions)
    )


def precautions_leaving(actor: Actor) -> QuerySet[Precaution, Any]:
    """The clinic's own that go along with a package: sensitive ones stay, others' are not its to pass on."""
    own = Precaution.objects.visible_to(actor).filter(
        organization_id=actor.clinic_id, ended_at=None, entered_in_error_reason="", is_sensitive=False
    )
    return own.values(data=JSONObject(code="code", regions="regions", note="note"))


CLIENT: PreparedModels[Client] = PreparedModels(_client)
ROLES: PreparedModels[PractitionerRole] = PreparedModels(
    lambda actor, first, second: PractitionerRole.objects.select_related("practitioner", "organization").filter(
        pk__in=[first, second], ended_at=None
    )
)
Roles = Mapping[UUID | None, PractitionerRole]


def roles_named(fields: dict[str, Any], actor: Actor) -> Roles:
    """The sender's role and the recipient's, with their people and clinics, by id."""
    asked = (_sender_role_id(fields, actor), (fields.get("to") or {}).get("practitioner_role_id"))
    wanted: list[UUID] = [pk for pk in asked if pk is not None]
    if not wanted:
        return {}
    return {role.pk: role for role in ROLES.found(ANONYMOUS, first=wanted[0], second=wanted[-1])}


def _sender_role_id(fields: dict[str, Any], actor: Actor) -> UUID | None:
    """The named role, else the caller's own."""
    named = fields.get("practitioner_role_id") or (fields.get("on_behalf_of") or {}).get("practitioner_role_id")
    return named or min(actor.role_ids, default=None)


def demographics(client: Client) -> dict[str, Any]:
    """The client as the recipient will see them before accepting, so that a match can be made."""
    return {
        "id": str(client.id),
        "display": client.display,
        "family_name": client.family_name,
        "given_name": client.given_name,
        "birth_date": client.birth_date.isoformat() if client.birth_date else None,
        "gender": client.gender,
        "email": client.email,
        "phone": client.phone,
        "address": client.address,
        "city": client.city,
        "region": client.region,
        "postal_code": client.postal_code,
        "country": client.country,
        "language": client.language,
    }


def sender_role(fields: dict[str, Any], actor: Actor, roles: Roles) -> PractitionerRole | None:
    """Of the caller's clinic; none for a coordinator who names nobody."""
    pk = _sender_role_id(fields, actor)
    if pk is None:
        return None
    role = roles.get(pk)
    if role is None or role.organization_id != actor.organization_id:
        raise invalid(
            "/practitioner_role_id", "There is no such practitioner role in your clinic.", code="unknown_role"
        )
    return role
