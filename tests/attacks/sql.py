"""Statements as the app role, in the name of one caller: what a query that forgot its scope could do."""

from typing import Any

from django.db import Error, connection, transaction

from backend.lib.actor import Actor
from backend.lib.unit_of_work import acting_as
from tests import make

REFUSED = {"42501", "23001"}


def rows(who: make.Clinic | Actor, statement: str, *values: Any) -> list[Any]:
    """What one statement answers or returns."""
    actor = who if isinstance(who, Actor) else who.practitioner.actor
    with acting_as(actor), connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall()) if cursor.description else [None] * cursor.rowcount


def refused(who: make.Clinic | Actor, statement: str, *values: Any) -> bool:
    """Whether a statement is refused for lack of a right, or touches no row."""
    try:
        with transaction.atomic():
            return not rows(who, statement, *values)
    except Error as error:
        if getattr(error.__cause__, "pgcode", None) in REFUSED:
            return True
        raise


def insert(table: str, **columns: Any) -> tuple[str, list[Any]]:
    """An INSERT and its values."""
    places = ", ".join(["%s"] * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", list(columns.values())
