"""The person cared for, what clinics call them, and who answers for them."""

from typing import Self
from uuid import UUID

from django.db import models
from django.db.models import Exists, OuterRef, Q

from backend.clients.models.access import Access, Registration
from backend.directory.models import OrganizationIdentifier
from backend.lib import clock
from backend.lib.actor import Actor, ActorKind
from backend.lib.ids import uuid7
from backend.lib.querysets import ScopedQuerySet


class ClientQuerySet(ScopedQuerySet["Client"]):
    def visible_to(self, actor: Actor) -> Self:
        """Clients registered here, and those whose shared record is open to this organization now."""
        if actor.kind == ActorKind.CLIENT:
            return self.filter(pk=actor.client_id)
        if not actor.is_staff:
            return self.none()
        home = Registration.objects.filter(
            Q(organization_id=actor.organization_id), client_id=OuterRef("pk"), kind="home", ended_at=None
        )
        opened = Access.objects.opening_for(actor).filter(client_id=OuterRef("pk"))
        return self.filter(Exists(home) | Exists(opened))

    def surviving(self, actor: Actor) -> Self:
        """Without those that became part of another record this caller sees."""
        survivor = Client.objects.visible_to(actor).filter(pk=OuterRef("merged_into_id"))
        return self.filter(Q(merged_into=None) | ~Exists(survivor))

    def registered_at(self, organization_id: UUID | None) -> Self:
        """Clients whom this organization registered itself."""
        home = Registration.objects.filter(
            Q(organization_id=organization_id), client_id=OuterRef("pk"), kind="home", ended_at=None
        )
        return self.filter(Exists(home))


class Client(models.Model):
    """The person cared for; one record, registered at one or more organizations."""

    class Status(models.TextChoices):
        ACTIVE = "active"
        MOVED = "moved"
        DECEASED = "deceased"
        INACTIVE = "inactive"

    class Gender(models.TextChoices):
        FEMALE = "female"
        MALE = "male"
        OTHER = "other"
        UNKNOWN = "unknown"

    id = models.UUIDField(primary_key=True, default=uuid7)
    version = models.IntegerField(default=1)
    family_name = models.CharField(max_length=100)
    given_name = models.CharField(max_length=100, blank=True)
    birth_date = models.DateField(null=True)
    gender = models.CharField(max_length=10, choices=Gender.choices, default=Gender.UNKNOWN)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=40, blank=True)
    address = models.CharField(max_length=200, blank=True)
    city = models.CharField(max_length=100, blank=True)
    region = models.CharField(max_length=60, blank=True)  # state or province
    postal_code = models.CharField(max_length=20, blank=True)
    country = models.CharField(max_length=2, blank=True)
    language = models.CharField(max_length=10, blank=True)
    time_zone = models.CharField(max_length=60, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)
    deceased_on = models.DateField(null=True)
    # After a merge inside one organization: the record this one became part of. Old ids keep answering.
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="merged_from")
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)

    # Empty in the row when not known, null in an answer.
    MAY_BE_BLANK = (
        "given_name",
        "email",
        "phone",
        "address",
        "city",
        "region",
        "postal_code",
        "country",
        "language",
        "time_zone",
    )

    objects = ClientQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["birth_date"], name="client_birth_date"),
            models.Index(fields=["merged_into"], name="client_merged", condition=Q(merged_into__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.display

    @property
    def display(self) -> str:
        return f"{self.given_name} {self.family_name}".strip()


class ClientIdentifier(OrganizationIdentifier):
    """An organization's own number for a client; no other organization sees it."""

    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="identifiers")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "system", "value"], name="client_identifier_once")
        ]


class RepresentativeQuerySet(ScopedQuerySet["Representative"]):
    def visible_to(self, actor: Actor) -> Self:
        """Seen by who sees the client's shared record."""
        return self.filter(Exists(Client.objects.visible_to(actor).filter(pk=OuterRef("client_id"))))


class Representative(models.Model):
    """Who may answer for a client: parent, guardian, attorney."""

    class Relationship(models.TextChoices):
        PARENT = "parent"
        GUARDIAN = "guardian"
        ATTORNEY = "attorney"
        SPOUSE = "spouse"
        OTHER = "other"

    id = models.UUIDField(primary_key=True, default=uuid7)
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="representatives")
    organization = models.ForeignKey("directory.Organization", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=200)
    relationship = models.CharField(max_length=20, choices=Relationship.choices)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True)

    objects = RepresentativeQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name
