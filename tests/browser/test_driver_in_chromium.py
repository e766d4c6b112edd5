"""The driver's event loop hides this thread's connections from Django: none may be left open behind it."""

from collections.abc import Iterator

import pytest
from django.db import connection
from playwright.sync_api import Browser
from pytest_django import DjangoDbBlocker

from tests.faults.crowds import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def left_open(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[int]:
    """The server's process behind a connection that an earlier test of this thread left open."""
    with django_db_blocker.unblock():
        connection.ensure_connection()
        yield connection.connection.info.backend_pid


def test_a_connection_from_before_the_driver_is_closed(left_open: int, browser: Browser) -> None:
    def is_closed() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_stat_get_activity(NULL) WHERE pid = %s", [left_open])
            return cursor.fetchone() is None

    wait_until(is_closed)
