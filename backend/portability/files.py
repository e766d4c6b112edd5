"""The files of an export, written and read piece by piece, so that none has to fit into memory."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import IO, Any, Self, cast
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from django.http import FileResponse

from backend.attachments.models import Attachment
from backend.attachments.services import is_served
from backend.lib.actor import Actor
from backend.lib.rest.renderers import as_json
from backend.portability.contents import CONTENTS
from backend.portability.models import Export, Piece
from backend.portability.sections import name_in_zip

MEDIA_TYPES = {"json": "application/json", "pdf": "application/pdf", "zip": "application/zip"}
FILES = ("attachments", "note_files")
PIECE_BYTES = 1_000_000
FORMAT, FORMAT_VERSION = "trialogue-client-export", 1


class PieceWriter:
    """A file that is kept in pieces of the database; only written to, from front to back."""

    def __init__(self, export: Export, kind: str) -> None:
        self.export, self.kind = export, kind
        self.waiting, self.size, self.digest = bytearray(), 0, hashlib.sha256()

    def write(self, content: bytes) -> int:
        self.waiting += content
        self.size += len(content)
        self.digest.update(content)
        while len(self.waiting) >= PIECE_BYTES:
            self._keep(PIECE_BYTES)
        return len(content)

    def flush(self) -> None:
        """Nothing is written before a piece is full, or the file is closed."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is None and self.waiting:
            self._keep(len(self.waiting))

    def _keep(self, size: int) -> None:
        Piece(export=self.export, kind=self.kind, content=bytes(self.waiting[:size])).save(force_insert=True)
        del self.waiting[:size]

    @property
    def facts(self) -> dict[str, Any]:
        return {"format": self.kind, "size": self.size, "sha256": self.digest.hexdigest()}


def pieces_of(export: Export, kind: str, actor: Actor) -> Iterator[Piece]:
    """In order; a few at a time."""
    found = Piece.objects.visible_to(actor).filter(export=export, kind=kind).order_by("id")
    return found.iterator(chunk_size=4)


def write_json(export: Export, header: dict[str, Any], actor: Actor) -> dict[str, Any]:
    """The header with its index, then every section with its rows as they were read."""
    with PieceWriter(export, Piece.Kind.JSON) as file:
        file.write(as_json(header)[:-1] + b',"sections":{')
        before: str | None = None
        for piece in pieces_of(export, Piece.Kind.ROWS, actor):
            if piece.section == before:
                file.write(b",")
            else:
                file.write((b"" if before is None else b"],") + as_json(piece.section) + b":[")
            file.write(bytes(piece.content)[1:-1])
            before = piece.section
        file.write((b"" if before is None else b"]") + b"}}")
    return file.facts


def write_pdf(export: Export, pdf: bytes) -> dict[str, Any]:
    with PieceWriter(export, Piece.Kind.PDF) as file:
        file.write(pdf)
    return file.facts


def write_zip(export: Export, actor: Actor) -> dict[str, Any]:
    """The record as JSON and PDF, and every file that goes with something in it, one after the other."""
    with PieceWriter(export, Piece.Kind.ZIP) as file, ZipFile(cast(IO[bytes], file), "w") as archive:
        for kind in (Piece.Kind.JSON, Piece.Kind.PDF):
            with archive.open(_entry(f"record.{kind}", export), "w") as entry:
                _copy(pieces_of(export, kind, actor), entry)
        for attachment in _attachments(export, actor):
            archive.writestr(_entry(name_in_zip(attachment), export), bytes(attachment.content))
    return file.facts


def _entry(name: str, export: Export) -> ZipInfo:
    entry = ZipInfo(name, date_time=export.created_at.timetuple()[:6])
    entry.compress_type = ZIP_DEFLATED
    return entry


def _attachments(export: Export, actor: Actor) -> Iterator[Attachment]:
    """Those that the scanner lets out, and whose bytes are what was uploaded."""
    listed = Piece.objects.visible_to(actor).filter(export=export, kind=Piece.Kind.ROWS, section__in=FILES)
    for ids in list(listed.order_by("id").values_list("row_ids", flat=True)):
        found = Attachment.objects.visible_to(actor).filter(pk__in=ids).order_by("pk").iterator(chunk_size=1)
        yield from (file for file in found if is_served(file, actor))


def rows_of(export: Export, actor: Actor) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The rows of an export with the section they belong to, in order."""
    for piece in pieces_of(export, Piece.Kind.ROWS, actor):
        yield piece.section, rows_in(piece)


def rows_in(piece: Piece) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(bytes(piece.content))
    return found


def titles(counts: dict[str, int]) -> list[dict[str, Any]]:
    """What is in it, in order: the index."""
    return [
        {"section": section.name, "title": section.title, "count": counts[section.name]}
        for section in CONTENTS
        if section.name in counts
    ]


def download(export: Export, kind: str, actor: Actor) -> FileResponse:
    """Never rendered in our origin and kept nowhere. The file's name names nobody.

    Copied out of the database first: the answer is sent after the transaction, when no row can be seen any more.
    """
    copied: IO[bytes] = SpooledTemporaryFile(max_size=PIECE_BYTES)  # noqa: SIM115 - the answer closes it
    size = _copy(pieces_of(export, kind, actor), copied)
    copied.seek(0)
    response = FileResponse(copied, content_type=MEDIA_TYPES[kind])
    response["Content-Disposition"] = f'attachment; filename="export-{export.pk.hex[-8:]}.{kind}"'
    response["Content-Length"] = str(size)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "private, no-store"
    return response


def _copy(pieces: Iterable[Piece], to: IO[bytes]) -> int:
    return sum(to.write(bytes(piece.content)) for piece in pieces)
