"""What queries ask of the database in its own words."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import BooleanField, CharField, F, Func, Value

from backend.lib.prepared import array


class Utc(Func):
    """A time inside JSON, as the contract writes times."""

    template = """to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
    output_field = CharField()


class IsOneOf(Func):
    """Whether a column is one of the ids of a text that ``ids_as_text`` made: one value of a statement that is planned once."""

    template = "(%(expressions)s::uuid[]))"
    arg_joiner = " = ANY("
    output_field = BooleanField()

    def __init__(self, column: str, ids: str) -> None:
        super().__init__(F(column), Value(ids))


def ids_as_text(ids: Iterable[UUID]) -> str:
    return array(sorted(ids))
