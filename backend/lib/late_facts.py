"""Facts that are told later than they happened."""

from datetime import datetime, timedelta

from backend.lib import clock
from backend.lib.problems import invalid

LATEST = timedelta(days=7)


def check_late_fact(happened: datetime, *, step_before: datetime | None = None, pointer: str = "/occurred_at") -> None:
    """400 unless it lies in the last seven days, and not before the step before it."""
    now = clock.now()
    if happened > now:
        raise invalid(pointer, "This is in the future.", code="in_the_future")
    if happened < now - LATEST:
        raise invalid(pointer, "This is more than 7 days ago.", code="too_late")
    if step_before is not None and happened < step_before:
        raise invalid(pointer, "This is before the step before it.", code="before_last_step")
