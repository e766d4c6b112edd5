"""Attacks with unusual requests: other methods, slashes and formats, headers that ask, fields nobody offered."""

import re
from typing import Any

import pytest
from django.db import models

from backend.careplans.models import CarePlan, Goal, Intervention, Phase, Problem
from backend.clients.models import Client
from backend.directory.models import (
    Application,
    Credential,
    Location,
    Member,
    Organization,
    Practitioner,
    PractitionerRole,
)
from backend.lib.unit_of_work import acting_as
from backend.notes.models import Note
from backend.referrals.models import Referral
from backend.visits.models import Visit
from tests import make
from tests.access.operations import schema
from tests.careplans.plans import Plan, alone, done

RANDOM = "0198c1a0-0000-7000-8000-00000000000f"
METHODS = ("GET", "HEAD", "OPTIONS", "TRACE", "POST", "PUT", "PATCH", "DELETE", "PROPFIND")
WAYS: tuple[dict[str, str], ...] = (
    {"Accept": "text/html"},
    {"Accept": "application/fhir+json"},
    {"Prefer": "return=representation, handling=lenient"},
    {"X-HTTP-Method-Override": "GET"},
    {"If-Match": "*"},
    {"If-Match": '"1.0"'},
    {"If-None-Match": "*"},
    {"If-Modified-Since": "Wed, 01 Jan 2020 00:00:00 GMT"},
    {"Range": "bytes=0-10"},
    {"Idempotency-Key": "again"},
)


@pytest.fixture
def sent(north: make.Clinic, south: make.Clinic) -> Any:
    return make.sent(north, south, findings="CANARYFINDING")


def told(answer: Any) -> tuple[int, bytes, dict[str, str]]:
    """All that an answer tells, without the request's own name and the clock."""
    own = answer["X-Request-Id"].encode()
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    headers = {name: value for name, value in answer.items() if name not in ("X-Request-Id", "RateLimit")}
    return answer.status_code, content.replace(own, b""), headers


@pytest.mark.parametrize(
    ("end", "way"),
    [*((end, {}) for end in ("", "/", "?format=json", "?format=api", ".json")), *(("", way) for way in WAYS)],
)
def test_no_way_of_asking_tells_a_foreign_id_from_a_random_one(
    sent: Any, outsider: make.Clinic, end: str, way: dict[str, str]
) -> None:
    names = (("referrals", sent["id"]), ("clients", sent["client"]["id"]))
    parts = ("referrals/{}", "referrals/{}/transitions", "clients/{}", "clients/{}/consents")

    for method in METHODS:
        for part in parts:
            foreign = next(pk for name, pk in names if part.startswith(name))
            asked = [outsider.http.send(method, part.format(pk) + end, {}, **way) for pk in (foreign, RANDOM)]
            answers = [
                (told(answer)[0], told(answer)[1].replace(pk.encode(), b""), told(answer)[2])
                for answer, pk in zip(asked, (foreign, RANDOM), strict=True)
            ]
            assert answers[0] == answers[1], (method, part)
            assert b"Canary" not in answers[0][1]
    assert make.Api(outsider.practitioner.token).send("GET", "referrals").json()["results"] == []


PATCHED: dict[str, type[models.Model]] = {
    "change_client": Client,
    "change_referral": Referral,
    "change_organization": Organization,
    "change_location": Location,
    "change_practitioner": Practitioner,
    "change_practitioner_role": PractitionerRole,
    "change_credential": Credential,
    "change_member": Member,
    "change_application": Application,
    "change_care_plan": CarePlan,
    "change_problem": Problem,
    "change_goal": Goal,
    "change_intervention": Intervention,
    "change_phase": Phase,
    "change_note": Note,
    "change_visit": Visit,
}
OF_CLIENTS = {"change_client", "change_referral", "change_note", "change_visit"}


def patches() -> dict[str, tuple[str, set[str]]]:
    """Each PATCH with its address and the fields it takes."""
    found = {}
    for path, item in schema()["paths"].items():
        if "patch" in item:
            body = item["patch"]["requestBody"]["content"]["application/json"]["schema"]["$ref"].split("/")[-1]
            fields = set(schema()["components"]["schemas"][body]["properties"])
            found[item["patch"]["operationId"]] = (path, fields)
    return found


def test_every_patch_is_attacked() -> None:
    assert set(patches()) == set(PATCHED)


def rows_of(plan: Plan, clinic: make.Clinic) -> dict[str, str]:
    """A plan and a row of each kind in it, by the operation that changes it."""
    return {
        "change_care_plan": plan.id,
        "change_problem": done(plan.post(clinic, "/problems", {"text": "Stiff neck"}))["id"],
        "change_goal": plan.goal(clinic)["id"],
        "change_intervention": plan.line(clinic)["id"],
        "change_phase": done(plan.post(clinic, "/phases", {"name": "Calm down"}))["id"],
    }


@pytest.mark.parametrize("name", PATCHED)
def test_a_patch_changes_no_column_that_it_does_not_offer(north: make.Clinic, south: make.Clinic, name: str) -> None:
    role = north.practitioner.role
    assert role is not None
    client = make.client(north)
    draft = make.referral(north, south, client_id=client["id"], send=False)
    ids = {
        "change_client": client["id"],
        "change_referral": draft["id"],
        "change_organization": north.id,
        "change_location": role.location_id,
        "change_practitioner": role.practitioner_id,
        "change_practitioner_role": role.pk,
        "change_credential": role.practitioner.credentials.get().pk,
        "change_member": north.coordinator.member.pk,
        "change_application": make.application(north.organization, "clients:read").pk,
        "change_note": done(north.http.send("POST", "notes", {"client_id": client["id"], "kind": "phone"}))["id"],
        "change_visit": done(north.http.send("POST", "visits", {"client_id": client["id"], **make.visit_window()}))[
            "id"
        ],
        **rows_of(alone(north, client["id"]), north),
    }
    path, offered = patches()[name]
    who = north.http if name in OF_CLIENTS or "plan_id" in path else north.admin.http
    address = path.replace("{plan_id}", ids["change_care_plan"]).replace("/api/v1/", "")
    address = re.sub(r"\{\w+\}$", str(ids[name]), address)
    before = who.send("GET", address)
    columns = {c for f in PATCHED[name]._meta.concrete_fields for c in (f.name, f.attname)} - offered

    for column in sorted(columns | {"__class__", "is_home"}):
        answer = who.send("PATCH", address, {column: south.id}, **{"If-Match": before["ETag"]})
        assert (answer.status_code, answer.json()["code"]) in ((400, "unknown_field"), (400, "read_only")), column

    after = who.send("GET", address)
    assert (after.content, after["ETag"]) == (before.content, before["ETag"])


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("clients/search", {"query": "Canaryfamily"}),
        ("clients/search", {"identifier": "N-1"}),
        ("referrals/search", {"identifier": {"system": "urn:south", "value": "S-1"}}),
    ],
)
def test_a_search_that_is_sent_again_is_answered_anew(
    north: make.Clinic, south: make.Clinic, path: str, body: Any
) -> None:
    client = make.client(north, family_name="Canaryfamily")
    consent = make.consent(north, client["id"], south)
    referral = make.referral(north, south, client_id=client["id"])
    number = {"system": "urn:south", "value": "S-1"}
    make.move(south, referral["id"], "accept", recipient_identifier=number)
    key = {"Idempotency-Key": "again"}
    first = south.http.send("POST", path, body, **key)

    north.http.send("POST", f"clients/{client['id']}/consents/{consent['id']}/withdraw", {})
    second = south.http.send("POST", path, body, **key)

    assert (first.status_code, second.status_code) == (200, 200)
    assert "Idempotency-Replayed" not in second
    if path == "clients/search":
        assert second.json()["results"] == []
    with acting_as(south.practitioner.actor):
        assert not Client.objects.visible_to(south.practitioner.actor).filter(pk=client["id"]).exists()


def test_no_more_of_a_file_is_read_than_may_be_kept(north: make.Clinic, settings: Any) -> None:
    settings.ATTACHMENT_MAX_BYTES = 100

    answers = [
        north.http.generic("POST", "/api/v1/attachments", b"a" * size, content_type="application/octet-stream")
        for size in (100, 101, 5000)
    ]

    assert [answer.status_code for answer in answers] == [201, 413, 413]
    assert answers[1].json()["code"] == "attachment_too_large"
