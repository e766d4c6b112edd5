"""From events of notes to mails: whoever can sign a note that waits for it is told, and not what it says."""

from datetime import datetime, time
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

SIGNATURES = "signatures"


@reactions.on("note.unsigned")
@reactions.on("note.uncosigned")
def tell_of_missing_signature(event: Event) -> None:
    actor = system_of(event.organization_id)
    notes = Note.objects.visible_to(actor).select_related("organization", "author_role__practitioner")
    note = notes.filter(pk=event.subject_id, state__in=(w.DRAFT, w.AWAITING_COSIGNATURE)).first()
    if note is None:
        return
    for member in _told(note):
        mail_of_what_waits(member, SIGNATURES, "A signature is waited for")


def _told(note: Note) -> QuerySet[Member]:
    """Whoever wrote the draft, or an admin when they left; of a student's note the colleagues who may co-sign it."""
    here = Member.objects.filter(organization_id=note.organization_id, ended_at=None)
    if note.state == w.AWAITING_COSIGNATURE:
        able = signing.roles_that_cosign(note).values("practitioner__user_id")
        who = Q(user_id__in=able, rights__contains=["practitioner"])
    elif note.author_role.ended_at is None:
        who = Q(user_id=note.author_role.practitioner.user_id)
    else:
        who = Q(rights__contains=["admin"])
    return here.filter(who).select_related("user", "organization")


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
