"""How a file reads in answers, without its bytes."""

from typing import Any

from backend.attachments.models import Attachment


def attachment(file: Attachment) -> dict[str, Any]:
    return {
        "id": str(file.pk),
        "name": file.name,
        "media_type": file.media_type,
        "size": file.size,
        "sha256": file.sha256,
        "scan_state": file.scan_state,
    }
