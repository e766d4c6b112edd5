"""What keeps the service from starting wrongly."""

import pytest

from backend.lib import checks


def test_psycopg_3_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "uses_psycopg3", lambda: True)

    assert [found.id for found in checks.psycopg2_is_the_driver(None)] == ["trialogue.E001"]


def test_psycopg_2_is_fine() -> None:
    assert checks.psycopg2_is_the_driver(None) == []
