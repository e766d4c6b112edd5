"""A client of the north clinic."""

from tests.notes.conftest import client_id  # noqa: F401 - a fixture
