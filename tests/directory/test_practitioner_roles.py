"""Who works where: joining, what is offered, leaving."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backend.audit.models import Event
from backend.directory.models import Member, PractitionerRole
from backend.lib.unit_of_work import acting_as
from tests import make


def change(who: make.Api, role_id: str, body: dict[str, Any]) -> Any:
    tag = who.send("GET", f"practitioner-roles/{role_id}")["ETag"]
    return who.send("PATCH", f"practitioner-roles/{role_id}", body, **{"If-Match": tag})


def events_of(clinic: make.Clinic) -> list[str]:
    with acting_as(clinic.admin.actor):
        return list(Event.objects.order_by("id").values_list("type", flat=True))


def test_a_practitioner_says_what_they_offer(south: make.Clinic) -> None:
    body = {
        "technique_ids": ["neuro"],
        "languages": ["en", "es-MX"],
        "regions": ["cervical"],
        "accepting": False,
        "away_until": "2030-01-31",
        "capacity_per_week": 4,
    }

    answer = change(south.http, south.role_id, body)

    assert answer.status_code == 200
    assert {name: answer.json()[name] for name in body} == body
    assert events_of(south) == ["practitioner_role.changed"]


def test_nobody_else_changes_a_role(south: make.Clinic, outsider: make.Clinic) -> None:
    for who in (south.coordinator.http, south.auditor.http, outsider.admin.http, outsider.system):
        assert change(who, south.role_id, {"accepting": False}).status_code == 403
    assert PractitionerRole.objects.get(pk=south.role_id).is_accepting
    for who in (south.admin.http, south.system):
        assert change(who, south.role_id, {"away_until": None}).status_code == 200


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"technique_ids": ["wizardry"]}, "/technique_ids"),
        ({"regions": ["soul"]}, "/regions"),
        ({"languages": ["not a language"]}, "/languages"),
        ({"capacity_per_week": -1}, "/capacity_per_week"),
        ({"away_until": "tomorrow"}, "/away_until"),
        ({"discipline": "chiropractic"}, "/discipline"),
        ({"location_id": "01980000-0000-7000-8000-000000000001"}, "/location_id"),
        ({"accepting": None}, "/accepting"),
    ],
)
def test_bad_offers_name_the_field(south: make.Clinic, body: dict[str, Any], pointer: str) -> None:
    answer = change(south.http, south.role_id, body)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"].startswith(pointer)
    assert PractitionerRole.objects.get(pk=south.role_id).version == 1


def test_a_colleague_of_another_clinic_joins_by_their_own_hand_only(north: make.Clinic, south: make.Clinic) -> None:
    role = south.practitioner.role
    assert role is not None
    body = {"practitioner_id": str(role.practitioner_id), "discipline": "physical_therapy"}
    refused = north.admin.http.send("POST", "practitioner-roles", body)
    joined = Member.objects.create(
        user=south.practitioner.member.user, organization=north.organization, rights=["practitioner"]
    )

    answer = make.Api(make.token(member=joined)).send("POST", "practitioner-roles", body)

    assert (refused.status_code, refused.json()["code"]) == (403, "joins_themselves")
    assert (answer.status_code, answer.json()["organization"]["id"]) == (201, north.id)
    assert events_of(north) == ["practitioner_role.started"]


def test_a_role_is_started_once(south: make.Clinic) -> None:
    role = south.practitioner.role
    assert role is not None
    body = {"practitioner_id": str(role.practitioner_id), "discipline": "physical_therapy"}

    assert south.admin.http.send("POST", "practitioner-roles", body).json()["code"] == "role_exists"


def test_whoever_leaves_is_gone_from_lists_and_stays_under_their_address(south: make.Clinic) -> None:
    answer = south.admin.http.send("POST", f"practitioner-roles/{south.role_id}/end", {"reason": "Moved."})

    assert (answer.status_code, answer.json()["accepting"]) == (200, False)
    assert answer.json()["ended_at"] == answer.json()["updated_at"]
    assert answer.json()["credential_in_force"] is False
    assert events_of(south) == ["practitioner_role.ended"]
    assert south.http.send("GET", "practitioner-roles").json()["results"] == []
    assert len(south.http.send("GET", "practitioner-roles?state=ended").json()["results"]) == 1
    assert south.http.send("GET", f"practitioner-roles/{south.role_id}").status_code == 200
    again = south.admin.http.send("POST", f"practitioner-roles/{south.role_id}/end", {})
    assert (again.status_code, again.json()["code"]) == (409, "role_ended")


def test_a_practitioner_leaves_by_themselves(south: make.Clinic) -> None:
    assert south.http.send("POST", f"practitioner-roles/{south.role_id}/end", {}).status_code == 200


def test_only_the_practitioner_agrees_to_transmission_and_can_take_it_back(south: make.Clinic) -> None:
    path = f"practitioner-roles/{south.role_id}/transmission-agreement"

    refused = [who.send("POST", path, {}) for who in (south.system, south.admin.http, south.coordinator.http)]
    agreed = south.http.send("POST", path, {})
    revoked = south.http.send("POST", path, {"agreed": False})

    assert [(r.status_code, r.json()["code"]) for r in refused] == [(403, "only_yourself")] * 3
    assert agreed.json()["transmission_agreed_at"] is not None
    assert revoked.json()["transmission_agreed_at"] is None


def test_another_clinic_does_not_read_the_agreement(north: make.Clinic, south: make.Clinic) -> None:
    body = north.http.send("GET", f"practitioner-roles/{south.role_id}").json()

    assert "transmission_agreed_at" not in body
    assert body["withheld"] == ["transmission_agreed_at"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("discipline=massage_therapy", ["North Practitioner"]),
        ("language=es", ["South Practitioner"]),
        ("technique=neuro", ["South Practitioner"]),
        ("accepting=false", ["North Practitioner"]),
        ("q=south", ["South Practitioner"]),
        ("q=100%25", []),
        ("updated_since=2100-01-01T00:00:00Z", []),
    ],
)
def test_filters(north: make.Clinic, south: make.Clinic, query: str, names: list[str]) -> None:
    PractitionerRole.objects.filter(pk=north.role_id).update(is_accepting=False)
    PractitionerRole.objects.filter(pk=south.role_id).update(languages=["es"], technique_ids=["neuro"])

    rows = north.http.send("GET", f"practitioner-roles?{query}").json()["results"]

    assert [row["practitioner"]["display"] for row in rows] == names


def test_a_filter_that_does_not_exist_is_an_error(north: make.Clinic) -> None:
    answer = north.http.send("GET", "practitioner-roles?color=red")

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/color")


def test_pages_show_every_role_once(north: make.Clinic) -> None:
    made = {str(make.role(north.organization).id) for _ in range(5)} | {north.role_id}
    path, seen = "practitioner-roles?limit=2", []
    while path:
        body = north.http.send("GET", path).json()
        seen += [row["id"] for row in body["results"]]
        path = (body["next"] or "").removeprefix("http://testserver")

    assert len(seen) == 6
    assert set(seen) == made


@pytest.mark.parametrize("address", ["practitioner-roles", "practitioners", "organizations", "locations"])
def test_a_list_needs_as_many_queries_for_thirty_rows_as_for_three(north: make.Clinic, address: str) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert north.http.send("GET", address).status_code == 200
        return len(captured)

    for _ in range(2):
        make.role(make.organization())
    for_three = queries()
    for _ in range(27):
        make.role(make.organization())

    assert queries() == for_three


def test_lists_need_the_scope(north: make.Clinic) -> None:
    narrow = make.Api(make.token(member=north.admin.member, scopes="referrals:read"))

    for address in ("organizations", "practitioners", "practitioner-roles", "locations", "members"):
        answer = narrow.send("GET", address)
        assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")


def test_an_unknown_role_is_not_found(north: make.Clinic) -> None:
    for pk in ("01980000-0000-7000-8000-000000000001", "nonsense"):
        answer = north.http.send("GET", f"practitioner-roles/{pk}")
        assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
