"""From events of notes to mails: whoever can sign a note that waits for it is told, and not what it says."""

from datetime import datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from backend.audit import reactions
from backend.audit.models import Event
from backend.directory.actors import actor_of_member
from backend.directory.models import Member
from backend.lib import clock
from backend.lib.actor import system_of
from backend.notes import queries, signing
from backend.notes import workflow as w
from backend.notes.models import Note
from backend.notes.services.drafts import REMIND_AFTER
from backend.notifications import words
from backend.notifications.reactions import mail_of_what_waits

SIGNATURES, SUBJECT = "signatures", "A signature is waited for"


@reactions.on("note.unsigned")
@reactions.on("note.uncosigned")
def tell_of_missing_signature(event: Event) -> None:
    actor = system_of(event.organization_id)
    notes = Note.objects.visible_to(actor).select_related("organization", "author_role__practitioner")
    note = notes.filter(pk=event.subject_id, state__in=(w.DRAFT, w.AWAITING_COSIGNATURE)).first()
    if note is None:
        return
    for member in _told(note):
        mail_of_what_waits(member, SIGNATURES, SUBJECT)


@reactions.on("practitioner_role.ended")
def tell_of_what_was_left_unsigned(event: Event) -> None:
    """The admins, who may close it: its author was told a day after the last touch, and nobody will be again."""
    left = queries.left_unsigned(system_of(event.organization_id)).filter(author_role_id=event.subject_id)
    if left.exists():
        for admin in _admins_of(event.organization_id):
            mail_of_what_waits(admin, SIGNATURES, SUBJECT)


def _admins_of(organization_id: UUID) -> QuerySet[Member]:
    here = Member.objects.filter(organization_id=organization_id, ended_at=None, rights__contains=["admin"])
    return here.select_related("user", "organization")


def _told(note: Note) -> QuerySet[Member]:
    """Whoever wrote the draft, or an admin when they left; of a student's note the colleagues who may co-sign it."""
    if note.state == w.DRAFT and w.author_has_left(note, {}):
        return _admins_of(note.organization_id)
    if note.state == w.AWAITING_COSIGNATURE:
        able = signing.roles_that_cosign(note).values("practitioner__user_id")
        who = Q(user_id__in=able, rights__contains=["practitioner"])
    else:
        who = Q(user_id=note.author_role.practitioner.user_id)
    here = Member.objects.filter(who, organization_id=note.organization_id, ended_at=None)
    return here.select_related("user", "organization")


def signatures_waited_for(member: Member) -> list[tuple[str, str]]:
    """Lines about what waits for this member since yesterday or longer: whatever is asked about today is among it."""
    reader = actor_of_member(member.pk)
    if reader is None:
        return []
    now, zone = clock.now(), ZoneInfo(member.organization.time_zone)
    since = max(datetime.combine(now.astimezone(zone).date(), time(), zone), now - REMIND_AFTER)
    waiting = [
        (words.unsigned_line, "yours", queries.drafts_of(reader).filter(updated_at__lte=since)),
        (words.uncosigned_line, "waiting", queries.to_cosign(reader).filter(signed_at__lte=since)),
    ]
    if reader.has_right("admin"):
        waiting.append(
            (words.left_unsigned_line, "clinic", queries.left_unsigned(reader).filter(updated_at__lte=since))
        )
    counted = [(say, part, found.count()) for say, part, found in waiting]
    return [(say(number), words.notes_address(part)) for say, part, number in counted if number]
