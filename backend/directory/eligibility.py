"""Who may take a referral or lift what protects: a role that has not ended, with a verified credential in force."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q, QuerySet

from backend.catalog.queries import catalog
from backend.directory.models import Credential, Organization, PractitionerRole
from backend.lib import clock
from backend.lib.actor import Actor, ActorKind
from backend.lib.problems import Conflict

NEUROMUSCULAR = "neuromuscular"
"""A certification whose name holds this word is one in neuromuscular therapy."""


def today_at(organization: Organization) -> date:
    """The day it is at a clinic, by the domain's clock."""
    return clock.now().astimezone(ZoneInfo(organization.time_zone)).date()


def credential_problem(role: PractitionerRole, on: date, credentials: Iterable[Credential]) -> str | None:
    """Why this role may not treat on that day with these credentials of its practitioner, as a sentence, or None."""
    if role.ended_at is not None:
        return f"{role.practitioner} no longer works at {role.organization}."
    discipline = catalog().disciplines.get(role.discipline)
    if discipline is None:
        return f"The discipline {role.discipline} is not known here."
    kind, label = discipline.credential_kind, discipline.label.lower()
    held = [c for c in credentials if (c.kind, c.discipline) == (kind, role.discipline)]
    if not held:
        return f"{role.practitioner} has no {kind} for {label} on record."
    if any(credential.is_in_force(on) for credential in held):
        return None
    return f"{role.practitioner}'s {kind} for {label} {_what_is_wrong(max(held, key=_how_close), on)}."


def credential_problem_of(actor: Actor) -> str | None:
    """Why the person may not treat here today in any of their roles, as a sentence; None when they may in one."""
    roles = PractitionerRole.objects.filter(pk__in=actor.role_ids).select_related("practitioner", "organization")
    problems = [
        credential_problem(role, today_at(role.organization), role.practitioner.credentials.all())
        for role in roles.prefetch_related("practitioner__credentials").order_by("created_at", "id")
    ]
    if None in problems:
        return None
    return problems[0] if problems else "You have no role as a practitioner here."


def lifting_problem(actor: Actor) -> str | None:
    """Why the person may end no ask, hold or precaution, as sentences: a student, or whose license ran out."""
    if actor.kind == ActorKind.MEMBER and (problem := credential_problem_of(actor)):
        return f"{problem} Ask a colleague with a license in force."
    return None  # a system acts by its scope


def check_lifts_protection(actor: Actor) -> None:
    """409 for whoever has a ``lifting_problem``."""
    if problem := lifting_problem(actor):
        raise Conflict(problem, code="credential_invalid")


def is_enrolled(role: PractitionerRole, on: date, credentials: Iterable[Credential]) -> bool:
    """Whether the practitioner is a student of the role's discipline on that day."""
    kind = Credential.Kind.ENROLLMENT
    return any((c.kind, c.discipline) == (kind, role.discipline) and c.is_in_force(on) for c in credentials)


def eligible_roles(discipline: str, near: str, on: date) -> QuerySet[PractitionerRole]:
    """The roles that may take a referral to a discipline near a place (a city or postal code; "" is anywhere)."""
    roles = with_credential_in_force(PractitionerRole.objects.filter(discipline=discipline), discipline, on).filter(
        Q(away_until=None) | Q(away_until__lt=on), is_accepting=True
    )
    if near.strip():
        place = near.strip()
        roles = roles.filter(Q(location__city__iexact=place) | Q(location__postal_code__iexact=place))
    return roles


def with_credential_in_force(roles: QuerySet[Any], discipline: str, on: date) -> QuerySet[PractitionerRole]:
    """Those of the roles that have not ended and hold what the discipline asks for; none for an unknown discipline."""
    known = catalog().disciplines.get(discipline)
    if known is None:
        return roles.none()
    in_force = Credential.objects.filter(
        Q(issued_on=None) | Q(issued_on__lte=on),
        Q(expires_on=None) | Q(expires_on__gte=on),
        practitioner_id=OuterRef("practitioner_id"),
        kind=known.credential_kind,
        discipline=discipline,
        status=Credential.Status.VERIFIED,
    )
    return roles.filter(Exists(in_force), ended_at=None)


def certified_for(role: PractitionerRole, organization: Organization, on: date) -> bool:
    """Whether the practitioner holds a neuromuscular therapy certificate with the hours that this organization asks."""
    return neuromuscular_hours(role, on) >= organization.neuromuscular_hours


def neuromuscular_hours(role: PractitionerRole, on: date) -> int:
    """Hours of the longest neuromuscular therapy certificate in force; -1 without one."""
    certificates = [c for c in certifications_in_force(role, on) if NEUROMUSCULAR in c.name.lower()]
    return max((c.hours or 0 for c in certificates), default=-1)


def certifications_in_force(role: PractitionerRole, on: date) -> list[Credential]:
    kind = Credential.Kind.CERTIFICATION
    return [c for c in role.practitioner.credentials.all() if c.kind == kind and c.is_in_force(on)]


def _how_close(credential: Credential) -> tuple[bool, bool, date]:
    """The credential that would be in force soonest speaks for all."""
    status = Credential.Status
    return (
        credential.status == status.VERIFIED,
        credential.status == status.PENDING,
        credential.expires_on or date.max,
    )


def _what_is_wrong(credential: Credential, on: date) -> str:
    match credential.status:
        case Credential.Status.SUSPENDED:
            return "is suspended"
        case Credential.Status.REVOKED:
            return "was revoked"
        case Credential.Status.PENDING:
            return "is not verified yet"
    if credential.issued_on is not None and credential.issued_on > on:
        return f"is not valid before {credential.issued_on}"
    return f"expired on {credential.expires_on}"
