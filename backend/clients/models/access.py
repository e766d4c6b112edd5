"""Where a client is registered, and who may see them."""

from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef, Q

from backend.clients.models.consent import Consent
from backend.lib import clock
from backend.lib.actor import Actor, ActorKind
from backend.lib.ids import uuid7
from backend.lib.querysets import ScopedQuerySet


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
