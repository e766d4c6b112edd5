"""What a practitioner has read about a client: marks that are only added."""

from typing import Self

from django.db import models

from backend.clients.models.client import Client
from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.ids import uuid7
from backend.lib.querysets import ScopedQuerySet


class ReadMarkQuerySet(ScopedQuerySet["ReadMark"]):
    def visible_to(self, actor: Actor) -> Self:
        """One's own clinic's; whoever wrote what was read does not learn of it from here."""
        return self.filter(organization_id=actor.organization_id) if actor.is_staff else self.none()


class ReadMark(models.Model):
    """One practitioner saw one thing of a client's record in one version; the practitioner's proof.

    ``subject_type`` and ``subject_id`` name a thing of any app, so there is no foreign key; ``version`` counts the changes
    of it that this reader was shown.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="+")
    organization = models.ForeignKey("directory.Organization", on_delete=models.PROTECT, related_name="+")
    practitioner_id = models.UUIDField()
    member_id = models.UUIDField()
    subject_type = models.CharField(max_length=20)
    subject_id = models.UUIDField()
    version = models.IntegerField()
    read_at = models.DateTimeField(default=clock.now)

    objects = ReadMarkQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["practitioner_id", "organization", "subject_type", "subject_id", "version"], name="read_once"
            )
        ]
        indexes = [models.Index(fields=["client", "practitioner_id"], name="read_mark_client")]

    def __str__(self) -> str:
        return f"{self.subject_type} {self.subject_id} {self.version}"
