"""A referral and what hangs on it: package, steps, messages, reports, offered times, contacts, attachments.

The referral row is the envelope: parties, state, due times, codes. What people wrote about the client is in rows of its
own (package, messages, reports), so that the envelope can be shown where the content may not.
"""

from datetime import timedelta
from typing import Self, TypeVar
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Case, Exists, F, Func, OuterRef, Q, When

from backend.clients.models import Access, Consent
from backend.directory.models import PractitionerRole
from backend.lib import clock
from backend.lib.actor import Actor, ActorKind
from backend.lib.ids import uuid7
from backend.lib.querysets import ScopedQuerySet

M = TypeVar("M", bound=models.Model)


# The states in which each side has the move, drafts apart; the workflow's table says the same and a test compares.
SENDER_MOVES = ("needs_information", "reported", "declined", "expired", "unreachable", "client_declined")
RECIPIENT_MOVES = ("sent", "accepted", "waitlisted", "booked", "in_care", "cancellation_requested")


class ConsentStands(Func):
    """Whether the consent behind a guest's referral stands; a guest reads no consent."""

    function = "consent_stands"
    output_field = models.BooleanField()


class ReferralQuerySet(ScopedQuerySet["Referral"]):
    def visible_to(self, actor: Actor) -> Self:
        """The sender's; the recipient's once sent; a pool's while it waits; a guest's or client's own."""
        if actor.kind == ActorKind.GUEST:
            return self.filter(pk=actor.referral_id, sent_at__isnull=False)
        if actor.kind == ActorKind.CLIENT:
            return self.filter(client_id=actor.client_id)
        if not actor.is_staff:
            return self.none()
        mine = actor.clinic_id
        return self.filter(
            Q(sender_organization_id=mine)
            | Q(recipient_organization_id=mine, sent_at__isnull=False)
            | self._waiting_in_pool_of(actor)
        )

    def _waiting_in_pool_of(self, actor: Actor) -> Q:
        eligible = PractitionerRole.objects.filter(
            organization_id=actor.clinic_id, discipline=OuterRef("discipline"), is_accepting=True, ended_at=None
        )
        near = eligible.filter(
            Q(location__city__iexact=OuterRef("pool_near")) | Q(location__postal_code__iexact=OuterRef("pool_near"))
        )
        passed = PoolPass.objects.filter(referral_id=OuterRef("pk"), organization_id=actor.clinic_id)
        return (
            Q(recipient_kind=Referral.RecipientKind.POOL, recipient_organization=None, state="sent")
            & (Q(Exists(near)) | (Q(pool_near="") & Q(Exists(eligible))))
            & ~Q(Exists(passed))
        )

    def content_open_to(self, actor: Actor) -> Self:
        """Those whose package, messages and reports the actor may read now.

        The sender always. The recipient while its access lives, and what it accepted for ever, as it was. Never after
        it was withdrawn as sent in error.
        """
        if actor.kind == ActorKind.GUEST:
            waiting = Q(state__in=("sent", "needs_information")) & (Q(client=None) | Q(ConsentStands("id")))
            own = self.filter(pk=actor.referral_id, sent_at__isnull=False, content_gone_because="")
            return own.filter(Q(accepted_at__isnull=False) | waiting)
        if actor.kind == ActorKind.CLIENT:
            return self.filter(client_id=actor.client_id)
        if not actor.is_staff:
            return self.none()
        opened = Access.objects.live().filter(referral_id=OuterRef("pk"), organization_id=actor.clinic_id)
        received = Q(recipient_organization_id=actor.organization_id, content_gone_because="", sent_at__isnull=False)
        if actor.practitioner_id is not None:
            # The client said "not this person", whoever else of the clinic may read it.
            excluding = Consent.objects.filter(
                client_id=OuterRef("client_id"), excluded_practitioner_ids__contains=[actor.practitioner_id]
            )
            received &= ~Q(Exists(excluding))
        return self.filter(
            Q(sender_organization_id=actor.organization_id)
            | received & (Q(accepted_at__isnull=False) | Q(Exists(opened)) | Q(client=None))
        )


class Referral(models.Model):
    """A request to a colleague, a clinic, a pool or a guest, with a clinical question."""

    class Kind(models.TextChoices):
        ADVICE = "advice"
        EVALUATE = "evaluate"
        EVALUATE_AND_TREAT = "evaluate_and_treat"
        CO_MANAGE = "co_manage"

    class Priority(models.TextChoices):
        ROUTINE = "routine"
        URGENT = "urgent"
        ASAP = "asap"

    class RecipientKind(models.TextChoices):
        ROLE = "practitioner_role"
        ORGANIZATION = "organization"
        POOL = "pool"
        GUEST = "guest"

    id = models.UUIDField(primary_key=True, default=uuid7)
    version = models.IntegerField(default=1)
    state = models.CharField(max_length=30, default="draft")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    priority = models.CharField(max_length=10, choices=Priority.choices, default=Priority.ROUTINE)
    transfer = models.BooleanField(default=False)
    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, null=True, related_name="referrals")
    consent = models.ForeignKey("clients.Consent", on_delete=models.PROTECT, null=True, related_name="referrals")

    sender_organization = models.ForeignKey("directory.Organization", on_delete=models.PROTECT, related_name="+")
    sender_role = models.ForeignKey(PractitionerRole, on_delete=models.PROTECT, null=True, related_name="+")
    sender_identifier = models.JSONField(null=True)
    recipient_kind = models.CharField(max_length=20, choices=RecipientKind.choices)
    recipient_organization = models.ForeignKey(
        "directory.Organization", on_delete=models.PROTECT, null=True, related_name="+"
    )
    recipient_role = models.ForeignKey(PractitionerRole, on_delete=models.PROTECT, null=True, related_name="+")
    recipient_identifier = models.JSONField(null=True)
    discipline = models.CharField(max_length=40)
    pool_near = models.CharField(max_length=100, blank=True)

    regions = models.JSONField(default=list)
    technique_ids = ArrayField(models.CharField(max_length=40), default=list)
    order_number = models.CharField(max_length=100, blank=True)
    order_by = models.CharField(max_length=200, blank=True)
    order_visits = models.IntegerField(null=True)
    order_until = models.DateField(null=True)
    has_red_flag = models.BooleanField(default=False)

    # Whose move it is, when that is an organization; made by PostgreSQL, so that an inbox is one range of an index.
    mover_organization_id = models.GeneratedField(
        expression=Case(
            When(state__in=SENDER_MOVES, then=F("sender_organization")),
            When(state__in=RECIPIENT_MOVES, then=F("recipient_organization")),
        ),
        output_field=models.UUIDField(null=True),
        db_persist=True,
    )
    due_at = models.DateTimeField(null=True)
    paused_minutes = models.IntegerField(null=True)
    state_entered_at = models.DateTimeField(default=clock.now)
    reminders = models.IntegerField(default=0)
    review_on = models.DateField(null=True)
    release_until = models.DateTimeField(null=True)
    waitlist_count = models.IntegerField(default=0)
    no_show_count = models.IntegerField(default=0)
    return_count = models.IntegerField(default=0)

    sent_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    first_seen_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_how = models.CharField(max_length=30, blank=True)
    content_gone_because = models.CharField(max_length=30, blank=True)
    redirected_to = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="redirected_from")
    converted_to = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="converted_from")
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)

    objects = ReferralQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["sender_organization", "state", "due_at", "id"], name="referral_sender"),
            models.Index(fields=["recipient_organization", "state", "due_at", "id"], name="referral_recipient"),
            models.Index(fields=["mover_organization_id", "due_at", "id"], name="referral_mover"),
            models.Index(fields=["sender_organization", "-created_at", "-id"], name="referral_sent_newest"),
            models.Index(fields=["recipient_organization", "-created_at", "-id"], name="referral_received_newest"),
            models.Index(fields=["client"], name="referral_client"),
            models.Index(fields=["discipline", "state"], name="referral_pool", condition=Q(recipient_kind="pool")),
        ]
        constraints = [
            models.UniqueConstraint(
                F("sender_organization"), models.F("sender_identifier"), name="sender_identifier_once"
            ),
            models.UniqueConstraint(
                F("recipient_organization"), models.F("recipient_identifier"), name="recipient_identifier_once"
            ),
            models.CheckConstraint(
                condition=Q(sender_role=None) | Q(recipient_role=None) | ~Q(sender_role=F("recipient_role")),
                name="referral_never_to_oneself",
            ),
            models.CheckConstraint(
                condition=Q(client__isnull=False) | Q(kind="advice"), name="only_advice_has_no_client"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"

    @property
    def is_advice(self) -> bool:
        return self.kind == self.Kind.ADVICE

    @property
    def is_pool(self) -> bool:
        return self.recipient_kind == self.RecipientKind.POOL

    @property
    def is_guest(self) -> bool:
        return self.recipient_kind == self.RecipientKind.GUEST

    @property
    def is_inside_one_organization(self) -> bool:
        return self.sender_organization_id == self.recipient_organization_id

    @property
    def party_ids(self) -> list[UUID | None]:
        """The organizations on either side; the recipient only once it was sent."""
        return [self.sender_organization_id, self.recipient_organization_id if self.sent_at else None]

    @property
    def due_span(self) -> timedelta | None:
        return self.due_at - self.state_entered_at if self.due_at else None


class OfReferralQuerySet(ScopedQuerySet[M]):
    """Content: read by who may read the referral's content, and by the organization that wrote it."""

    def visible_to(self, actor: Actor) -> Self:
        readable = Referral.objects.content_open_to(actor).filter(pk=OuterRef("referral_id"))
        return self.filter(Exists(readable))


class WrittenQuerySet(ScopedQuerySet[M]):
    """Content that one party wrote: it keeps it, whatever happens to the rest."""

    def visible_to(self, actor: Actor) -> Self:
        readable = Referral.objects.content_open_to(actor).filter(pk=OuterRef("referral_id"))
        own = Q(organization_id=actor.organization_id) if actor.is_staff else Q(pk__in=[])
        return self.filter(Q(Exists(readable)) | own)


class EnvelopeQuerySet(ScopedQuerySet[M]):
    """Facts of the envelope: seen by everybody who sees the referral."""

    def visible_to(self, actor: Actor) -> Self:
        return self.filter(Exists(Referral.objects.visible_to(actor).filter(pk=OuterRef("referral_id"))))


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


class Message(models.Model):
    """A sentence from one side to the other: a question, an answer, a reason in words, a plain message."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, related_name="messages")
    step = models.ForeignKey(Step, on_delete=models.PROTECT, null=True, related_name="messages")
    organization = models.ForeignKey("directory.Organization", on_delete=models.PROTECT, null=True, related_name="+")
    party = models.CharField(max_length=20)
    by = models.CharField(max_length=200)
    kind = models.CharField(max_length=30, default="message")
    text = models.TextField()
    created_at = models.DateTimeField(default=clock.now)

    objects = WrittenQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "id"]
        indexes = [models.Index(fields=["referral", "created_at"], name="message_thread")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.referral_id}"


class Report(models.Model):
    """A signed answer to the referral's question. Append-only: only that it was read is added later."""

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

    objects = WrittenQuerySet.as_manager()

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


class PoolPass(models.Model):
    """An organization that let a pool's referral pass: it no longer sees it."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, related_name="passes")
    organization = models.ForeignKey("directory.Organization", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["referral", "organization"], name="passed_once")]

    def __str__(self) -> str:
        return f"{self.organization_id} passed"


class AttachmentQuerySet(ScopedQuerySet["Attachment"]):
    def visible_to(self, actor: Actor) -> Self:
        readable = Referral.objects.content_open_to(actor).filter(pk=OuterRef("referral_id"))
        own = Q(organization_id=actor.organization_id) if actor.is_staff else Q(pk__in=[])
        guests = Q(link_id=actor.link_id) if actor.link_id else Q(pk__in=[])
        return self.filter(Q(Exists(readable)) | own | guests)


class Attachment(models.Model):
    """Bytes that were sniffed, bounded and hashed; first uploaded, then attached to a referral or report."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, null=True, related_name="attachments")
    report = models.ForeignKey(Report, on_delete=models.PROTECT, null=True, related_name="attachments")
    organization = models.ForeignKey("directory.Organization", on_delete=models.PROTECT, null=True, related_name="+")
    link_id = models.UUIDField(null=True)
    name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=60)
    size = models.IntegerField()
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()
    by = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=clock.now)

    objects = AttachmentQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


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
