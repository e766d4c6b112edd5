"""Reading the directory: lists with their filters, rows with what is shown beside them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from backend.directory.models import (
    Application,
    Credential,
    Location,
    Member,
    Organization,
    Practitioner,
    PractitionerRole,
)
from backend.lib.actor import Actor
from backend.lib.problems import NotFound


def organizations(actor: Actor, filters: Mapping[str, Any]) -> QuerySet[Organization]:
    rows = _updated_since(Organization.objects.visible_to(actor), filters)
    return _named(rows, filters, "name").prefetch_related("opening_times", "holidays")


def locations(actor: Actor, filters: Mapping[str, Any]) -> QuerySet[Location]:
    rows = _updated_since(Location.objects.visible_to(actor), filters).select_related("organization")
    if "organization_id" in filters:
        rows = rows.filter(organization_id=filters["organization_id"])
    if "near" in filters:
        rows = rows.filter(Q(city__iexact=filters["near"]) | Q(postal_code__iexact=filters["near"]))
    return _named(rows, filters, "name", "city")


def practitioners(actor: Actor, filters: Mapping[str, Any]) -> QuerySet[Practitioner]:
    rows = _updated_since(Practitioner.objects.visible_to(actor), filters).prefetch_related("credentials")
    if "organization_id" in filters:
        here = PractitionerRole.objects.filter(organization_id=filters["organization_id"], ended_at=None)
        rows = rows.filter(id__in=here.values("practitioner_id"))
    return _named(rows, filters, "family_name", "given_name")


def practitioner_roles(actor: Actor, filters: Mapping[str, Any]) -> QuerySet[PractitionerRole]:
    """Roles that have not ended, unless ``state`` asks for others."""
    rows = _updated_since(PractitionerRole.objects.visible_to(actor), filters)
    match filters.get("state", "current"):
        case "current":
            rows = rows.filter(ended_at=None)
        case "ended":
            rows = rows.exclude(ended_at=None)
    same = {"discipline": "discipline", "organization_id": "organization_id", "accepting": "is_accepting"}
    rows = rows.filter(**{column: filters[name] for name, column in same.items() if name in filters})
    holds = {"language": "languages", "technique": "technique_ids", "region": "regions"}
    rows = rows.filter(**{f"{column}__contains": [filters[name]] for name, column in holds.items() if name in filters})
    return with_details(
        _named(rows, filters, "practitioner__family_name", "practitioner__given_name", "organization__name")
    )


def with_details(roles: QuerySet[Any]) -> QuerySet[PractitionerRole]:
    """Roles with what an answer shows beside them: two queries, however many."""
    return roles.select_related("practitioner", "organization", "location").prefetch_related(
        "practitioner__credentials"
    )


def credentials(actor: Actor, practitioner_id: Any) -> QuerySet[Credential]:
    practitioner = Practitioner.objects.visible_to(actor).one(practitioner_id)
    rows: QuerySet[Credential] = Credential.objects.filter(practitioner=practitioner)
    return rows


def members(actor: Actor, changed_since: datetime | None = None) -> QuerySet[Member]:
    rows: QuerySet[Member] = Member.objects.visible_to(actor).filter(ended_at=None).select_related("user")
    return rows if changed_since is None else rows.filter(updated_at__gte=changed_since)


def applications(actor: Actor, changed_since: datetime | None = None) -> QuerySet[Application]:
    rows: QuerySet[Application] = Application.objects.filter(organization_id=actor.organization_id, ended_at=None)
    return rows if changed_since is None else rows.filter(updated__gte=changed_since)


def application(actor: Actor, pk: Any) -> Application:
    found = applications(actor).filter(pk=pk).first() if actor.is_staff and actor.organization_id else None
    if found is None:
        raise NotFound
    return found


def _updated_since(rows: QuerySet[Any], filters: Mapping[str, Any]) -> QuerySet[Any]:
    return rows.filter(updated_at__gte=filters["updated_since"]) if "updated_since" in filters else rows


def _named(rows: QuerySet[Any], filters: Mapping[str, Any], *columns: str) -> QuerySet[Any]:
    """Each word of ``q`` is part of one of the columns."""
    for word in filters.get("q", "").split():
        anywhere = Q()
        for column in columns:
            anywhere |= Q(**{f"{column}__icontains": word})
        rows = rows.filter(anywhere)
    return rows
