"""Marking lines of the brief as read: a practitioner's own proof of what they were shown."""

from collections.abc import Iterable, Sequence
from typing import cast
from uuid import UUID

from backend.clients.models import Client, ReadMark
from backend.clients.policies import refuse_unless
from backend.clients.services.taking import refuse_who_only_reads
from backend.lib.actor import Actor, ActorKind
from backend.lib.problems import NotFound
from backend.record.brief import contact_first, reading_of
from backend.record.lines import Reading, versions_of

IN_PERSON = "Only whoever read it marks it as read, signed in as themselves."

Shown = tuple[str, UUID, int]


def refuse_who_does_not_mark(client: Client, actor: Actor) -> Reading:
    """The reading of the signed-in practitioner; 403 for a system, who does not treat, and a broken glass."""
    refuse_unless(actor.kind == ActorKind.MEMBER, IN_PERSON, code="right_required")
    reading = reading_of(client, actor)
    refuse_who_only_reads(actor, client.pk)
    return reading


def mark_as_read(client: Client, shown: Sequence[Shown], *, actor: Actor) -> None:
    """Records that this practitioner saw these things, each in the version they were shown. Twice is once.

    There is no event: nobody else's copy changes by it, and whoever wrote it is not told. Raises 404 when one of them is
    not the reader's to see, or was never there in this version.
    """
    reading = refuse_who_does_not_mark(client, actor)
    _refuse_unseen(reading, shown)
    marks = [
        ReadMark(
            client=client,
            organization_id=reading.organization_id,
            practitioner_id=reading.practitioner_id,
            member_id=cast(UUID, actor.member_id),
            subject_type=kind,
            subject_id=subject_id,
            version=version,
        )
        for kind, subject_id, version in dict.fromkeys(shown)
    ]
    ReadMark.objects.bulk_create(marks, ignore_conflicts=True)


def _refuse_unseen(reading: Reading, shown: Iterable[Shown]) -> None:
    seen = versions_of(reading, ((kind, subject_id) for kind, subject_id, _ in shown))
    if any(kind == "contact_first" for kind, _, _ in shown):
        seen |= {(row["line_kind"], row["line_id"]): row["line_version"] for row in contact_first(reading)}
    if any(version > seen.get((kind, subject_id), 0) for kind, subject_id, version in shown):
        raise NotFound
