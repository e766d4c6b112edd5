"""Rows written with statements that are compiled once for each model, and sent together in one round trip."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Field, Model

from backend.lib.prepared.statements import Statement

_waiting: ContextVar[list[str] | None] = ContextVar("waiting", default=None)


@contextmanager
def sent_together() -> Iterator[None]:
    """Inside, writes wait, and go to the database in their order and in one round trip.

    They go before any other statement runs, so that everything inside reads what it wrote, and at the end. What the
    database refuses is raised then. An exception drops them: the transaction is rolled back anyway.
    """
    if _waiting.get() is not None:
        yield
        return
    waiting: list[str] = []
    token = _waiting.set(waiting)
    try:
        with connection.execute_wrapper(_after_what_waits):
            yield
            _send(waiting)
    finally:
        _waiting.reset(token)


def insert(*rows: Model) -> None:
    """Writes new rows, which may be of different models, in the order given. Nothing the database makes is read back."""
    with sent_together():
        for row in rows:
            statements = _statements_of(type(row))
            write(statements.insert, *statements.values(row))
            row._state.adding, row._state.db = False, connection.alias


def save(row: Model) -> None:
    """Writes a row as it is now, new or not."""
    if row._state.adding:
        insert(row)
        return
    statements = _statements_of(type(row))
    write(statements.update, *statements.values(row))


def write(statement: Statement, *values: Any) -> None:
    """Runs a statement whose result nobody reads; ``sent_together`` may hold it back."""
    waiting = _waiting.get()
    if waiting is None:
        with statement.run(*values):
            return
    waiting.append(statement.ready_text(*values))


def _after_what_waits(execute: Callable[..., Any], sql: str, *more: Any) -> Any:
    waiting = _waiting.get()
    if waiting:
        _send(waiting)
    return execute(sql, *more)


def _send(waiting: list[str]) -> None:
    if not waiting:
        return
    texts = "; ".join(waiting)
    waiting.clear()
    with connection.cursor() as cursor:
        cursor.execute(texts)


@dataclass(frozen=True)
class _Statements:
    fields: Sequence["Field[Any, Any]"]
    insert: Statement
    update: Statement

    def values(self, row: Model) -> list[Any]:
        return [
            field.get_db_prep_save(field.pre_save(row, row._state.adding), connection=connection)
            for field in self.fields
        ]


@cache
def _statements_of(model: type[Model]) -> _Statements:
    """Every column but those that PostgreSQL makes."""
    options = model._meta
    fields = [field for field in options.concrete_fields if not field.generated]
    quote = connection.ops.quote_name
    columns = [quote(str(field.column)) for field in fields]
    types = [str(field.db_type(connection)) for field in fields]
    places = [f"${number}" for number, _ in enumerate(fields, start=1)]
    key = fields.index(options.pk)
    set_to = [f"{column} = {place}" for n, (column, place) in enumerate(zip(columns, places, strict=True)) if n != key]
    table = quote(options.db_table)
    return _Statements(
        fields=fields,
        insert=Statement(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(places)})", *types),  # noqa: S608 - names of our own models
        update=Statement(f"UPDATE {table} SET {', '.join(set_to)} WHERE {columns[key]} = {places[key]}", *types),  # noqa: S608 - names of our own models
    )
