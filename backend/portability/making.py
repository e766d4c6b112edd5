"""Making an export, step by step: a step is a transaction, so that a worker that dies leaves no half file.

Rows are read batch by batch and kept as they were rendered; when all are there, the files are made of them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from backend.audit import events
from backend.audit.access_log import log_looks
from backend.audit.models import AccessLog
from backend.directory.models import Organization
from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.problems import Forbidden
from backend.lib.rest.fields import utc
from backend.lib.rest.renderers import as_json
from backend.lib.typesetting import Book
from backend.portability import contents, files, handing_on, printing
from backend.portability.models import Export, Piece
from backend.portability.reading import Reading, check_may_export

MAKE, REMOVE = "make_export", "remove_export"
KEPT = timedelta(hours=24)
BATCH, BATCHES_IN_A_STEP = 50, 10
READ_IS = 90
"""Percent of the way when all rows were read; the rest is making files of them."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What the files are made of, besides the rows."""

    header: dict[str, Any]
    page: Book
    made_at: datetime


def begin(export: Export, reading: Reading) -> None:
    """Counts what there is, so that progress is real."""
    there = {section.name: section.found(reading).count() for section in contents.sections_for(reading)}
    export.place = {"sections": list(there), "after": None, "expected": sum(there.values()), "read": 0, "counts": {}}
    export.state = Export.State.RUNNING


def read_on(export: Export, reading: Reading) -> None:
    """The next batches, from where the last step ended."""
    place = export.place
    for _ in range(BATCHES_IN_A_STEP):
        if not place["sections"]:
            break
        section = contents.SECTIONS[place["sections"][0]]
        found = section.found(reading).order_by("pk")
        rows = list((found.filter(pk__gt=place["after"]) if place["after"] else found)[:BATCH])
        if rows:
            _keep(export, section, rows, reading)
        if len(rows) < BATCH:
            place["sections"], place["after"] = place["sections"][1:], None
            place["counts"].setdefault(section.name, 0)
        else:
            place["after"] = str(_id_of(rows[-1]))
    export.progress = READ_IS * min(place["read"], place["expected"]) // max(place["expected"], 1)


def _keep(export: Export, section: contents.Section, rows: list[Any], reading: Reading) -> None:
    shown = section.shown(reading, rows)
    place = export.place
    place["read"] += len(rows)
    place["counts"][section.name] = place["counts"].get(section.name, 0) + len(shown)
    looks = list(section.looks(reading.actor, rows))
    log_looks(reading.actor, looks, action=AccessLog.Action.EXPORTED)
    export.owner_ids = sorted({*export.owner_ids, *(look.owner_id for look in looks if look.owner_id)}, key=str)
    if shown:
        Piece(
            export=export,
            kind=Piece.Kind.ROWS,
            section=section.name,
            row_ids=[_id_of(row) for row in rows],
            content=as_json(shown),
        ).save(force_insert=True)


def _id_of(row: Any) -> UUID:
    found: UUID = row["id"] if isinstance(row, dict) else row.pk
    return found


def still_agrees(export: Export, reading: Reading) -> bool:
    """Whether the reader would be given all of it again: every row is there, and nothing of it is withheld meanwhile."""
    try:
        check_may_export(reading)
    except Forbidden:
        return False
    given = {section.name for section in contents.sections_for(reading)}
    return all(
        piece.section in given and _row_by_row(piece, contents.SECTIONS[piece.section], reading)
        for piece in files.pieces_of(export, Piece.Kind.ROWS, reading.actor)
    )


def _row_by_row(piece: Piece, section: contents.Section, reading: Reading) -> bool:
    if not section.is_settled:
        return True
    rows = list(section.found(reading).filter(pk__in=piece.row_ids).order_by("pk"))
    if len(rows) != len(piece.row_ids):
        return False
    then, now = files.rows_in(piece), section.shown(reading, rows)
    return all(_says_no_less(a, b, section.nested) for a, b in zip(then, now, strict=True))


def _says_no_less(then: dict[str, Any], now: dict[str, Any], nested: Iterable[str]) -> bool:
    """Nothing more is withheld, the client is still named, and the rows inside the row are still there."""
    if not set(now.get("withheld", ())) <= set(then.get("withheld", ())):
        return False
    if _name_in(then) and not _name_in(now):
        return False
    if then.get("file") and not now.get("file"):
        return False  # a file that the scanner has refused since
    if not set(now.get("taken_back", ())) <= set(then.get("taken_back", ())):
        return False
    if not _quotes_in(then) <= _quotes_in(now):
        return False
    return all(_ids_in(then, name) <= _ids_in(now, name) for name in nested)


def _name_in(row: dict[str, Any]) -> str | None:
    client = row.get("client")
    return client.get("display") if isinstance(client, dict) else None


def _ids_in(row: dict[str, Any], name: str) -> set[str]:
    return {one["id"] for one in row.get(name, ())}


def _quotes_in(row: dict[str, Any]) -> set[str]:
    """The notes that a report says it was written from; one about another client says nothing of itself any more."""
    return {one["note_id"] for one in row.get("quotes", ()) if one["kind"]}


def draft_of(export: Export, reading: Reading) -> Draft:
    """The header and the printed page, from the rows that were read."""
    clinic = Organization.objects.get(pk=export.organization_id)
    client = reading.client
    header = {
        "format": files.FORMAT,
        "version": files.FORMAT_VERSION,
        "export_id": str(export.pk),
        "made_at": utc(clock.now()),
        "organization": {"id": str(clinic.pk), "display": clinic.name},
        "requested_by": {"kind": str(reading.actor.kind), "display": export.requested_by},
        "client": {
            "id": str(export.client_id),
            "display": client.display if client else _name_as_it_stood(export, reading),
        },
        "include": export.include,
        "index": files.titles(export.place["counts"]),
        "withheld": contents.withheld_from(reading),
        "left_out": list(handing_on.LEFT_OUT) if reading.is_to_hand_on else [],
    }
    rows = files.rows_of(export, reading.actor)
    return Draft(header, printing.page_of(header, rows, clinic), clock.now())


def _name_as_it_stood(export: Export, reading: Reading) -> str | None:
    """From the clinic's own rows, when the client is not open to it any more."""
    for _, rows in files.rows_of(export, reading.actor):
        for row in rows:
            if name := _name_in(row):
                return name
    return None


def finish(export: Export, draft: Draft, pdf: bytes, reading: Reading) -> None:
    """The files, and the event that they are there."""
    actor = reading.actor
    export.files = [
        files.write_json(export, draft.header, actor),
        files.write_pdf(export, pdf),
        files.write_zip(export, actor),
    ]
    now = clock.now()
    export.state, export.progress, export.place = Export.State.DONE, 100, {}
    export.finished_at, export.expires_at = now, now + KEPT
    save(export)
    events.record(
        "export.finished",
        subject=export,
        actor=actor,
        organizations=[export.organization_id],
        client_id=export.client_id,
    )


def fail(export: Export, because: str) -> None:
    export.pieces.all().delete()
    export.state, export.failed_because, export.place, export.files = Export.State.FAILED, because, {}, []
    save(export)


def discard(export_id: UUID, *, actor: Actor) -> None:
    """Removes what may not go out any more."""
    if export := Export.objects.visible_to(actor).locked().filter(pk=export_id).first():
        fail(export, "outdated")


def remove(export_id: UUID, *, actor: Actor) -> None:
    """After its day: the bytes go, that there was an export stays."""
    export = Export.objects.visible_to(actor).locked().filter(pk=export_id).first()
    if export is not None:
        export.pieces.all().delete()
        export.files = []
        save(export)


def save(export: Export) -> None:
    export.version += 1
    export.updated_at = clock.now()
    export.save()
