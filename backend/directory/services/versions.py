"""How a row changes: what differs is saved, and its version grows."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Model

from backend.directory.models import DirectoryRow
from backend.lib import clock


def apply(row: DirectoryRow, changes: Mapping[str, Any]) -> list[str]:
    """Saves what differs with a new version. Returns the names of the changed fields; none: nothing was saved."""
    changed = set_fields(row, changes)
    if changed:
        save(row, changed)
    return changed


def set_fields(row: Model, changes: Mapping[str, Any]) -> list[str]:
    changed = [name for name, value in changes.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, changes[name])
    return changed


def save(row: DirectoryRow, changed: Iterable[str] = ()) -> None:
    row.version += 1
    row.updated_at = clock.now()
    row.save(update_fields=[*changed, "version", "updated_at"])
