"""One SQL text, planned once for each connection."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from hashlib import sha256
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from django.db import connection
from django.db.backends.utils import CursorWrapper
from psycopg2.extensions import new_type, register_type

_known: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()


@lru_cache(maxsize=10_000)
def _id(text: str) -> UUID:
    return UUID(text)


# The same clinics and roles stand in every row of a list.
IDS_READ_ONCE = new_type((2950,), "UUID", lambda text, cursor: None if text is None else _id(text))


class Statement:
    """One SQL text with ``$1``, ``$2`` … and the PostgreSQL types of its values."""

    def __init__(self, sql: str, *types: str) -> None:
        declared = f" ({', '.join(types)})" if types else ""
        self.name = f"prepared_{sha256((declared + sql).encode()).hexdigest()[:16]}"
        self._prepare = f"PREPARE {self.name}{declared} AS {sql}"
        self.execute_text = f"EXECUTE {self.name}" + (f" ({', '.join(['%s'] * len(types))})" if types else "")

    @contextmanager
    def run(self, *values: Any) -> Iterator[CursorWrapper]:
        """Runs it in the transaction that is open; the cursor has what it returned."""
        with connection.cursor() as cursor:
            self._prepare_once()
            register_type(IDS_READ_ONCE, cursor.cursor)
            cursor.execute(self.execute_text, values)
            yield cursor

    def ready_text(self, *values: Any) -> str:
        """The text that runs it with these values, to be sent along with others; prepared by now."""
        with connection.cursor() as cursor:
            self._prepare_once()
            text: bytes = cursor.mogrify(self.execute_text, values)
        return text.decode()

    def _prepare_once(self) -> None:
        """For this connection; outlives a rollback, unlike everything else that its transaction does."""
        known = _known.setdefault(connection.connection, set())
        if self.name not in known:
            with connection.wrap_database_errors, connection.connection.cursor() as cursor:
                cursor.execute(self._prepare)
            known.add(self.name)


def array(values: Sequence[UUID | str | None]) -> str:
    """Ids or short codes as an array that PostgreSQL reads faster than a list of expressions."""
    return "{" + ",".join(_element(value) for value in values) + "}"


def _element(value: UUID | str | None) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return "NULL" if value is None else str(value)
