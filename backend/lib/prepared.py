"""Statements that PostgreSQL plans once for each connection: for the few hot paths, where planning costs most.

psycopg2 prepares nothing by itself. Needs connections that stay with one session, so no transaction pooler between.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from itertools import count
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from django.db import ProgrammingError, connection
from django.db.backends.utils import CursorWrapper
from django.db.models import QuerySet
from psycopg2.extensions import new_type, register_type

from backend.lib import clock
from backend.lib.actor import Actor

TYPES: dict[type, str] = {UUID: "uuid", datetime: "timestamptz", str: "text", int: "integer"}
PREPARABLE = ("SELECT", "INSERT", "UPDATE", "DELETE")
MOST_KEPT = 200
_not_preparable: set[str] = set()
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

    def _prepare_once(self) -> None:
        """For this connection; outlives a rollback, unlike everything else that its transaction does."""
        known = _known.setdefault(connection.connection, set())
        if self.name not in known:
            with connection.wrap_database_errors, connection.connection.cursor() as cursor:
                cursor.execute(self._prepare)
            known.add(self.name)

    def prepare_if_possible(self) -> bool:
        """False when PostgreSQL cannot tell the type of a value, or when the connection keeps enough already."""
        known = _known.setdefault(connection.connection, set())
        if self.name in known:
            return True
        if self.name in _not_preparable or len(known) >= MOST_KEPT:
            return False
        with connection.connection.cursor() as cursor:
            cursor.execute("SAVEPOINT before_prepare")
            try:
                self._prepare_once()
            except ProgrammingError:
                cursor.execute("ROLLBACK TO before_prepare")
                _not_preparable.add(self.name)
            cursor.execute("RELEASE before_prepare")
        return self.name in known


@contextmanager
def planned_once() -> Iterator[None]:
    """Inside, every statement of the ORM is prepared the first time a connection sees it.

    For hot paths that write: under row security PostgreSQL plans longer than it works. Only for code whose statements
    are few, whatever the values: each is kept, up to ``MOST_KEPT`` a connection.
    """
    with connection.execute_wrapper(_prepared):
        yield


def _prepared(execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    if many or not params or not sql.startswith(PREPARABLE) or not connection.in_atomic_block:
        return execute(sql, params, many, context)
    statement = _inferred(sql, len(params))
    if statement is None or not statement.prepare_if_possible():
        return execute(sql, params, many, context)
    return execute(statement.execute_text, params, many, context)


@lru_cache(maxsize=1_000)
def _inferred(sql: str, count: int) -> Statement | None:
    """The statement with its values left to PostgreSQL to infer; None for one that is not written with plain %s."""
    try:
        return Statement(sql % tuple(f"${n}" for n in range(1, count + 1)), *["unknown"] * count)
    except (TypeError, ValueError):
        return None


@dataclass(frozen=True)
class _Compiled:
    """A queryset's statement, whose values it takes in which order, and how a row of it is read."""

    statement: Statement
    takes: tuple[str, ...]
    names: tuple[str, ...]
    convert: Callable[[Any], Any]

    def rows(self, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        with self.statement.run(*(values[name] for name in self.takes)) as cursor:
            found = cursor.fetchall()
        return [dict(zip(self.names, row, strict=True)) for row in self.convert(found)]


class Prepared:
    """A ``values()`` query that is compiled once for each kind of caller and planned once for each connection.

    ``build(actor, **values)`` makes the queryset. It is called with stand-ins for the caller's ids, the domain's now and
    the values; where a stand-in ends up in the SQL, later calls put their own. So what it makes may depend on the
    caller's kind and rights and on which ids and values are given, never on what they are; on nothing else at all.
    A value is a UUID, a time, a text or a number.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, Any]]) -> None:
        self._build = build
        self._compiled: dict[Any, _Compiled] = {}

    def rows(self, actor: Actor, **values: Any) -> list[dict[str, Any]]:
        """The rows this caller sees, as dictionaries."""
        ids = {name: value for name in IDS if isinstance(value := getattr(actor, name), UUID)}
        given = ((name, type(value)) for name, value in values.items())
        shape = (actor.kind, actor.rights, actor.as_person, actor.second_factor, *ids, *given)
        found = self._compiled.get(shape)
        if found is None:
            found = self._compiled[shape] = self._compile(actor, ids, values)
        return found.rows({**ids, **values, "now": clock.now()})

    def _compile(self, actor: Actor, ids: Mapping[str, UUID], values: Mapping[str, Any]) -> _Compiled:
        stand_ins = {
            name: _stand_in(type(value)) for name, value in {**ids, **values, "now": datetime.now(UTC)}.items()
        }
        with clock.fixed_at(stand_ins["now"]):
            # Roles, scopes and name are values too, but have no place in a statement: what asks them gets nothing.
            nobody = actor.but(role_ids=frozenset(), scopes=frozenset(), display="")
            caller = nobody.but(**{name: stand_ins[name] for name in ids})
            queryset = self._build(caller, **{name: stand_ins[name] for name in values})
        compiler = queryset.query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        takes: list[str] = []
        places = tuple(_place(parameter, stand_ins, takes) for parameter in parameters)
        converters = compiler.get_converters([column[0] for column in compiler.select or ()])
        given = {**ids, **values, "now": stand_ins["now"]}
        return _Compiled(
            statement=Statement(sql % places, *(TYPES[type(given[name])] for name in takes)),
            takes=tuple(takes),
            names=_names(queryset),
            convert=lambda rows: compiler.apply_converters(rows, converters) if converters else rows,
        )


def _names(queryset: QuerySet[Any, Any]) -> tuple[str, ...]:
    """The columns of a ``values()`` query in the order of its SQL."""
    query = queryset.query
    return tuple(query.selected or (*query.values_select, *query.annotation_select))


IDS = tuple(field.name for field in fields(Actor) if field.name.endswith("_id"))
_numbers = count(1)


def _stand_in(kind: type) -> Any:
    """A value that nothing else in a statement equals."""
    number = next(_numbers)
    if issubclass(kind, UUID):
        return UUID(int=0x7B1D << 112 | number)
    if issubclass(kind, datetime):
        return datetime(1901, 1, 1, tzinfo=UTC) + timedelta(microseconds=number)
    return f"\x01stand-in-{number}" if issubclass(kind, str) else -2_000_000_000 + number


def _place(parameter: Any, stand_ins: Mapping[str, Any], takes: list[str]) -> str:
    """``$n`` for a stand-in, also inside a list; the value itself, quoted, for everything else."""
    if isinstance(parameter, list):
        return f"ARRAY[{', '.join(_place(one, stand_ins, takes) for one in parameter)}]"
    for name, stand_in in stand_ins.items():
        if type(parameter) is type(stand_in) and parameter == stand_in:
            if name not in takes:
                takes.append(name)
            return f"${takes.index(name) + 1}"
    with connection.cursor() as cursor:
        text: bytes = cursor.mogrify("%s", [parameter])
    return text.decode()


def array(values: Sequence[UUID | str | None]) -> str:
    """Ids or short codes as an array that PostgreSQL reads faster than a list of expressions."""
    return "{" + ",".join(_element(value) for value in values) + "}"


def _element(value: UUID | str | None) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return "NULL" if value is None else str(value)
