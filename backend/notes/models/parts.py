"""What is written in a note, and what is added to it after signing: rows that are shown as its sections are shared."""

from typing import Self, TypeVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, OuterRef, Q

from backend.attachments.models import Tie
from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.history import history_of, tracked
from backend.lib.ids import uuid7
from backend.lib.querysets import ScopedQuerySet
from backend.notes.models.note import Note, SectionName, Signature, written_here

M = TypeVar("M", bound=models.Model)


class PartQuerySet(ScopedQuerySet[M]):
    """A part of a note: read by who reads the note's text; by other clinics only with the section it belongs to."""

    section: str | OuterRef = ""

    def visible_to(self, actor: Actor) -> Self:
        if not actor.reads_clinical:
            return self.none()
        notes = Note.objects.visible_to(actor).filter(pk=OuterRef("note_id"))
        by_us = Q(organization_id=actor.organization_id) if actor.is_staff else Q(pk__in=[])
        return self.filter(Exists(notes.filter(by_us | Q(shared_sections__contains=[self.section]))))


class PartHistoryQuerySet(ScopedQuerySet[M]):
    def visible_to(self, actor: Actor) -> Self:
        """Parts change only while their note is a draft: their history is the clinic's own, and goes with the draft.

        What an author wrote for themselves alone stays theirs, also when the note was opened to others later.
        """
        if not actor.is_staff or not actor.reads_clinical:
            return self.none()
        here = written_here(actor)
        private = history_of(Note).objects.filter(pgh_obj_id=OuterRef("note_id"), visibility=Note.Visibility.AUTHOR)
        readable = Q(~Exists(private))
        if actor.practitioner_id is not None:
            readable |= Q(Exists(here.filter(author_practitioner_id=actor.practitioner_id)))
        return self.filter(Exists(here)).filter(readable)


class SectionQuerySet(PartQuerySet["Section"]):
    section = OuterRef("name")


@tracked(PartHistoryQuerySet, within="note")
class Section(models.Model):
    """The text of one letter, as it was typed; under the objective one also what was measured."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    note = models.ForeignKey(Note, on_delete=models.PROTECT, related_name="sections")
    name = models.CharField(max_length=20, choices=SectionName.choices)
    text = models.TextField(blank=True)
    measures = models.JSONField(default=list)

    objects = SectionQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["note", "name"], name="section_once")]

    def __str__(self) -> str:
        return f"{self.name} of {self.note_id}"


class OfObjectiveQuerySet(PartQuerySet["Finding"]):
    section = SectionName.OBJECTIVE


@tracked(PartHistoryQuerySet, within="note")
class Finding(models.Model):
    """One mark on the body map."""

    class Kind(models.TextChoices):
        PAIN = "pain"
        TRIGGER_POINT = "trigger_point"
        TIGHT_BAND = "tight_band"
        RESTRICTION = "restriction"
        NUMBNESS = "numbness"
        TREATED = "treated"

    id = models.UUIDField(primary_key=True, default=uuid7)
    note = models.ForeignKey(Note, on_delete=models.PROTECT, related_name="findings")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=20, choices=Kind.choices)
    region = models.CharField(max_length=40)
    side = models.CharField(max_length=10)
    muscle = models.CharField(max_length=40, blank=True)
    intensity = models.PositiveSmallIntegerField(null=True)
    refers_to = ArrayField(models.CharField(max_length=40), default=list)
    remark = models.CharField(max_length=200, blank=True)

    objects = OfObjectiveQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="pain", intensity__lte=10) | (~Q(kind="pain") & Q(intensity=None)),
                name="pain_from_0_to_10",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.region} {self.side}"


class NoteFileQuerySet(PartQuerySet["NoteFile"]):
    section = SectionName.OBJECTIVE


class NoteFile(Tie):
    """That a file goes with a note: a picture, a result, a letter; read where the objective is read."""

    note = models.ForeignKey(Note, on_delete=models.PROTECT, related_name="files")

    objects = NoteFileQuerySet.as_manager()


class OfPlanQuerySet(PartQuerySet["TechniqueDone"]):
    section = SectionName.PLAN


@tracked(PartHistoryQuerySet, within="note")
class TechniqueDone(models.Model):
    """A technique that was used, and where."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    note = models.ForeignKey(Note, on_delete=models.PROTECT, related_name="techniques")
    position = models.PositiveSmallIntegerField()
    technique = models.CharField(max_length=40)
    regions = models.JSONField(default=list)
    minutes = models.PositiveSmallIntegerField(null=True)

    objects = OfPlanQuerySet.as_manager()

    def __str__(self) -> str:
        return self.technique


class AddendumQuerySet(ScopedQuerySet["Addendum"]):
    def visible_to(self, actor: Actor) -> Self:
        """With the note's text; what amends one section goes where that section goes."""
        if not actor.reads_clinical:
            return self.none()
        notes = Note.objects.visible_to(actor).filter(pk=OuterRef("note_id"))
        by_us = Q(organization_id=actor.organization_id) if actor.is_staff else Q(pk__in=[])
        of_shared = Exists(notes.filter(by_us | Q(shared_sections__contains=[OuterRef("section")])))
        return self.filter(Q(Exists(notes), section="") | Q(of_shared))


class Addendum(Signature):
    """What was added to a signed note, with a reason and a signature of its own. Append-only."""

    class Reason(models.TextChoices):
        CORRECTION = "correction"
        LATE_ENTRY = "late_entry"
        CLARIFICATION = "clarification"
        RESULT = "result"
        OTHER = "other"

    id = models.UUIDField(primary_key=True, default=uuid7)
    note = models.ForeignKey(Note, on_delete=models.PROTECT, related_name="addenda")
    organization = models.ForeignKey("directory.Organization", on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=20, choices=Reason.choices)
    section = models.CharField(max_length=20, choices=SectionName.choices, blank=True)
    text = models.TextField()
    occurred_at = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField(default=clock.now)

    objects = AddendumQuerySet.as_manager()

    class Meta:
        ordering = ["recorded_at", "id"]
        indexes = [models.Index(fields=["note", "recorded_at"], name="addendum_of")]

    def __str__(self) -> str:
        return f"{self.reason} of {self.note_id}"
