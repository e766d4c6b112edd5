"""The person cared for, where they are registered, what they allow, and who may see them."""

from datetime import date
from typing import Self
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, OuterRef, Q

from backend.lib import clock
from backend.lib.actor import Actor, ActorKind
from backend.lib.ids import uuid7
from backend.lib.querysets import ScopedQuerySet


class Registration(models.Model):
    """A client at an organization.

    ``home``: this organization registered the client itself. ``linked``: after taking a referral it said that this is
    its own client too; ``own_client`` is its own record. A link alone never opens anything.
    """

    class Kind(models.TextChoices):
        HOME = "home"
        LINKED = "linked"

    id = models.UUIDField(primary_key=True, default=uuid7)
    client = models.ForeignKey(
        "clients.Client", on_delete=models.PROTECT, related_name="registrations", db_constraint=True
    )
    organization = models.ForeignKey("directory.Organization", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.HOME)
    own_client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, null=True, related_name="linked_to")
    created_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["client", "organization"], condition=Q(ended_at=None), name="registered_once"
            ),
            models.CheckConstraint(
                condition=Q(kind="home", own_client=None) | Q(kind="linked", own_client__isnull=False),
                name="a_link_names_both",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.client_id}"


class AccessQuerySet(ScopedQuerySet["Access"]):
    def visible_to(self, actor: Actor) -> Self:
        """One's own, and those to clients one registered."""
        if not actor.is_staff:
            return self.none()
        home = Registration.objects.filter(
            client_id=OuterRef("client_id"), organization_id=actor.organization_id, kind="home", ended_at=None
        )
        return self.filter(Q(organization_id=actor.organization_id) | Exists(home))

    def live(self) -> Self:
        now = clock.now()
        return self.filter(Q(until=None) | Q(until__gt=now), from_at__lte=now)


class Access(models.Model):
    """Why an organization may see a client, how much, from when, until when. Written only by the guard's functions."""

    class Why(models.TextChoices):
        HOME = "home"
        REFERRAL = "referral"
        CARE_TEAM = "care_team"
        BREAK_GLASS = "break_glass"

    class Extent(models.TextChoices):
        PACKAGE = "package"
        SHARED_RECORD = "shared_record"

    id = models.UUIDField(primary_key=True, default=uuid7)
    client_id = models.UUIDField()
    organization = models.ForeignKey("directory.Organization", on_delete=models.PROTECT, related_name="+")
    why = models.CharField(max_length=20, choices=Why.choices)
    extent = models.CharField(max_length=20, choices=Extent.choices)
    referral_id = models.UUIDField(null=True)
    consent_id = models.UUIDField(null=True)
    practitioner_id = models.UUIDField(null=True)
    reason = models.TextField(blank=True)
    from_at = models.DateTimeField()
    until = models.DateTimeField(null=True)
    ended_because = models.CharField(max_length=40, blank=True)

    objects = AccessQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["organization", "client_id"], name="access_who"),
            models.Index(fields=["client_id", "organization"], name="access_whom"),
            models.Index(fields=["referral_id"], name="access_referral"),
        ]

    def __str__(self) -> str:
        return f"{self.why} {self.extent}"


class ClientQuerySet(ScopedQuerySet["Client"]):
    def visible_to(self, actor: Actor) -> Self:
        """Clients registered here, and those whose shared record is open to this organization now."""
        if actor.kind == ActorKind.CLIENT:
            return self.filter(pk=actor.client_id)
        if not actor.is_staff:
            return self.none()
        home = Registration.objects.filter(
            client_id=OuterRef("pk"), organization_id=actor.organization_id, kind="home", ended_at=None
        )
        opened = Access.objects.live().filter(
            client_id=OuterRef("pk"), organization_id=actor.organization_id, extent=Access.Extent.SHARED_RECORD
        )
        return self.filter(Exists(home) | Exists(opened))

    def registered_at(self, organization_id: UUID | None) -> Self:
        """Clients whom this organization registered itself."""
        home = Registration.objects.filter(
            client_id=OuterRef("pk"), organization_id=organization_id, kind="home", ended_at=None
        )
        return self.filter(Exists(home))


class Client(models.Model):
    """The person cared for; one record, registered at one or more organizations."""

    class Status(models.TextChoices):
        ACTIVE = "active"
        MOVED = "moved"
        DECEASED = "deceased"
        INACTIVE = "inactive"
        MERGED = "merged"

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

    objects = ClientQuerySet.as_manager()

    def __str__(self) -> str:
        return self.display

    @property
    def display(self) -> str:
        return f"{self.given_name} {self.family_name}".strip()

    @property
    def can_be_asked(self) -> bool:
        """Whether a link can reach this person."""
        return bool(self.email)


class OfClientQuerySet(ScopedQuerySet[models.Model]):
    """Rows that hang on a client: seen by who sees the client's shared record."""

    def visible_to(self, actor: Actor) -> Self:
        return self.filter(Exists(Client.objects.visible_to(actor).filter(pk=OuterRef("client_id"))))


class ClientIdentifierQuerySet(ScopedQuerySet["ClientIdentifier"]):
    def visible_to(self, actor: Actor) -> Self:
        return self.filter(organization_id=actor.organization_id) if actor.is_staff else self.none()


class ClientIdentifier(models.Model):
    """An organization's own number for a client; no other organization sees it."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="identifiers")
    organization = models.ForeignKey("directory.Organization", on_delete=models.PROTECT, related_name="+")
    system = models.CharField(max_length=200)
    value = models.CharField(max_length=200)

    objects = ClientIdentifierQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "system", "value"], name="client_identifier_once")
        ]

    def __str__(self) -> str:
        return f"{self.system}|{self.value}"


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

    objects = OfClientQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class ConsentQuerySet(ScopedQuerySet["Consent"]):
    def visible_to(self, actor: Actor) -> Self:
        """The circle sees its own consent, and so does the client; nobody else."""
        if actor.kind == ActorKind.CLIENT:
            return self.filter(client_id=actor.client_id)
        if not actor.is_staff:
            return self.none()
        return self.filter(organization_ids__contains=[actor.organization_id])

    def in_force(self) -> Self:
        return self.filter(status=Consent.Status.GIVEN).filter(Q(ends_at=None) | Q(ends_at__gt=clock.now()))


class Consent(models.Model):
    """One circle: who shares with each other, in both directions, what, until when, and how the yes was given."""

    class Status(models.TextChoices):
        GIVEN = "given"
        WITHDRAWN = "withdrawn"
        REFUSED = "refused"

    class Method(models.TextChoices):
        IN_PERSON = "in_person"
        PAPER = "paper"
        VERBAL = "verbal"
        LINK = "link"

    class Category(models.TextChoices):
        PLAN = "plan"
        NOTES = "notes"
        OUTCOMES = "outcomes"
        SENSITIVE = "sensitive"

    id = models.UUIDField(primary_key=True, default=uuid7)
    version = models.IntegerField(default=1)
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="consents", db_constraint=True)
    organization = models.ForeignKey("directory.Organization", on_delete=models.PROTECT, related_name="+")
    organization_ids = ArrayField(models.UUIDField())
    guests = ArrayField(models.EmailField(), default=list)
    pools = models.JSONField(default=list)
    categories = ArrayField(models.CharField(max_length=20, choices=Category.choices))
    excluded_practitioner_ids = ArrayField(models.UUIDField(), default=list)
    method = models.CharField(max_length=20, choices=Method.choices)
    given_by_name = models.CharField(max_length=200, blank=True)
    given_by_relationship = models.CharField(max_length=20, blank=True)
    recorded_by_member_id = models.UUIDField(null=True)
    recorded_by = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.GIVEN)
    given_at = models.DateTimeField(default=clock.now)
    expires_on = models.DateField(null=True)
    ends_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_reason = models.TextField(blank=True)
    created_at = models.DateTimeField(default=clock.now)
    occurred_at = models.DateTimeField(null=True)

    objects = ConsentQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["client", "status"], name="consent_client")]

    def __str__(self) -> str:
        return f"consent {self.id}"

    @property
    def is_in_force(self) -> bool:
        return self.status == self.Status.GIVEN and (self.ends_at is None or self.ends_at > clock.now())

    def covers(
        self, organization_id: UUID | None = None, *, guest: str = "", pool: tuple[str, str] | None = None
    ) -> bool:
        """Whether an organization, a guest's address or a pool is in this circle."""
        if organization_id is not None:
            return organization_id in self.organization_ids
        if guest:
            return guest.lower() in [g.lower() for g in self.guests]
        if pool is not None:
            return any(p["discipline"] == pool[0] and p.get("near", "").lower() == pool[1].lower() for p in self.pools)
        return False

    @property
    def ends_on(self) -> date | None:
        return self.expires_on


class Precaution(models.Model):
    """A condition that limits care, with site and side. ``sensitive`` ones leave the clinic only when a consent says so."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    version = models.IntegerField(default=1)
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="precautions")
    organization = models.ForeignKey("directory.Organization", on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=40)
    regions = models.JSONField(default=list)
    note = models.TextField(blank=True)
    is_sensitive = models.BooleanField(default=False)
    recorded_by = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True)
    entered_in_error_reason = models.CharField(max_length=40, blank=True)

    objects = OfClientQuerySet.as_manager()

    def __str__(self) -> str:
        return self.code


class Hold(models.Model):
    """Treatment of a region stops for everybody until somebody clears it; part of every circle's safety floor."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    version = models.IntegerField(default=1)
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="holds")
    organization = models.ForeignKey("directory.Organization", on_delete=models.PROTECT, related_name="+")
    regions = models.JSONField(default=list)
    because = models.CharField(max_length=40)
    subject_id = models.UUIDField(null=True)
    created_at = models.DateTimeField(default=clock.now)
    cleared_at = models.DateTimeField(null=True)
    cleared_by = models.CharField(max_length=200, blank=True)
    clearance = models.TextField(blank=True)

    objects = OfClientQuerySet.as_manager()

    def __str__(self) -> str:
        return f"hold {self.id}"
