"""Clinics, their settings and their places."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from backend.audit.models import Event
from backend.directory import services
from backend.directory.models import Holiday, Location, Member, OpeningTime, Organization
from backend.lib.unit_of_work import acting_as
from tests import make

SEED = Path(__file__).resolve().parents[3] / "shared" / "data" / "provider-directory"
WEDNESDAY = [{"weekday": 2, "opens": "08:00", "closes": "12:00"}, {"weekday": 2, "opens": "13:00", "closes": "18:00"}]


def event_types(clinic: make.Clinic) -> list[str]:
    with acting_as(clinic.admin.actor):
        return list(Event.objects.order_by("id").values_list("type", flat=True))


def change(clinic: make.Clinic, who: make.Api, body: Any) -> Any:
    tag = who.send("GET", f"organizations/{clinic.id}")["ETag"]
    return who.send("PATCH", f"organizations/{clinic.id}", body, **{"If-Match": tag})


def test_every_clinic_is_listed_and_settings_are_shown_at_home_only(north: make.Clinic, south: make.Clinic) -> None:
    rows = {row["name"]: row for row in north.http.send("GET", "organizations").json()["results"]}

    assert rows["North Massage"]["neuromuscular_hours"] == 450
    assert rows["North Massage"]["withheld"] == []
    assert "neuromuscular_hours" not in rows["South Physio"]
    assert rows["South Physio"]["withheld"] == [
        "break_glass_enabled",
        "coordinators_may_accept",
        "neuromuscular_hours",
        "due_times",
    ]


def test_an_admin_changes_settings_with_one_event(north: make.Clinic) -> None:
    answer = change(
        north,
        north.admin.http,
        {
            "neuromuscular_hours": 600,
            "opening_times": WEDNESDAY,
            "holidays": [{"on": "2026-12-25", "name": "Christmas"}],
        },
    )

    assert answer.status_code == 200
    body = answer.json()
    assert (body["version"], body["neuromuscular_hours"], body["opening_times"]) == (2, 600, WEDNESDAY)
    assert body["holidays"] == [{"on": "2026-12-25", "name": "Christmas"}]
    assert event_types(north) == ["organization.changed"]


def test_a_change_to_the_same_changes_nothing(north: make.Clinic) -> None:
    answer = change(north, north.admin.http, {"neuromuscular_hours": 450, "version": 1, "id": north.id})

    assert (answer.status_code, answer.json()["version"]) == (200, 1)
    assert event_types(north) == []


@pytest.mark.parametrize("who", ["practitioner", "coordinator", "auditor"])
def test_only_admins_change_settings(north: make.Clinic, who: str) -> None:
    answer = change(north, getattr(north, who).http, {"neuromuscular_hours": 1})

    assert (answer.status_code, answer.json()["code"]) == (403, "admin_only")
    assert Organization.objects.get(pk=north.id).neuromuscular_hours == 450


def test_neither_a_system_nor_another_clinics_admin_changes_settings(north: make.Clinic, south: make.Clinic) -> None:
    assert change(north, north.system, {"neuromuscular_hours": 1}).status_code == 403
    assert change(north, south.admin.http, {"neuromuscular_hours": 1}).status_code == 403


def test_a_stale_or_missing_version_is_refused(north: make.Clinic) -> None:
    path = f"organizations/{north.id}"

    assert north.admin.http.send("PATCH", path, {"name": "N"}).status_code == 428
    assert north.admin.http.send("PATCH", path, {"name": "N"}, **{"If-Match": '"7.abc"'}).status_code == 412
    assert Organization.objects.get(pk=north.id).name == "North Massage"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"time_zone": "Mars/Olympus"}, "/time_zone"),
        ({"opening_times": []}, "/opening_times"),
        ({"opening_times": [{"weekday": 7, "opens": "08:00", "closes": "09:00"}]}, "/opening_times/0/weekday"),
        ({"opening_times": [{"weekday": 1, "opens": "09:00", "closes": "09:00"}]}, "/opening_times/0/closes"),
        (
            {
                "opening_times": [
                    {"weekday": 1, "opens": "08:00", "closes": "12:00"},
                    {"weekday": 1, "opens": "11:00", "closes": "13:00"},
                ]
            },
            "/opening_times",
        ),
        ({"holidays": [{"on": "2026-12-25"}, {"on": "2026-12-25"}]}, "/holidays"),
        ({"holidays": [{"on": "someday"}]}, "/holidays/0/on"),
        ({"due_times": {"sent": {"routine": "soon"}}}, "/due_times"),
        ({"due_times": {"sent": {"never": 1}}}, "/due_times"),
        ({"due_times": {"sent": {"routine": True}}}, "/due_times"),
        ({"due_times": {"sent": {"routine": -1}}}, "/due_times"),
        ({"due_times": [1]}, "/due_times"),
        ({"name": "a\u0000b"}, "/name"),
        ({"name": None}, "/name"),
        ({"surprise": 1}, "/surprise"),
        ({"created_at": "2020-01-01T00:00:00Z"}, "/created_at"),
    ],
)
def test_bad_settings_name_the_field(north: make.Clinic, body: dict[str, Any], pointer: str) -> None:
    answer = change(north, north.admin.http, body)

    assert answer.status_code == 400
    if answer.json()["code"] not in ("nul_character",):
        assert answer.json()["errors"][0]["pointer"] == pointer
    assert Organization.objects.get(pk=north.id).version == 1


@pytest.fixture
def at_most_three_days() -> Iterator[None]:
    def check(due_times: dict[str, dict[str, float]]) -> list[str]:
        return ["At most 3 business days."] if due_times.get("sent", {}).get("routine", 0) > 3 else []

    services.due_time_checks.append(check)
    yield
    services.due_time_checks.remove(check)


@pytest.mark.usefixtures("at_most_three_days")
def test_due_times_are_never_looser_than_a_registered_check_allows(north: make.Clinic) -> None:
    refused = change(north, north.admin.http, {"due_times": {"sent": {"routine": 4}}})
    allowed = change(north, north.admin.http, {"due_times": {"sent": {"routine": 2}}})

    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, "too_loose")
    assert allowed.json()["due_times"] == {"sent": {"routine": 2}}


def test_an_account_without_a_clinic_opens_its_own(db: None) -> None:
    account = make.user("Sam Solo")
    http = make.signed_in(account)

    answer = http.send("POST", "organizations", {"name": "Solo", "time_zone": "Europe/Zurich"})

    assert answer.status_code == 201
    assert len(answer.json()["opening_times"]) == 5
    assert Member.objects.get(user=account).rights == ["practitioner", "coordinator", "admin"]
    assert http.send("GET", "me").json()["organization"]["display"] == "Solo"


def test_opening_a_clinic_with_a_session_needs_the_csrf_token(db: None) -> None:
    http = Client(enforce_csrf_checks=True)
    http.force_login(make.user(), backend="allauth.account.auth_backends.AuthenticationBackend")

    body = {"name": "Solo", "time_zone": "UTC"}
    answer = http.post("/api/v1/organizations", body, content_type="application/json")

    assert answer.status_code == 403
    assert not Organization.objects.filter(name="Solo").exists()


def test_neither_a_system_nor_nobody_opens_a_clinic(north: make.Clinic) -> None:
    body = {"name": "Robot", "time_zone": "UTC"}

    assert north.system.send("POST", "organizations", body).status_code == 403
    assert make.Api().send("POST", "organizations", body).status_code == 401
    assert not Organization.objects.filter(name="Robot").exists()


def test_a_place_is_added_and_changed_by_admin_or_system(north: make.Clinic, south: make.Clinic) -> None:
    made = north.system.send("POST", "locations", {"name": "Annex", "city": "Boulder"})
    path = f"locations/{made.json()['id']}"
    changed = north.admin.http.send("PATCH", path, {"postal_code": "80301"}, **{"If-Match": made["ETag"]})

    assert (made.status_code, changed.status_code) == (201, 200)
    assert (changed.json()["postal_code"], changed.json()["version"]) == ("80301", 2)
    assert event_types(north) == ["location.added", "location.changed"]
    assert south.admin.http.send("PATCH", path, {"city": "X"}, **{"If-Match": changed["ETag"]}).status_code == 403
    assert north.http.send("POST", "locations", {"name": "Mine"}).status_code == 403


def test_places_are_found_by_city_and_clinic(north: make.Clinic, south: make.Clinic) -> None:
    Location.objects.create(organization=south.organization, name="Lake", city="Geneva")

    by_city = north.http.send("GET", "locations?near=geneva").json()["results"]
    by_clinic = north.http.send("GET", f"locations?organization_id={north.id}").json()["results"]

    assert [row["name"] for row in by_city] == ["Lake"]
    assert [row["organization"]["id"] for row in by_clinic] == [north.id]


def test_coordinates_off_the_globe_are_refused_by_name(north: make.Clinic) -> None:
    answer = north.admin.http.send("POST", "locations", {"name": "Nowhere", "latitude": 100, "longitude": 201})

    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/latitude", "/longitude"]


@pytest.mark.skipif(not SEED.is_dir(), reason="the provider directory of the shared data is not on this machine")
def test_a_provider_directory_of_strangers_goes_through_the_api(north: make.Clinic) -> None:
    """The sample has real columns, and a latitude of 100."""
    person = make.signed_in(north.admin.member.user)
    for row in _rows("organizations.csv"):
        body = {"name": row["name"], "email": row["email"], "time_zone": "Europe/London"}
        assert person.send("POST", "organizations", body).status_code == 201

    for row in _rows("locations.csv"):
        place = {"name": row["name"], "latitude": float(row["latitude"]), "longitude": float(row["longitude"])}
        refused = north.admin.http.send("POST", "locations", place)
        assert refused.status_code == 400
        assert [error["pointer"] for error in refused.json()["errors"]] == ["/latitude"]
        assert north.admin.http.send("POST", "locations", {"name": row["name"]}).status_code == 201

    for row in _rows("schedules.csv"):
        stretch = {"weekday": row["byday"], "opens": row["opens_at"], "closes": row["closes_at"]}
        refused = change(north, north.admin.http, {"opening_times": [stretch]})
        assert refused.json()["errors"][0]["pointer"] == "/opening_times/0/weekday"
        days = [{"weekday": ("MO", "TU", "WE", "TH", "FR").index(day)} for day in row["byday"].split(",")]
        stretches = [{**stretch, **day} for day in days]
        assert change(north, north.admin.http, {"opening_times": stretches}).status_code == 200


def _rows(name: str) -> list[dict[str, str]]:
    with (SEED / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_opening_times_and_holidays_are_replaced_whole(north: make.Clinic) -> None:
    change(north, north.admin.http, {"opening_times": WEDNESDAY, "holidays": [{"on": "2026-01-01"}]})

    change(north, north.admin.http, {"holidays": []})

    assert OpeningTime.objects.filter(organization_id=north.id).count() == 2
    assert Holiday.objects.filter(organization_id=north.id).count() == 0
