"""System checks: what must hold before the service starts."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connection


@register("driver")
def psycopg2_is_the_driver(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """Django silently prefers psycopg 3 when it can be imported; everything here is tried with psycopg2."""
    if uses_psycopg3():
        return [Error("Django would use psycopg 3; uninstall it: psycopg2 is the driver here.", id="trialogue.E001")]
    return []


def uses_psycopg3() -> bool:
    from django.db.backends.postgresql.psycopg_any import is_psycopg3

    return bool(is_psycopg3)


@register(Tags.database)
def a_live_clock_is_never_moved(
    app_configs: Sequence[Any] | None, databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """A moved clock belongs to sandboxes; live data under a moved clock would have wrong due times."""
    if settings.SANDBOX or not databases:
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('audit_movedclock') IS NOT NULL AND EXISTS (SELECT FROM audit_movedclock)")
        (is_moved,) = cursor.fetchone()
    if is_moved:
        return [Error("The clock of this database was moved; it belongs to a sandbox.", id="trialogue.E002")]
    return []
