"""The referral row is the envelope: parties, state, due times, codes."""

from datetime import timedelta
from typing import Self
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Case, Exists, F, Func, OuterRef, Q, Value, When

from backend.catalog.queries import catalog
from backend.clients.models import Access, Consent
from backend.directory.models import PractitionerRole
from backend.lib import clock
from backend.lib.actor import Actor, ActorKind
from backend.lib.ids import uuid7
from backend.lib.querysets import ScopedQuerySet

# The states in which each side has the move, drafts apart; the workflow's table says the same and a test compares.
SENDER_MOVES = ("needs_information", "reported", "declined", "expired", "unreachable", "client_declined")
RECIPIENT_MOVES = ("sent", "accepted", "waitlisted", "booked", "in_care", "cancellation_requested")


class ConsentStands(Func):
    """Whether the consent behind a guest's referral stands; a guest reads no consent."""

    function = "consent_stands"
    output_field = models.BooleanField()


class TakesFromPool(Func):
    """Whether an organization has an eligible role for a discipline near a place, by the credential it asks for."""

    function = "takes_from_pool"
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
        """While an eligible role works there, as ``eligible_roles`` asks at send."""
        kinds = {row.code: row.credential_kind for row in catalog().disciplines.values()}
        asked = Case(
            *(When(discipline=code, then=Value(kind)) for code, kind in kinds.items()),
            default=Value(None, output_field=models.CharField()),
        )
        passed = PoolPass.objects.filter(referral_id=OuterRef("pk"), organization_id=actor.clinic_id)
        return (
            Q(recipient_kind=Referral.RecipientKind.POOL, recipient_organization=None, state="sent")
            & Q(TakesFromPool(Value(actor.clinic_id), "discipline", "pool_near", asked))
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

    def wholly_open_to(self, actor: Actor) -> Self:
        """Those of whose content the actor reads everything, whenever it was written: the sender's, and the client's own."""
        if actor.kind == ActorKind.CLIENT:
            return self.filter(client_id=actor.client_id)
        return self.filter(sender_organization_id=actor.organization_id) if actor.is_staff else self.none()


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
    # How many reports the sender has not read: counted where one is signed and where one is read.
    unread_reports = models.PositiveSmallIntegerField(default=0)

    sent_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    first_seen_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_how = models.CharField(max_length=30, blank=True)
    content_gone_because = models.CharField(max_length=30, blank=True)
    # Whom a decline named instead.
    suggested_role = models.ForeignKey(PractitionerRole, on_delete=models.PROTECT, null=True, related_name="+")
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
            models.Index(
                fields=["sender_organization", "due_at", "id"],
                condition=Q(state="in_care", unread_reports__gt=0),
                name="referral_to_read",
            ),
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


class PoolPass(models.Model):
    """An organization that let a pool's referral pass: it no longer sees it."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, related_name="passes")
    organization = models.ForeignKey("directory.Organization", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["referral", "organization"], name="passed_once")]

    def __str__(self) -> str:
        return f"{self.organization_id} passed"
