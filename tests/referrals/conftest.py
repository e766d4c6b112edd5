"""What several files here begin with."""

from typing import Any

import pytest

from tests import make


@pytest.fixture
def ready(north: make.Clinic, south: make.Clinic) -> Any:
    """A client of north whose consent covers south: nothing stands in the way of sending."""
    client = make.client(north)
    make.consent(north, client["id"], south)
    return client
