"""Since your last visit: what the others did, asked, measured and changed, as one practitioner may read it.

Five lines, and every red one that still holds on top. What is unread is never folded away while something older is shown:
when there is more of it than five lines, the newest wait until the older ones were marked as read.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db.models import F, Subquery

from backend.audit.access_log import Look, log_looks
from backend.clients.models import Access, Client
from backend.clients.policies import refuse_unless
from backend.clients.queries import records_of, withheld_precautions
from backend.clients.rendering import names_of
from backend.directory.models import Organization, PractitionerRole
from backend.lib.actor import Actor, ActorKind
from backend.lib.expressions import IsOneOf, ids_as_text
from backend.lib.prepared import Prepared
from backend.lib.problems import Forbidden, invalid
from backend.lib.rest.fields import utc, utc_or_none
from backend.notes import queries as notes
from backend.notes.models import Note, Section
from backend.notes.rendering import note_data
from backend.record.addresses import ASKS, HOLDS, PRECAUTIONS
from backend.record.answers import Answer
from backend.record.lines import CLIENTS, NOTES, PINNED, UNREAD, VISITS, Found, Reading, Row, lines_since
from backend.record.telling import told
from backend.visits.models import Visit

MOST_LINES = 5
EARLIER_MEASURES = 30
SERIES = ("organization_id", "discipline")
TREATS = "The brief is for whoever treats the client; ask a practitioner."
NAME_ONE = "A system names the practitioner whose brief it wants: practitioner_role_id."
HREFS = {
    "note": "/api/v1/notes/{id}",
    "ask": ASKS,
    "visit": "/api/v1/visits/{id}",
    "report": "/api/v1/referrals/{referral_id}/reports",
    "plan_version": "/api/v1/care-plans/{plan_id}/versions/{number}",
    "plan": "/api/v1/care-plans/{plan_id}",
    "plan_line": "/api/v1/care-plans/{plan_id}/interventions/{id}",
    "goal": "/api/v1/care-plans/{plan_id}/goals/{id}",
    "proposal": "/api/v1/care-plans/{plan_id}/proposals",
    "agreement": "/api/v1/care-plans/{plan_id}/agreements",
    "precaution": PRECAUTIONS,
    "hold": HOLDS,
    "contact_first": PRECAUTIONS,
}


@dataclass(frozen=True)
class Moments:
    """Since when: the last visit with the client, and when this practitioner began to see them."""

    last_visit_at: datetime | None
    began: datetime
    zone: str

    @property
    def since(self) -> datetime:
        return self.last_visit_at or self.began


def reading_of(client: Client, actor: Actor, *, role_id: UUID | None = None) -> Reading:
    """Who reads: the signed-in practitioner, or the one a system names. 403 for whoever does not treat."""
    if actor.kind == ActorKind.SYSTEM:
        actor = _named(actor, role_id)
    refuse_unless(actor.practitioner_id is not None, TREATS, code="right_required")
    refuse_unless(actor.kind == ActorKind.SYSTEM or actor.treats, TREATS, code="right_required")
    return Reading(actor, ids_as_text(records_of(client.pk, actor)), actor.display)


def brief(client: Client, reading: Reading, *, most: int = MOST_LINES) -> Answer:
    """The brief as the API answers it: everything that is pinned, and of the rest at most ``most`` lines."""
    moments = _moments(reading)
    found = lines_since(reading, since=moments.since, began=moments.began)
    pinned = [*contact_first(reading), *(row for row in found if row["line_rank"] == PINNED)]
    others = [row for row in found if row["line_rank"] != PINNED]
    chosen = sorted(others[:most], key=lambda row: row["line_at"])
    rows = [*pinned, *chosen]
    read = _notes_in(rows, reading)
    earlier = _measured_before(read.values(), reading)
    body = {
        "client": {"id": str(client.pk), "display": client.display},
        "last_visit_at": utc_or_none(moments.last_visit_at),
        "since": utc(moments.since),
        "lines": [_line(row, client, reading, read, earlier, moments.zone) for row in rows],
        "more": sum(row["line_rank"] == UNREAD for row in others[most:]),
        "withheld": reading.withheld,
    }
    return Answer(body, partial(_log, rows, list(read.values()), reading))


def contact_first(reading: Reading) -> list[dict[str, Any]]:
    """Where a colleague keeps something sensitive: whom to ask before treating which region. Always pinned."""
    if not reading.actor.allows(CLIENTS):
        return []
    ids = reading.record_ids()
    hidden = withheld_precautions(ids, practitioner_id=reading.practitioner_id)
    hidden += [
        (ask_id, clinic, [{"region": region, "side": side}])
        for ask_id, clinic, region, side in notes.withheld_asks(ids, practitioner_id=reading.practitioner_id)
    ]
    names = names_of(row[1] for row in hidden)
    marks = reading.marks().filter(subject_type="contact_first", subject_id__in=[row[0] for row in hidden])
    read = set(marks.values_list("subject_id", flat=True)) if hidden else set()
    return [
        {
            "line_kind": "contact_first",
            "line_id": pk,
            "line_version": 1,
            "line_at": None,
            "line_occurred_at": None,
            "line_author": "",
            "line_organization_id": clinic,
            "line_organization": names.get(clinic, ""),
            "line_discipline": None,
            "line_is_red": True,
            "line_is_pinned": True,
            "line_is_read": pk in read,
            "line_facts": {"regions": regions, "organization": names.get(clinic, "the clinic")},
            "line_rank": PINNED,
        }
        for pk, clinic, regions in hidden
    ]


def _named(actor: Actor, role_id: UUID | None) -> Actor:
    """The system with the eyes of one of its practitioners, whom a client may have excluded."""
    if role_id is None:
        raise Forbidden(NAME_ONE, code="practitioner_required")
    roles = PractitionerRole.objects.filter(pk=role_id, organization_id=actor.clinic_id, ended_at=None)
    role = roles.select_related("practitioner").first()
    if role is None:
        sentence = "There is no such practitioner role in your clinic."
        raise invalid("/practitioner_role_id", sentence, code="unknown_role")
    return actor.but(practitioner_id=role.practitioner_id, display=str(role.practitioner))


def _moments(reading: Reading) -> Moments:
    row = MOMENTS.rows(reading.actor, records=reading.records)[0]
    seen = [
        row[name]
        for name, scope in (("visited", VISITS), ("wrote", NOTES))
        if row[name] and reading.actor.allows(scope)
    ]
    began = max(moment for moment in (row["opened"], row["started"]) if moment)
    return Moments(last_visit_at=max(seen, default=None), began=began, zone=row["zone"])


def _all_moments(actor: Actor, *, records: str) -> Found:
    """The last visit that was done, the last note that was signed, since when the record is open and the role held."""
    reading = Reading(actor, records, "")
    visits = Visit.objects.visible_to(actor).filter(reading.is_about(), state=Visit.State.DONE)
    visited = visits.filter(practitioner_role__practitioner_id=reading.practitioner_id).order_by("-starts_at")
    written = Note.objects.visible_to(actor).filter(reading.is_about(), author_practitioner_id=reading.practitioner_id)
    signed = written.filter(state__in=Note.SIGNED_STATES).order_by("-occurred_at")
    access = Access.objects.visible_to(actor).filter(reading.is_about(), organization_id=reading.organization_id)
    opened = access.filter(extent=Access.Extent.SHARED_RECORD).order_by("from_at")
    roles = PractitionerRole.objects.filter(
        organization_id=reading.organization_id, practitioner_id=reading.practitioner_id
    ).order_by("created_at")
    return Organization.objects.filter(pk=reading.organization_id).values(
        zone=F("time_zone"),
        visited=Subquery(visited.values("starts_at")[:1]),
        wrote=Subquery(signed.values("occurred_at")[:1]),
        opened=Subquery(opened.values("from_at")[:1]),
        started=Subquery(roles.values("created_at")[:1]),
    )


def _notes_in(rows: Iterable[Row], reading: Reading) -> dict[UUID, dict[str, Any]]:
    """The notes among these lines, each as its own page shows it to this reader."""
    ids = [row["line_id"] for row in rows if row["line_kind"] == "note"]
    if not ids:
        return {}
    found = WHOLE_NOTES.rows(reading.actor, **{name: ids[place % len(ids)] for place, name in enumerate(SLOTS)})
    return {row["id"]: {**row, "said": note_data(row, reading.actor)} for row in found}


def _whole_notes(actor: Actor, **ids: UUID) -> Found:
    return notes.whole(Note.objects.visible_to(actor).filter(pk__in=list(ids.values())), actor)


def _measured_before(read: Iterable[Row], reading: Reading) -> Sequence[Row]:
    """What was measured lately, newest first and of whom, when one of these notes measured anything."""
    if not any(row["said"].get("measures") for row in read):
        return []
    return MEASURED.rows(reading.actor, records=reading.records)


def _measured(actor: Actor, *, records: str) -> Found:
    sections = Section.objects.visible_to(actor).filter(
        IsOneOf("note__client_id", records), note__state=Note.State.SIGNED, name="objective"
    )
    newest = sections.exclude(measures=[]).order_by("-note__occurred_at", "-note_id")
    series = {name: F(f"note__{name}") for name in SERIES}
    return newest.values("measures", at=F("note__occurred_at"), **series)[:EARLIER_MEASURES]


def _is_of_one_series(one: Row, other: Row) -> bool:
    """Two clinics or disciplines may ask the same question of different complaints: nobody measured that change."""
    return all(one[name] == other[name] for name in SERIES)


SLOTS = [f"note_{place}" for place in range(MOST_LINES)]
MOMENTS, WHOLE_NOTES, MEASURED = Prepared(_all_moments), Prepared(_whole_notes), Prepared(_measured)


def _line(
    row: Row, client: Client, reading: Reading, read: Mapping[UUID, Row], earlier: Sequence[Row], zone: str
) -> dict[str, Any]:
    note = read.get(row["line_id"])
    before = [one for one in earlier if note and one["at"] < note["occurred_at"] and _is_of_one_series(one, note)]
    return {
        "id": line_id(row),
        "kind": row["line_kind"],
        "at": utc_or_none(row["line_at"]),
        "occurred_at": utc_or_none(row["line_occurred_at"]),
        "author": row["line_author"] or None,
        "organization": _organization(row),
        "discipline": row["line_discipline"],
        "text": told(row, zone=zone, note=note["said"] if note else None, earlier=before),
        "is_red": row["line_is_red"],
        "is_pinned": row["line_is_pinned"],
        "is_read": row["line_is_read"],
        "href": _href(row, client, reading),
    }


def _href(row: Row, client: Client, reading: Reading) -> str | None:
    """Where it is read whole; another clinic's visit has no address for this reader."""
    if row["line_kind"] == "visit" and row["line_organization_id"] != reading.organization_id:
        return None
    return HREFS[row["line_kind"]].format(**{**row["line_facts"], "id": row["line_id"], "client_id": client.pk})


def line_id(row: Row) -> str:
    """Names the thing and the version of it that is shown: marking it read says no more than was seen."""
    return f"{row['line_kind']}.{row['line_id']}.{row['line_version']}"


def _organization(row: Row) -> dict[str, str] | None:
    if row["line_organization_id"] is None:
        return None
    return {"id": str(row["line_organization_id"]), "display": row["line_organization"] or ""}


def _log(rows: Sequence[Row], read: Iterable[Row], reading: Reading) -> None:
    """Looks at notes, and at plans: one row for each other clinic whose words were shown."""
    notes.log_shown(reading.actor, read)
    plans = {
        (row["line_facts"]["plan_id"], row["line_facts"]["client_id"], row["line_organization_id"])
        for row in rows
        if "plan_id" in row["line_facts"] and row["line_organization_id"] != reading.organization_id
    }
    log_looks(
        reading.actor,
        [
            Look("care_plan", UUID(plan), UUID(client_id), clinic, why="care_team")
            for plan, client_id, clinic in sorted(plans, key=str)
        ],
    )
