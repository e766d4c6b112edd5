"""Queries of the ORM that are compiled once for each kind of caller and planned once for each connection."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Model, QuerySet
from django.db.models.query import get_related_populators
from django.db.models.sql.compiler import SQLCompiler

from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.prepared.statements import Statement

TYPES: dict[type, str] = {UUID: "uuid", datetime: "timestamptz", str: "text", int: "integer"}
R = TypeVar("R")
M = TypeVar("M", bound=Model)
Reader = Callable[[Sequence[Any]], R]


@dataclass(frozen=True)
class _Compiled(Generic[R]):
    """A queryset's statement, whose values it takes in which order, and how a row of it is read."""

    statement: Statement
    takes: tuple[str, ...]
    convert: Callable[[Any], Any]
    read: Reader[R]

    def run(self, values: Mapping[str, Any]) -> list[R]:
        with self.statement.run(*(values[name] for name in self.takes)) as cursor:
            found = cursor.fetchall()
        return [self.read(row) for row in self.convert(found)]


class _Query(Generic[R]):
    """``build(actor, **values)`` makes the queryset, once for each kind of caller.

    It is called with stand-ins for the caller's ids, the domain's now and the values; where a stand-in ends up in the
    SQL, later calls put their own. So what it makes may depend on the caller's kind and rights and on which ids and
    values are given, never on what they are; on nothing else at all. A value is a UUID, a time, a text or a number.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, Any]]) -> None:
        self._build = build
        self._compiled: dict[Any, _Compiled[R]] = {}

    def _run(self, actor: Actor, values: Mapping[str, Any]) -> list[R]:
        ids = {name: value for name in IDS if isinstance(value := getattr(actor, name), UUID)}
        given = ((name, type(value)) for name, value in values.items())
        shape = (actor.kind, actor.rights, actor.as_person, actor.second_factor, *ids, *given)
        found = self._compiled.get(shape)
        if found is None:
            found = self._compiled[shape] = self._compile(actor, ids, values)
        return found.run({**ids, **values, "now": clock.now()})

    def _compile(self, actor: Actor, ids: Mapping[str, UUID], values: Mapping[str, Any]) -> _Compiled[R]:
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
            convert=lambda rows: compiler.apply_converters(rows, converters) if converters else rows,
            read=self._reader(queryset, compiler),
        )

    def _reader(self, queryset: QuerySet[Any, Any], compiler: SQLCompiler) -> Reader[R]:
        raise NotImplementedError


class Prepared(_Query[dict[str, Any]]):
    """A ``values()`` query."""

    def rows(self, actor: Actor, **values: Any) -> list[dict[str, Any]]:
        """The rows this caller sees, as dictionaries."""
        return self._run(actor, values)

    def _reader(self, queryset: QuerySet[Any, Any], compiler: SQLCompiler) -> Reader[dict[str, Any]]:
        query = queryset.query
        names = tuple(query.selected or (*query.values_select, *query.annotation_select))
        return lambda row: dict(zip(names, row, strict=True))


class PreparedModels(_Query[M]):
    """A query for rows of a model, with what ``select_related`` and ``annotate`` bring along."""

    def found(self, actor: Actor, **values: Any) -> list[M]:
        """The rows this caller sees, as instances of the model."""
        return self._run(actor, values)

    def _reader(self, queryset: QuerySet[Any, Any], compiler: SQLCompiler) -> Reader[M]:
        select, info = compiler.select, compiler.klass_info
        assert select is not None
        assert info is not None
        first, last = info["select_fields"][0], info["select_fields"][-1] + 1
        names = [column[0].target.attname for column in select[first:last]]
        populators = get_related_populators(info, select, DEFAULT_DB_ALIAS)  # type: ignore[call-arg]  # the stubs are of Django 6
        annotated = dict(compiler.annotation_col_map or {})

        def read(row: Sequence[Any]) -> M:
            instance: M = info["model"].from_db(DEFAULT_DB_ALIAS, names, row[first:last])
            for populator in populators:
                populator.populate(row, instance)
            for name, place in annotated.items():
                setattr(instance, name, row[place])
            return instance

        return read


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
