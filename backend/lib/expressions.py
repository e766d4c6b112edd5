"""What queries ask of the database in its own words."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import CharField, Func, Value

from backend.lib.prepared import array


class Utc(Func):
    """A time inside JSON, as the contract writes times."""

    template = """to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
    output_field = CharField()


class IdsIn(Func):
    """The ids of a text that ``ids_as_text`` made, for ``__in``: one value of a statement that is planned once."""

    template = "SELECT unnest(%(expressions)s::uuid[])"

    def __init__(self, text: str) -> None:
        super().__init__(Value(text))


def ids_as_text(ids: Iterable[UUID]) -> str:
    return array(sorted(ids))
