"""What happened, who looked, what still has to be done, and what was answered before."""

from typing import Self

from django.db import models
from django.db.models import Q

from backend.lib import clock
from backend.lib.actor import Actor, ActorKind
from backend.lib.ids import uuid7
from backend.lib.querysets import ScopedQuerySet


class EventQuerySet(ScopedQuerySet["Event"]):
    def visible_to(self, actor: Actor) -> Self:
        return self.filter(organization_id=actor.organization_id) if actor.is_staff else self.none()


class Event(models.Model):
    """One change, in one organization's copy. Holds ids, codes and hashes, never what was written about a client.

    ``epoch`` and ``xid`` order the feed: a trigger sets both, and a reader sees only what is below the oldest running transaction, so a late
    committer is never skipped.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    change_id = models.UUIDField()
    epoch = models.IntegerField(default=0)
    xid = models.BigIntegerField(default=0)
    organization_id = models.UUIDField()
    type = models.CharField(max_length=60)
    subject_type = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    subject_version = models.IntegerField(default=1)
    client_id = models.UUIDField(null=True)
    related = models.JSONField(default=dict)
    actor_kind = models.CharField(max_length=20)
    actor_role_id = models.UUIDField(null=True)
    actor_member_id = models.UUIDField(null=True)
    actor_application_id = models.UUIDField(null=True)
    request_id = models.CharField(max_length=64)
    always = models.BooleanField(default=False)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    objects = EventQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["organization_id", "epoch", "xid", "id"], name="event_feed"),
            models.Index(fields=["subject_id", "recorded_at"], name="event_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.subject_id}"


class AccessLogQuerySet(ScopedQuerySet["AccessLog"]):
    def visible_to(self, actor: Actor) -> Self:
        """What one's own people looked at, and looks at what is one's own; a client's, every look at them."""
        if actor.kind == ActorKind.CLIENT:
            return self.filter(client_id=actor.client_id)
        mine = actor.organization_id
        return self.filter(Q(organization_id=mine) | Q(owner_id=mine)) if actor.is_staff else self.none()


class AccessLog(models.Model):
    """One look at a client of another clinic, or one refusal that matters. Never moved by the sandbox's clock."""

    class Action(models.TextChoices):
        READ = "read"
        REFUSED = "refused"
        EXPORTED = "exported"
        BROKE_GLASS = "broke_glass"
        WRONG_CODE = "wrong_code"

    id = models.UUIDField(primary_key=True, default=uuid7)
    at = models.DateTimeField(default=clock.real_now)
    action = models.CharField(max_length=20, choices=Action.choices, default=Action.READ)
    organization_id = models.UUIDField(null=True)
    owner_id = models.UUIDField(null=True)
    client_id = models.UUIDField(null=True)
    subject_type = models.CharField(max_length=40)
    subject_id = models.UUIDField(null=True)
    why = models.CharField(max_length=40, blank=True)
    actor_kind = models.CharField(max_length=20)
    actor_display = models.CharField(max_length=200, blank=True)
    member_id = models.UUIDField(null=True)
    application_id = models.UUIDField(null=True)
    link_id = models.UUIDField(null=True)
    request_id = models.CharField(max_length=64)

    objects = AccessLogQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["client_id", "-at"], name="accesslog_client"),
            models.Index(fields=["organization_id", "-at"], name="accesslog_reader"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject_type} {self.subject_id}"


class Work(models.Model):
    """Something to do later: a reaction to an event, a due time, a reminder. Ids only.

    ``due_at`` is domain time and moves with the sandbox's clock; leases are real time and never do.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    kind = models.CharField(max_length=60)
    subject_id = models.UUIDField()
    organization_id = models.UUIDField(null=True)
    due_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    attempts = models.IntegerField(default=0)
    is_dead = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=clock.real_now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "subject_id"], name="work_once")]
        indexes = [models.Index(fields=["due_at"], name="work_due", condition=models.Q(is_dead=False))]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_id}"


class IdempotentRequest(models.Model):
    """The answer to a POST that carried an Idempotency-Key, written in the transaction of its effect."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    caller = models.CharField(max_length=120)
    method = models.CharField(max_length=8)
    path = models.CharField(max_length=300)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.SmallIntegerField(null=True)
    body = models.BinaryField(null=True)
    headers = models.JSONField(default=dict)
    subject_model = models.CharField(max_length=60, blank=True)
    subject_id = models.UUIDField(null=True)
    created_at = models.DateTimeField(default=clock.real_now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["caller", "method", "path", "key"], name="idempotency_key")]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class MovedClock(models.Model):
    """How far a sandbox's clock was moved: one row, or none."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    moved_by = models.DurationField()

    def __str__(self) -> str:
        return str(self.moved_by)


class FeedEpoch(models.Model):
    """Grows when the database moves to another cluster, whose transaction numbers begin anew."""

    id = models.AutoField(primary_key=True)
    system_identifier = models.CharField(max_length=40)
    began_at = models.DateTimeField(default=clock.real_now)

    def __str__(self) -> str:
        return str(self.id)
