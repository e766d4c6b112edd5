"""Attacks on the rows around clients, in SQL: links, exclusions, consents, what is kept beside them."""

import json
from datetime import timedelta
from typing import Any

import pytest

from backend.lib import clock
from backend.lib.actor import Actor, ActorKind
from backend.lib.ids import uuid7
from backend.lib.unit_of_work import acting_as
from backend.links.actors import holder_of
from backend.links.services import request_code
from tests import make
from tests.attacks.sql import insert, refused, rows
from tests.links.links import guest_link


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


def test_the_holder_of_a_link_gives_it_no_longer_life_and_no_more_tries(north: make.Clinic) -> None:
    link = guest_link(north, expires_at=clock.now() + timedelta(days=1))
    with acting_as(holder_of(link)):
        request_code(link)
    for change in ("expires_at = NULL", "expires_at = expires_at + interval '1 day'"):
        assert refused(holder_of(link), f"UPDATE links_link SET {change}")
    rows(holder_of(link), "UPDATE links_code SET tries = 5")
    for change in ("tries = 0", "created_at = now() + interval '1 hour'", "code_hash = ''"):
        assert refused(holder_of(link), f"UPDATE links_code SET {change}")


def test_two_circles_of_a_client_never_see_through_each_other(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    client = make.client(north)["id"]
    for clinic in (south, east):
        make.consent(north, client, clinic)
        make.move(clinic, make.referral(north, clinic, client_id=client)["id"], "accept")
    written = east.http.send("POST", f"clients/{client}/precautions", {"code": "anticoag", "note": "Canary."})
    assert written.status_code == 201
    assert rows(north, "SELECT 1 FROM clients_precaution WHERE client_id = %s", client)
    assert not rows(south, "SELECT 1 FROM clients_precaution WHERE client_id = %s", client)
    for path in ("precautions", "consents", "access"):
        body = south.http.send("GET", f"clients/{client}/{path}").content.decode()
        assert "Canary." not in body
        assert east.id not in body, path


def consent_row(by: make.Clinic, client_id: Any, *others: make.Clinic, **columns: Any) -> tuple[str, list[Any]]:
    """A yes as somebody would forge it."""
    facts: dict[str, Any] = {
        "id": uuid7(), "version": 1, "client_id": client_id, "organization_id": by.id,
        "organization_ids": [by.id, *(other.id for other in others)], "guests": [], "pools": "[]", "categories": ["plan"],
        "excluded_practitioner_ids": [], "method": "verbal", "given_by_name": "", "given_by_relationship": "self",
        "recorded_by": "", "status": "given", "given_at": "now", "withdrawn_reason": "", "earlier": "[]", "created_at": "now",
    }  # fmt: skip
    statement, values = insert("clients_consent", **{**facts, **columns})
    casts = {"organization_ids": "uuid[]", "guests": "varchar[]", "categories": "varchar[]"}
    casts["excluded_practitioner_ids"] = "uuid[]"
    names = list({**facts, **columns})
    places = ", ".join(f"%s::{casts[name]}" if name in casts else "%s" for name in names)
    return statement.split(" VALUES ")[0] + f" VALUES ({places})", values


@pytest.mark.parametrize(
    "wider",
    [
        {"organization_ids": "everybody"},
        {"categories": ["plan", "sensitive"]},
        {"guests": ["thief@example.org"]},
        {"pools": '[{"discipline": "chiropractic"}]'},
        {"pools": '[{"discipline": "physical_therapy"}]'},
        {"excluded_practitioner_ids": []},
        {"organization_id": "north"},
    ],
)
def test_a_recipient_forges_no_wider_yes(
    north: make.Clinic, south: make.Clinic, east: make.Clinic, wider: dict[str, Any]
) -> None:
    client = make.client(north)["id"]
    left_out = str(make.role(south.organization).practitioner_id)
    pools = [{"discipline": "physical_therapy", "near": "Denver"}]
    make.consent(north, client, south, categories=["plan"], pools=pools, excluded_practitioner_ids=[left_out])
    make.move(south, make.referral(north, south, client_id=client)["id"], "accept")
    same = {"pools": json.dumps(pools), "excluded_practitioner_ids": [left_out]}
    named = {"everybody": [south.id, north.id, east.id], "north": north.id}
    changed = {name: named.get(value, value) if isinstance(value, str) else value for name, value in wider.items()}

    forged, values = consent_row(south, client, north, **{**same, **changed})

    assert refused(south, forged, *values)
    assert rows(north, "SELECT count(*) FROM clients_consent WHERE client_id = %s", client) == [(1,)]
    narrow, values = consent_row(south, client, north, **same)
    assert rows(south, narrow, *values) == [None]


@pytest.mark.parametrize(
    "change",
    [
        "organization_ids = organization_ids || '{east}'::uuid",
        "guests = '{{thief@example.org}}'",
        """pools = '[{{"discipline": "chiropractic", "near": ""}}]'""",
        "categories = categories || '{{sensitive}}'::varchar[]",
        "excluded_practitioner_ids = '{{}}'",
        "organization_id = '{east}'",
        "client_id = '{other}'",
    ],
)
def test_nobody_widens_a_yes_that_was_given(
    north: make.Clinic, south: make.Clinic, east: make.Clinic, change: str
) -> None:
    client = make.client(north)["id"]
    left_out = str(make.role(south.organization).practitioner_id)
    given = make.consent(north, client, south, excluded_practitioner_ids=[left_out])["id"]
    make.move(south, make.referral(north, south, client_id=client)["id"], "accept")
    filled = change.format(east=east.id, other=make.client(north)["id"])
    kept = "SELECT to_jsonb(k)::text FROM clients_consent k WHERE id = %s"
    before = rows(north, kept, given)

    for clinic in (north, south):
        assert refused(clinic, f"UPDATE clients_consent SET {filled} WHERE id = %s", given)

    assert rows(north, kept, given) == before


def test_a_page_of_one_caller_goes_on_for_nobody_else(north: make.Clinic, south: make.Clinic) -> None:
    for _ in range(2):
        make.client(north)
    following = north.http.send("GET", "clients?limit=1").json()["next"]
    path = following[following.index("/api/v1/") :]
    assert north.http.send("GET", path).status_code == 200
    for other in (south.http, north.coordinator.http, north.system):
        assert other.send("GET", path).json()["code"] == "bad_cursor"


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


def test_a_colleague_at_home_whom_the_client_excluded_reads_nothing_of_the_circle(
    north: make.Clinic, south: make.Clinic
) -> None:
    colleague = make.person(north.organization, "practitioner", discipline="massage_therapy")
    assert colleague.role is not None
    client = make.client(north)["id"]
    make.consent(north, client, south, excluded_practitioner_ids=[str(colleague.role.practitioner_id)])
    make.move(south, make.referral(north, south, client_id=client)["id"], "accept")
    for clinic in (north, south):
        clinic.http.send("POST", f"clients/{client}/precautions", {"code": "anticoag", "note": f"By {clinic.id}."})
        hold = {"regions": [{"region": "cervical", "side": "left"}], "because": "other"}
        clinic.http.send("POST", f"clients/{client}/holds", hold)

    for table, part in (("clients_precaution", "precautions"), ("clients_hold", "holds")):
        statement = f"SELECT organization_id::text FROM {table} WHERE client_id = %s"
        assert {row[0] for row in rows(north, statement, client)} == {north.id, south.id}
        assert rows(colleague.actor, statement, client) == [(north.id,)]
        read = colleague.http.send("GET", f"clients/{client}/{part}").json()["results"]
        assert [row["organization"]["id"] for row in read] == [north.id]


def test_a_colleague_at_home_whom_the_client_excluded_reads_nothing_that_a_referral_brought_back(
    north: make.Clinic, south: make.Clinic
) -> None:
    colleague = make.person(north.organization, "practitioner", discipline="massage_therapy")
    assert colleague.role is not None
    client = make.client(north)["id"]
    make.consent(north, client, south, excluded_practitioner_ids=[str(colleague.role.practitioner_id)])
    sent = make.referral(north, south, client_id=client)["id"]
    make.move(south, sent, "accept")
    for clinic in (north, south):
        clinic.http.send("POST", f"referrals/{sent}/messages", {"text": f"By {clinic.id}."})
    kept = south.http.generic("POST", "/api/v1/attachments", data=b"%PDF-1.4", content_type="application/pdf")
    file = kept.json()["id"]
    make.move(south, sent, "start")
    make.move(south, sent, "report", report={**make.REPORT, "attachment_ids": [file]})

    for table, written in (("message", {north.id, south.id}), ("report", {south.id}), ("referralfile", {south.id})):
        statement = f"SELECT organization_id::text FROM referrals_{table} WHERE referral_id = %s"
        assert {row[0] for row in rows(north, statement, sent)} == written, table
        assert {row[0] for row in rows(colleague.actor, statement, sent)} == written - {south.id}, table
    bytes_of = "SELECT id::text FROM attachments_attachment WHERE id = %s"
    assert (rows(north, bytes_of, file), rows(colleague.actor, bytes_of, file)) == ([(file,)], [])
    messages = colleague.http.send("GET", f"referrals/{sent}/messages").json()["results"]
    assert [message["text"] for message in messages] == [f"By {north.id}."]
    assert colleague.http.send("GET", f"referrals/{sent}/reports").json()["results"] == []
    assert colleague.http.send("GET", f"attachments/{file}/content").status_code == 404


@pytest.mark.parametrize("categories", ["{sensitive}", "{plan,notes,outcomes,sensitive}"])
def test_a_recipient_writes_itself_no_wider_yes_in_sql_either(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic, categories: str
) -> None:
    sent = make.sent(north, south)
    client = sent["client"]["id"]
    precaution = {"code": "anticoag", "note": "Canary.", "is_sensitive": True}
    north.http.send("POST", f"clients/{client}/precautions", precaution)
    make.move(south, sent["id"], "accept")

    for name in (south, north):
        assert refused(south, *yes(name, client, [south, north], categories))
        assert refused(south, *yes(name, client, [south, north, outsider], categories))
    assert refused(outsider, *yes(outsider, client, [outsider, north], categories))

    assert not rows(south, "SELECT 1 FROM clients_precaution WHERE client_id = %s", client)


def yes(recorded_by: make.Clinic, client: str, circle: list[make.Clinic], categories: str) -> tuple[Any, ...]:
    """A consent as somebody would forge it."""
    statement, values = insert(
        "clients_consent",
        **{
            "id": uuid7(), "version": 1, "status": "given", "client_id": client, "organization_id": recorded_by.id,
            "organization_ids": f"{{{','.join(clinic.id for clinic in circle)}}}", "categories": categories, "guests": "{}",
            "pools": "[]", "excluded_practitioner_ids": "{}", "method": "verbal", "given_by_name": "", "recorded_by": "",
            "given_by_relationship": "self", "withdrawn_reason": "", "earlier": "[]", "given_at": "now", "created_at": "now",
        },
    )  # fmt: skip
    return statement, *values


def test_stored_answers_of_another_organization_are_out_of_reach(north: make.Clinic, south: make.Clinic) -> None:
    made = north.http.send("POST", "clients", {"family_name": "Canary"}, **{"Idempotency-Key": "k1"})
    assert made.status_code == 201
    assert rows(north, "SELECT 1 FROM audit_idempotentrequest")
    assert not rows(south, "SELECT 1 FROM audit_idempotentrequest")
    assert refused(south, "UPDATE audit_idempotentrequest SET body = NULL")
    assert refused(south, "DELETE FROM audit_idempotentrequest")


def test_a_system_without_an_organization_sees_nothing(north: make.Clinic, south: make.Clinic) -> None:
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
