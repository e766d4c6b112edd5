"""The catalog of event types names every type the code records."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.record.event_types import event_types
from tests.make import Clinic

BACKEND = Path(__file__).resolve().parents[2] / "backend"


def recorded_types() -> Iterator[tuple[str, str]]:
    """The types that stand as text in a call of record(), or of a helper that passes them on to it."""
    for path in sorted(BACKEND.rglob("services*/**/*.py")) + sorted(BACKEND.glob("*/*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and _name(node.func).strip("_") in ("record", "tell"):
                first = next(iter(node.args), None)
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    yield first.value, path.name


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def test_every_type_that_is_recorded_is_listed() -> None:
    found = dict(recorded_types())

    assert len(found) > 5
    assert {name: file for name, file in found.items() if name not in event_types()} == {}


def test_every_type_has_a_sentence() -> None:
    assert [name for name, summary in event_types().items() if not summary.endswith(".")] == []


@pytest.mark.django_db
def test_the_list_is_read_over_http(north: Clinic) -> None:
    body = north.http.send("GET", "catalog/event-types").json()

    assert body["results"][0] == {
        "type": "access.break_glass",
        "summary": "Somebody opened this client in an emergency, without a live consent.",
    }
    assert {"referral.accepted", "referral.sent"} <= {row["type"] for row in body["results"]}
    assert (body["next"], body["previous"]) == (None, None)
