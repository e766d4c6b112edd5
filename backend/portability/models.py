"""An export and its bytes. Both are for whoever asked, and for a day."""

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, OuterRef, Q

from backend.lib import clock
from backend.lib.actor import Actor, ActorKind
from backend.lib.ids import uuid7
from backend.lib.querysets import ScopedQuerySet


class ExportQuerySet(ScopedQuerySet["Export"]):
    def visible_to(self, actor: Actor) -> Self:
        """What this person, or this system, asked for. The service's own jobs see all of their organization."""
        if not actor.is_staff:
            return self.none()
        mine = self.filter(organization_id=actor.organization_id)
        if actor.kind == ActorKind.MEMBER:
            return mine.filter(member_id=actor.member_id)
        if actor.application_id is not None:
            return mine.filter(member_id=None, application_id=actor.application_id)
        return mine


class Export(models.Model):
    """A request for the record of one client, and how far it is.

    ``place`` says where the making goes on: the section, the last row that was read. ``owner_ids`` are the organizations
    whose rows went in, for the access log. No words about the client stand here.
    """

    class Include(models.TextChoices):
        ALL = "all"
        OWN = "own"
        TO_HAND_ON = "to_hand_on"

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid7)
    version = models.IntegerField(default=1)
    organization = models.ForeignKey("directory.Organization", on_delete=models.PROTECT, related_name="+")
    client_id = models.UUIDField()
    member_id = models.UUIDField(null=True)
    application_id = models.UUIDField(null=True)
    scopes = ArrayField(models.CharField(max_length=60), null=True)  # null: a person's own session
    requested_by = models.CharField(max_length=200)
    include = models.CharField(max_length=10, choices=Include.choices, default=Include.ALL)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    failed_because = models.CharField(max_length=40, blank=True)
    progress = models.PositiveSmallIntegerField(default=0)  # percent
    place = models.JSONField(default=dict)
    owner_ids = ArrayField(models.UUIDField(), default=list)
    files = models.JSONField(default=list)
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    objects = ExportQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["organization", "client_id", "-created_at"], name="export_of_client")]
        constraints = [
            models.CheckConstraint(condition=Q(progress__lte=100), name="progress_is_percent"),
            models.CheckConstraint(
                condition=~Q(state="done") | Q(finished_at__isnull=False, expires_at__isnull=False),
                name="a_finished_export_expires",
            ),
            models.CheckConstraint(
                condition=Q(member_id__isnull=False) | Q(application_id__isnull=False), name="an_export_has_a_requester"
            ),
        ]

    def __str__(self) -> str:
        return f"export {self.state}"

    @property
    def is_being_made(self) -> bool:
        return self.state in (self.State.WAITING, self.State.RUNNING)


class PieceQuerySet(ScopedQuerySet["Piece"]):
    def visible_to(self, actor: Actor) -> Self:
        return self.filter(Exists(Export.objects.visible_to(actor).filter(pk=OuterRef("export_id"))))


class Piece(models.Model):
    """Some bytes of an export: rows of a section as they were read, or a part of a finished file.

    ``row_ids`` are the rows a piece holds, so that they can be asked for again before anybody takes the file away.
    """

    class Kind(models.TextChoices):
        ROWS = "rows"
        JSON = "json"
        PDF = "pdf"
        ZIP = "zip"

    id = models.UUIDField(primary_key=True, default=uuid7)
    export = models.ForeignKey(Export, on_delete=models.CASCADE, related_name="pieces")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    section = models.CharField(max_length=40, blank=True)
    row_ids = ArrayField(models.UUIDField(), default=list)
    content = models.BinaryField()

    objects = PieceQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["export", "kind", "id"], name="piece_of")]

    def __str__(self) -> str:
        return f"{self.kind} {self.section}"
