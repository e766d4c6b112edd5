"""Intake files from a public source become clients and referrals; they lie beside the project where it is built."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests import make

INTAKE = Path(__file__).resolve().parents[3] / "shared" / "data" / "clinic-intake"
FILES = sorted(INTAKE.glob("*.json"))


@pytest.mark.skipif(not FILES, reason="the public intake files are not beside this checkout")
def test_intake_files_of_another_system_become_clients_and_referrals(north: make.Clinic, south: make.Clinic) -> None:
    for path in FILES:
        intake = json.loads(path.read_text())

        answer = north.http.send("POST", "clients", client_of(intake["patient"]))
        assert answer.status_code == 201, answer.content
        client = answer.json()
        make.consent(north, client["id"], south)
        sent = make.referral(
            north,
            south,
            client_id=client["id"],
            reason=intake["visit"]["reasonForVisit"],
            regions=[{"region": "lumbar"}],
        )

        shown = south.http.send("GET", f"referrals/{sent['id']}").json()
        assert shown["package"]["client"]["birth_date"] == intake["patient"]["dateOfBirth"]
        assert shown["package"]["client"]["postal_code"] == intake["patient"]["address"]["postalCode"]
        assert shown["package"]["client"]["region"] == intake["patient"]["address"]["state"]
        assert shown["reason"] == intake["visit"]["reasonForVisit"]


def client_of(patient: dict[str, Any]) -> dict[str, Any]:
    """The other system's words in ours."""
    address = patient["address"]
    return {
        "given_name": patient["firstName"],
        "family_name": patient["lastName"],
        "birth_date": patient["dateOfBirth"],
        "gender": patient["sex"],
        "email": patient["email"],
        "phone": patient["phoneNumber"],
        "address": address["line1"],
        "city": address["city"],
        "region": address["state"],
        "postal_code": address["postalCode"],
        "country": "US",
    }
