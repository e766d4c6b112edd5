"""A client of the north clinic, and the same client shared with the south."""

import pytest

from tests import make
from tests.notes.writing import share


@pytest.fixture
def client_id(north: make.Clinic) -> str:
    return str(make.client(north, family_name="Feld", given_name="Nora")["id"])


@pytest.fixture
def shared(north: make.Clinic, south: make.Clinic, client_id: str) -> str:
    """The client's id; the record is open to the south, which shares plan, notes and outcomes."""
    share(north, client_id, south)
    return client_id
