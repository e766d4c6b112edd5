"""Reads the reviewed file: what each caller may expect of each operation."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_name("matrix.yaml")


@dataclass(frozen=True)
class Matrix:
    """``cells[row][column]`` is the status that is right."""

    columns: tuple[str, ...]
    cells: dict[str, dict[str, int]]


class Unclear(Exception):
    """The reviewed file names a column that is not there."""


@cache
def matrix() -> Matrix:
    raw = yaml.safe_load(FILE.read_text())
    groups: dict[str, list[str]] = raw["groups"]
    columns = tuple(raw["columns"])
    cells = {name: _cells(name, said, raw["kinds"], groups, columns) for name, said in raw["rows"].items()}
    for name in raw["no_such_method"]:
        cells[name] = _cells(name, "no_such_method", raw["kinds"], groups, columns)
    return Matrix(columns, cells)


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
