"""Statements that are compiled once a process and planned once a connection."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.test.utils import CaptureQueriesContext

from backend.audit.models import Event
from backend.directory.models import Holiday, Organization, Practitioner
from backend.lib import clock
from backend.lib.actor import ANONYMOUS, Actor, system_of
from backend.lib.prepared import Prepared, PreparedModels, Statement, array, insert, save, sent_together, write
from backend.lib.unit_of_work import acting_as
from tests import make

pytestmark = pytest.mark.django_db
DAY = date(2027, 1, 1)


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


def test_rows_of_a_model_come_with_what_was_selected_and_annotated() -> None:
    clinic = make.organization("One")
    person = Practitioner.objects.create(organization=clinic, family_name="Moss", given_name="Lee")
    query: PreparedModels[Practitioner] = PreparedModels(
        lambda actor, pk: (
            Practitioner.objects.select_related("organization").annotate(name=Lower("family_name")).filter(pk=pk)
        )
    )

    with CaptureQueriesContext(connection) as seen:
        (found,) = query.found(ANONYMOUS, pk=person.pk)
        shown = (found.pk, found.organization, found.organization.name, found.name)  # type: ignore[attr-defined,union-attr]  # annotated

    assert shown == (person.pk, clinic, "One", "moss")
    assert len(seen) == 1


def test_writes_go_together_and_before_whatever_is_read() -> None:
    one, two = Holiday(id=1, organization=make.organization(), on_date=DAY), make.organization()
    two.name = "Two"

    with CaptureQueriesContext(connection) as seen, sent_together():
        insert(one)
        save(two)
        write(Statement("SELECT pg_notify('nobody', $1)", "text"), "")
        assert Holiday.objects.filter(on_date=DAY).exists()
        one.name = "New year"
        save(one)

    assert len(seen) == 3
    assert Holiday.objects.values_list("name", flat=True).get() == "New year"
    assert Organization.objects.get(pk=two.pk).name == "Two"


def test_what_waits_is_dropped_when_something_is_refused() -> None:
    clinic = make.organization()

    def write_and_fail() -> None:
        with sent_together():
            insert(Holiday(id=1, organization=clinic, on_date=DAY))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    assert not Holiday.objects.exists()


def test_a_written_row_keeps_every_kind_of_value() -> None:
    event = Event(
        change_id=UUID(int=1), organization_id=make.organization().id, type="it's 100 %; $1", subject_type="x",
        subject_id=UUID(int=2), related={"a": ["b'", None]}, actor_kind="member", request_id="", occurred_at=clock.now(), recorded_at=clock.now(),
    )  # fmt: skip

    with acting_as(system_of(event.organization_id)):
        insert(event)
        kept = Event.objects.get(pk=event.pk)

    assert (kept.type, kept.related, kept.occurred_at) == (event.type, event.related, event.occurred_at)
    assert (kept.client_id, kept.always) == (None, False)
