"""The block about exports on a client's page, or on one of its own when the client is closed: the last one, and another."""

from typing import Any

from backend.lib import clock
from backend.lib.problems import Forbidden
from backend.portability.models import Export
from backend.portability.reading import Reading, check_may_export
from backend.portability.services import WHY_FAILED, last_export

FILES = {"zip": "Everything, with all files (ZIP)", "pdf": "To read and print (PDF)", "json": "As data (JSON)"}

HOLDS: dict[str, str] = {
    Export.Include.ALL: "Everything you could read",
    Export.Include.OWN: "What your clinic wrote",
    Export.Include.TO_HAND_ON: "What may be handed on",
}


def export_block(reading: Reading) -> dict[str, Any]:
    """What the block needs. Of a closed client, and behind a broken glass, there is only what the clinic wrote itself."""
    export = last_export(reading.client_id, actor=reading.actor)
    return {
        "export": _shown(export) if export else None,
        "export_page": page_of(reading),
        "export_address": f"/clients/{reading.client_id}/export",
        "may_take_all": reading.client is not None and _may_take_all(reading),
        "is_closed": reading.client is None,
    }


def page_of(reading: Reading) -> str:
    """Where the block stands: a client who is closed to the reader has no page but this one."""
    return f"/clients/{reading.client_id}" + ("/export" if reading.client is None else "#export")


def _may_take_all(reading: Reading) -> bool:
    try:
        check_may_export(reading)
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
        "holds": HOLDS[export.include],
        "failed": WHY_FAILED.get(export.failed_because, ""),
        "finished_at": export.finished_at,
        "expires_at": export.expires_at,
        "files": [(kind, FILES[kind], sizes[kind]) for kind in FILES if kind in sizes] if is_there else [],
    }
