"""Who works where: organizations, practitioners, roles, credentials, members. No client data."""

from datetime import date
from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from backend.lib import clock
from backend.lib.actor import Actor, ActorKind
from backend.lib.ids import uuid7
from backend.lib.querysets import ScopedQuerySet


class DirectoryQuerySet(ScopedQuerySet[Any]):
    """The directory is open to everybody who acts for an organization; it holds no client data."""

    def visible_to(self, actor: Actor) -> Self:
        return self.all() if actor.is_staff else self.none()


class MemberQuerySet(DirectoryQuerySet):
    def visible_to(self, actor: Actor) -> Self:
        """Who works somewhere is known to the people there, and not to their systems."""
        if actor.kind != ActorKind.MEMBER:
            return self.none()
        return self.filter(organization_id=actor.organization_id)


class DirectoryRow(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7)
    version = models.IntegerField(default=1)
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)

    objects = DirectoryQuerySet.as_manager()

    class Meta:
        abstract = True


class Organization(DirectoryRow):
    """A clinic or a solo practice."""

    name = models.CharField(max_length=200)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=40, blank=True)
    time_zone = models.CharField(max_length=60, default="UTC")
    break_glass_enabled = models.BooleanField(default=False)
    coordinators_may_accept = models.BooleanField(default=True)
    # The seed's 450 hours for a neuromuscular therapy certificate are a default; see backend/catalog/data/README.md.
    neuromuscular_hours = models.IntegerField(default=450)
    # Tighter due times than the defaults, by state: {"sent": {"routine": 2}}; never looser (checked when set).
    due_times = models.JSONField(default=dict, blank=True)

    def __str__(self) -> str:
        return self.name


class OrganizationIdentifierQuerySet(ScopedQuerySet[Any]):
    def visible_to(self, actor: Actor) -> Self:
        return self.filter(organization_id=actor.organization_id) if actor.is_staff else self.none()


class OrganizationIdentifier(models.Model):
    """What an organization itself calls a thing that several share; no other organization sees it."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    system = models.CharField(max_length=200)
    value = models.CharField(max_length=200)

    objects = OrganizationIdentifierQuerySet.as_manager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.system}|{self.value}"


class OpeningTime(models.Model):
    """One stretch in which the clinic is open; 0 is Monday."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="opening_times")
    weekday = models.SmallIntegerField()
    opens = models.TimeField()
    closes = models.TimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(weekday__gte=0, weekday__lte=6), name="weekday_exists"),
            models.CheckConstraint(condition=Q(opens__lt=F("closes")), name="opens_before_closing"),
        ]

    def __str__(self) -> str:
        return f"{self.weekday} {self.opens}-{self.closes}"


class Holiday(models.Model):
    """A day on which the clinic is closed."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="holidays")
    on_date = models.DateField()
    name = models.CharField(max_length=100, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "on_date"], name="one_holiday_a_day")]

    def __str__(self) -> str:
        return f"{self.on_date} {self.name}"


class Location(DirectoryRow):
    """A place where an organization sees clients."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="locations")
    name = models.CharField(max_length=200)
    address = models.CharField(max_length=200, blank=True)
    city = models.CharField(max_length=100, blank=True)
    postal_code = models.CharField(max_length=20, blank=True)
    country = models.CharField(max_length=2, default="US")
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class Practitioner(DirectoryRow):
    """A person who treats. ``user`` is their account, when they have one.

    ``organization`` entered them and may correct what it entered; nobody else but they themselves may.
    """

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    family_name = models.CharField(max_length=100)
    given_name = models.CharField(max_length=100)
    user = models.OneToOneField(
        "directory.User", on_delete=models.SET_NULL, null=True, blank=True, related_name="practitioner"
    )

    def __str__(self) -> str:
        return f"{self.given_name} {self.family_name}"


class Credential(DirectoryRow):
    """A license, a certification or a student's enrollment. In force when verified, issued and not expired.

    ``organization`` entered it: its admins verify, suspend and revoke it, and nobody else's.
    """

    class Kind(models.TextChoices):
        LICENSE = "license"
        CERTIFICATION = "certification"
        ENROLLMENT = "enrollment"  # a student's: opens nothing but writing notes that a colleague co-signs

    class Status(models.TextChoices):
        PENDING = "pending"
        VERIFIED = "verified"
        SUSPENDED = "suspended"
        REVOKED = "revoked"

    practitioner = models.ForeignKey(Practitioner, on_delete=models.PROTECT, related_name="credentials")
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    discipline = models.CharField(max_length=40)
    name = models.CharField(max_length=100)
    number = models.CharField(max_length=60, blank=True)
    jurisdiction = models.CharField(max_length=60, blank=True)
    issuer = models.CharField(max_length=200, blank=True)
    hours = models.IntegerField(null=True, blank=True)
    issued_on = models.DateField(null=True, blank=True)
    expires_on = models.DateField(null=True, blank=True)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.PENDING)
    verified_on = models.DateField(null=True, blank=True)
    verified_by = models.ForeignKey(
        "directory.Member", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    def __str__(self) -> str:
        return f"{self.name} {self.number}"

    def is_in_force(self, on: date) -> bool:
        return (
            self.status == self.Status.VERIFIED
            and (self.issued_on is None or self.issued_on <= on)
            and (self.expires_on is None or self.expires_on >= on)
        )


class PractitionerRole(DirectoryRow):
    """A practitioner in an organization, with a discipline and what they offer there."""

    practitioner = models.ForeignKey(Practitioner, on_delete=models.PROTECT, related_name="roles")
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="roles")
    location = models.ForeignKey(Location, on_delete=models.SET_NULL, null=True, blank=True, related_name="roles")
    discipline = models.CharField(max_length=40)
    technique_ids = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    regions = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    languages = ArrayField(models.CharField(max_length=10), default=list, blank=True)
    capacity_per_week = models.IntegerField(null=True, blank=True)
    is_accepting = models.BooleanField(default=True)
    away_until = models.DateField(null=True, blank=True)
    # Agreed once, signed in: the clinic's system may deliver what this person signed in their own software.
    transmission_agreed_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_because = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["practitioner", "organization", "discipline"],
                condition=Q(ended_at=None),
                name="one_live_role_a_discipline",
            )
        ]
        indexes = [models.Index(fields=["discipline", "organization"], name="role_discipline")]

    def __str__(self) -> str:
        return f"{self.practitioner}, {self.organization}"

    def is_away(self, on: date) -> bool:
        return self.away_until is not None and self.away_until >= on


class AnswerStat(models.Model):
    """How fast a role answered the referrals of one organization; shown only as sums."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    role = models.ForeignKey(PractitionerRole, on_delete=models.CASCADE, related_name="answer_stats")
    from_organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    answered = models.IntegerField(default=0)
    total_minutes = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["role", "from_organization"], name="one_answer_stat_each")]

    def __str__(self) -> str:
        return f"{self.role_id}: {self.answered} in {self.total_minutes} min"


class Member(DirectoryRow):
    """An account in an organization, with one or more rights."""

    class Right(models.TextChoices):
        PRACTITIONER = "practitioner"
        COORDINATOR = "coordinator"
        ADMIN = "admin"
        AUDITOR = "auditor"

    user = models.ForeignKey("directory.User", on_delete=models.PROTECT, related_name="memberships")
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="members")
    rights = ArrayField(models.CharField(max_length=20, choices=Right.choices))
    quiet_from = models.TimeField(default="20:00")
    quiet_until = models.TimeField(default="08:00")
    daily_digest = models.BooleanField(default=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = MemberQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "organization"], condition=Q(ended_at=None), name="one_live_membership"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} at {self.organization}"


from backend.directory.accounts import (  # noqa: E402 - accounts refer to members
    AccessToken,
    Application,
    DeviceGrant,
    Grant,
    IDToken,
    RefreshToken,
    User,
)

__all__ = [
    "AccessToken",
    "AnswerStat",
    "Application",
    "Credential",
    "DeviceGrant",
    "Grant",
    "Holiday",
    "IDToken",
    "Location",
    "Member",
    "OpeningTime",
    "Organization",
    "Practitioner",
    "PractitionerRole",
    "RefreshToken",
    "User",
]
