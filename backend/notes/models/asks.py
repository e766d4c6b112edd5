"""What a note asks of everybody in the client's circle: it outlives the sharing of the note."""

from typing import Self, TypeVar

from django.db import models
from django.db.models import Exists, OuterRef, Q

from backend.clients.models import Consent, SharedInCircleQuerySet
from backend.directory.models import PractitionerRole
from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.history import tracked
from backend.lib.ids import uuid7
from backend.lib.querysets import ScopedQuerySet
from backend.notes.models.note import Note, written_here

M = TypeVar("M", bound=models.Model)


class AskQuerySet(SharedInCircleQuerySet["Ask"]):
    def visible_to(self, actor: Actor) -> Self:
        """The safety floor: what the clinic's own notes ask, and what is asked in a circle, with or without the notes."""
        own = Q(organization_id=actor.organization_id) if actor.is_staff else Q(pk__in=[])
        return self.filter(own) | super().visible_to(actor).filter(released_at__isnull=False, is_taken_back=False)

    def shared_by(self, circles: models.QuerySet[Consent]) -> Q:
        """An ask of a sensitive note leaves its clinic only where the consent says so."""
        sensitive = circles.filter(categories__contains=[Consent.Category.SENSITIVE])
        return Q(Exists(circles), is_sensitive=False) | Q(Exists(sensitive))

    def active(self) -> Self:
        """Asked of the others now: signed, not ended, and not past its last day."""
        return self.filter(Q(ends_at=None) | Q(ends_at__gt=clock.now()), released_at__isnull=False, ended_at=None)


class AskHistoryQuerySet(ScopedQuerySet[M]):
    def visible_to(self, actor: Actor) -> Self:
        """What became of an ask since it was raised, for whoever reads it; before, for the clinic that wrote the note."""
        asked = Ask.objects.visible_to(actor).filter(pk=OuterRef("pgh_obj_id"))
        raised = Q(Exists(asked), released_at__isnull=False)
        return self.filter(raised | Q(Exists(written_here(actor))) if actor.is_staff else raised)


@tracked(AskHistoryQuerySet, within="note")
class Ask(models.Model):
    """What a note asks of the others. Whom it reaches is on its own row: many may read it who may not read the note."""

    class Kind(models.TextChoices):
        AVOID = "avoid"
        PREFER = "prefer"
        CONTACT_ME = "contact_me"

    id = models.UUIDField(primary_key=True, default=uuid7)
    note = models.ForeignKey(Note, on_delete=models.PROTECT, related_name="asks")
    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="+")
    organization = models.ForeignKey("directory.Organization", on_delete=models.PROTECT, related_name="+")
    author_role = models.ForeignKey(PractitionerRole, on_delete=models.PROTECT, related_name="+")
    is_sensitive = models.BooleanField(default=False)
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=20, choices=Kind.choices)
    region = models.CharField(max_length=40)
    side = models.CharField(max_length=10)
    technique = models.CharField(max_length=40, blank=True)
    sentence = models.CharField(max_length=500)
    until = models.DateField(null=True)
    ends_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=clock.now)
    released_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=200, blank=True)
    ended_because = models.CharField(max_length=500, blank=True)
    is_taken_back = models.BooleanField(default=False)  # its note was about a wrong client

    objects = AskQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["client", "-created_at", "-id"], name="ask_client")]

    def __str__(self) -> str:
        return f"{self.kind} {self.region} {self.side}"
