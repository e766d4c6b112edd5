"""Files that come with a form: kept as they are uploaded, named by what they go with."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.http import HttpRequest

from backend.attachments.services import store_attachment
from backend.lib.actor import Actor
from backend.lib.problems import invalid

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

FIELD, MOST = "files", 10
KINDS = ".pdf,.png,.jpg,.jpeg,.txt,application/pdf,image/png,image/jpeg,text/plain"


def files_in(request: HttpRequest) -> "list[UploadedFile[bytes]]":
    """What was chosen in the form's file field; 400 for too many at once."""
    found = request.FILES.getlist(FIELD)
    if len(found) > MOST:
        raise invalid("/files", f"At most {MOST} files go along at once.")
    return found


def keep(files: "list[UploadedFile[bytes]]", actor: Actor) -> list[UUID]:
    """Ids of the kept files, for ``attachment_ids``. Refuses what is too large or of no kind we keep."""
    return [store_attachment(actor=actor, name=file.name or "file", content=file.read()).pk for file in files]
