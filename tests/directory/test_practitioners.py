"""Practitioners and their credentials."""

from datetime import timedelta
from typing import Any

import pytest

from backend.directory.eligibility import certified_for, credential_problem, eligible_roles, today_at
from backend.directory.models import Credential, Practitioner
from backend.lib import clock
from tests import make

TODAY = clock.now().date()
LICENSE = {"kind": "license", "discipline": "massage_therapy", "name": "LMT", "number": "MT-1", "jurisdiction": "CO"}


def add_colleague(north: make.Clinic) -> str:
    answer = north.admin.http.send("POST", "practitioners", {"family_name": "Ortiz", "given_name": "Ana"})
    assert answer.status_code == 201
    return str(answer.json()["id"])


def test_a_credential_counts_once_an_admin_has_verified_it(north: make.Clinic) -> None:
    colleague = add_colleague(north)
    made = north.system.send("POST", f"practitioners/{colleague}/credentials", LICENSE).json()
    role = {"practitioner_id": colleague, "discipline": "massage_therapy"}
    role_id = north.admin.http.send("POST", "practitioner-roles", role).json()["id"]
    before = north.http.send("GET", f"practitioner-roles/{role_id}").json()["credential_in_force"]

    verdict = north.admin.http.send("POST", f"credentials/{made['id']}/verdict", {"status": "verified"})

    assert (made["status"], before) == ("pending", False)
    assert (verdict.status_code, verdict.json()["status"]) == (200, "verified")
    assert verdict.json()["verified_on"] == today_at(north.organization).isoformat()
    assert north.http.send("GET", f"practitioner-roles/{role_id}").json()["credential_in_force"] is True


def test_nobody_but_an_admin_of_that_clinic_verifies(north: make.Clinic, outsider: make.Clinic) -> None:
    colleague = add_colleague(north)
    made = north.admin.http.send("POST", f"practitioners/{colleague}/credentials", LICENSE).json()
    path = f"credentials/{made['id']}"

    for who in (north.system, north.http, north.coordinator.http, outsider.admin.http, outsider.system):
        assert who.send("POST", f"{path}/verdict", {"status": "verified"}).status_code == 403
    assert Credential.objects.get(practitioner_id=colleague).status == "pending"


def test_another_clinic_touches_neither_name_nor_license(north: make.Clinic, outsider: make.Clinic) -> None:
    role = north.practitioner.role
    assert role is not None
    path = f"practitioners/{role.practitioner_id}"
    tag = outsider.admin.http.send("GET", path)["ETag"]

    assert outsider.admin.http.send("PATCH", path, {"family_name": "X"}, **{"If-Match": tag}).status_code == 403
    assert outsider.admin.http.send("POST", f"{path}/credentials", LICENSE).status_code == 403
    assert north.http.send("PATCH", path, {"family_name": "Newman"}, **{"If-Match": tag}).status_code == 200


def test_a_verified_license_that_changes_waits_for_the_admin_again(north: make.Clinic) -> None:
    license = Credential.objects.get(practitioner=_role(north).practitioner)
    path = f"credentials/{license.id}"
    tag = north.http.send("GET", path)["ETag"]

    answer = north.http.send("PATCH", path, {"number": "L-2"}, **{"If-Match": tag})

    assert (answer.status_code, answer.json()["status"], answer.json()["verified_on"]) == (200, "pending", None)


def test_an_expired_license_is_not_verified(north: make.Clinic) -> None:
    colleague = add_colleague(north)
    expired = {**LICENSE, "expires_on": (TODAY - timedelta(days=3)).isoformat()}
    made = north.admin.http.send("POST", f"practitioners/{colleague}/credentials", expired).json()

    answer = north.admin.http.send("POST", f"credentials/{made['id']}/verdict", {"status": "verified"})

    assert (answer.status_code, answer.json()["code"]) == (409, "credential_expired")


def test_a_member_enters_themselves_as_practitioner(north: make.Clinic) -> None:
    solo = make.person(north.organization, "practitioner", "admin", name="Sam Solo")
    body = {"family_name": "Solo", "given_name": "Sam", "member_id": str(solo.member.id)}

    made = solo.http.send("POST", "practitioners", body)
    role = {"practitioner_id": made.json()["id"], "discipline": "massage_therapy"}
    started = solo.http.send("POST", "practitioner-roles", role)

    assert (made.status_code, started.status_code) == (201, 201)
    assert solo.http.send("GET", "me").json()["practitioner_role_ids"] == [started.json()["id"]]
    assert solo.http.send("POST", "practitioners", body).json()["code"] == "already_a_practitioner"


def test_nobody_claims_the_account_of_another_clinics_member(north: make.Clinic, outsider: make.Clinic) -> None:
    body = {"family_name": "F", "given_name": "G", "member_id": str(north.coordinator.member.id)}

    answer = outsider.admin.http.send("POST", "practitioners", body)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/member_id")
    assert not Practitioner.objects.filter(user=north.coordinator.member.user).exists()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"expires_on": TODAY}, None),
        ({"expires_on": TODAY - timedelta(days=1)}, f"expired on {TODAY - timedelta(days=1)}."),
        ({"issued_on": TODAY + timedelta(days=1)}, f"is not valid before {TODAY + timedelta(days=1)}."),
        ({"status": "pending"}, "is not verified yet."),
        ({"status": "suspended"}, "is suspended."),
        ({"status": "revoked"}, "was revoked."),
        ({"discipline": "chiropractic"}, "has no license for massage therapy on record."),
        ({"kind": "certification"}, "has no license for massage therapy on record."),
    ],
)
def test_what_is_wrong_with_a_license_is_a_sentence(
    north: make.Clinic, changes: dict[str, Any], sentence: str | None
) -> None:
    role = _role(north)
    Credential.objects.filter(practitioner=role.practitioner).update(**changes)

    found = credential_problem(role, TODAY, role.practitioner.credentials.all())
    eligible = eligible_roles("massage_therapy", "", TODAY)

    assert (found is None) == (sentence is None)
    assert found is None or found.endswith(sentence or "?")
    assert list(eligible) == ([role] if sentence is None else [])


def test_a_second_license_in_force_is_enough(north: make.Clinic) -> None:
    role = _role(north)
    make.credential(role, kind="license", status="suspended")

    assert credential_problem(role, TODAY, role.practitioner.credentials.all()) is None


def test_eligible_roles_are_near_accepting_and_here(north: make.Clinic) -> None:
    role = _role(north)

    for place in ("", "Denver", " denver ", "80202"):
        assert list(eligible_roles("massage_therapy", place, TODAY)) == [role]
    assert list(eligible_roles("massage_therapy", "Boston", TODAY)) == []
    assert list(eligible_roles("chiropractic", "", TODAY)) == []
    assert list(eligible_roles("alchemy", "", TODAY)) == []
    for change in ({"is_accepting": False}, {"is_accepting": True, "away_until": TODAY}):
        type(role).objects.filter(pk=role.pk).update(**change)
        assert list(eligible_roles("massage_therapy", "", TODAY)) == []


@pytest.mark.parametrize(("hours", "asked", "is_enough"), [(450, 450, True), (449, 450, False), (300, 250, True)])
def test_a_neuromuscular_certificate_needs_the_hours_a_clinic_asks(
    north: make.Clinic, hours: int, asked: int, is_enough: bool
) -> None:
    role = _role(north)
    make.credential(role, name="Neuromuscular therapy", hours=hours)
    north.organization.neuromuscular_hours = asked

    assert certified_for(role, north.organization, TODAY) is is_enough


def test_without_a_certificate_nobody_is_certified_not_even_for_no_hours(north: make.Clinic) -> None:
    north.organization.neuromuscular_hours = 0

    assert certified_for(_role(north), north.organization, TODAY) is False


def test_practitioners_are_found_by_parts_of_their_name(north: make.Clinic, south: make.Clinic) -> None:
    names = [row["display"] for row in north.http.send("GET", "practitioners?q=PRACT south").json()["results"]]

    assert names == ["South Practitioner"]


def _role(clinic: make.Clinic) -> Any:
    return clinic.practitioner.role
