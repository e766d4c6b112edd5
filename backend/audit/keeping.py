"""What is kept for a time only."""

from django.db import connection

from backend.lib.actor import WORKER
from backend.lib.unit_of_work import acting_as


def forget_old_answers() -> int:
    """Removes stored answers to idempotent requests after seven days of real time, and says how many."""
    with acting_as(WORKER), connection.cursor() as cursor:
        cursor.execute("SELECT forget_old_answers()")
        (forgotten,) = cursor.fetchone()
    return int(forgotten)
