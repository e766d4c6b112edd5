"""What stands on every printed page: the clinic's name and address, the paper of its country, the confidential line."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from backend.directory.models import Location, Organization, PractitionerRole
from backend.lib import clock
from backend.lib.typesetting import said
from backend.lib.zones import day_in_words, zone_named

CONFIDENTIAL = "Confidential health information, for the people named here only."
# Countries that print on Letter; all others on A4. Source: Unicode CLDR, supplemental data, paperSize.
LETTER_COUNTRIES = frozenset(["BZ", "CA", "CL", "CO", "CR", "GT", "MX", "NI", "PA", "PH", "PR", "SV", "US", "VE"])


@dataclass(frozen=True, slots=True)
class Letterhead:
    """A clinic, and perhaps somebody in it, with what the directory says about them."""

    name: str
    clinic: Organization | None
    role: PractitionerRole | None
    place: Location | None

    @property
    def contact(self) -> list[str]:
        place, clinic = self.place, self.clinic
        address = [place.address, f"{place.city} {place.postal_code}"] if place else []
        return said([*address, clinic.phone if clinic else "", clinic.email if clinic else ""])

    @property
    def paper(self) -> Literal["a4", "us-letter"]:
        return "us-letter" if self.place and self.place.country in LETTER_COUNTRIES else "a4"

    @property
    def time_zone(self) -> str:
        return (self.clinic or Organization()).time_zone


def letterhead_of(organization: Mapping[str, Any] | None, role: Mapping[str, Any] | None = None) -> Letterhead:
    """Of an organization and a role as answers name them: ``id`` and ``display``, or nothing."""
    clinic = Organization.objects.filter(pk=organization["id"]).first() if organization else None
    roles = PractitionerRole.objects.select_related("practitioner", "organization", "location")
    found = roles.filter(pk=role["id"]).first() if role else None
    place = found.location if found else None
    if place is None and clinic is not None:
        place = clinic.locations.order_by("created_at", "id").first()
    return Letterhead(organization["display"] if organization else "", clinic, found, place)


def footer(subject: str, zone: str) -> str:
    """The line at the foot of each page; ``subject`` is what was printed, with its short id."""
    return f"{CONFIDENTIAL} {subject}, printed {day_in_words(clock.now().astimezone(zone_named(zone)).date())}."
