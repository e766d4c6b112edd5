"""Facts that are told later than they happened."""

from datetime import datetime, timedelta

from backend.lib import clock
from backend.lib.problems import invalid

LATEST = timedelta(days=7)


def check_occurred_at(occurred: datetime, *, step_before: datetime | None = None) -> None:
    """400 unless it lies in the last seven days, and not before the step before it."""
    now = clock.now()
    if occurred > now:
        raise invalid("/occurred_at", "This is in the future.", code="in_the_future")
    if occurred < now - LATEST:
        raise invalid("/occurred_at", "This is more than 7 days ago.", code="too_late")
    if step_before is not None and occurred < step_before:
        raise invalid("/occurred_at", "This is before the step before it.", code="before_last_step")
