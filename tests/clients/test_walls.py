"""Row security around clients, asked with raw SQL as the app role: the second wall holds where a query forgot the first."""

from typing import Any

import psycopg2
import pytest
from django.db import Error, connection, transaction

from backend.clients.models import (
    Access,
    Client,
    ClientIdentifier,
    Consent,
    Hold,
    Precaution,
    Registration,
    Representative,
)
from backend.lib.ids import uuid7
from backend.lib.unit_of_work import acting_as
from tests import make
from tests.clients.conftest import Shared

REFUSED = {"42501", "23001"}


def run(clinic: make.Clinic, sql: str, *values: Any) -> int:
    """Rows touched by one statement of the clinic's practitioner."""
    with acting_as(clinic.practitioner.actor), connection.cursor() as cursor:
        cursor.execute(sql, values)
        touched: int = cursor.rowcount
        return touched


def refused(clinic: make.Clinic, sql: str, *values: Any) -> bool:
    try:
        with transaction.atomic():
            run(clinic, sql, *values)
    except Error as error:
        return getattr(error.__cause__, "pgcode", None) in REFUSED
    return False


INSERT_ACCESS = """INSERT INTO clients_access (id, client_id, organization_id, why, extent, reason, from_at, ended_because)
VALUES (%s, %s, %s, 'home', 'shared_record', '', now(), '')"""
INSERT_REGISTRATION = """INSERT INTO clients_registration (id, client_id, organization_id, kind, created_at)
VALUES (%s, %s, %s, 'home', now())"""


def test_nobody_writes_itself_into_access_or_registration(shared: Shared, outsider: make.Clinic) -> None:
    assert refused(outsider, INSERT_ACCESS, uuid7(), shared.client_id, outsider.id)
    assert refused(outsider, INSERT_REGISTRATION, uuid7(), shared.client_id, outsider.id)
    assert refused(outsider, "SELECT register_client(%s, %s, %s)", shared.client_id, uuid7(), uuid7())
    assert refused(outsider, "SELECT link_client(%s, %s, %s)", uuid7(), shared.client_id, make.client(outsider)["id"])
    assert outsider.http.send("GET", shared.path).status_code == 404


def test_access_is_neither_prolonged_nor_raised_by_hand(shared: Shared, south: make.Clinic) -> None:
    assert refused(south, "UPDATE clients_access SET until = NULL")
    assert refused(south, "DELETE FROM clients_access")


def test_a_circle_is_not_widened_by_its_members(shared: Shared, south: make.Clinic, outsider: make.Clinic) -> None:
    widen = "UPDATE clients_consent SET organization_ids = organization_ids || %s::uuid WHERE id = %s"

    assert refused(south, widen, outsider.id, shared.consent_id)
    assert refused(south, "UPDATE clients_consent SET categories = '{sensitive}' WHERE id = %s", shared.consent_id)
    assert refused(south, "UPDATE clients_consent SET excluded_practitioner_ids = '{}', guests = '{x@y.z}'")


def test_a_withdrawn_consent_is_not_revived(shared: Shared, north: make.Clinic) -> None:
    north.http.send("POST", f"{shared.path}/consents/{shared.consent_id}/withdraw", {})

    assert refused(north, "UPDATE clients_consent SET status = 'given' WHERE id = %s", shared.consent_id)


def test_an_outsider_touches_no_consent(shared: Shared, outsider: make.Clinic) -> None:
    assert run(outsider, "UPDATE clients_consent SET status = 'withdrawn'") == 0
    assert refused(outsider, "SELECT * FROM end_access_of_consent(%s, 'x')", shared.consent_id)
    assert refused(outsider, "SELECT extend_access_of_consent(%s, NULL)", shared.consent_id)
    insert = """INSERT INTO clients_consent (id, version, client_id, organization_id, organization_ids, guests, pools, categories,
      excluded_practitioner_ids, method, given_by_name, given_by_relationship, recorded_by, status, given_at, withdrawn_reason, earlier, created_at)
      VALUES (%s, 1, %s, %s, ARRAY[%s]::uuid[], '{}', '[]', '{}', '{}', 'verbal', '', '', '', 'given', now(), '', '[]', now())"""
    assert refused(outsider, insert, uuid7(), shared.client_id, outsider.id, outsider.id)


def test_access_does_not_end_while_its_consent_is_in_force(shared: Shared, south: make.Clinic) -> None:
    assert refused(south, "SELECT * FROM end_access_of_consent(%s, 'x')", shared.consent_id)


def test_only_home_changes_the_client(shared: Shared, south: make.Clinic, outsider: make.Clinic) -> None:
    change = "UPDATE clients_client SET family_name = 'Hijacked' WHERE id = %s"

    assert refused(south, change, shared.client_id)
    assert run(outsider, change, shared.client_id) == 0


def test_what_another_clinic_wrote_is_not_changed(shared: Shared, north: make.Clinic, south: make.Clinic) -> None:
    made = north.http.send("POST", f"{shared.path}/precautions", {"code": "anticoag"}).json()

    assert refused(south, "UPDATE clients_precaution SET ended_at = now() WHERE id = %s", made["id"])
    assert refused(
        south,
        "UPDATE clients_precaution SET organization_id = %s, ended_at = now() WHERE id = %s",
        south.id,
        made["id"],
    )
    assert refused(north, "UPDATE clients_precaution SET note = 'rewritten' WHERE id = %s", made["id"])


def test_nothing_is_written_for_another_organization(shared: Shared, south: make.Clinic, outsider: make.Clinic) -> None:
    insert = "INSERT INTO clients_clientidentifier (id, client_id, organization_id, system, value) VALUES (%s, %s, %s, 's', 'v')"

    assert refused(south, insert, uuid7(), shared.client_id, outsider.id)
    assert refused(outsider, insert, uuid7(), shared.client_id, outsider.id)


def test_a_forgotten_scope_shows_no_foreign_row(
    shared: Shared, north: make.Clinic, south: make.Clinic, outsider: make.Clinic
) -> None:
    north.http.send("POST", f"{shared.path}/precautions", {"code": "anticoag"})
    north.http.send("POST", f"{shared.path}/representatives", {"name": "Luz", "relationship": "parent"})
    place = {"regions": [{"region": "cervical", "side": "left"}], "because": "red_flag"}
    north.http.send("POST", f"{shared.path}/holds", place)
    models: list[Any] = [Access, Client, ClientIdentifier, Consent, Hold, Precaution, Registration, Representative]

    def seen_by(clinic: make.Clinic) -> dict[str, int]:
        with acting_as(clinic.practitioner.actor):
            return {model.__name__: model.objects.all().count() for model in models}

    assert set(seen_by(outsider).values()) == {0}
    assert seen_by(south) == {
        "Access": 2, "Client": 1, "ClientIdentifier": 0, "Consent": 1, "Hold": 1, "Precaution": 1, "Registration": 0,
        "Representative": 1,
    }  # fmt: skip


def test_querysets_and_walls_say_the_same(
    shared: Shared, north: make.Clinic, south: make.Clinic, outsider: make.Clinic
) -> None:
    north.http.send("POST", f"{shared.path}/precautions", {"code": "anticoag", "is_sensitive": True})
    south.http.send("POST", f"{shared.path}/precautions", {"code": "anticoag"})
    models: list[Any] = [Access, Client, ClientIdentifier, Consent, Hold, Precaution, Registration, Representative]

    for clinic in (north, south, outsider):
        with acting_as(clinic.practitioner.actor):
            for model in models:
                scoped = set(model.objects.visible_to(clinic.practitioner.actor).values_list("pk", flat=True))
                assert scoped == set(model.objects.values_list("pk", flat=True)), model


def test_a_client_by_link_never_acts_with_the_rights_of_the_clinic_that_sent_it(
    shared: Shared, north: make.Clinic
) -> None:
    other = make.client(north)
    actor = north.practitioner.actor
    by_link = actor.but(kind="client", client_id=shared.client_id, member_id=None, practitioner_id=None)

    with acting_as(by_link):
        assert [str(pk) for pk in Client.objects.values_list("pk", flat=True)] == [shared.client_id]
        assert not Client.objects.visible_to(by_link).filter(pk=other["id"]).exists()


@pytest.mark.django_db(transaction=True)
def test_a_backfill_by_the_owner_reaches_every_row(
    shared: Shared, north: make.Clinic, owner_connection: "psycopg2.extensions.connection"
) -> None:
    make.client(north)
    with owner_connection.cursor() as cursor:
        cursor.execute("UPDATE clients_client SET language = 'en'")
        assert cursor.rowcount == 2
        cursor.execute("UPDATE clients_access SET reason = reason")
        assert cursor.rowcount == 4
