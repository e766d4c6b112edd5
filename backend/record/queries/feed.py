"""The event feed of an organization: what settled after a place, and may still be told to this reader."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import BooleanField, Q, QuerySet
from django.db.models.expressions import RawSQL

from backend.attachments.models import Attachment
from backend.audit.models import Event
from backend.careplans.models import CarePlan, Proposal
from backend.clients.models import Access, Client, Consent, Hold, Precaution
from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.cursors import BadCursor, open_cursor, seal
from backend.lib.problems import BadRequest, Gone
from backend.notes.models import Ask, Note
from backend.record.addresses import ASKS, HOLDS, PRECAUTIONS
from backend.referrals.models import Referral
from backend.visits.models import Visit

READABLE_FOR = timedelta(days=90)
MOST_ROUNDS, ROUND = 5, 1_000


@dataclass(frozen=True, slots=True)
class Subject:
    """What events of one kind are about: the word for it, the door to its rows, its address if it has one.

    ``model`` None is for rows of the directory, which everybody in the organization may see.
    """

    type: str
    model: Any
    href: str | None


# By the model's name, as events keep it. The events of a model that is not here are told only when they always are.
SUBJECTS = {
    "client": Subject("client", Client, "/api/v1/clients/{id}"),
    "access": Subject("access", Access, "/api/v1/clients/{client_id}/access"),
    "consent": Subject("consent", Consent, "/api/v1/clients/{client_id}/consents/{id}"),
    "precaution": Subject("precaution", Precaution, PRECAUTIONS),
    "hold": Subject("hold", Hold, HOLDS),
    "referral": Subject("referral", Referral, "/api/v1/referrals/{id}"),
    "careplan": Subject("care_plan", CarePlan, "/api/v1/care-plans/{id}"),
    "proposal": Subject("proposal", Proposal, "/api/v1/care-plans/{care_plan_id}/proposals/{id}"),
    "note": Subject("note", Note, "/api/v1/notes/{id}"),
    "ask": Subject("ask", Ask, ASKS),
    "attachment": Subject("attachment", Attachment, None),
    "visit": Subject("visit", Visit, "/api/v1/visits/{id}"),
    "organization": Subject("organization", None, "/api/v1/organizations/{id}"),
    "location": Subject("location", None, "/api/v1/locations/{id}"),
    "practitioner": Subject("practitioner", None, "/api/v1/practitioners/{id}"),
    "credential": Subject("credential", None, None),
    "practitionerrole": Subject("practitioner_role", None, "/api/v1/practitioner-roles/{id}"),
    "member": Subject("member", None, "/api/v1/members/{id}"),
    "application": Subject("application", None, None),
}


class Place(NamedTuple):
    """Between two events of a feed."""

    epoch: int
    xid: int
    id: UUID


BEGINNING = Place(0, 0, UUID(int=0))
LAST_ID = UUID(int=2**128 - 1)

# Whatever has a smaller transaction number has ended, so that nothing can appear before this place any more.
SETTLED = "SELECT feed_epoch(), pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some events in order, the place behind them, and whether there may be more now."""

    events: Sequence[Event]
    end: Place
    has_more: bool


def end_of_feed() -> Place:
    """Behind everything that has settled."""
    with connection.cursor() as cursor:
        cursor.execute(SETTLED)
        epoch, xid = cursor.fetchone()
    return Place(epoch, xid, LAST_ID)


def events_after(place: Place, *, actor: Actor, types: Sequence[str] = (), limit: int) -> Stretch:
    """The next events that the actor may be told, at most ``limit``.

    Others are left out and the place moves on. A long run of those ends the stretch early, so that one request never
    reads more than some thousand rows.
    """
    end, found, size = end_of_feed(), list[Event](), limit + 1
    for _ in range(MOST_ROUNDS):
        rows = list(_between(place, end, actor, types)[:size])
        told = told_to(actor, rows)
        for row in rows:
            if row.id in told:
                if len(found) == limit:
                    return Stretch(found, place, has_more=True)
                found.append(row)
            place = place_of(row)
        if len(rows) < size:
            return Stretch(found, max(place, end), has_more=False)
        size = ROUND
    return Stretch(found, place, has_more=True)


def place_of(event: Event) -> Place:
    return Place(event.epoch, event.xid, event.id)


def cursor_at(place: Place, actor: Actor) -> str:
    """The place as opaque text, of use to the actor's organization only. The same all day."""
    return seal([*place, clock.now().date().isoformat()], purpose="events", bound_to=str(actor.organization_id))


def place_at(cursor: str, actor: Actor) -> Place:
    """The place of a cursor: 400 ``bad_cursor`` when it is not one of ours, 410 ``cursor_expired`` after 90 days."""
    try:
        epoch, xid, event_id, day = open_cursor(cursor, purpose="events", bound_to=str(actor.organization_id))
    except BadCursor as error:
        raise BadRequest(
            "This cursor is not one of your organization's feed; begin again at /api/v1/events/latest.",
            code="bad_cursor",
        ) from error
    if clock.now().date() - date.fromisoformat(day) > READABLE_FOR:
        raise Gone(
            f"A cursor can be read for {READABLE_FOR.days} days. Read the lists with updated_since, then begin again "
            "at /api/v1/events/latest.",
            code="cursor_expired",
        )
    return Place(epoch, xid, event_id)


def _between(place: Place, end: Place, actor: Actor, types: Sequence[str]) -> QuerySet[Event]:
    """Rows are compared as rows, which the index answers; spelled out per column it would be read from the start."""
    between = RawSQL(
        "(audit_event.epoch, audit_event.xid, audit_event.id) > (%s, %s, %s)"
        " AND (audit_event.epoch, audit_event.xid) <= (%s, %s)",
        (*place, end.epoch, end.xid),
        output_field=BooleanField(),
    )
    return Event.objects.visible_to(actor).filter(between).filter(_of_types(types)).order_by("epoch", "xid", "id")


def _of_types(types: Sequence[str]) -> Q:
    wanted = Q()
    for name in types:
        wanted |= Q(type__startswith=name.removesuffix("*")) if name.endswith("*") else Q(type=name)
    return wanted


def told_to(actor: Actor, events: Iterable[Event]) -> set[UUID]:
    """Which of these the actor may be told now: one query for each kind of subject."""
    told, asked = set[UUID](), dict[str, list[Event]]()
    for event in events:
        subject = SUBJECTS.get(event.subject_type)
        if event.always or (subject and subject.model is None):
            told.add(event.id)
        elif subject:
            asked.setdefault(event.subject_type, []).append(event)
    for name, about in asked.items():
        rows = SUBJECTS[name].model.objects.visible_to(actor).filter(pk__in={event.subject_id for event in about})
        visible = set(rows.values_list("pk", flat=True))
        told |= {event.id for event in about if event.subject_id in visible}
    return told
