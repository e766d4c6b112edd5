"""What the tests of several pages begin with."""

import pytest

from tests import make
from tests.careplans.plans import Plan, done, shared


@pytest.fixture
def client_id(north: make.Clinic) -> str:
    return str(make.client(north, family_name="Feld", given_name="Nora", birth_date="1984-06-12")["id"])


@pytest.fixture
def plan(north: make.Clinic, south: make.Clinic) -> Plan:
    """A plan of two clinics, published once and agreed to by both."""
    made = shared(north, south)
    made.line(north)
    made.line(south, focus="Deep neck flexors", technique_ids=[])
    made.goal(north)
    made.publish(north)
    done(made.answer(south, 1), 201)
    return made
