"""Secure links: what they open, how long they live, and the one-time codes that prove who came."""

from typing import Self

from django.db import models
from django.db.models import Q

from backend.lib import clock
from backend.lib.actor import Actor, ActorKind
from backend.lib.ids import uuid7
from backend.lib.querysets import ScopedQuerySet


class LinkQuerySet(ScopedQuerySet["Link"]):
    def visible_to(self, actor: Actor) -> Self:
        """The link one came by; and the links one's organization sent."""
        if actor.kind in (ActorKind.LINK, ActorKind.GUEST, ActorKind.CLIENT):
            return self.filter(pk=actor.link_id)
        return self.filter(organization_id=actor.organization_id) if actor.is_staff else self.none()


class Link(models.Model):
    """Opens one referral to a guest, or one question to a client.

    The address in the mail is made from id and secret key. ``contact`` is where the code goes.
    Nothing medical is kept here.
    """

    class Purpose(models.TextChoices):
        GUEST = "guest"
        CONSENT = "consent"
        TIMES = "times"
        CLIENT = "client"

    id = models.UUIDField(primary_key=True, default=uuid7)
    version = models.IntegerField(default=1)
    purpose = models.CharField(max_length=10, choices=Purpose.choices)
    organization = models.ForeignKey("directory.Organization", on_delete=models.PROTECT, related_name="+")
    client_id = models.UUIDField(null=True)
    referral_id = models.UUIDField(null=True)
    contact = models.EmailField()
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=clock.now)
    opened_at = models.DateTimeField(null=True)

    objects = LinkQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["referral_id"], name="link_referral")]
        constraints = [
            models.CheckConstraint(
                condition=Q(purpose="guest", referral_id__isnull=False)
                | (~Q(purpose="guest") & Q(client_id__isnull=False)),
                name="a_link_opens_something",
            )
        ]

    def __str__(self) -> str:
        return f"{self.purpose} link"

    @property
    def is_live(self) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > clock.now())


class CodeQuerySet(ScopedQuerySet["Code"]):
    def visible_to(self, actor: Actor) -> Self:
        return self.filter(link_id=actor.link_id) if actor.link_id else self.none()


class Code(models.Model):
    """A six-digit code, kept as a keyed hash; five tries, ten minutes of real time, used once."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    link = models.ForeignKey(Link, on_delete=models.CASCADE, related_name="codes")
    code_hash = models.CharField(max_length=64)
    tries = models.SmallIntegerField(default=0)
    created_at = models.DateTimeField(default=clock.real_now)
    used_at = models.DateTimeField(null=True)
    was_not_sent = models.BooleanField(default=False, db_default=False)

    objects = CodeQuerySet.as_manager()

    def __str__(self) -> str:
        return "code"
