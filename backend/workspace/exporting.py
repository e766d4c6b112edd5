"""The block about exports on a client's page: the one that was asked for last, and asking for another."""

from typing import Any

from backend.clients.models import Client
from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.problems import Forbidden
from backend.portability.models import Export
from backend.portability.reading import check_may_export, reading_of
from backend.portability.services import WHY_FAILED, last_export

FILES = {"zip": "Everything, with all files (ZIP)", "pdf": "To read and print (PDF)", "json": "As data (JSON)"}


def export_block(client: Client, actor: Actor) -> dict[str, Any]:
    """What the block needs; ``may_take_all`` is false behind a broken glass."""
    export = last_export(client.pk, actor=actor)
    return {"export": _shown(export) if export else None, "may_take_all": _may_take_all(client, actor)}


def _may_take_all(client: Client, actor: Actor) -> bool:
    try:
        check_may_export(reading_of(actor, client.pk, is_own=False))
    except Forbidden:
        return False
    return True


def _shown(export: Export) -> dict[str, Any]:
    is_there = export.expires_at is not None and export.expires_at > clock.now()
    sizes = {file["format"]: file["size"] for file in export.files}
    return {
        "id": export.pk,
        "is_being_made": export.is_being_made,
        "progress": export.progress,
        "is_own": export.include == Export.Include.OWN,
        "failed": WHY_FAILED.get(export.failed_because, ""),
        "finished_at": export.finished_at,
        "expires_at": export.expires_at,
        "files": [(kind, FILES[kind], sizes[kind]) for kind in FILES if kind in sizes] if is_there else [],
    }
