"""Every operation that takes a body, fed with what nobody should send: a clear refusal, never a 500."""

from typing import Any
from uuid import uuid4

import pytest
from drf_spectacular.generators import SchemaGenerator

from backend.referrals.workflow import WORKFLOW
from tests import make
from tests.lib.hostile_json import HOSTILE

WRITES = ("post", "put", "patch")
# One body of each kind for every operation; the parser's own tests have them all.
KINDS: dict[str, tuple[str, bytes]] = {}
for _name, _body in HOSTILE:
    KINDS.setdefault(_name.split("/")[0], (_name, _body))
    if _name in ("accepted/a text", "accepted/an empty list", "accepted/names of python"):
        KINDS[_name] = (_name, _body)
WRONG_VALUES: list[Any] = [
    None, True, -1, 10**18, 1e308, "", " ", "x" * 20_000, "\u202e\ufeff", "' OR 1=1 --", "%00", "../../etc/passwd",
    [], [None], [[]], {}, {"a": {}}, [{}], ["x"] * 1_000, "2027-13-45", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z",
    str(uuid4()), {"name": None, "email": [], "discipline": {}}, [{"region": [], "side": {}}],
]  # fmt: skip


@pytest.fixture(scope="module")
def operations() -> list[tuple[str, str, list[str]]]:
    """(method, path, names of fields) of every operation that takes a body."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    found = []
    for path, item in schema["paths"].items():
        for method in WRITES:
            if method in item:
                found.append((method.upper(), path, sorted(_fields(item[method], schema))))
    assert len(found) > 30
    return found


def _fields(operation: dict[str, Any], schema: dict[str, Any]) -> set[str]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return _properties(content.get("schema", {}), schema)


def _properties(node: dict[str, Any], schema: dict[str, Any]) -> set[str]:
    if reference := node.get("$ref"):
        return _properties(schema["components"]["schemas"][reference.rsplit("/", 1)[-1]], schema)
    found = set(node.get("properties", {}))
    for part in (*node.get("oneOf", ()), *node.get("anyOf", ()), *node.get("allOf", ())):
        found |= _properties(part, schema)
    return found


@pytest.fixture
def world(north: make.Clinic, south: make.Clinic) -> dict[str, str]:
    sent = make.sent(north, south)
    note = north.http.send("POST", "notes", {"client_id": sent["client"]["id"], "kind": "phone"})
    return {
        "referral_id": sent["id"],
        "note_id": note.json()["id"],
        "client_id": sent["client"]["id"],
        "organization_id": north.id,
        "role_id": north.role_id,
        "practitioner_role_id": north.role_id,
    }


def address(path: str, world: dict[str, str]) -> str:
    parts = [world.get(part[1:-1], str(uuid4())) if part.startswith("{") else part for part in path.split("/")]
    return "/".join(parts)


def refuse(answer: Any, method: str, path: str, what: Any) -> None:
    assert answer.status_code < 500, (method, path, what, answer.content[:300])
    if answer.status_code >= 400 and path.startswith("/api/"):
        assert answer["Content-Type"].startswith("application/problem+json"), (method, path, what)
        assert answer.json()["code"], (method, path, what)


@pytest.mark.slow
def test_no_body_of_any_kind_is_a_500(
    operations: list[tuple[str, str, list[str]]], world: dict[str, str], north: make.Clinic
) -> None:
    for method, path, _ in operations:
        for name, body in KINDS.values():
            answer = north.http.send(method, address(path, world), body, **{"If-Match": '"1.x"'})
            refuse(answer, method, path, name)


def test_every_hostile_body_is_refused_by_what_most_will_call(world: dict[str, str], north: make.Clinic) -> None:
    for path in ("clients", "referrals", "notes", f"referrals/{world['referral_id']}/transitions"):
        for name, body in HOSTILE:
            answer = north.http.send("POST", path, body)
            refuse(answer, "POST", f"/api/v1/{path}", name)
            assert 400 <= answer.status_code < 500, (path, name)


@pytest.mark.slow
def test_no_value_of_any_type_is_a_500(
    operations: list[tuple[str, str, list[str]]], world: dict[str, str], north: make.Clinic
) -> None:
    for method, path, fields in operations:
        for index, value in enumerate(WRONG_VALUES):
            who = north.http if index % 3 else north.admin.http
            answer = who.send(method, address(path, world), dict.fromkeys(fields, value), **{"If-Match": '"1.x"'})
            refuse(answer, method, path, value)


@pytest.mark.slow
def test_no_value_in_a_transition_is_a_500(world: dict[str, str], north: make.Clinic, south: make.Clinic) -> None:
    for row in WORKFLOW.rows:
        assert row.input is not None
        clinic = north if "sender" in row.by else south
        for value in WRONG_VALUES[::2]:
            body = {**dict.fromkeys(row.input().fields, value), "name": row.name}
            answer = clinic.http.send("POST", f"referrals/{world['referral_id']}/transitions", body)
            refuse(answer, "POST", "/api/v1/referrals/…/transitions", (row.name, value))


@pytest.mark.parametrize("header", ["If-Match", "If-None-Match", "Idempotency-Key", "X-Request-Id", "Authorization"])
def test_no_header_is_a_500(world: dict[str, str], north: make.Clinic, header: str) -> None:
    for value in ("", '"', "x" * 5_000, '"9999999999999999.x"', "\u00e9", 'W/"1"', "Bearer " + "\u00ff" * 50, "*"):
        for method, path, body in (
            ("GET", f"referrals/{world['referral_id']}", None),
            ("POST", "clients", {"family_name": "Doe"}),
            ("PATCH", f"clients/{world['client_id']}", {"city": "Denver"}),
        ):
            answer = north.http.send(method, path, body, **{header: value})
            refuse(answer, method, f"/api/v1/{path}", (header, value))


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=1e9", "limit=%00", "cursor=x", "cursor=%ff%fe", "due_before=yesterday", "state=%00", "client_id=x",
     "box=all", "updated_since=9999-99-99", "assigned_to=1", "colour=red", "limit=1&limit=2", "state=" + "x" * 3_000],
)  # fmt: skip
def test_no_question_is_a_500(world: dict[str, str], north: make.Clinic, query: str) -> None:
    for path in ("referrals", "clients", "notes", "events", "practitioner-roles", "organizations"):
        answer = north.http.send("GET", f"{path}?{query}")
        refuse(answer, "GET", f"/api/v1/{path}", query)
