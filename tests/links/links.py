"""Builds links for the tests of links."""

from datetime import datetime
from uuid import UUID

from backend.lib.actor import system_of
from backend.lib.ids import uuid7
from backend.lib.unit_of_work import acting_as
from backend.links.actors import holder_of
from backend.links.models import Link
from backend.links.services import make_link
from tests.make import Clinic


def guest_link(clinic: Clinic, *, referral_id: UUID | None = None, expires_at: datetime | None = None) -> Link:
    """A link the clinic sent to a colleague without an account."""
    with acting_as(system_of(clinic.organization.id)):
        return make_link(
            actor=system_of(clinic.organization.id),
            purpose=Link.Purpose.GUEST,
            organization_id=clinic.organization.id,
            contact="guest@example.org",
            referral_id=referral_id or uuid7(),
            expires_at=expires_at,
        )


def client_link(clinic: Clinic, *, client_id: UUID | None = None) -> Link:
    """A link the clinic sent to a client."""
    with acting_as(system_of(clinic.organization.id)):
        return make_link(
            actor=system_of(clinic.organization.id),
            purpose=Link.Purpose.CONSENT,
            organization_id=clinic.organization.id,
            contact="client@example.org",
            client_id=client_id or uuid7(),
        )


def fresh(link: Link) -> Link:
    """The link as it is now, as its holder sees it."""
    with acting_as(holder_of(link)):
        return Link.objects.get(pk=link.pk)
