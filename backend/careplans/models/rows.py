"""What stands in a plan: problems, goals, lines, phases, and what became of those of who left."""

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, OuterRef

from backend.careplans.models.plan import CarePlan, OfPlanHistoryQuerySet, OfPlanQuerySet, PlanRow, PlanRowQuerySet
from backend.directory.models import PractitionerRole
from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.history import tracked
from backend.lib.ids import uuid7


class PhaseQuerySet(PlanRowQuerySet["Phase"]):
    """Written by the lead."""


class PhaseHistoryQuerySet(OfPlanHistoryQuerySet["Phase"]):
    """And what one's own clinic wrote while it led, as it was then: the phase itself is with who leads now."""

    def visible_to(self, actor: Actor) -> Self:
        seen = super().visible_to(actor)
        if not actor.is_staff:
            return seen
        plan = CarePlan.objects.visible_to(actor).filter(pk=OuterRef("plan_id"))
        return seen | self.filter(Exists(plan), organization_id=actor.clinic_id)


@tracked(PhaseHistoryQuerySet, within="plan")
class Phase(PlanRow):
    """A stretch of the plan: calm down, build up, keep. It goes over with the lead."""

    name = models.CharField(max_length=100)
    position = models.IntegerField(default=0)
    from_on = models.DateField(null=True)
    until_on = models.DateField(null=True)

    objects = PhaseQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class ProblemQuerySet(PlanRowQuerySet["Problem"]):
    """Written by any party."""


@tracked(OfPlanHistoryQuerySet, within="plan")
class Problem(PlanRow):
    """What the plan is about: a sentence, and the ICD-10-CM code where there is one."""

    class State(models.TextChoices):
        ACTIVE = "active"
        RESOLVED = "resolved"

    text = models.CharField(max_length=500)
    icd10 = models.CharField(max_length=8, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    continues = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="continued_by")

    objects = ProblemQuerySet.as_manager()

    def __str__(self) -> str:
        return self.text


class GoalQuerySet(PlanRowQuerySet["Goal"]):
    """Written by any party."""


@tracked(OfPlanHistoryQuerySet, within="plan")
class Goal(PlanRow):
    """What the client wants to do again, in the client's words, and how it is measured."""

    class State(models.TextChoices):
        ACTIVE = "active"
        ACHIEVED = "achieved"
        NOT_ACHIEVED = "not_achieved"
        DROPPED = "dropped"

    words = models.CharField(max_length=500)
    measure = models.CharField(max_length=100, blank=True)
    unit = models.CharField(max_length=40, blank=True)
    baseline = models.FloatField(null=True)
    target = models.FloatField(null=True)
    due_on = models.DateField(null=True)
    state = models.CharField(max_length=20, choices=State.choices, default=State.ACTIVE)
    continues = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="continued_by")

    objects = GoalQuerySet.as_manager()

    def __str__(self) -> str:
        return self.words


class InterventionQuerySet(PlanRowQuerySet["Intervention"]):
    """Written by the organization that performs it."""


@tracked(OfPlanHistoryQuerySet, within="plan")
class Intervention(PlanRow):
    """One line of the plan. ``continues`` is the line of a clinic that left, when somebody took it over."""

    class State(models.TextChoices):
        ACTIVE = "active"
        PAUSED = "paused"
        ENDED = "ended"

    class Load(models.TextChoices):
        LOW = "low"
        MODERATE = "moderate"
        HIGH = "high"

    class EndedReason(models.TextChoices):
        DONE = "done"
        NO_EFFECT = "no_effect"
        REPLACED = "replaced"
        CLIENT_REQUEST = "client_request"
        CONTRAINDICATION = "contraindication"
        ENTERED_IN_ERROR = "entered_in_error"
        OTHER = "other"
        LEFT = "left"

    discipline = models.CharField(max_length=40)
    practitioner_role = models.ForeignKey(PractitionerRole, on_delete=models.PROTECT, null=True, related_name="+")
    focus = models.CharField(max_length=300)
    technique_ids = ArrayField(models.CharField(max_length=40), default=list)
    regions = models.JSONField(default=list)
    times_per_week = models.FloatField(null=True)
    weeks = models.IntegerField(null=True)
    minutes = models.IntegerField(null=True)
    load = models.CharField(max_length=10, choices=Load.choices)
    avoid = models.JSONField(default=list)
    home_programme = models.TextField(blank=True)
    visit_budget = models.IntegerField(null=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    ended_reason = models.CharField(max_length=20, choices=EndedReason.choices, blank=True)
    ended_detail = models.TextField(blank=True)
    ended_at = models.DateTimeField(null=True)
    continues = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="continued_by")

    objects = InterventionQuerySet.as_manager()

    class Meta(PlanRow.Meta):
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state="ended", ended_at__isnull=False)
                | ~models.Q(state="ended") & models.Q(ended_at=None),
                name="line_ended_has_ended_at",
            )
        ]

    def __str__(self) -> str:
        return self.focus


class DecisionQuerySet(OfPlanQuerySet["Decision"]):
    """Made by the lead."""


class Decision(models.Model):
    """What the lead decided about a line, goal or problem whose organization left. Never changed.

    The row stays as it was; a goal or problem that was decided upon counts no more.
    """

    class Answer(models.TextChoices):
        TAKE_OVER = "take_over"
        DROP = "drop"

    id = models.UUIDField(primary_key=True, default=uuid7)
    plan = models.ForeignKey(CarePlan, on_delete=models.PROTECT, related_name="decisions")
    organization = models.ForeignKey("directory.Organization", on_delete=models.PROTECT, related_name="+")
    line = models.OneToOneField(Intervention, on_delete=models.PROTECT, null=True, related_name="decision")
    goal = models.OneToOneField(Goal, on_delete=models.PROTECT, null=True, related_name="decision")
    problem = models.OneToOneField(Problem, on_delete=models.PROTECT, null=True, related_name="decision")
    answer = models.CharField(max_length=10, choices=Answer.choices)
    sentence = models.TextField(blank=True)
    by = models.CharField(max_length=200)
    decided_at = models.DateTimeField(default=clock.now)

    objects = DecisionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(line__isnull=False, goal=None, problem=None)
                | models.Q(line=None, goal__isnull=False, problem=None)
                | models.Q(line=None, goal=None, problem__isnull=False),
                name="a_decision_is_about_one_row",
            )
        ]

    def __str__(self) -> str:
        return self.answer
