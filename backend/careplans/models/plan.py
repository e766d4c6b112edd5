"""The plan itself, who is on its team, and the door to everything that stands in it."""

from typing import Self, TypeVar
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, OuterRef, Q

from backend.clients.models import Access, Consent
from backend.directory.models import OrganizationIdentifier, PractitionerRole
from backend.lib import clock
from backend.lib.actor import Actor, ActorKind
from backend.lib.history import HistoryQuerySet, tracked
from backend.lib.ids import uuid7
from backend.lib.querysets import ScopedQuerySet

M = TypeVar("M", bound=models.Model)
WRONG_CLIENT = "wrong_client"


class CarePlanQuerySet(ScopedQuerySet["CarePlan"]):
    def visible_to(self, actor: Actor) -> Self:
        """The header: for whoever is or was on the team, the client, and nobody the client has excluded."""
        if actor.kind == ActorKind.CLIENT:
            return self.filter(client_id=actor.client_id).exclude(entered_in_error_reason=WRONG_CLIENT)
        if not actor.is_staff:
            return self.none()
        found = self.filter(party_ids__contains=[actor.organization_id])
        if actor.practitioner_id is None:
            return found
        excluding = Consent.objects.filter(
            pk=OuterRef("consent_id"), excluded_practitioner_ids__contains=[actor.practitioner_id]
        )
        return found.filter(~Exists(excluding))

    def worked_on_by(self, actor: Actor) -> Self:
        """Those whose team the caller is on now, with access that lives."""
        access = Access.objects.opening_for(actor).filter(client_id=OuterRef("client_id"))
        lives = Exists(access.exclude(why=Access.Why.BREAK_GLASS))
        return self.visible_to(actor).filter(lives, member_ids__contains=[actor.organization_id])

    def open_to(self, actor: Actor) -> Self:
        """Those where the caller reads what others wrote: it works on them, inside a circle that shares plans now."""
        if actor.kind == ActorKind.CLIENT:
            return self.visible_to(actor)
        shared = Consent.objects.in_force().filter(
            pk=OuterRef("consent_id"),
            organization_ids__contains=[actor.organization_id],
            categories__contains=[Consent.Category.PLAN],
        )
        return self.worked_on_by(actor).filter(Exists(shared))

    def content_open_to(self, actor: Actor) -> Self:
        """As ``open_to``, under the name by which an answer that is kept asks what its reader reads now."""
        return self.open_to(actor)


class CarePlanHistoryQuerySet(HistoryQuerySet[M]):
    def visible_to(self, actor: Actor) -> Self:
        """The header as one's own clinic led it; as others led it, while the plan is open and since the caller joined."""
        seen = super().visible_to(actor)
        opened = Q(Exists(CarePlan.objects.open_to(actor).filter(pk=OuterRef("pgh_obj_id"))))
        if not actor.is_staff:
            return seen.filter(opened)
        return seen.filter(Q(lead_organization_id=actor.organization_id) | opened & joined(actor, "pgh_obj_id"))


class OfPlanHistoryQuerySet(HistoryQuerySet[M]):
    def visible_to(self, actor: Actor) -> Self:
        """One's own rows always; those of others as they were since one's clinic joined, and not more than that."""
        seen = super().visible_to(actor)
        if not actor.is_staff:
            return seen
        return seen.filter(Q(organization_id=actor.clinic_id) | joined(actor, "plan_id"))


def joined(actor: Actor, plan: str) -> Q:
    """The caller's clinic was on the team, or had been, when the row of a history was written."""
    team = TeamMember.objects.filter(plan_id=OuterRef(plan), organization_id=actor.clinic_id)
    return Q(Exists(team.filter(from_at__lte=OuterRef("pgh_moment"))))


class ErrorReason(models.TextChoices):
    """Why something should not have been written."""

    WRONG_CLIENT = "wrong_client", "Wrong client"
    WRONG_ENTRY = "wrong_entry", "Wrong entry"
    DUPLICATE = "duplicate", "Entered twice"
    OTHER = "other", "Another reason"


class EnteredInError(models.Model):
    """What is said of something that should not have been written; it stays as it is. Written by the guard's functions only."""

    entered_in_error_reason = models.CharField(max_length=40, choices=ErrorReason.choices, blank=True)
    entered_in_error_note = models.TextField(blank=True)
    entered_in_error_by = models.CharField(max_length=200, blank=True)
    entered_in_error_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True


@tracked(CarePlanHistoryQuerySet)
class CarePlan(EnteredInError):
    """One episode of a client, in one circle.

    ``consent`` is null while only one organization is on the plan. ``member_ids`` are the organizations on the team,
    ``party_ids`` those that ever were; both are written by the guard together with the team's rows. One that was
    entered in error is revoked for good; about a wrong client, its parties are its lead and who wrote something in it. Who
    led when that was said reads the sentence that was said with it; whoever leads later does not.
    """

    class State(models.TextChoices):
        DRAFT = "draft"
        ACTIVE = "active"
        ON_HOLD = "on_hold"
        COMPLETED = "completed"
        REVOKED = "revoked"

    id = models.UUIDField(primary_key=True, default=uuid7)
    version = models.IntegerField(default=1)
    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="care_plans")
    client_name = models.CharField(max_length=201)  # as it stood, for who does not see the client any more
    organization = models.ForeignKey("directory.Organization", on_delete=models.PROTECT, related_name="+")
    consent = models.ForeignKey("clients.Consent", on_delete=models.PROTECT, null=True, related_name="care_plans")
    lead_organization = models.ForeignKey("directory.Organization", on_delete=models.PROTECT, related_name="+")
    lead_role = models.ForeignKey("directory.PractitionerRole", on_delete=models.PROTECT, null=True, related_name="+")
    member_ids = ArrayField(models.UUIDField())
    party_ids = ArrayField(models.UUIDField())
    title = models.CharField(max_length=200)
    state = models.CharField(max_length=20, choices=State.choices, default=State.DRAFT)
    state_reason = models.CharField(max_length=40, blank=True)
    state_detail = models.TextField(blank=True)
    state_entered_at = models.DateTimeField(default=clock.now)
    occurred_at = models.DateTimeField(null=True)  # of the newest step, when that was told later
    review_on = models.DateField(null=True)
    published = models.IntegerField(default=0)  # the number of the newest version; 0 before the first
    entered_in_error_organization_id = models.UUIDField(null=True)  # who said so
    changed_by = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)

    objects = CarePlanQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["client", "-created_at"], name="care_plan_client")]

    def __str__(self) -> str:
        return self.title

    @property
    def is_finished(self) -> bool:
        return self.state in (self.State.COMPLETED, self.State.REVOKED)


class OfPlanQuerySet(ScopedQuerySet[M]):
    """What stands in a plan: one's own always, what others wrote only while the plan is open to the caller."""

    def visible_to(self, actor: Actor) -> Self:
        opened = Q(Exists(CarePlan.objects.open_to(actor).filter(pk=OuterRef("plan_id"))))
        if actor.kind == ActorKind.CLIENT:
            return self.filter(opened)
        if not actor.is_staff:
            return self.none()
        seen = CarePlan.objects.visible_to(actor).filter(pk=OuterRef("plan_id"))
        return self.filter(Exists(seen)).filter(self.own(actor.clinic_id) | opened)

    def own(self, organization_id: UUID) -> Q:
        return Q(organization_id=organization_id)


class PlanRowQuerySet(OfPlanQuerySet[M]):
    """Rows that their organizations write; one about a wrong client is for who wrote it alone."""

    def visible_to(self, actor: Actor) -> Self:
        readable = ~Q(entered_in_error_reason=WRONG_CLIENT)
        if actor.is_staff:
            readable |= self.own(actor.clinic_id)
        return super().visible_to(actor).filter(readable)


class PlanRow(EnteredInError):
    """A row of a plan, kept under its id through every edit; its organization alone changes it."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    version = models.IntegerField(default=1)
    plan = models.ForeignKey(CarePlan, on_delete=models.PROTECT, related_name="%(class)ss")
    organization = models.ForeignKey("directory.Organization", on_delete=models.PROTECT, related_name="+")
    changed_by = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)

    class Meta:
        abstract = True


class PlanIdentifier(OrganizationIdentifier):
    """An organization's own number for a plan; no other organization sees it."""

    plan = models.ForeignKey(CarePlan, on_delete=models.PROTECT, related_name="identifiers")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "system", "value"], name="care_plan_identifier_once")
        ]


class TeamMemberQuerySet(OfPlanQuerySet["TeamMember"]):
    """One's own membership, and the others' while the plan is open."""


@tracked(OfPlanHistoryQuerySet, within="plan")
class TeamMember(models.Model):
    """An organization on the team of a plan, from when until when. Added and ended by the guard's functions only."""

    class Role(models.TextChoices):
        LEAD = "lead"
        MEMBER = "member"

    id = models.UUIDField(primary_key=True, default=uuid7)
    plan = models.ForeignKey(CarePlan, on_delete=models.PROTECT, related_name="team")
    organization = models.ForeignKey("directory.Organization", on_delete=models.PROTECT, related_name="+")
    practitioner_role = models.ForeignKey(PractitionerRole, on_delete=models.PROTECT, null=True, related_name="+")
    role = models.CharField(max_length=10, choices=Role.choices)
    from_at = models.DateTimeField()
    until = models.DateTimeField(null=True)
    ended_because = models.CharField(max_length=40, blank=True)

    objects = TeamMemberQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["plan", "organization"], condition=Q(until=None), name="on_the_team_once"),
            models.UniqueConstraint(fields=["plan"], condition=Q(until=None, role="lead"), name="one_lead_at_a_time"),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.organization_id}"
