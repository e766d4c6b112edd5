"""Registering, reading, changing and finding clients over the API."""

import json
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backend.audit.models import Event
from backend.lib.unit_of_work import acting_as
from tests import make
from tests.clients.conftest import Shared

pytestmark = pytest.mark.django_db


def body_of(answer: Any) -> dict[str, Any]:
    data: dict[str, Any] = answer.json()
    data.pop("request_id", None)
    return data


def test_a_client_is_registered_whole(north: make.Clinic) -> None:
    facts = {"family_name": "Moreno", "given_name": "Ana", "birth_date": "1984-06-12", "local_identifier": "C-1"}

    answer = north.coordinator.http.send(
        "POST", "clients", {**facts, "identifiers": [{"system": "chart", "value": "9"}]}
    )

    assert answer.status_code == 201
    made = answer.json()
    assert (made["display"], made["relation"], made["local_identifier"]) == ("Ana Moreno", "home", "C-1")
    assert made["identifiers"] == [{"system": "chart", "value": "9"}]
    assert made["email"] is None
    assert answer["ETag"].startswith('"1.')
    with acting_as(north.practitioner.actor):
        assert [e.type for e in Event.objects.filter(subject_id=made["id"])] == ["client.registered"]


@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_what_is_not_visible_is_answered_as_a_random_id(shared: Shared, outsider: make.Clinic, method: str) -> None:
    foreign = outsider.http.send(method, shared.path, {} if method == "PATCH" else None)
    random = outsider.http.send(method, f"clients/{uuid4()}", {} if method == "PATCH" else None)

    assert foreign.status_code == random.status_code == 404
    assert body_of(foreign) == body_of(random)


@pytest.mark.parametrize(
    "rest",
    ["/consents", "/precautions", "/holds", "/representatives", "/access", "/registration"],
)
def test_nothing_under_a_foreign_client_answers(shared: Shared, outsider: make.Clinic, rest: str) -> None:
    assert outsider.http.send("GET", shared.path + rest).status_code == 404
    if rest != "/access":
        assert outsider.http.send("POST", shared.path + rest, {"nonsense": 1}).status_code == 404


def test_an_identifier_is_unique_in_one_clinic_and_unknown_in_others(north: make.Clinic, south: make.Clinic) -> None:
    first = make.client(north, local_identifier="C-1")

    again = north.http.send("POST", "clients", {"family_name": "Other", "local_identifier": "C-1"})
    elsewhere = make.client(south, local_identifier="C-1")

    assert (again.status_code, again.json()["code"]) == (409, "identifier_taken")
    assert again.json()["existing"] == {"id": first["id"]}
    assert elsewhere["local_identifier"] == "C-1"
    assert len(north.http.send("GET", "clients").json()["results"]) == 1


def test_identifiers_are_invisible_to_those_who_share_the_client(
    shared: Shared, north: make.Clinic, south: make.Clinic
) -> None:
    for clinic, value in ((north, "N-1"), (south, "S-1")):
        tag = clinic.http.send("GET", shared.path)["ETag"]
        changed = clinic.http.send("PATCH", shared.path, {"local_identifier": value}, **{"If-Match": tag})
        assert changed.status_code == 200, changed.content

    assert north.http.send("GET", shared.path).json()["local_identifier"] == "N-1"
    assert south.http.send("GET", shared.path).json()["local_identifier"] == "S-1"
    assert south.http.send("POST", "clients/search", {"identifier": "N-1"}).json()["results"] == []


def test_a_merge_patch_changes_clears_and_leaves_alone(north: make.Clinic) -> None:
    made = make.client(north, email="a@example.org", phone="303 555 0100")
    tag = north.http.send("GET", f"clients/{made['id']}")["ETag"]

    answer = north.http.send("PATCH", f"clients/{made['id']}", {"phone": None, "city": "Denver"}, **{"If-Match": tag})

    assert answer.status_code == 200
    assert (answer.json()["phone"], answer.json()["city"], answer.json()["email"]) == (None, "Denver", "a@example.org")
    assert answer.json()["version"] == 2
    assert north.http.send("PATCH", f"clients/{made['id']}", {"city": "X"}, **{"If-Match": tag}).status_code == 412
    assert north.http.send("PATCH", f"clients/{made['id']}", {"city": "X"}).status_code == 428


def test_a_clinic_that_shares_the_record_does_not_change_it(shared: Shared, south: make.Clinic) -> None:
    tag = south.http.send("GET", shared.path)["ETag"]

    answer = south.http.send("PATCH", shared.path, {"family_name": "Hijacked"}, **{"If-Match": tag})

    assert (answer.status_code, answer.json()["code"]) == (403, "not_home")


@pytest.mark.parametrize(
    ("who", "status"), [("practitioner", 200), ("coordinator", 200), ("auditor", 200), ("admin", 403)]
)
def test_contact_data_are_read_by_role(north: make.Clinic, who: str, status: int) -> None:
    made = make.client(north)

    assert getattr(north, who).http.send("GET", f"clients/{made['id']}").status_code == status
    assert getattr(north, who).http.send("GET", "clients").status_code == status


@pytest.mark.parametrize("who", ["auditor", "admin"])
def test_auditor_and_admin_change_nothing(north: make.Clinic, who: str) -> None:
    made = make.client(north)
    http = getattr(north, who).http

    assert http.send("POST", "clients", {"family_name": "X"}).status_code == 403
    assert http.send("POST", f"clients/{made['id']}/consents", {}).status_code == 403
    assert http.send("POST", f"clients/{made['id']}/death", {}).status_code == 403


def test_a_system_needs_the_scope(north: make.Clinic) -> None:
    reader = make.Api(make.token(of=make.application(north.organization), scopes="clients:read"))
    made = make.client(north)

    assert reader.send("GET", f"clients/{made['id']}").status_code == 200
    assert reader.send("POST", "clients", {"family_name": "X"}).status_code == 403
    assert north.system.send("POST", "clients", {"family_name": "X"}).status_code == 201


def test_looks_from_outside_home_are_logged_and_looks_at_home_are_not(
    shared: Shared, north: make.Clinic, south: make.Clinic
) -> None:
    before = len(north.http.send("GET", f"{shared.path}/access").json()["did"]["results"])

    north.http.send("GET", shared.path)
    south.http.send("GET", shared.path)
    south.http.send("GET", "clients")

    did = north.http.send("GET", f"{shared.path}/access").json()["did"]["results"]
    assert len(did) - before == 2
    assert did[0]["organization"]["id"] == south.id
    assert (did[0]["action"], did[0]["why"]) == ("read", "referral")


def test_an_auditor_is_logged_at_home_too(north: make.Clinic) -> None:
    made = make.client(north)

    north.auditor.http.send("GET", f"clients/{made['id']}")

    did = north.http.send("GET", f"clients/{made['id']}/access").json()["did"]["results"]
    assert [row["who"] for row in did] == ["North Massage Auditor"]


def test_who_may_see_is_whole_for_home_and_ones_own_for_others(
    shared: Shared, north: make.Clinic, south: make.Clinic
) -> None:
    for_home = north.http.send("GET", f"{shared.path}/access").json()["may"]
    for_south = south.http.send("GET", f"{shared.path}/access").json()["may"]

    assert {(row["organization"]["id"], row["why"], row["extent"]) for row in for_home} == {
        (north.id, "home", "shared_record"),
        (south.id, "referral", "shared_record"),
    }
    assert [row["organization"]["id"] for row in for_south] == [south.id]


def test_search_finds_own_and_shared_clients_and_never_counts_foreign_ones(
    shared: Shared, north: make.Clinic, south: make.Clinic, outsider: make.Clinic
) -> None:
    for number in range(3):
        make.client(outsider, family_name=f"Anagram{number}", given_name="Zoe")
    make.client(south, family_name="Anagram", given_name="Zoe")

    def found(clinic: make.Clinic, **asked: Any) -> list[str]:
        return [row["family_name"] for row in clinic.http.send("POST", "clients/search", asked).json()["results"]]

    assert found(south, query="zoe ana") == ["Anagram"]
    assert len(found(south, birth_date="1980-02-03")) == 2
    assert len(found(outsider, birth_date="1980-02-03")) == 3
    assert found(north, query="ANA@example.org") == found(north, birth_date="1980-02-03")


def test_a_search_goes_on_with_get_and_keeps_names_out_of_the_address(north: make.Clinic, south: make.Clinic) -> None:
    for number in range(3):
        make.client(north, family_name=f"Sanchez{number}")

    first = north.http.send("POST", "clients/search?limit=2", {"query": "sanchez"}).json()
    second = north.http.send("GET", first["next"].removeprefix("http://testserver")).json()

    assert [row["family_name"] for row in first["results"] + second["results"]] == ["Sanchez0", "Sanchez1", "Sanchez2"]
    assert "anchez" not in first["next"]
    assert south.http.send("GET", first["next"].removeprefix("http://testserver")).json()["code"] == "bad_cursor"


@pytest.mark.parametrize("asked", [{}, {"query": "ana", "birth_date": "1980-02-03"}, {"query": "a"}, {"name": "ana"}])
def test_a_search_asks_exactly_one_thing(north: make.Clinic, asked: dict[str, str]) -> None:
    assert north.http.send("POST", "clients/search", asked).status_code == 400


def test_possible_duplicates_are_shown_inside_the_clinic_only(north: make.Clinic, outsider: make.Clinic) -> None:
    facts = {"family_name": "Moreno-Díaz", "given_name": "Ana", "birth_date": "1984-06-12", "phone": "+1 303-555-0142"}
    make.client(outsider, **facts)
    first = make.client(north, **facts)
    swapped = make.client(north, family_name="Ana", given_name="Moreno Diaz", birth_date="1984-06-12")
    same_phone = make.client(north, family_name="Else", given_name="Who", phone="13035550142")
    nobody = make.client(north, family_name="Smith", given_name="Jo", birth_date="1984-06-12")

    assert first["possible_duplicates"] == []
    assert [row["id"] for row in swapped["possible_duplicates"]] == [first["id"]]
    assert [row["id"] for row in same_phone["possible_duplicates"]] == [first["id"]]
    assert nobody["possible_duplicates"] == []


def test_a_batch_registers_changes_and_refuses_row_by_row(north: make.Clinic) -> None:
    known = make.client(north, local_identifier="C-1")
    rows = [
        {"local_identifier": "C-1", "city": "Denver"},
        {"local_identifier": "C-2", "family_name": "New"},
        {"local_identifier": "C-3"},
        {"local_identifier": "C-4", "family_name": "Bad", "birth_date": "2999-01-01"},
        {"family_name": "Nameless"},
        "nonsense",
    ]

    answer = north.system.send("POST", "clients/batch", {"clients": rows})

    assert [row["status"] for row in answer.json()["results"]] == [200, 201, 400, 400, 400, 400]
    assert north.http.send("GET", f"clients/{known['id']}").json()["city"] == "Denver"
    assert len(north.http.send("GET", "clients").json()["results"]) == 2


def test_a_repeated_registration_has_one_effect(north: make.Clinic) -> None:
    send = {"family_name": "Once"}

    first = north.http.send("POST", "clients", send, **{"Idempotency-Key": "k1"})
    again = north.http.send("POST", "clients", send, **{"Idempotency-Key": "k1"})

    assert first.json() == again.json()
    assert len(north.http.send("GET", "clients").json()["results"]) == 1


def test_a_death_is_told_to_everybody_with_access_and_can_be_taken_back(
    shared: Shared, north: make.Clinic, south: make.Clinic
) -> None:
    answer = north.http.send("POST", f"{shared.path}/death", {"deceased_on": "2026-01-02"})

    assert (answer.status_code, answer.json()["status"]) == (200, "deceased")
    for clinic in (north, south):
        with acting_as(clinic.practitioner.actor):
            assert Event.objects.filter(type="client.deceased", subject_id=shared.client_id).count() == 1
    again = north.http.send("POST", f"{shared.path}/death", {})
    assert (again.status_code, again.json()["code"]) == (409, "client_deceased")
    consent = {"categories": ["plan"], "method": "verbal"}
    assert north.http.send("POST", f"{shared.path}/consents", consent).json()["code"] == "client_deceased"
    back = north.http.send("POST", f"{shared.path}/death/entered-in-error", {})
    assert (back.json()["status"], back.json()["deceased_on"]) == ("active", None)


def test_moving_is_recorded_by_home_only(shared: Shared, north: make.Clinic, south: make.Clinic) -> None:
    assert south.http.send("POST", f"{shared.path}/moved", {}).status_code == 403
    assert north.http.send("POST", f"{shared.path}/moved", {}).json()["status"] == "moved"


def test_representatives_come_and_go(north: make.Clinic) -> None:
    made = make.client(north)
    added = north.http.send("POST", f"clients/{made['id']}/representatives", {"name": "Luz", "relationship": "parent"})

    ended = north.http.send("POST", f"clients/{made['id']}/representatives/{added.json()['id']}/end", {})

    assert (added.status_code, ended.status_code) == (201, 200)
    assert ended.json()["ended_at"] is not None


def test_reading_costs_the_same_however_many_rows_there_are(north: make.Clinic) -> None:
    def statements() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert north.http.send("GET", "clients").status_code == 200
        return len(captured)

    make.client(north, local_identifier="C-0")
    one = statements()
    for number in range(1, 6):
        make.client(north, local_identifier=f"C-{number}")

    assert statements() == one


@pytest.mark.parametrize(
    "hostile", [b"[]", b"null", b'{"family_name": "a\\u0000b"}', json.dumps({"family_name": "x" * 101}).encode()]
)
def test_hostile_input_is_a_clear_400(north: make.Clinic, hostile: bytes) -> None:
    assert north.http.send("POST", "clients", hostile).status_code == 400
