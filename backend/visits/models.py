"""One appointment or session: when, in which state, with whom."""

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.history import tracked
from backend.lib.ids import uuid7
from backend.lib.querysets import ScopedQuerySet


class VisitQuerySet(ScopedQuerySet["Visit"]):
    def visible_to(self, actor: Actor) -> Self:
        """The clinic's own; referrals show the visits of their loop to the other side."""
        return self.filter(organization_id=actor.organization_id) if actor.is_staff else self.none()


@tracked()
class Visit(models.Model):
    """A visit here is time, state and who. ``organization`` is null when a guest practitioner sees the client.

    ``client_name`` is the name as it stood when the visit was entered: the clinic reads its own calendar for ever.
    ``line_ids`` are the lines of care plans that it was for, as somebody said; null while nobody did, empty when for none.
    """

    class State(models.TextChoices):
        PLANNED = "planned"
        BOOKED = "booked"
        DONE = "done"
        MISSED = "missed"
        CANCELLED = "cancelled"

    NOT_HELD = (State.MISSED, State.CANCELLED)

    id = models.UUIDField(primary_key=True, default=uuid7)
    version = models.IntegerField(default=1)
    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="visits")
    client_name = models.CharField(max_length=201, blank=True, default="")
    organization = models.ForeignKey("directory.Organization", on_delete=models.PROTECT, null=True, related_name="+")
    practitioner_role = models.ForeignKey(
        "directory.PractitionerRole", on_delete=models.PROTECT, null=True, related_name="+"
    )
    state = models.CharField(max_length=20, choices=State.choices, default=State.BOOKED)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    time_zone = models.CharField(max_length=60)
    cancelled_by = models.CharField(max_length=20, blank=True)
    occurred_at = models.DateTimeField(null=True)
    line_ids = ArrayField(models.UUIDField(), null=True)
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)

    objects = VisitQuerySet.as_manager()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(starts_at__lt=F("ends_at")), name="visit_takes_time")]
        indexes = [models.Index(fields=["organization", "starts_at"], name="visit_calendar")]

    def __str__(self) -> str:
        return f"{self.state} {self.starts_at:%Y-%m-%d %H:%M}"
