"""How rows read in answers: ids plus a readable label, null for what is not known, no field the reader may not see."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Q

from backend.audit.models import AccessLog
from backend.catalog.queries import catalog
from backend.clients.models import (
    Access,
    Client,
    ClientIdentifier,
    Consent,
    Hold,
    Precaution,
    Registration,
    Representative,
)
from backend.clients.policies import reads_notes_of_precautions
from backend.clients.services.people import local_system
from backend.directory.models import Organization
from backend.lib.actor import Actor, ActorKind
from backend.lib.rest.fields import day_or_none, id_or_none, utc, utc_or_none

Json = dict[str, Any]
Names = Mapping[UUID, str]
# Why somebody may see a client, in a list and in a sentence.
WHY_ACCESS: Mapping[str, str] = {
    Access.Why.HOME: "registered the client",
    Access.Why.REFERRAL: "a referral",
    Access.Why.CARE_TEAM: "on the care team",
    Access.Why.BREAK_GLASS: "emergency access",
}


def client_label(client: Client) -> Json:
    return {"id": str(client.pk), "display": client.display}


def names_of(organization_ids: Iterable[UUID | None]) -> Names:
    """The names of these organizations, in one query."""
    wanted = {organization_id for organization_id in organization_ids if organization_id}
    return dict(Organization.objects.filter(pk__in=wanted).values_list("pk", "name")) if wanted else {}


def identifiers_of(actor: Actor, clients: Sequence[Client]) -> dict[UUID, list[ClientIdentifier]]:
    """The caller's own identifiers of these clients and of what became part of them, in one query."""
    ids = [client.pk for client in clients]
    rows = ClientIdentifier.objects.visible_to(actor).select_related("client")
    found: dict[UUID, list[ClientIdentifier]] = {client_id: [] for client_id in ids}
    for row in rows.filter(Q(client_id__in=ids) | Q(client__merged_into_id__in=ids)).order_by("system", "value"):
        owner = row.client_id if row.client_id in found else row.client.merged_into_id
        if owner in found:
            found[owner].append(row)
    return found


def client_data(client: Client, actor: Actor, identifiers: Sequence[ClientIdentifier]) -> Json:
    local = local_system(actor.organization_id)
    return {
        "id": str(client.pk),
        "version": client.version,
        "display": client.display,
        "relation": "home" if client.is_home else "shared",  # type: ignore[attr-defined]  # with_home
        "family_name": client.family_name,
        **{name: getattr(client, name) or None for name in Client.MAY_BE_BLANK},
        "birth_date": day_or_none(client.birth_date),
        "gender": client.gender,
        "status": client.status,
        "deceased_on": day_or_none(client.deceased_on),
        "local_identifier": next((row.value for row in identifiers if row.system == local), None),
        "identifiers": [{"system": row.system, "value": row.value} for row in identifiers if row.system != local],
        "created_at": utc(client.created_at),
        "updated_at": utc(client.updated_at),
    }


def registration_data(client: Client, actor: Actor) -> Json:
    """How the caller's clinic knows a client."""
    mine = Registration.objects.visible_to(actor).filter(ended_at=None)
    here = mine.filter(client_id=client.pk).select_related("own_client").first()
    own = here.own_client if here else None
    return {
        "client": client_label(client),
        "kind": here.kind if here else "none",
        "own_client": client_label(own) if own else None,
        "linked_at": utc(here.created_at) if here and own else None,
        "links": [str(pk) for pk in mine.filter(own_client_id=client.pk).values_list("client_id", flat=True)],
    }


def consent_data(consent: Consent, actor: Actor, names: Names, client: Client) -> Json:
    reads_reason = actor.kind == ActorKind.CLIENT or client.is_home  # type: ignore[attr-defined]  # with_home
    expired = consent.status == Consent.Status.GIVEN and not consent.is_in_force
    return {
        "id": str(consent.pk),
        "version": consent.version,
        "client": client_label(client),
        "organization": _label(consent.organization_id, names),
        "organizations": [_label(organization_id, names) for organization_id in consent.organization_ids],
        "guests": [{"email": email} for email in consent.guests],
        "pools": consent.pools,
        "categories": consent.categories,
        "excluded_practitioner_ids": [str(practitioner_id) for practitioner_id in consent.excluded_practitioner_ids],
        "method": consent.method,
        "given_by": {"name": consent.given_by_name, "relationship": consent.given_by_relationship},
        "recorded_by": consent.recorded_by,
        "status": "expired" if expired else consent.status,
        "is_in_force": consent.is_in_force,
        "given_at": utc(consent.given_at),
        "occurred_at": utc_or_none(consent.occurred_at),
        "expires_on": day_or_none(consent.expires_on),
        "ends_at": utc_or_none(consent.ends_at),
        "withdrawn_at": utc_or_none(consent.withdrawn_at),
        **({"withdrawn_reason": consent.withdrawn_reason or None} if reads_reason else {}),
        "earlier": consent.earlier,
        "withheld": [] if reads_reason else ["withdrawn_reason"],
        "created_at": utc(consent.created_at),
    }


def consent_for_others(consent: Json) -> Json:
    """As it reads outside the client's homes: why it ended is for them."""
    told = {name: value for name, value in consent.items() if name != "withdrawn_reason"}
    return {**told, "withheld": ["withdrawn_reason"]}


def precaution_data(precaution: Precaution, actor: Actor, names: Names) -> Json:
    known = catalog().precautions.get(precaution.code)
    reads_note = reads_notes_of_precautions(actor)
    ended = "ended" if precaution.ended_at else "active"
    return {
        "id": str(precaution.pk),
        "version": precaution.version,
        "code": precaution.code,
        "label": known.label if known else precaution.code,
        "regions": _places(precaution.regions),
        **({"note": precaution.note or None} if reads_note else {}),
        "is_sensitive": precaution.is_sensitive,
        "organization": _label(precaution.organization_id, names),
        "recorded_by": precaution.recorded_by,
        "status": "entered_in_error" if precaution.entered_in_error_reason else ended,
        "entered_in_error_reason": precaution.entered_in_error_reason or None,
        "created_at": utc(precaution.created_at),
        "ended_at": utc_or_none(precaution.ended_at),
        "withheld": [] if reads_note else ["note"],
    }


def contact_first_data(row: tuple[UUID, UUID, list[dict[str, str]]], names: Names) -> Json:
    """Where something sensitive is kept by a colleague: whom to ask, about which region."""
    precaution_id, organization_id, regions = row
    return {
        "id": str(precaution_id),
        "organization": _label(organization_id, names),
        "regions": _places(regions),
        "display": f"Contact {names.get(organization_id, 'the clinic')} before treating this region.",
    }


def hold_data(hold: Hold, actor: Actor, names: Names) -> Json:
    return {
        "id": str(hold.pk),
        "version": hold.version,
        "organization": _label(hold.organization_id, names),
        "regions": _places(hold.regions),
        "because": hold.because,
        "created_at": utc(hold.created_at),
        "cleared_at": utc_or_none(hold.cleared_at),
        "cleared_by": hold.cleared_by or None,
        **({"clearance": hold.clearance or None} if actor.reads_clinical else {}),
        "withheld": [] if actor.reads_clinical else ["clearance"],
    }


def representative_data(person: Representative) -> Json:
    return {
        "id": str(person.pk),
        "name": person.name,
        "relationship": person.relationship,
        "email": person.email or None,
        "phone": person.phone or None,
        "created_at": utc(person.created_at),
        "ended_at": utc_or_none(person.ended_at),
    }


def access_data(access: Access, names: Names) -> Json:
    return {
        "id": str(access.pk),
        "organization": _label(access.organization_id, names),
        "why": access.why,
        "extent": access.extent,
        "from": utc(access.from_at),
        "until": utc_or_none(access.until),
        "consent_id": id_or_none(access.consent_id),
        "referral_id": id_or_none(access.referral_id),
        "reason": access.reason or None,
    }


def look_data(look: AccessLog, names: Names) -> Json:
    return {
        "at": utc(look.at),
        "action": look.action,
        "organization": _label(look.organization_id, names) if look.organization_id else None,
        "who": look.actor_display,
        "subject": {"type": look.subject_type, "id": id_or_none(look.subject_id)},
        "why": look.why or None,
    }


def _label(organization_id: UUID, names: Names) -> Json:
    return {"id": str(organization_id), "display": names.get(organization_id, "")}


def _places(regions: list[dict[str, str]]) -> list[Json]:
    """The database keeps no order of keys; the answer does, and so does its ETag."""
    return [{"region": place["region"], "side": place["side"]} for place in regions]
