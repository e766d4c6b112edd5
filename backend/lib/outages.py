"""Errors that say that the database could not do its work at all."""

from django.db import DatabaseError, InterfaceError, OperationalError


def is_outage(error: BaseException) -> bool:
    """The database is away, went away in the middle of an answer, or lets others go first for too long.

    psycopg2 raises its bare DatabaseError when the server dies while it answers; what the server refuses has a class.
    """
    return isinstance(error, OperationalError | InterfaceError) or type(error) is DatabaseError
