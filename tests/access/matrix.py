"""Reads the reviewed file: what each caller may expect of each operation."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

Cells = dict[str, dict[str, int]]
# Nobody signed in, or nobody may ever: before anybody looks for a note.
ANSWERED_ANYWAY = (302, 401, 405)
FILE = Path(__file__).with_name("matrix.yaml")


@dataclass(frozen=True)
class Matrix:
    """``cells[row][column]`` is the status that is right; ``notes[kind]`` the same of rows about a note that fewer read."""

    columns: tuple[str, ...]
    cells: Cells
    notes: dict[str, Cells]


class Unclear(Exception):
    """The reviewed file names a column that is not there."""


@cache
def matrix() -> Matrix:
    raw = _file()
    groups: dict[str, list[str]] = raw["groups"]
    columns = tuple(raw["columns"])
    cells = {name: _cells(name, said, raw["kinds"], groups, columns) for name, said in raw["rows"].items()}
    for name in raw["no_such_method"]:
        cells[name] = _cells(name, "no_such_method", raw["kinds"], groups, columns)
    for name, said in raw["like"].items():
        _answer_like(cells, name, said)
    return Matrix((*columns, *raw["like"]), cells, _of_notes(raw, cells, groups, columns))


def no_such_method() -> list[str]:
    """The rows that are 405 for everybody."""
    found: list[str] = _file()["no_such_method"]
    return found


@cache
def _file() -> Any:
    return yaml.safe_load(FILE.read_text())


def _answer_like(cells: Cells, name: str, said: dict[str, Any]) -> None:
    """One more column: it answers as another one does, but for the rows it names."""
    but = {row: status for status, rows in said.get("but", {}).items() for row in rows}
    if unknown := but.keys() - cells.keys():
        raise Unclear(f"{name}: there are no rows {sorted(unknown)}")
    for row, found in cells.items():
        found[name] = but.get(row, found[said["as"]])


def _of_notes(raw: Any, cells: Cells, groups: dict[str, list[str]], columns: tuple[str, ...]) -> dict[str, Cells]:
    """The rows about a note, once for each kind of note: who does not see it reads 404 where others are answered."""
    said = raw["notes"]
    of_note = {name: dict(cells[name]) for name in said["rows"]}
    for name, row in said["of_a_signed_one"].items():
        of_note[name] = {**cells[name], **_cells(name, row, raw["kinds"], groups, columns)}
    for name, other in said["also"].items():
        _answer_like(of_note, name, other)
    asked_by = {*said["asked_by"], *said["also"]}
    of_note = {name: {who: row[who] for who in asked_by} for name, row in of_note.items()}
    return {kind: _of_kind(of_note, how, groups) for kind, how in said["kinds"].items()}


def _of_kind(of_note: Cells, how: dict[str, Any], groups: dict[str, list[str]]) -> Cells:
    readers = {column for who in how["seen_by"] for column in groups.get(who, [who])}
    found: Cells = {}
    for name, row in of_note.items():
        found[name] = {
            column: status if column in readers or status in ANSWERED_ANYWAY else 404 for column, status in row.items()
        }
        for who, status in how.get("but", {}).get(name, {}).items():
            found[name] |= {each: status for each in groups.get(who, [who]) if each in row}
    return found


def _cells(
    row: str, said: Any, kinds: dict[str, Any], groups: dict[str, list[str]], columns: tuple[str, ...]
) -> dict[str, int]:
    """One row: a kind's cells, then what the row says; what stands later is the exception to what stands before."""
    said = {"is": said} if isinstance(said, str) else dict(said)
    kind = said.pop("is", None)
    found = _cells(row, kinds[kind], kinds, groups, columns) if kind else {}
    for who, status in said.items():
        for column in groups.get(who, [who]):
            if column not in columns:
                raise Unclear(f"{row}: there is no column {column}")
            found[column] = status
    return found
