"""The body map as a list: what was found last at each place, by whom, what it was before, and what was treated last."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db.models import Case, F, Func, JSONField, Q, QuerySet, Value, When, Window
from django.db.models.functions import Concat, DenseRank

from backend.catalog.queries import catalog
from backend.catalog.words import SIDES
from backend.clients.models import Client
from backend.clients.policies import refuse_unless
from backend.clients.queries import records_of
from backend.directory.models import Organization
from backend.lib.actor import Actor
from backend.lib.expressions import IsOneOf, ids_as_text
from backend.lib.prepared import Prepared
from backend.lib.rest.fields import utc, utc_or_none
from backend.notes import queries as notes
from backend.notes.models import Finding, Note, TechniqueDone
from backend.record.answers import Answer
from backend.record.telling import day, technique_names

Row = Mapping[str, Any]
Place = tuple[str, str]
READS = "Findings are read by practitioners and auditors; ask one of them."
SIDE_ORDER = ("left", "right", "midline", "bilateral")
WORDS = {
    "trigger_point": ("trigger point", "trigger points"),
    "tight_band": ("tight band", "tight bands"),
    "restriction": ("restriction", "restrictions"),
    "numbness": ("numbness", "spots of numbness"),
}
WRITTEN = {
    "written_in": F("note_id"),
    "at": F("note__occurred_at"),
    "author_id": F("note__author_role_id"),
    "author": Concat(
        F("note__author_role__practitioner__given_name"),
        Value(" "),
        F("note__author_role__practitioner__family_name"),
    ),
    "clinic_id": F("note__organization_id"),
    "clinic": F("note__organization__name"),
    "discipline": F("note__discipline"),
}


def body_map(client: Client, actor: Actor, *, since: datetime | None = None) -> Answer:
    """As the API answers it. 403 for whoever reads no findings.

    With ``since`` only places where something was found or treated after it, each compared with how it stood then.
    """
    refuse_unless(actor.reads_clinical, READS, code="right_required")
    zone = Organization.objects.values_list("time_zone", flat=True).get(pk=actor.clinic_id)
    moment = {"since": since} if since else {}
    records = ids_as_text(records_of(client.pk, actor))
    found, treated = FOUND.rows(actor, records=records, **moment), _treated(actor, records)
    places = [
        _place(place, _of(found, place), _of(treated, place), zone)
        for place in _in_order({(row["region"], row["side"]) for row in (*found, *treated)})
    ]
    shown = [place for place in places if since is None or place.pop("newest") > since]
    body = {
        "client": {"id": str(client.pk), "display": client.display},
        "since": utc_or_none(since),
        "places": [{name: value for name, value in place.items() if name != "newest"} for place in shown],
    }
    return Answer(body, partial(notes.log_looks_at, actor, _notes_of(shown)))


# --- what is asked of the database ---------------------------------------------------------------------------------


def _findings(actor: Actor, *, records: str, since: datetime | None = None) -> QuerySet[Any, Any]:
    """Of each kind at each place what the newest note says and, to compare with, the note before it.

    With a moment: the newest after it, and the newest up to it.
    """
    place = [F("kind"), F("region"), F("side"), F("muscle")]
    later = [Case(When(note__occurred_at__gt=since, then=True), default=False)] if since else []
    newest_first = [F("note__occurred_at").desc(), F("note_id").desc()]
    found = Finding.objects.visible_to(actor).filter(_signed_about(records, "findings"))
    ranked = found.annotate(rank=Window(DenseRank(), partition_by=[*place, *later], order_by=newest_first))
    wanted = ranked.filter(rank__lte=1 if since else 2).order_by("-note__occurred_at", "-note_id", "position")
    return wanted.values("kind", "region", "side", "muscle", "intensity", "refers_to", "remark", **WRITTEN)


def _treatments(actor: Actor, *, records: str) -> QuerySet[Any, Any]:
    """When each technique was last used at each place."""
    done = TechniqueDone.objects.visible_to(actor).filter(_signed_about(records, "techniques"))
    used_at = Func(F("regions"), function="jsonb_array_elements", output_field=JSONField(), set_returning=True)
    last = done.annotate(place=used_at).order_by("place", "technique", "-note__occurred_at", "-note_id")
    return last.distinct("place", "technique").values("place", "technique", **WRITTEN)


def _signed_about(records: str, part: str) -> Q:
    """In signed notes about the client under any of these records; not in those entered in error.

    A list that was carried over and signed untouched says what an earlier note saw, on its day, and nothing of this one.
    """
    signed = Q(IsOneOf("note__client_id", records), note__state=Note.State.SIGNED)
    return signed & ~Q(note__untouched__contains=[part])


FOUND, TREATED = Prepared(_findings), Prepared(_treatments)


def _treated(actor: Actor, records: str) -> list[Row]:
    """The treatments with their place, newest first."""
    rows = TREATED.rows(actor, records=records)
    placed = [{**row, "region": row["place"]["region"], "side": row["place"]["side"]} for row in rows]
    return sorted(placed, key=lambda row: (row["at"], row["written_in"]), reverse=True)


# --- from rows to what the reader reads ----------------------------------------------------------------------------


def _of(rows: Iterable[Row], place: Place) -> list[Row]:
    return [row for row in rows if (row["region"], row["side"]) == place]


def _in_order(places: Iterable[Place]) -> list[Place]:
    """From head to foot, as the catalog has the regions."""
    regions = list(catalog().regions)
    return sorted(places, key=lambda place: (regions.index(place[0]), SIDE_ORDER.index(place[1])))


def _place(place: Place, found: Sequence[Row], used: Sequence[Row], zone: str) -> dict[str, Any]:
    region, side = place
    marks = [row for row in found if row["kind"] != Finding.Kind.TREATED]
    findings = [finding for kind in _kinds(marks) for finding in _current(kind)]
    pains = [finding for finding in findings if finding["kind"] == Finding.Kind.PAIN]
    treated = _last_treated([row for row in found if row["kind"] == Finding.Kind.TREATED], used)
    return {
        "region": region,
        "side": side,
        "label": _name(place),
        "text": f"{_name(place)}: {_text(findings, treated, zone)}.",
        "pain": max((pain["intensity"] for pain in pains), default=None),
        "findings": findings,
        "last_treated": treated,
        "newest": max(row["at"] for row in (*found, *used)),
    }


def _name(place: Place) -> str:
    """Neck left."""
    known = catalog().regions.get(place[0])
    return " ".join(part for part in (known.label if known else place[0], SIDES.get(place[1], "")) if part)


def _kinds(rows: Sequence[Row]) -> list[list[Row]]:
    """The rows of each kind and muscle, newest first; pain comes first, then the kinds as they are declared."""
    order = list(Finding.Kind.values)
    ordered = sorted(rows, key=lambda row: (order.index(row["kind"]), row["muscle"]))
    return [list(same) for _, same in groupby(ordered, key=lambda row: (row["kind"], row["muscle"]))]


def _current(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """What the newest note says of one kind, each with what the note before said."""
    newest = rows[0]["written_in"]
    before = next((row for row in rows if row["written_in"] != newest), None)
    return [_finding(row, before) for row in rows if row["written_in"] == newest]


def _finding(row: Row, before: Row | None) -> dict[str, Any]:
    muscle = catalog().muscles.get(row["muscle"])
    return {
        "kind": row["kind"],
        "muscle": {"code": row["muscle"], "label": muscle.label if muscle else row["muscle"]}
        if row["muscle"]
        else None,
        "intensity": row["intensity"],
        "refers_to": row["refers_to"],
        "remark": row["remark"] or None,
        **_written(row),
        "before": {"intensity": before["intensity"], "at": utc(before["at"])} if before else None,
        "change": _change(row, before),
    }


def _change(row: Row, before: Row | None) -> str:
    if before is None:
        return "new"
    if row["intensity"] is None or row["intensity"] == before["intensity"]:
        return "same"
    return "better" if row["intensity"] < before["intensity"] else "worse"


def _last_treated(marked: Sequence[Row], used: Sequence[Row]) -> dict[str, Any] | None:
    """The last note that says so, by a mark on the map or by a technique, and what it names."""
    last = max((*marked, *used), key=lambda row: (row["at"], row["written_in"]), default=None)
    if last is None:
        return None
    return {
        **_written(last),
        "techniques": [row["technique"] for row in used if row["written_in"] == last["written_in"]],
    }


def _written(row: Row) -> dict[str, Any]:
    return {
        "at": utc(row["at"]),
        "note_id": str(row["written_in"]),
        "author": {"id": str(row["author_id"]), "display": row["author"]},
        "organization": {"id": str(row["clinic_id"]), "display": row["clinic"]},
        "discipline": row["discipline"],
    }


def _text(findings: Sequence[Row], treated: Row | None, zone: str) -> str:
    """Pain 6 (was 8), 2 trigger points (Upper trapezius, Levator scapulae); last treated 18 Nov, MT."""
    parts = [_pain(finding) for finding in findings if finding["kind"] == Finding.Kind.PAIN]
    for kind, (one, several) in WORDS.items():
        same = [finding for finding in findings if finding["kind"] == kind]
        if same:
            parts.append(_counted(same, one, several))
    said = [", ".join(parts)] if parts else []
    if treated:
        known = catalog().disciplines.get(treated["discipline"])
        names = technique_names(treated["techniques"])
        when = f"{day(treated['at'], zone)} {known.mark if known else ''}".strip()
        said.append(f"last treated {when}{f' ({names})' if names else ''}")
    return "; ".join(said)


def _pain(finding: Row) -> str:
    where = f" ({finding['muscle']['label']})" if finding["muscle"] else ""
    before = finding["before"]
    was = f", was {before['intensity']}" if before and before["intensity"] != finding["intensity"] else ""
    return f"pain {finding['intensity']}{where}{was}"


def _counted(same: Sequence[Row], one: str, several: str) -> str:
    muscles = list(dict.fromkeys(finding["muscle"]["label"] for finding in same if finding["muscle"]))
    amount = one if len(same) == 1 else f"{len(same)} {several}"
    return f"{amount} ({', '.join(muscles)})" if muscles else amount


def _notes_of(places: Iterable[Row]) -> set[UUID]:
    rows = [row for place in places for row in (*place["findings"], place["last_treated"]) if row]
    return {UUID(row["note_id"]) for row in rows}
