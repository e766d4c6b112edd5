"""What the worker does with files: it shows each new one to the scanner, before anybody else may open it."""

import logging
from uuid import UUID

from django.db import connection

from backend.attachments import scanning
from backend.attachments.models import Attachment
from backend.audit import events, work
from backend.lib.actor import WORKER
from backend.lib.unit_of_work import acting_as

log = logging.getLogger(__name__)


@work.handles(scanning.SCAN)
def scan(claim: work.Claim) -> None:
    """The bytes are read in one transaction and judged in none; the verdict is written in another.

    A scanner that cannot say, or not before the lease has ended, is asked again as all work is; the file waits.
    """
    with acting_as(WORKER):
        content = _bytes_that_wait(claim.subject_id)
    is_clean = content is None or scanning.is_clean(content)
    with acting_as(WORKER):
        if content is not None:
            _judge(claim, is_clean=is_clean)
        work.finish(claim)


def _bytes_that_wait(file_id: UUID) -> bytes | None:
    """Through the guard, while the work is leased: a file may hang on what its own clinic's system does not see.

    None for a file that was taken off, or has its verdict.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT file_to_scan(%s)", [file_id])
        (content,) = cursor.fetchone()
    return None if content is None else bytes(content)


def _judge(claim: work.Claim, *, is_clean: bool) -> None:
    state = Attachment.ScanState.CLEAN if is_clean else Attachment.ScanState.REFUSED
    with connection.cursor() as cursor:
        cursor.execute("SELECT judge_file(%s, %s)", [claim.subject_id, str(state)])
        (was_waiting,) = cursor.fetchone()
    if was_waiting and not is_clean:
        log.warning("the scanner refused file %s", claim.subject_id)
        events.record(
            "attachment.refused",
            subject=Attachment(pk=claim.subject_id),
            actor=WORKER,
            organizations=[claim.organization_id],
        )
