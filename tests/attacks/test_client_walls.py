"""Attacks on the rows around clients, in SQL: links, exclusions, consents, what is kept beside them."""

from typing import Any

from backend.directory.models import Practitioner
from backend.lib.actor import Actor
from backend.lib.ids import uuid7
from tests import make
from tests.attacks.sql import insert, refused, rows


def link_row(organization_id: str, purpose: str = "client", **columns: Any) -> tuple[str, list[Any]]:
    return insert(
        "links_link", id=uuid7(), version=1, purpose=purpose, organization_id=organization_id,
        contact="thief@example.org", created_at="now", **columns,
    )  # fmt: skip


def test_no_clinic_makes_a_link_to_a_client_it_does_not_see(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic
) -> None:
    sent = make.sent(north, south)
    client_id = sent["client"]["id"]
    for thief in (outsider, south):
        statement, values = link_row(thief.id, client_id=client_id)
        assert refused(thief, statement, *values)


def test_no_clinic_makes_a_link_to_a_referral_of_others(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic
) -> None:
    sent = make.sent(north, south)
    for thief in (outsider, south):
        statement, values = link_row(thief.id, "guest", referral_id=sent["id"])
        assert refused(thief, statement, *values)


def practitioner_of(clinic: make.Clinic) -> Any:
    return Practitioner.objects.get(user=clinic.practitioner.member.user).pk


def test_a_person_whom_the_client_excluded_reads_nothing_in_sql_either(north: make.Clinic, south: make.Clinic) -> None:
    colleague = make.person(south.organization, "practitioner", discipline="physical_therapy")
    assert colleague.role is not None
    client = make.client(north)["id"]
    make.consent(north, client, south, excluded_practitioner_ids=[str(colleague.role.practitioner_id)])
    sent = make.referral(north, south, client_id=client)
    make.move(south, sent["id"], "accept")
    for table, column in (("clients_client", "id"), ("referrals_package", "referral_id")):
        wanted = client if column == "id" else sent["id"]
        statement = f"SELECT 1 FROM {table} WHERE {column} = %s"
        assert rows(south, statement, wanted), table
        assert not rows(colleague.actor, statement, wanted), table


def test_stored_answers_of_another_organization_are_out_of_reach(north: make.Clinic, south: make.Clinic) -> None:
    made = north.http.send("POST", "clients", {"family_name": "Canary"}, **{"Idempotency-Key": "k1"})
    assert made.status_code == 201
    assert rows(north, "SELECT 1 FROM audit_idempotentrequest")
    assert not rows(south, "SELECT 1 FROM audit_idempotentrequest")
    assert refused(south, "UPDATE audit_idempotentrequest SET body = NULL")
    assert refused(south, "DELETE FROM audit_idempotentrequest")


def test_a_system_without_an_organization_sees_nothing(north: make.Clinic, south: make.Clinic) -> None:
    from backend.lib.actor import ActorKind

    make.sent(north, south)
    nobody = Actor(kind=ActorKind.SYSTEM, organization_id=None)
    for table in (
        "clients_client",
        "referrals_referral",
        "referrals_message",
        "visits_visit",
        "links_link",
        "audit_event",
    ):
        assert not rows(nobody, f"SELECT 1 FROM {table}"), table
