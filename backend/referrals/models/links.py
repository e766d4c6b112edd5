"""Links from the loop to what lies below it: the notes a report quotes, and the plan's version that a report led to.

They are rows of this app, never foreign keys from below: neither a note nor a plan knows of referrals.
"""

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, F, Func, OuterRef, Q

from backend.careplans.models import PlanVersion
from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.ids import uuid7
from backend.lib.querysets import ScopedQuerySet
from backend.notes.models import Note
from backend.referrals.models.content import Report
from backend.referrals.models.referral import Referral


class TakenAway(Func):
    """The notes that a report quotes, of another organization, that were about another client: the ids are all that is left."""

    function = "quotes_taken_away"
    output_field = ArrayField(models.UUIDField())


class ReportQuoteQuerySet(ScopedQuerySet["ReportQuote"]):
    def visible_to(self, actor: Actor) -> Self:
        """Whoever reads the report knows which notes it quotes; what they say is read by whoever reads the notes.

        One that was about another client is known to its own organization alone.
        """
        read = self.filter(Exists(Report.objects.visible_to(actor).filter(pk=OuterRef("report_id"))))
        return read.alias(taken_away=TakenAway("report_id")).exclude(taken_away__contains=[F("note_id")])


class ReportQuote(models.Model):
    """A signed note that a report was written from, with its hash and heading as they stood. Append-only."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="quotes")
    note = models.ForeignKey(Note, on_delete=models.PROTECT, related_name="+")
    organization = models.ForeignKey("directory.Organization", on_delete=models.PROTECT, related_name="+")
    note_kind = models.CharField(max_length=20, choices=Note.Kind.choices)
    note_signed_by = models.CharField(max_length=200)
    note_signed_at = models.DateTimeField()
    note_occurred_at = models.DateTimeField()
    content_hash = models.CharField(max_length=64)

    objects = ReportQuoteQuerySet.as_manager()

    class Meta:
        ordering = ["note_occurred_at", "id"]
        constraints = [models.UniqueConstraint(fields=["report", "note"], name="quoted_once")]

    def __str__(self) -> str:
        return f"{self.note_kind} of {self.note_occurred_at:%Y-%m-%d}"


class PlanChangeQuerySet(ScopedQuerySet["PlanChange"]):
    def visible_to(self, actor: Actor) -> Self:
        """Who sees the referral and reads that version of the plan."""
        return self.filter(
            Exists(Referral.objects.visible_to(actor).filter(pk=OuterRef("referral_id"))),
            Exists(PlanVersion.objects.visible_to(actor).filter(pk=OuterRef("version_id"))),
        )


class PlanChange(models.Model):
    """The version of the plan that a report led to, as the sender said when it was read. Append-only."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, related_name="plan_changes")
    report = models.ForeignKey(Report, on_delete=models.PROTECT, null=True, related_name="plan_changes")
    version = models.ForeignKey(PlanVersion, on_delete=models.PROTECT, related_name="+")
    organization = models.ForeignKey("directory.Organization", on_delete=models.PROTECT, related_name="+")
    by = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=clock.now)

    objects = PlanChangeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["report"], condition=Q(report__isnull=False), name="one_change_of_a_report")
        ]

    def __str__(self) -> str:
        return f"{self.referral_id} led to {self.version_id}"
