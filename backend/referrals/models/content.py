"""What people wrote about the client: read by who may read the content, and kept by who wrote it."""

from typing import Self, TypeVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from backend.attachments.models import Tie, uploaded_by
from backend.clients.models import Consent
from backend.directory.models import PractitionerRole
from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.ids import uuid7
from backend.lib.querysets import ScopedQuerySet
from backend.referrals.models.facts import Step
from backend.referrals.models.referral import Referral

M = TypeVar("M", bound=models.Model)


class CanBeInError(models.Model):
    """Signed or sent, so never changed: only that it was a mistake is added. The words stay, struck through.

    Once; that it was about a wrong client can be said after another reason, too.
    """

    class Reason(models.TextChoices):
        WRONG_CLIENT = "wrong_client"
        WRONG_ENTRY = "wrong_entry"

    in_error_at = models.DateTimeField(null=True)
    in_error_by = models.CharField(max_length=200, blank=True)
    in_error_reason = models.CharField(max_length=20, choices=Reason.choices, blank=True)
    in_error_note = models.TextField(blank=True)

    class Meta:
        abstract = True


class OfReferralQuerySet(ScopedQuerySet[M]):
    """Content: read by who may read the referral's content, and by the organization that wrote it."""

    def visible_to(self, actor: Actor) -> Self:
        readable = Referral.objects.content_open_to(actor).filter(pk=OuterRef("referral_id"))
        return self.filter(Exists(readable))


class ReportQuerySet(ScopedQuerySet["Report"]):
    def visible_to(self, actor: Actor) -> Self:
        """Content that one party wrote: it keeps it, whatever happens to the rest."""
        readable = Referral.objects.content_open_to(actor).filter(pk=OuterRef("referral_id"))
        whole = Referral.objects.wholly_open_to(actor).filter(pk=OuterRef("referral_id"))
        recorded = Q(signature_kind=Report.SignatureKind.RECORDED_BY_SENDER) & Q(Exists(whole))
        theirs = (Q(Exists(readable)) & ABOUT_THIS_CLIENT) | recorded
        return self.filter(theirs & welcome(actor) | written_by(actor))

    def valid(self) -> Self:
        """Those that were not entered in error."""
        return self.filter(in_error_at=None)


class MessageQuerySet(ScopedQuerySet["Message"]):
    def visible_to(self, actor: Actor) -> Self:
        return self.filter(readable_when_written(actor) & ABOUT_THIS_CLIENT & welcome(actor) | written_by(actor))


# What was about another client is gone for everybody but its author's clinic.
ABOUT_THIS_CLIENT = ~Q(in_error_reason="wrong_client")


def written_by(actor: Actor) -> Q:
    return Q(organization_id=actor.organization_id) if actor.is_staff else Q(pk__in=[])


def welcome(actor: Actor) -> Q:
    """Unless the client said "not this person" of the reader."""
    if actor.practitioner_id is None:
        return Q()
    excluding = Consent.objects.filter(
        client_id=OuterRef("referral__client_id"), excluded_practitioner_ids__contains=[actor.practitioner_id]
    )
    return ~Q(Exists(excluding))


def readable_when_written(actor: Actor) -> Q:
    """What came after the recipient's live reason had ended is not the recipient's to read."""
    readable = Referral.objects.content_open_to(actor).filter(pk=OuterRef("referral_id"))
    whole = Referral.objects.wholly_open_to(actor).filter(pk=OuterRef("referral_id"))
    return Q(Exists(readable)) & (Q(reaches_recipient=True) | Q(Exists(whole)))


class Package(models.Model):
    """What the recipient may read before accepting. Immutable once sent (a trigger refuses changes)."""

    referral = models.OneToOneField(Referral, on_delete=models.PROTECT, primary_key=True, related_name="package")
    client = models.JSONField(null=True)
    reason = models.TextField()
    question = models.TextField()
    red_flags = models.JSONField(default=dict)
    precautions = models.JSONField(default=list)
    findings = models.TextField(blank=True)
    scores = models.JSONField(default=list)
    tried = models.TextField(blank=True)
    goals = models.TextField(blank=True)
    feedback_wanted = models.TextField(blank=True)
    frozen_at = models.DateTimeField(null=True)

    objects = OfReferralQuerySet.as_manager()

    def __str__(self) -> str:
        return f"package of {self.referral_id}"


class Message(CanBeInError):
    """A sentence from one side to the other: a question, an answer, a reason in words, a plain message."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, related_name="messages")
    step = models.ForeignKey(Step, on_delete=models.PROTECT, null=True, related_name="messages")
    organization = models.ForeignKey("directory.Organization", on_delete=models.PROTECT, null=True, related_name="+")
    member_id = models.UUIDField(null=True)
    party = models.CharField(max_length=20)
    by = models.CharField(max_length=200)
    kind = models.CharField(max_length=30, default="message")
    text = models.TextField()
    created_at = models.DateTimeField(default=clock.now)
    # Whether the recipient had a live reason when this was written; a trigger says so.
    reaches_recipient = models.BooleanField(default=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "id"]
        indexes = [models.Index(fields=["referral", "created_at"], name="message_thread")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.referral_id}"


class Report(CanBeInError):
    """A signed answer to the referral's question. Append-only: only that it was read, or a mistake, is added later."""

    class Outcome(models.TextChoices):
        ANSWERED = "answered"
        PARTLY = "partly"
        NOT_COMPLETED = "not_completed"

    class SignatureKind(models.TextChoices):
        HERE = "here"
        ELSEWHERE = "elsewhere"
        GUEST = "guest"
        RECORDED_BY_SENDER = "recorded_by_sender"

    id = models.UUIDField(primary_key=True, default=uuid7)
    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, related_name="reports")
    organization = models.ForeignKey("directory.Organization", on_delete=models.PROTECT, null=True, related_name="+")
    is_final = models.BooleanField()
    supersedes = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="superseded_by")
    answer = models.TextField()
    findings = models.TextField(blank=True)
    recommendations = models.TextField(blank=True)
    outcome = models.CharField(max_length=20, choices=Outcome.choices, default=Outcome.ANSWERED)
    not_completed_reason = models.CharField(max_length=30, blank=True)
    has_red_flag = models.BooleanField(default=False)
    new_precautions = ArrayField(models.CharField(max_length=40), default=list)
    signature_kind = models.CharField(max_length=20, choices=SignatureKind.choices)
    signed_by_role = models.ForeignKey(PractitionerRole, on_delete=models.PROTECT, null=True, related_name="+")
    signed_by = models.CharField(max_length=200)
    signed_license = models.CharField(max_length=200, blank=True)
    signed_at = models.DateTimeField()
    received_at = models.DateTimeField(default=clock.now)
    application_id = models.UUIDField(null=True)
    source = models.JSONField(null=True)
    document_sha256 = models.CharField(max_length=64, blank=True)
    content_hash = models.CharField(max_length=64)
    read_due_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    read_by = models.CharField(max_length=200, blank=True)
    plan_change = models.CharField(max_length=20, blank=True)

    objects = ReportQuerySet.as_manager()

    class Meta:
        ordering = ["received_at", "id"]
        indexes = [models.Index(fields=["referral", "received_at"], name="report_of")]

    def __str__(self) -> str:
        return f"report on {self.referral_id}"


class OfferedTime(models.Model):
    """One of up to five times the recipient offered."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, related_name="offered_times")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    time_zone = models.CharField(max_length=60)
    is_open = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=clock.now)

    objects = OfReferralQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at"]
        constraints = [models.CheckConstraint(condition=Q(starts_at__lt=F("ends_at")), name="offer_takes_time")]

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%d %H:%M}"


class ContactAttempt(models.Model):
    """The recipient tried to reach the client."""

    class Channel(models.TextChoices):
        PHONE = "phone"
        EMAIL = "email"
        SMS = "sms"
        LETTER = "letter"
        OTHER = "other"

    class Outcome(models.TextChoices):
        NO_ANSWER = "no_answer"
        LEFT_MESSAGE = "left_message"
        REACHED = "reached"
        WRONG_NUMBER = "wrong_number"

    id = models.UUIDField(primary_key=True, default=uuid7)
    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, related_name="contact_attempts")
    channel = models.CharField(max_length=10, choices=Channel.choices)
    outcome = models.CharField(max_length=20, choices=Outcome.choices)
    by = models.CharField(max_length=200)
    at = models.DateTimeField(default=clock.now)

    objects = OfReferralQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.channel} {self.outcome}"


class ReferralFileQuerySet(ScopedQuerySet["ReferralFile"]):
    def visible_to(self, actor: Actor) -> Self:
        reports = Report.objects.visible_to(actor).filter(pk=OuterRef("report_id"))
        readable = readable_when_written(actor) & (Q(report=None) | Q(Exists(reports)))
        return self.filter(readable & welcome(actor) | uploaded_by(actor))


class ReferralFile(Tie):
    """That a file goes with a referral or one of its reports, and who put it there."""

    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, related_name="files")
    report = models.ForeignKey(Report, on_delete=models.PROTECT, null=True, related_name="files")
    organization = models.ForeignKey("directory.Organization", on_delete=models.PROTECT, null=True, related_name="+")
    link_id = models.UUIDField(null=True)
    created_at = models.DateTimeField(default=clock.now)
    # As of a message.
    reaches_recipient = models.BooleanField(default=True)

    objects = ReferralFileQuerySet.as_manager()
