"""Begins a new epoch of the feed when the database moved to another server, where transaction numbers begin anew."""

from django.db import connection, transaction

from backend.audit.models import FeedEpoch

# A restore to a point in time keeps the server's identifier but begins a new timeline, and repeats numbers too.
HERE = """
SELECT (SELECT system_identifier FROM pg_control_system()) || '.' || (SELECT timeline_id FROM pg_control_checkpoint())
"""


def begin_epoch() -> bool:
    """Adds an epoch when the server is not the one of the last epoch, and says whether it did. Safe to repeat.

    Runs before web and worker start: an event that is stored while the epoch changes could be skipped by readers.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE audit_feedepoch IN SHARE ROW EXCLUSIVE MODE")
            cursor.execute(HERE)
            (here,) = cursor.fetchone()
        last = FeedEpoch.objects.order_by("-id").first()
        if last is not None and last.system_identifier == here:
            return False
        FeedEpoch.objects.create(system_identifier=here)
    return True
