"""The person cared for, where they are registered, what they allow, and who may see them."""

from backend.clients.models.access import Access, Registration
from backend.clients.models.client import Client, ClientIdentifier, ClientQuerySet, Representative
from backend.clients.models.consent import Consent
from backend.clients.models.reading import ReadMark
from backend.clients.models.safety import Hold, Precaution, SharedInCircleQuerySet

__all__ = [
    "Access",
    "Client",
    "ClientIdentifier",
    "ClientQuerySet",
    "Consent",
    "Hold",
    "Precaution",
    "ReadMark",
    "Registration",
    "Representative",
    "SharedInCircleQuerySet",
]
