"""The note's own row, who reads it, and what every signature holds."""

from typing import Any, Self, TypeVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from backend.clients.models import Access, Client, Consent
from backend.directory.models import OrganizationIdentifier, PractitionerRole
from backend.lib import clock
from backend.lib.actor import Actor, ActorKind
from backend.lib.history import HistoryQuerySet, tracked
from backend.lib.ids import uuid7
from backend.lib.querysets import ScopedQuerySet

M = TypeVar("M", bound=models.Model)
WRONG_CLIENT = "wrong_client"


class SectionName(models.TextChoices):
    """The four letters of a SOAP note."""

    SUBJECTIVE = "subjective"
    OBJECTIVE = "objective"
    ASSESSMENT = "assessment"
    PLAN = "plan"


def all_sections() -> list[str]:
    return list(SectionName.values)


class NoteQuerySet(ScopedQuerySet["Note"]):
    def visible_to(self, actor: Actor) -> Self:
        """What one's own clinic wrote; what others signed for the care team; a client's own, once signed."""
        if actor.kind == ActorKind.CLIENT:
            return self.released().filter(client_id=actor.client_id)
        if not actor.is_staff:
            return self.none()
        return self.filter(own(actor) | shared_with(actor))

    def left_by_author(self) -> Self:
        """Whose author has no role any more in the clinic and discipline of the note, to sign it in."""
        roles = roles_to_sign(OuterRef("author_practitioner_id"), OuterRef("organization_id"), OuterRef("discipline"))
        return self.filter(~Exists(roles))

    def released(self) -> Self:
        """Signed for everybody in the care team, and not taken back from a wrong client."""
        return self.filter(RELEASED)


def roles_to_sign(practitioner: Any, organization: Any, discipline: Any) -> models.QuerySet[PractitionerRole]:
    """The roles in which a practitioner signs notes of one discipline at one clinic."""
    return PractitionerRole.objects.filter(
        practitioner_id=practitioner, organization_id=organization, discipline=discipline, ended_at=None
    )


RELEASED = Q(released_at__isnull=False, visibility="care_team") & ~Q(entered_in_error_reason=WRONG_CLIENT)


def own(actor: Actor) -> Q:
    """What the clinic's people wrote, whatever became of the client; an author's private notes are the author's.

    Once the author works there no longer, its admins and auditors look after them.
    """
    readable = ~Q(visibility="author") | Q(author_practitioner_id=actor.practitioner_id)
    if actor.has_right("admin", "auditor"):
        roles = PractitionerRole.objects.filter(organization_id=OuterRef("organization_id"), ended_at=None)
        readable |= Q(~Exists(roles.filter(practitioner_id=OuterRef("author_practitioner_id"))))
    return Q(organization_id=actor.organization_id) & readable


def shared_with(actor: Actor) -> Q:
    """Of other clinics: in a circle in force that shares notes, for whoever the client does not exclude.

    A broken glass opens what is not sensitive.
    """
    clients = Client.objects.visible_to(actor).filter(pk=OuterRef("client_id"))
    in_force = Consent.objects.in_force().filter(client_id=OuterRef("client_id"))
    circles = in_force.filter(
        organization_ids__contains=[actor.organization_id, OuterRef("organization_id")],
        categories__contains=[Consent.Category.NOTES],
    )
    sensitive = circles.filter(categories__contains=[Consent.Category.SENSITIVE])
    opened = Q(Exists(circles), is_sensitive=False) | Q(Exists(sensitive))
    if actor.practitioner_id is not None:
        opened &= Q(~Exists(in_force.filter(excluded_practitioner_ids__contains=[actor.practitioner_id])))
        opened |= Q(Exists(broken_glass(actor)), is_sensitive=False)
    return RELEASED & Q(Exists(clients)) & opened


def broken_glass(actor: Actor) -> models.QuerySet[Access]:
    """The access of this person to the client of the outer row, while the glass is broken."""
    return Access.objects.live().filter(
        organization_id=actor.clinic_id,
        client_id=OuterRef("client_id"),
        why=Access.Why.BREAK_GLASS,
        practitioner_id=actor.practitioner_id,
    )


class Signature(models.Model):
    """Who signed, where and when; as it stood, whatever becomes of the role or the license."""

    class Kind(models.TextChoices):
        HERE = "here"
        ELSEWHERE = "elsewhere"

    signature_kind = models.CharField(max_length=20, choices=Kind.choices, blank=True)
    signed_by_role = models.ForeignKey(PractitionerRole, on_delete=models.PROTECT, null=True, related_name="+")
    signed_by = models.CharField(max_length=200, blank=True)
    signed_license = models.CharField(max_length=200, blank=True)
    signed_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(null=True)
    signed_application_id = models.UUIDField(null=True)
    signed_source = models.JSONField(null=True)
    document_sha256 = models.CharField(max_length=64, blank=True)
    content_hash = models.CharField(max_length=64, blank=True)

    class Meta:
        abstract = True


class NoteHistoryQuerySet(HistoryQuerySet[M]):
    def visible_to(self, actor: Actor) -> Self:
        """What was before the note was released stays in the clinic that wrote it, also afterwards."""
        here = Q(organization_id=actor.organization_id) if actor.is_staff else Q(pk__in=[])
        return super().visible_to(actor).filter(here | Q(released_at__isnull=False))


@tracked(NoteHistoryQuerySet)
class Note(Signature):
    """What one practitioner wrote about one client on one occasion."""

    class Kind(models.TextChoices):
        INITIAL_EVALUATION = "initial_evaluation"
        PROGRESS = "progress"
        RE_EVALUATION = "re_evaluation"
        DISCHARGE = "discharge"
        PHONE = "phone"

    class State(models.TextChoices):
        DRAFT = "draft"
        AWAITING_COSIGNATURE = "awaiting_cosignature"
        SIGNED = "signed"
        ENTERED_IN_ERROR = "entered_in_error"
        CLOSED_UNSIGNED = "closed_unsigned"

    SIGNED_STATES = (State.SIGNED, State.AWAITING_COSIGNATURE)

    class Visibility(models.TextChoices):
        CARE_TEAM = "care_team"
        CLINIC = "clinic"
        AUTHOR = "author"

    id = models.UUIDField(primary_key=True, default=uuid7)
    version = models.IntegerField(default=1)
    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="notes")
    client_display = models.CharField(max_length=201)
    organization = models.ForeignKey("directory.Organization", on_delete=models.PROTECT, related_name="+")
    author_role = models.ForeignKey(PractitionerRole, on_delete=models.PROTECT, related_name="+")
    author_practitioner_id = models.UUIDField()
    author_member_id = models.UUIDField(null=True)
    application_id = models.UUIDField(null=True)  # the system that drafted it for its author
    discipline = models.CharField(max_length=40)
    visit_id = models.UUIDField(null=True)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    state = models.CharField(max_length=30, choices=State.choices, default=State.DRAFT)
    visibility = models.CharField(max_length=10, choices=Visibility.choices, default=Visibility.CARE_TEAM)
    shared_sections = ArrayField(models.CharField(max_length=20, choices=SectionName.choices), default=all_sections)
    is_sensitive = models.BooleanField(default=False)
    copied_from = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="copies")
    copied_parts = ArrayField(models.CharField(max_length=20), default=list)
    untouched = ArrayField(models.CharField(max_length=20), default=list)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)
    cosigned_by_role = models.ForeignKey(PractitionerRole, on_delete=models.PROTECT, null=True, related_name="+")
    cosigned_by = models.CharField(max_length=200, blank=True)
    cosigned_license = models.CharField(max_length=200, blank=True)
    cosigned_at = models.DateTimeField(null=True)
    # Since when it counts as signed for others: when it was signed, a student's when it was co-signed.
    released_at = models.DateTimeField(null=True)
    entered_in_error_reason = models.CharField(max_length=40, blank=True)
    entered_in_error_note = models.TextField(blank=True)
    entered_in_error_by = models.CharField(max_length=200, blank=True)
    entered_in_error_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=200, blank=True)
    closed_at = models.DateTimeField(null=True)

    objects = NoteQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["organization", "-recorded_at", "-id"], name="note_written"),
            models.Index(fields=["client", "-recorded_at", "-id"], name="note_client"),
            models.Index(fields=["author_practitioner_id"], condition=Q(state="draft"), name="note_unsigned"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["draft", "closed_unsigned"], signed_at=None)
                | Q(state__in=["signed", "awaiting_cosignature"], signed_at__isnull=False)
                | Q(state="entered_in_error", entered_in_error_at__isnull=False),
                name="note_state_is_true",
            ),
            models.CheckConstraint(
                condition=Q(released_at=None) | Q(signed_at__isnull=False), name="note_released_is_signed"
            ),
            models.CheckConstraint(
                condition=Q(cosigned_by_role=None) | ~Q(cosigned_by_role=F("signed_by_role")),
                name="note_cosigned_by_another",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"


class NoteIdentifier(OrganizationIdentifier):
    """An organization's own number for a note; no other organization sees it."""

    note = models.ForeignKey(Note, on_delete=models.PROTECT, related_name="identifiers")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "system", "value"], name="note_identifier_once")]


def written_here(actor: Actor) -> models.QuerySet[Note]:
    """The note of the outer row, when the caller's clinic wrote it and the caller may see it."""
    return Note.objects.visible_to(actor).filter(pk=OuterRef("note_id"), organization_id=actor.clinic_id)
