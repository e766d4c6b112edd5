"""What a client allows."""

from typing import Self
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from backend.lib import clock
from backend.lib.actor import Actor, ActorKind
from backend.lib.history import tracked
from backend.lib.ids import uuid7
from backend.lib.querysets import ScopedQuerySet


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


@tracked()
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
    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="consents", db_constraint=True)
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

    def shares_no_more_than(self, other: "Consent") -> bool:
        """Whether everything this circle opens is open in the other one already."""
        return (
            set(self.organization_ids) <= set(other.organization_ids)
            and set(self.guests) <= set(other.guests)
            and all(pool in other.pools for pool in self.pools)
            and set(self.categories) <= set(other.categories)
            and set(other.excluded_practitioner_ids) <= set(self.excluded_practitioner_ids)
        )

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
