"""A client of the north clinic whose record the south clinic shares, and nobody else."""

from dataclasses import dataclass

import pytest

from tests import make


@dataclass
class Shared:
    client_id: str
    consent_id: str
    referral_id: str

    @property
    def path(self) -> str:
        return f"clients/{self.client_id}"


@pytest.fixture
def shared(north: make.Clinic, south: make.Clinic) -> Shared:
    client = make.client(north, email="ana@example.org")
    consent = make.consent(north, client["id"], south)
    referral = make.referral(north, south, client_id=client["id"])
    make.move(south, referral["id"], "accept")
    return Shared(client["id"], consent["id"], referral["id"])
