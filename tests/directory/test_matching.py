"""The colleague who fits, and why."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backend.catalog.entries import Catalog
from backend.catalog.queries import catalog, use_catalog
from backend.directory.matching import duration, kilometers
from backend.directory.models import Location, PractitionerRole
from backend.directory.services import record_answer
from backend.lib import clock
from tests import make


def match(who: make.Api, **need: Any) -> list[dict[str, Any]]:
    answer = who.send("POST", "practitioner-roles/match", {"discipline": "physical_therapy", **need})
    assert answer.status_code == 200, answer.json()
    return list(answer.json()["results"])


def today() -> date:
    return clock.now().date()


def codes(result: dict[str, Any]) -> set[str]:
    return {reason["code"] for reason in result["reasons"]}


def test_what_is_asked_for_ranks_and_is_said(north: make.Clinic, south: make.Clinic) -> None:
    plain = make.role(make.organization())
    PractitionerRole.objects.filter(pk=plain.pk).update(location=None)
    PractitionerRole.objects.filter(pk=south.role_id).update(
        technique_ids=["neuro"], regions=["cervical"], languages=["es"]
    )
    assert south.practitioner.role is not None
    make.credential(south.practitioner.role, name="Neuromuscular Therapy (CNMT)", hours=500)

    results = match(north.http, technique_ids=["neuro"], region="cervical", language="es-MX", near="denver")

    assert results[0]["practitioner_role_id"] == south.role_id
    assert codes(results[0]) == {
        "discipline",
        "technique",
        "certification",
        "region",
        "language",
        "distance",
        "accepting",
    }
    assert str(plain.id) in [result["practitioner_role_id"] for result in results[1:]]
    assert results[0]["score"] > results[1]["score"]
    assert all(result["reasons"] and result["credential_in_force"] for result in results)


def test_the_callers_own_roles_everywhere_are_left_out(north: make.Clinic, south: make.Clinic) -> None:
    second = PractitionerRole.objects.create(
        practitioner=_role(south).practitioner, organization=north.organization, discipline="physical_therapy"
    )

    assert match(south.http) == []
    assert {r["practitioner_role_id"] for r in match(south.coordinator.http)} == {south.role_id, str(second.id)}


def test_away_and_full_colleagues_come_last_and_say_so(north: make.Clinic, south: make.Clinic) -> None:
    at = make.organization()
    full = make.role(at, technique_ids=["neuro"], is_accepting=False)
    away = make.role(at, technique_ids=["neuro"], away_until=today() + timedelta(days=5))
    back = make.role(at, away_until=today() - timedelta(days=5))

    results = match(north.http, technique_ids=["neuro"])

    order = [result["practitioner_role_id"] for result in results]
    assert set(order[:2]) == {south.role_id, str(back.id)}
    assert set(order[2:]) == {str(full.id), str(away.id)}
    said = {result["practitioner_role_id"]: codes(result) for result in results}
    assert "not_accepting" in said[str(full.id)]
    assert "away" in said[str(away.id)]
    assert [result["available"] for result in results] == [True, True, False, False]


def test_without_a_credential_in_force_nobody_is_proposed(north: make.Clinic, south: make.Clinic) -> None:
    _role(south).practitioner.credentials.update(expires_on=today() - timedelta(days=2))

    assert match(north.http) == []


def test_measured_answers_are_shown_as_sums_only(north: make.Clinic, south: make.Clinic, east: make.Clinic) -> None:
    record_answer(_role(south).id, east.organization.id, 30)
    record_answer(_role(south).id, north.organization.id, 60)
    record_answer(_role(south).id, north.organization.id, 90)

    (seen_by_north,) = match(north.http)
    (seen_by_outsider,) = match(make.clinic("Out", "chiropractic").http)

    assert seen_by_north["answers_in"] == {"minutes": 60, "answered": 3}
    assert seen_by_outsider["answers_in"] == {"minutes": 60, "answered": 3}
    assert {"answers_in", "worked_together"} <= codes(seen_by_north)
    assert "worked_together" not in codes(seen_by_outsider)


def test_nearer_is_better(north: make.Clinic) -> None:
    far, near = make.role(make.organization()), make.role(make.organization())
    _place(far, 40.5, -105.0)
    _place(near, 39.74, -104.99)

    results = match(north.http, near={"latitude": 39.7, "longitude": -105.0})

    assert [result["practitioner_role_id"] for result in results] == [str(near.id), str(far.id)]
    (text,) = [reason["text"] for reason in results[0]["reasons"] if reason["code"] == "distance"]
    assert text == "Is 5 km away."


@pytest.mark.parametrize(
    ("need", "pointer"),
    [
        ({"discipline": "alchemy"}, "/discipline"),
        ({"discipline": "chiropractic", "technique_ids": ["x"]}, "/technique_ids/0"),
        ({"discipline": "chiropractic", "near": {"latitude": 100, "longitude": 101}}, "/near/latitude"),
        ({"discipline": "chiropractic", "near": [7]}, "/near"),
        ({"discipline": "chiropractic", "near": {"latitude": "NaN", "longitude": 1}}, "/near/latitude"),
        ({"discipline": "chiropractic", "extra": 1}, "/extra"),
        ({}, "/discipline"),
    ],
)
def test_a_bad_need_names_the_field(north: make.Clinic, need: dict[str, Any], pointer: str) -> None:
    answer = north.http.send("POST", "practitioner-roles/match", need)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"].startswith(pointer.rsplit("/0", 1)[0])


def test_matching_is_a_read(north: make.Clinic) -> None:
    reader = make.Api(make.token(member=north.practitioner.member, scopes="directory:read"))

    assert match(reader) == []


def test_matching_needs_as_many_queries_for_thirty_as_for_three(north: make.Clinic) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            match(north.http)
        return len(captured)

    for _ in range(3):
        make.role(make.organization())
    for_three = queries()
    for _ in range(27):
        make.role(make.organization())

    assert queries() == for_three


def test_a_new_discipline_is_data_only(north: make.Clinic) -> None:
    with use_catalog(_with_strength_training()):
        colleague = north.admin.http.send("POST", "practitioners", {"family_name": "Rep", "given_name": "Max"}).json()
        certificate = {"kind": "certification", "discipline": "strength_training", "name": "CSCS"}
        path = f"practitioners/{colleague['id']}/credentials"
        held = north.admin.http.send("POST", path, certificate).json()
        north.admin.http.send("POST", f"credentials/{held['id']}/verdict", {"status": "verified"})
        body = {
            "practitioner_id": colleague["id"],
            "discipline": "strength_training",
            "technique_ids": ["progressive_loading"],
        }
        role = north.admin.http.send("POST", "practitioner-roles", body).json()

        (result,) = match(north.http, discipline="strength_training", technique_ids=["progressive_loading"])

    assert result["practitioner_role_id"] == role["id"]
    assert codes(result) == {"discipline", "technique", "certification", "accepting"}
    assert result["reasons"][1]["text"] == "Offers Progressive loading."


def _with_strength_training() -> Catalog:
    shipped = catalog()
    code = "strength_training"
    discipline = replace(
        shipped.discipline("physical_therapy"), code=code, label="Strength training", credential_kind="certification"
    )
    technique = replace(
        shipped.technique("neuro"), code="progressive_loading", label="Progressive loading", disciplines=(code,)
    )
    return replace(
        shipped,
        disciplines={**shipped.disciplines, code: discipline},
        techniques={**shipped.techniques, technique.code: technique},
    )


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(0, "1 minute"), (1, "1 minute"), (59, "59 minutes"), (60, "1 hour"), (61, "2 hours"), (3000, "3 days")],
)
def test_a_duration_reads_as_people_say_it(minutes: int, words: str) -> None:
    assert duration(minutes) == words


def test_kilometers_between_two_cities() -> None:
    paris, london = (48.8566, 2.3522), (51.5074, -0.1278)

    assert kilometers(paris, london) == pytest.approx(343.6, abs=0.5)
    assert kilometers(paris, paris) == 0


def _place(role: PractitionerRole, latitude: float, longitude: float) -> None:
    Location.objects.filter(roles=role).update(latitude=latitude, longitude=longitude)


def _role(clinic: make.Clinic) -> Any:
    return clinic.practitioner.role
