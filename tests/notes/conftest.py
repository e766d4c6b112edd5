"""A client of the north clinic."""

import pytest

from tests import make


@pytest.fixture
def client_id(north: make.Clinic) -> str:
    return str(make.client(north, family_name="Feld", given_name="Nora")["id"])
