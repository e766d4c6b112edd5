"""What limits care: the safety floor of every circle."""

from typing import Self, TypeVar

from django.db import models
from django.db.models import Exists, OuterRef, Q

from backend.clients.models.access import Access
from backend.clients.models.client import Client
from backend.clients.models.consent import Consent
from backend.clients.policies import WRONG_CLIENT
from backend.lib import clock
from backend.lib.actor import Actor, ActorKind
from backend.lib.history import tracked
from backend.lib.ids import uuid7
from backend.lib.querysets import ScopedQuerySet

M = TypeVar("M", bound=models.Model)


class SharedInCircleQuerySet(ScopedQuerySet[M]):
    """The safety floor: rows that everybody in a circle with the clinic that wrote them may see.

    ``for_others`` is what may leave that clinic at all, whoever asks.
    """

    for_others = Q()

    def visible_to(self, actor: Actor) -> Self:
        clients = Client.objects.visible_to(actor).filter(pk=OuterRef("client_id"))
        if actor.kind == ActorKind.CLIENT:
            return self.filter(self.for_others, Exists(clients))
        circles = Consent.objects.in_force().filter(
            client_id=OuterRef("client_id"),
            organization_ids__contains=[actor.organization_id, OuterRef("organization_id")],
        )
        if actor.practitioner_id is not None:
            circles = circles.exclude(excluded_practitioner_ids__contains=[actor.practitioner_id])
        shared = self.shared_by(circles)
        if actor.practitioner_id is not None:
            broken = Access.objects.live().filter(
                Q(organization_id=actor.organization_id),
                client_id=OuterRef("client_id"),
                why=Access.Why.BREAK_GLASS,
                practitioner_id=actor.practitioner_id,
            )
            shared |= Q(Exists(broken))
        may_read = Q(organization_id=actor.organization_id) | (shared & self.for_others)
        return self.filter(Exists(clients)).filter(may_read)

    def shared_by(self, circles: models.QuerySet[Consent]) -> Q:
        return Q(Exists(circles))


class PrecautionQuerySet(SharedInCircleQuerySet["Precaution"]):
    """One about a wrong client comes back to who wrote it."""

    for_others = ~Q(entered_in_error_reason=WRONG_CLIENT)

    def shared_by(self, circles: models.QuerySet[Consent]) -> Q:
        """A sensitive one leaves its clinic only where the consent says so."""
        sensitive = circles.filter(categories__contains=[Consent.Category.SENSITIVE])
        return Q(Exists(circles), is_sensitive=False) | Q(Exists(sensitive))


@tracked()
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

    def __str__(self) -> str:
        return self.code


class HoldQuerySet(SharedInCircleQuerySet["Hold"]):
    """Holds are never sensitive: everybody in the circle has to know where not to treat."""


@tracked()
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
