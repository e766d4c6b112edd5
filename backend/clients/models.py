"""The person cared for, where they are registered, what they allow, and who may see them."""

from typing import Self, TypeVar
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, OuterRef, Q

from backend.lib import clock
from backend.lib.actor import Actor, ActorKind
from backend.lib.ids import uuid7
from backend.lib.querysets import ScopedQuerySet

M = TypeVar("M", bound=models.Model)


class RegistrationQuerySet(ScopedQuerySet["Registration"]):
    def visible_to(self, actor: Actor) -> Self:
        """One's own organization's; nobody learns where else a client is known."""
        return self.filter(organization_id=actor.organization_id) if actor.is_staff else self.none()


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

    objects = RegistrationQuerySet.as_manager()

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
        """One's own, those to clients one registered, and a client's own."""
        if actor.kind == ActorKind.CLIENT:
            return self.filter(client_id=actor.client_id)
        if not actor.is_staff:
            return self.none()
        home = Registration.objects.filter(
            Q(organization_id=actor.organization_id), client_id=OuterRef("client_id"), kind="home", ended_at=None
        )
        return self.filter(Q(organization_id=actor.organization_id) | Exists(home))

    def live(self) -> Self:
        now = clock.now()
        return self.filter(Q(until=None) | Q(until__gt=now), from_at__lte=now)

    def opening_for(self, actor: Actor) -> Self:
        """Live rows that open the shared record to this caller.

        A broken glass is open to the practitioner who broke it only; a consent that excludes a practitioner opens
        nothing to that person.
        """
        opened = self.live().filter(organization_id=actor.organization_id, extent=Access.Extent.SHARED_RECORD)
        if actor.practitioner_id is None:
            return opened.exclude(why=Access.Why.BREAK_GLASS)
        excluding = Consent.objects.filter(
            pk=OuterRef("consent_id"), excluded_practitioner_ids__contains=[actor.practitioner_id]
        )
        return opened.filter(
            ~Q(why=Access.Why.BREAK_GLASS) | Q(practitioner_id=actor.practitioner_id), ~Exists(excluding)
        )


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
            models.Index(fields=["consent_id"], name="access_consent"),
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

    @property
    def can_be_asked(self) -> bool:
        """Whether a link can reach this person."""
        return bool(self.email)


class OfClientQuerySet(ScopedQuerySet[M]):
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


class RepresentativeQuerySet(OfClientQuerySet["Representative"]):
    """Seen by who sees the client."""


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


class ConsentQuerySet(ScopedQuerySet["Consent"]):
    def visible_to(self, actor: Actor) -> Self:
        """The circle sees its own consent, and so does the client; a refusal only who recorded it."""
        if actor.kind == ActorKind.CLIENT:
            return self.filter(client_id=actor.client_id)
        if not actor.is_staff:
            return self.none()
        return self.filter(
            ~Q(status=Consent.Status.REFUSED) | Q(organization_id=actor.organization_id),
            organization_ids__contains=[actor.organization_id],
        )

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
    # The answers before the last renewal: how and by whom each yes was given, and until when.
    earlier = models.JSONField(default=list)
    created_at = models.DateTimeField(default=clock.now)
    occurred_at = models.DateTimeField(null=True)

    objects = ConsentQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["client", "status"], name="consent_client")]

    def __str__(self) -> str:
        return f"consent {self.id}"

    @property
    def is_in_force(self) -> bool:
        """Given, not withdrawn, and not past its last day."""
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
            discipline, near = pool[0], pool[1].lower()
            return any(p["discipline"] == discipline and p.get("near", "").lower() in ("", near) for p in self.pools)
        return False


class SharedInCircleQuerySet(ScopedQuerySet[M]):
    """The safety floor: rows that everybody in a circle with the clinic that wrote them may see."""

    def visible_to(self, actor: Actor) -> Self:
        clients = Client.objects.visible_to(actor).filter(pk=OuterRef("client_id"))
        if actor.kind == ActorKind.CLIENT:
            return self.filter(Exists(clients))
        circles = Consent.objects.in_force().filter(
            client_id=OuterRef("client_id"),
            organization_ids__contains=[actor.organization_id, OuterRef("organization_id")],
        )
        may_read = Q(organization_id=actor.organization_id) | self.shared_by(circles)
        if actor.practitioner_id is not None:
            broken = Access.objects.live().filter(
                Q(organization_id=actor.organization_id),
                client_id=OuterRef("client_id"),
                why=Access.Why.BREAK_GLASS,
                practitioner_id=actor.practitioner_id,
            )
            may_read |= Q(Exists(broken))
        return self.filter(Exists(clients)).filter(may_read)

    def shared_by(self, circles: models.QuerySet[Consent]) -> Q:
        return Q(Exists(circles))


class PrecautionQuerySet(SharedInCircleQuerySet["Precaution"]):
    def shared_by(self, circles: models.QuerySet[Consent]) -> Q:
        """A sensitive one leaves its clinic only where the consent says so; one of a wrong client comes back."""
        sensitive = circles.filter(categories__contains=[Consent.Category.SENSITIVE])
        shared = Q(Exists(circles), is_sensitive=False) | Q(Exists(sensitive))
        return shared & ~Q(entered_in_error_reason=Precaution.WRONG_CLIENT)


class Precaution(models.Model):
    """A condition that limits care, with site and side. ``sensitive`` ones leave it only where consent says so."""

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

    objects = PrecautionQuerySet.as_manager()
    WRONG_CLIENT = "wrong_client"

    def __str__(self) -> str:
        return self.code


class HoldQuerySet(SharedInCircleQuerySet["Hold"]):
    """Holds are never sensitive: everybody in the circle has to know where not to treat."""


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

    objects = HoldQuerySet.as_manager()

    def __str__(self) -> str:
        return f"hold {self.id}"
