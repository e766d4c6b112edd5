"""Facts of the envelope: seen by everybody who sees the referral."""

from typing import Self, TypeVar

from django.db import models
from django.db.models import Exists, OuterRef, Q

from backend.directory.models import PractitionerRole
from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.ids import uuid7
from backend.lib.querysets import ScopedQuerySet
from backend.referrals.models.referral import Referral

M = TypeVar("M", bound=models.Model)


class EnvelopeQuerySet(ScopedQuerySet[M]):
    """Facts of the envelope: seen by everybody who sees the referral."""

    def visible_to(self, actor: Actor) -> Self:
        return self.filter(Exists(Referral.objects.visible_to(actor).filter(pk=OuterRef("referral_id"))))


class Guest(models.Model):
    """A colleague without an account: whom the sender named, and what they attested at the door."""

    referral = models.OneToOneField(Referral, on_delete=models.PROTECT, primary_key=True, related_name="guest")
    name = models.CharField(max_length=200)
    discipline = models.CharField(max_length=40)
    email = models.EmailField(blank=True)
    attested_name = models.CharField(max_length=200, blank=True)
    attested_clinic = models.CharField(max_length=200, blank=True)
    license_kind = models.CharField(max_length=100, blank=True)
    license_number = models.CharField(max_length=60, blank=True)
    license_place = models.CharField(max_length=100, blank=True)
    attested_at = models.DateTimeField(null=True)
    bounced_at = models.DateTimeField(null=True)

    objects = EnvelopeQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class Step(models.Model):
    """One transition that was made: the history."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, related_name="steps")
    name = models.CharField(max_length=40)
    from_state = models.CharField(max_length=30)
    to_state = models.CharField(max_length=30)
    party = models.CharField(max_length=20)
    organization_id = models.UUIDField(null=True)
    member_id = models.UUIDField(null=True)
    application_id = models.UUIDField(null=True)
    on_behalf_of = models.ForeignKey(PractitionerRole, on_delete=models.PROTECT, null=True, related_name="+")
    by = models.CharField(max_length=200)
    manner = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=40, blank=True)
    recorded_at = models.DateTimeField(default=clock.now)
    occurred_at = models.DateTimeField(null=True)

    objects = EnvelopeQuerySet.as_manager()

    class Meta:
        ordering = ["recorded_at", "id"]
        indexes = [models.Index(fields=["referral", "recorded_at"], name="step_history")]

    def __str__(self) -> str:
        return f"{self.name} → {self.to_state}"


class ReferralVisit(models.Model):
    """Which visit belongs to which referral; ``is_current`` is the one that is booked."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, related_name="visits")
    visit = models.OneToOneField("visits.Visit", on_delete=models.PROTECT, related_name="+")
    is_current = models.BooleanField(default=True)

    objects = EnvelopeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["referral"], condition=Q(is_current=True), name="one_current_visit")
        ]

    def __str__(self) -> str:
        return f"{self.referral_id} {self.visit_id}"


class PressQuerySet(ScopedQuerySet["Press"]):
    def visible_to(self, actor: Actor) -> Self:
        """One's own presses; nobody else takes them back."""
        return self.filter(member_id=actor.member_id) if actor.member_id else self.none()


class Press(models.Model):
    """A send, accept or decline that was pressed on the page and can still be taken back."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    referral = models.ForeignKey(Referral, on_delete=models.CASCADE, related_name="presses")
    organization = models.ForeignKey("directory.Organization", on_delete=models.PROTECT, related_name="+")
    member_id = models.UUIDField()
    name = models.CharField(max_length=40)
    details = models.JSONField(default=dict)
    counts_at = models.DateTimeField()
    refused_because = models.TextField(blank=True)
    created_at = models.DateTimeField(default=clock.now)

    objects = PressQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["referral", "organization"], condition=Q(refused_because=""), name="one_press"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.counts_at:%H:%M:%S}"
