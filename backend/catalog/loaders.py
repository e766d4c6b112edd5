"""Reads the data files into a Catalog, and says clearly what is wrong with them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from backend.catalog.entries import Catalog, Refers

# kind (file and field name) -> class of its rows, read off the fields of Catalog
ROW_CLASSES: dict[str, type[Any]] = {kind: get_args(hint)[1] for kind, hint in get_type_hints(Catalog).items()}


class CatalogError(ValueError):
    """The data files cannot be used; the message names each file, row and fault."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("The catalog cannot be loaded:\n" + "\n".join(f"- {fault}" for fault in faults))
        self.faults = tuple(faults)


def load_catalog(dirs: Sequence[Path]) -> Catalog:
    """The rows of all directories together.

    Every directory may hold ``<kind>.json`` for any kind (a list of rows); a later directory adds rows and never
    replaces one. Raises CatalogError with all faults: files that are missing, misnamed or not JSON, rows with missing,
    unknown or wrong fields, codes given twice, references to a row that is not there.
    """
    faults: list[str] = []
    tables: dict[str, dict[str, Any]] = {kind: {} for kind in ROW_CLASSES}
    places: dict[tuple[str, str], str] = {}
    for path in _files(dirs, faults):
        for place, row in _rows(path, faults):
            entry = _entry(path.stem, row, place, faults)
            if entry is None:
                continue
            if entry.code in tables[path.stem]:
                faults.append(f"{place}: the code {entry.code!r} is already used in {places[path.stem, entry.code]}")
                continue
            tables[path.stem][entry.code] = entry
            places[path.stem, entry.code] = place
    if not faults:
        faults.extend(_broken_references(tables, places))
    if faults:
        raise CatalogError(faults)
    return Catalog(**tables)


def _files(dirs: Sequence[Path], faults: list[str]) -> Iterator[Path]:
    for directory in dirs:
        if not directory.is_dir():
            faults.append(f"{directory} is not a directory")
        for path in sorted(directory.glob("*.json")):
            if path.stem in ROW_CLASSES:
                yield path
            else:
                faults.append(f"{path} is not a kind of the catalog; kinds are {', '.join(ROW_CLASSES)}")


def _rows(path: Path, faults: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        faults.append(f"{path} is not JSON: {error}")
        return
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        faults.append(f"{path} is not a list of rows")
        return
    for number, row in enumerate(rows, start=1):
        yield f"{path} row {number}", row


def _entry(kind: str, row: Mapping[str, Any], place: str, faults: list[str]) -> Any:
    hints = _hints(kind)
    wrong = [f"{place}: the field {name!r} is missing" for name in hints if name not in row]
    wrong += [f"{place}: the field {name!r} is unknown" for name in row if name not in hints]
    wrong += [
        f"{place}: the field {name!r} must be {_spoken(hint)}, not {row[name]!r}"
        for name, hint in hints.items()
        if name in row and not _fits(row[name], hint)
    ]
    wrong += [f"{place}: the field {name!r} is empty" for name in ("code", "label") if row.get(name) == ""]
    faults.extend(wrong)
    if wrong:
        return None
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
    return ROW_CLASSES[kind](**values)


def _broken_references(tables: Mapping[str, Mapping[str, Any]], places: Mapping[tuple[str, str], str]) -> Iterator[str]:
    for kind, rows in tables.items():
        references = {name: refers for name, hint in _hints(kind).items() if (refers := _refers(hint))}
        for code, entry in rows.items():
            for name, refers in references.items():
                value = getattr(entry, name)
                for target in value if isinstance(value, tuple) else (value,):
                    if target not in tables[refers.kind] and target != refers.besides:
                        yield f"{places[kind, code]}: {name!r} names {target!r}, which is not in {refers.kind}.json"


def _hints(kind: str) -> dict[str, Any]:
    row_class = ROW_CLASSES[kind]
    hints = get_type_hints(row_class, include_extras=True)
    return {field.name: hints[field.name] for field in fields(row_class)}


def _refers(hint: Any) -> Refers | None:
    if get_origin(hint) is tuple:
        return _refers(get_args(hint)[0])
    return next((extra for extra in getattr(hint, "__metadata__", ()) if isinstance(extra, Refers)), None)


def _fits(value: object, hint: Any) -> bool:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _fits(value, arguments[0])
    if origin is tuple:
        return isinstance(value, list) and all(_fits(item, arguments[0]) for item in value)
    if origin is Literal:
        return value in arguments
    if origin is UnionType:
        return any(_fits(value, argument) for argument in arguments)
    return isinstance(value, hint)


def _spoken(hint: Any) -> str:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _spoken(arguments[0])
    if origin is tuple:
        return f"a list, each {_spoken(arguments[0])}"
    if origin is Literal:
        return "one of " + ", ".join(arguments)
    if origin is UnionType:
        return " or ".join(_spoken(argument) for argument in arguments)
    return {str: "text", bool: "true or false", int: "a whole number", float: "a number", NoneType: "null"}[hint]
