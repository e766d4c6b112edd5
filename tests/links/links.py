"""Builds links for the tests of links."""

from datetime import datetime
from uuid import UUID

from backend.lib.actor import system_of
from backend.lib.unit_of_work import acting_as
from backend.links.actors import holder_of
from backend.links.models import Link
from backend.links.services import make_link
from tests import make
from tests.make import Clinic


def referral_of(clinic: Clinic) -> UUID:
    """Of the clinic's own, for nobody in particular: a link leads only to what its clinic sent."""
    client_id = make.client(clinic)["id"]
    return UUID(make.referral(clinic, {"discipline": "chiropractic"}, client_id=client_id, send=False)["id"])


def guest_link(clinic: Clinic, *, referral_id: UUID | None = None, expires_at: datetime | None = None) -> Link:
    """A link the clinic sent to a colleague without an account."""
    referral_id = referral_id or referral_of(clinic)
    with acting_as(system_of(clinic.organization.id)):
        return make_link(
            actor=system_of(clinic.organization.id),
            purpose=Link.Purpose.GUEST,
            organization_id=clinic.organization.id,
            contact="guest@example.org",
            referral_id=referral_id,
            expires_at=expires_at,
        )


def client_link(clinic: Clinic, *, client_id: UUID | None = None) -> Link:
    """A link the clinic sent to a client."""
    client_id = client_id or UUID(make.client(clinic)["id"])
    with acting_as(system_of(clinic.organization.id)):
        return make_link(
            actor=system_of(clinic.organization.id),
            purpose=Link.Purpose.CONSENT,
            organization_id=clinic.organization.id,
            contact="client@example.org",
            client_id=client_id,
        )


def fresh(link: Link) -> Link:
    """The link as it is now, as its holder sees it."""
    with acting_as(holder_of(link)):
        return Link.objects.get(pk=link.pk)
