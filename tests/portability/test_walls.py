"""An export is its requester's, in the database as well."""

from typing import Any

import pytest
from django.db import Error, connection, transaction

from backend.directory.actors import actor_with_token
from backend.lib.actor import system_of
from backend.lib.unit_of_work import acting_as
from backend.portability.models import Export, Piece
from tests import make
from tests.portability.exporting import made

pytestmark = pytest.mark.django_db


@pytest.fixture
def export(north: make.Clinic) -> Any:
    return made(north, make.client(north)["id"])


def rows(actor: Any, sql: str, *values: Any) -> int:
    with acting_as(actor), connection.cursor() as cursor:
        cursor.execute(sql, values)
        touched: int = cursor.rowcount
        return touched


READ = ("SELECT id FROM portability_export", "SELECT id FROM portability_piece")


@pytest.mark.parametrize("sql", READ)
def test_the_database_shows_it_to_whoever_asked_and_to_nobody_else(
    export: Any, north: make.Clinic, south: make.Clinic, outsider: make.Clinic, sql: str
) -> None:
    assert rows(north.practitioner.actor, sql) > 0
    for other in (north.coordinator, north.admin, north.auditor, south.practitioner, outsider.practitioner):
        assert rows(other.actor, sql) == 0


def test_the_owner_the_colleague_and_the_outsider_by_the_door(
    export: Any, north: make.Clinic, south: make.Clinic
) -> None:
    for model in (Export, Piece):
        for actor, sees in (
            (north.practitioner.actor, True),
            (north.coordinator.actor, False),
            (south.practitioner.actor, False),
        ):
            with acting_as(actor):
                assert model.objects.visible_to(actor).exists() is sees


def test_the_clinics_jobs_see_all_of_its_exports_and_none_of_anothers(
    export: Any, north: make.Clinic, south: make.Clinic
) -> None:
    assert rows(system_of(north.organization.id), READ[0]) == 1
    assert rows(system_of(south.organization.id), READ[0]) == 0


def test_a_clinics_system_sees_what_it_asked_for_itself_and_nothing_else(export: Any, north: make.Clinic) -> None:
    tokens = [make.token(of=make.application(north.organization)) for _ in range(2)]
    ours, another = (actor_with_token(token) for token in tokens)
    before = [rows(ours, sql) for sql in READ]

    made(make.Api(tokens[0]), make.client(north)["id"])

    assert before == [0, 0]
    assert rows(ours, READ[0]) == 1
    assert rows(ours, READ[1]) > 0
    assert [rows(another, sql) for sql in READ] == [0, 0]


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE portability_piece SET content = 'x'",
        "DELETE FROM portability_export",
        "UPDATE portability_export SET organization_id = '{south}'",
        "INSERT INTO portability_piece (id, export_id, kind, section, row_ids, content) VALUES"
        " (gen_random_uuid(), '{foreign}', 'json', '', '{{}}', 'x')",
    ],
)
def test_bytes_are_never_changed_and_an_export_never_given_away(
    export: Any, north: make.Clinic, south: make.Clinic, sql: str
) -> None:
    theirs = made(south, make.client(south)["id"])

    with pytest.raises(Error) as refused, transaction.atomic():
        rows(north.practitioner.actor, sql.format(south=south.id, foreign=theirs["id"]))

    assert getattr(refused.value.__cause__, "pgcode", None) == "42501"
