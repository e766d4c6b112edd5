"""Files that go with something: bytes that were sniffed, bounded and hashed, first uploaded, then hung on one thing."""

from collections.abc import Callable
from typing import Any, NamedTuple, Self, TypeVar

from django.db import models
from django.db.models import Exists, Func, OuterRef, Q

from backend.audit.access_log import Look
from backend.lib import clock
from backend.lib.actor import Actor, ActorKind
from backend.lib.ids import uuid7
from backend.lib.querysets import ScopedQuerySet

T = TypeVar("T", bound="Tie")


class Digest(Func):
    """SHA-256 of bytes, in hexadecimal."""

    template = "encode(sha256(%(expressions)s), 'hex')"


class AttachmentQuerySet(ScopedQuerySet["Attachment"]):
    def visible_to(self, actor: Actor) -> Self:
        """A file is read by whoever reads what it hangs on; while it hangs on nothing, by whoever uploaded it."""
        seen = Q(hangs_on="") & uploaded_by(actor)
        for name, holder in HOLDERS.items():
            ties = holder.ties.objects.visible_to(actor).filter(attachment_id=OuterRef("pk"))
            seen |= Q(Exists(ties), hangs_on=name)
        return self.filter(seen)


def uploaded_by(actor: Actor) -> Q:
    """What is an organization's, or that of who came by a link and has proved who they are."""
    if actor.is_staff:
        return Q(organization_id=actor.organization_id, link_id=None)
    has_proved = actor.kind in (ActorKind.GUEST, ActorKind.CLIENT) and actor.link_id is not None
    return Q(link_id=actor.link_id) if has_proved else Q(pk__in=[])


class Attachment(models.Model):
    """The bytes, what they are, whose upload they are, and which kind of thing they hang on."""

    class ScanState(models.TextChoices):
        NOT_SCANNED = "not_scanned"
        WAITING = "waiting"
        CLEAN = "clean"
        REFUSED = "refused"

    id = models.UUIDField(primary_key=True, default=uuid7)
    organization = models.ForeignKey("directory.Organization", on_delete=models.PROTECT, null=True, related_name="+")
    link_id = models.UUIDField(null=True)
    # One of HOLDERS; a trigger says so when a tie is made, so that a tie one may not see never looks like none.
    hangs_on = models.CharField(max_length=20, blank=True)
    name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=60)
    size = models.IntegerField()
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()
    # What the bytes add up to now, by the database itself: differs from sha256 when somebody got at them.
    sha256_now = models.GeneratedField(
        expression=Digest("content"), output_field=models.CharField(max_length=64), db_persist=True
    )
    scan_state = models.CharField(max_length=20, choices=ScanState.choices, default=ScanState.NOT_SCANNED)
    by = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=clock.now)

    objects = AttachmentQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class Tie(models.Model):
    """That a file hangs on something. Each app has a table of its own, whose wall is the wall of the bytes."""

    attachment = models.OneToOneField(Attachment, on_delete=models.PROTECT, primary_key=True, related_name="+")

    objects: Any  # each table says which of its ties an actor sees

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"file {self.attachment_id}"


class Holder(NamedTuple):
    """A kind of thing that files hang on: its ties, the scope a token needs, what is logged when one is opened."""

    ties: type[Tie]
    scope: str
    look: Callable[[Any, Actor], Look | None]


# By the word in hangs_on; each app above adds its own.
HOLDERS: dict[str, Holder] = {}
