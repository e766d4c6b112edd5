"""Mails that wait or were sent, what each member is told of, and the mailbox of a sandbox."""

from typing import Self

from django.db import models

from backend.directory.models import Member
from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.ids import uuid7
from backend.lib.querysets import ScopedQuerySet


class MailQuerySet(ScopedQuerySet["Mail"]):
    def visible_to(self, actor: Actor) -> Self:
        """The mails one's own clinic sends."""
        return self.filter(organization_id=actor.organization_id) if actor.is_staff else self.none()


class Mail(models.Model):
    """One mail to one address. Its text is written when it leaves, so that no secret address is kept here.

    ``key`` names what it tells of and whom, so that a reaction that runs twice writes it once. ``told_state`` is the
    referral's state it tells of: a mail whose reason was taken back while it was held is dropped.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    organization = models.ForeignKey("directory.Organization", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=120)
    to = models.EmailField()
    subject = models.CharField(max_length=200)
    event_type = models.CharField(max_length=60, blank=True)
    told_state = models.CharField(max_length=30, blank=True)
    referral_id = models.UUIDField(null=True)
    client_id = models.UUIDField(null=True)
    link_id = models.UUIDField(null=True)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+")
    hold_until = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    dropped_at = models.DateTimeField(null=True)
    bounced_at = models.DateTimeField(null=True)
    attempts = models.IntegerField(default=0)
    created_at = models.DateTimeField(default=clock.now)

    objects = MailQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "key"], name="mail_once")]
        indexes = [
            models.Index(fields=["referral_id"], name="mail_referral"),
            models.Index(fields=["client_id"], name="mail_client", condition=models.Q(client_id__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} mail"

    @property
    def is_over(self) -> bool:
        return bool(self.sent_at or self.dropped_at or self.bounced_at)


class NoticeQuerySet(ScopedQuerySet["Notice"]):
    def visible_to(self, actor: Actor) -> Self:
        return self.filter(organization_id=actor.organization_id) if actor.is_staff else self.none()


class Notice(models.Model):
    """One thing one member is told of; ``mail`` is the mail that told it."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    organization = models.ForeignKey("directory.Organization", on_delete=models.PROTECT, related_name="+")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    change_id = models.UUIDField()
    event_type = models.CharField(max_length=60)
    side = models.CharField(max_length=10)
    told_state = models.CharField(max_length=30)
    referral_id = models.UUIDField()
    mail = models.ForeignKey(Mail, on_delete=models.PROTECT, null=True, related_name="notices")
    created_at = models.DateTimeField(default=clock.now)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["change_id", "member"], name="notice_once")]
        indexes = [models.Index(fields=["member", "created_at"], name="notice_member", condition=models.Q(mail=None))]

    def __str__(self) -> str:
        return self.event_type


class SandboxMail(models.Model):
    """What a sandbox sent, with its text: written by the sandbox's own mail backend only, for the mailbox page."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    message_id = models.CharField(max_length=200, unique=True)
    to = models.EmailField()
    subject = models.CharField(max_length=300)
    text = models.TextField()
    sent_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["-id"], name="sandboxmail_newest")]

    def __str__(self) -> str:
        return self.subject
