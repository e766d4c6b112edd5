"""Statements that are compiled once a process and planned once a connection."""

from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from backend.directory.models import Organization
from backend.lib.actor import Actor, system_of
from backend.lib.prepared import Prepared, Statement, array, planned_once
from tests import make

pytestmark = pytest.mark.django_db


def named(actor: Actor, *, name: str) -> "QuerySet[Organization, dict[str, Any]]":
    return Organization.objects.filter(pk=actor.clinic_id, name=name).values("id", "name")


def test_a_prepared_query_is_built_once_and_takes_each_callers_values() -> None:
    built: list[str] = []

    def build(actor: Actor, *, name: str) -> "QuerySet[Organization, dict[str, Any]]":
        built.append(name)
        return named(actor, name=name)

    query = Prepared(build)
    one, two = make.organization("One"), make.organization("Two")

    found = [query.rows(system_of(each.id), name=each.name) for each in (one, two)]

    assert found == [[{"id": one.id, "name": "One"}], [{"id": two.id, "name": "Two"}]]
    assert len(built) == 1


def test_a_value_is_never_read_as_sql() -> None:
    clinic = make.organization("%s $1 '; --")

    assert Prepared(named).rows(system_of(clinic.id), name="%s $1 '; --") == [{"id": clinic.id, "name": clinic.name}]


def test_another_kind_of_caller_gets_a_query_of_its_own() -> None:
    built: list[str] = []

    def build(actor: Actor) -> "QuerySet[Organization, dict[str, Any]]":
        built.append(actor.kind)
        return named(actor, name="")

    query = Prepared(build)
    clinic = make.organization()

    query.rows(system_of(clinic.id))
    query.rows(system_of(clinic.id).but(practitioner_id=clinic.id))
    query.rows(system_of(clinic.id).but(rights=frozenset({"auditor"})))

    assert len(built) == 3


def test_roles_scopes_and_names_of_the_first_caller_never_stay_in_the_query() -> None:
    seen: list[Actor] = []

    def build(actor: Actor) -> "QuerySet[Organization, dict[str, Any]]":
        seen.append(actor)
        return named(actor, name="")

    clinic = make.organization()
    Prepared(build).rows(system_of(clinic.id, display="Kim").but(role_ids={clinic.id}, scopes={"clients:read"}))

    assert (seen[0].role_ids, seen[0].scopes, seen[0].display) == (frozenset(), frozenset(), "")
    assert seen[0].organization_id != clinic.id


def test_ids_come_back_as_ids() -> None:
    clinic = make.organization()

    with Statement("SELECT $1", "uuid").run(clinic.id) as cursor:
        assert cursor.fetchone() == (clinic.id,)
    with Statement("SELECT $1", "uuid").run(None) as cursor:
        assert cursor.fetchone() == (None,)


def test_an_array_keeps_quotes_nulls_and_order() -> None:
    first = UUID(int=1)

    with Statement("SELECT $1, $2", "text[]", "uuid[]").run(
        array(['a"b', "c,{d}", None, "é\\"]), array([first, None])
    ) as cursor:
        texts, ids = cursor.fetchone()

    assert texts == ['a"b', "c,{d}", None, "é\\"]
    assert ids == [first, None]


def test_statements_of_the_orm_are_prepared_where_that_is_asked() -> None:
    make.organization("One")

    with planned_once(), CaptureQueriesContext(connection) as seen:
        found = [Organization.objects.filter(name="One").exists() for _ in range(2)]

    assert found == [True, True]
    assert [query["sql"].split()[0] for query in seen] == ["EXECUTE", "EXECUTE"]


def test_what_cannot_be_prepared_runs_as_ever() -> None:
    with planned_once(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_typeof(%s)::text, %s || %s", ["a", "b", "c"])
        assert cursor.fetchone()[1] == "bc"
        cursor.execute("SELECT jsonb_typeof(to_jsonb(%s))", [5])
        assert cursor.fetchone() == ("number",)
