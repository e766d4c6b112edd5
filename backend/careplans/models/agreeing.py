"""What the parties of a plan say to each other: proposals, published versions, agreements."""

from typing import Any, Self
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, JSONField, Q
from django.db.models.fields.json import KeyTransform

from backend.careplans.models.plan import CarePlan, OfPlanHistoryQuerySet, OfPlanQuerySet
from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.history import tracked
from backend.lib.ids import uuid7


class ProposalQuerySet(OfPlanQuerySet["Proposal"]):
    """Both sides keep it: who proposed, and who was asked."""

    def visible_to(self, actor: Actor) -> Self:
        """Once its row or its plan turned out to be about a wrong client, for who keeps it."""
        kept = Q(kept_for_ids=None)
        if actor.is_staff:
            kept |= Q(kept_for_ids__contains=[actor.organization_id])
        return super().visible_to(actor).filter(kept)

    def own(self, organization_id: UUID) -> Q:
        return Q(organization_id=organization_id) | Q(owner_id=organization_id)


@tracked(OfPlanHistoryQuerySet, within="plan")
class Proposal(models.Model):
    """Another party's suggestion on a line or goal that is not theirs.

    ``row_version`` is the version of the row it was made for: when the row has moved on, the proposal is stale.
    """

    class Kind(models.TextChoices):
        CHANGE = "change"
        ADD = "add"
        END = "end"

    class About(models.TextChoices):
        INTERVENTION = "intervention"
        GOAL = "goal"

    class State(models.TextChoices):
        OPEN = "open"
        ACCEPTED = "accepted"
        DECLINED = "declined"
        WITHDRAWN = "withdrawn"
        LAPSED = "lapsed"

    id = models.UUIDField(primary_key=True, default=uuid7)
    version = models.IntegerField(default=1)
    plan = models.ForeignKey(CarePlan, on_delete=models.PROTECT, related_name="proposals")
    organization = models.ForeignKey("directory.Organization", on_delete=models.PROTECT, related_name="+")
    owner = models.ForeignKey("directory.Organization", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    about = models.CharField(max_length=20, choices=About.choices)
    row_id = models.UUIDField(null=True)
    row_version = models.IntegerField(null=True)
    made_row_id = models.UUIDField(null=True)  # of an addition that was accepted: the row that holds its words now
    changes = models.JSONField(default=dict)
    why = models.CharField(max_length=1000)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    by = models.CharField(max_length=200)
    answer = models.TextField(blank=True)
    answered_by = models.CharField(max_length=200, blank=True)
    answered_at = models.DateTimeField(null=True)
    occurred_at = models.DateTimeField(null=True)  # of the answer, when that was told later
    kept_for_ids = ArrayField(models.UUIDField(), null=True)  # who reads it still when it was about a wrong client
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)

    objects = ProposalQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="add", row_id=None) | Q(row_id__isnull=False), name="a_proposal_names_its_row"
            ),
            models.CheckConstraint(
                condition=Q(made_row_id=None) | Q(kind="add", state="accepted"), name="an_accepted_addition_made_a_row"
            ),
        ]
        indexes = [models.Index(fields=["plan", "state"], name="proposal_plan")]

    def __str__(self) -> str:
        return f"{self.kind} {self.about}"

    @property
    def changed_by(self) -> str:
        return self.answered_by or self.by


FROZEN = Func(F("pk"), function="frozen_in_version", output_field=JSONField())
BODY, CHANGES = KeyTransform("body", FROZEN), KeyTransform("changes", FROZEN)


class PlanVersionQuerySet(OfPlanQuerySet["PlanVersion"]):
    """Readable while the plan is open; afterwards only those that hold nobody else's words."""

    def own(self, organization_id: UUID) -> Q:
        return Q(holds_ids__contained_by=[organization_id])

    def named(self) -> Self:
        """Without what they hold: the app has no right to those two columns."""
        return self.defer("body", "changes")

    def whole(self) -> Self:
        """With what they hold for this reader, as ``frozen``."""
        return self.named().annotate(frozen=FROZEN)


class PlanVersion(models.Model):
    """The plan as it was published: frozen, with what changed since the version before. Never changed.

    What it holds is read with ``BODY`` and ``CHANGES``, which ask the guard: of a row about a wrong client it gives
    nothing to anybody but who wrote that row.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    plan = models.ForeignKey(CarePlan, on_delete=models.PROTECT, related_name="versions")
    organization = models.ForeignKey("directory.Organization", on_delete=models.PROTECT, related_name="+")
    number = models.IntegerField()
    holds_ids = ArrayField(models.UUIDField())  # whose rows it holds, and who was on the team
    body = models.JSONField()
    changes = models.JSONField()
    by = models.CharField(max_length=200)
    published_at = models.DateTimeField(default=clock.now)
    frozen: dict[str, Any]  # of one that was read ``whole``: body, changes, and the ids that were taken back

    objects = PlanVersionQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["plan", "number"], name="one_plan_version_of_a_number")]

    def __str__(self) -> str:
        return f"version {self.number}"


class AgreementQuerySet(OfPlanQuerySet["Agreement"]):
    """One's own, and the others' while the plan is open."""


class Agreement(models.Model):
    """A party's yes or no to one version. Rows are only added; the party's latest on a version counts."""

    class Answer(models.TextChoices):
        AGREE = "agree"
        OBJECT = "object"

    id = models.UUIDField(primary_key=True, default=uuid7)
    plan = models.ForeignKey(CarePlan, on_delete=models.PROTECT, related_name="agreements")
    organization = models.ForeignKey("directory.Organization", on_delete=models.PROTECT, related_name="+")
    number = models.IntegerField()
    answer = models.CharField(max_length=10, choices=Answer.choices)
    sentence = models.TextField(blank=True)
    by = models.CharField(max_length=200)
    answered_at = models.DateTimeField(default=clock.now)

    objects = AgreementQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["plan", "number", "organization"], name="agreement_version")]

    def __str__(self) -> str:
        return f"{self.answer} to {self.number}"
