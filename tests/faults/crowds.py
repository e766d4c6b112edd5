"""Many callers at once, each with a database connection of its own."""

from collections.abc import Callable, Sequence
from threading import Barrier, Thread
from typing import Any

from django.db import connection, connections

MOST_LOOKS = 50_000


def at_once(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """Makes all calls at the same moment; what each returned, or the exception that ended it."""
    barrier = Barrier(len(calls))
    answers: list[Any] = [None] * len(calls)

    def run(index: int, call: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            answers[index] = call()
        except Exception as error:
            answers[index] = error
        finally:
            connections.close_all()

    threads = [Thread(target=run, args=(index, call)) for index, call in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    return answers


def wait_until(question: Callable[[], bool]) -> None:
    """Asks again and again, without a pause; an AssertionError when it never becomes true."""
    for _ in range(MOST_LOOKS):
        if question():
            return
    raise AssertionError("what was waited for never happened")


def somebody_waits_for_a_lock() -> bool:
    return wait_for_a_lock() > 0


def wait_for_a_lock() -> int:
    """How many do."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid"
            " WHERE NOT l.granted AND a.datname = current_database()"
        )
        return int(cursor.fetchone()[0])
