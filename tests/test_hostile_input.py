"""Every operation that takes a body, fed with what nobody should send: a clear refusal, never a 500."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client as Browser
from drf_spectacular.generators import SchemaGenerator

from backend.lib.actor import system_of
from backend.lib.unit_of_work import acting_as
from backend.referrals.models import OfferedTime
from backend.referrals.workflow import WORKFLOW
from backend.visits.models import Visit
from tests import make
from tests.careplans.plans import alone
from tests.lib.hostile_json import HOSTILE
from tests.portal.browsing import do_work, link_in, post, press, prove, state_of

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
    "9999-12-31T23:59:59-10:00", "0001-01-01T00:00:00+10:00", str(uuid4()),
    {"name": None, "email": [], "discipline": {}}, [{"region": [], "side": {}}],
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
    booked = {"client_id": sent["client"]["id"], **make.visit_window()}
    visit = north.http.send("POST", "visits", booked).json()
    plan = alone(north, sent["client"]["id"])
    note = north.http.send("POST", "notes", {"client_id": sent["client"]["id"], "kind": "phone"})
    return {
        "plan_id": plan.id,
        "row_id": plan.line(north)["id"],
        "referral_id": sent["id"],
        "note_id": note.json()["id"],
        "client_id": sent["client"]["id"],
        "organization_id": north.id,
        "role_id": north.role_id,
        "practitioner_role_id": north.role_id,
        "visit_id": visit["id"],
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
    for path in ("clients", "referrals", "notes", f"referrals/{world['referral_id']}/transitions", "visits"):
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
    for path in ("referrals", "clients", "notes", "visits", "events", "practitioner-roles", "organizations"):
        answer = north.http.send("GET", f"{path}?{query}")
        refuse(answer, "GET", f"/api/v1/{path}", query)


@pytest.mark.parametrize(
    "moment", ["9999-12-31T23:59:59-10:00", "0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59Z", "1899-12-31T23:59:59Z"]
)
def test_a_year_that_nobody_means_is_a_field_to_correct(world: dict[str, str], north: make.Clinic, moment: str) -> None:
    body = {"client_id": world["client_id"], "kind": "phone", "occurred_at": moment}

    answer = north.http.send("POST", "notes", body)

    assert answer.status_code == 400, answer.content
    assert answer.json()["errors"] == [
        {"pointer": "/occurred_at", "detail": "This has to be between the years 1900 and 2200.", "code": "invalid"}
    ]


# --- what was stored is shown -----------------------------------------------------------------------------------------

ODD = "\u202e<script>alert(1)</script> {{ 7*7 }} {% now 'Y' %} '\"; \U0001f600\ufeff " + "w" * 300
ODD_NAME = "\u202eO<b>'Neil {{ x }} \U0001f600"
BAD_ZONES = ["Bad/Zone", "../UTC", "/etc/localtime", "utc+2", "\u202eUTC", "x" * 60]
CLIENT, GUEST = "odd.client@example.org", "odd.guest@example.org"


def odd_referral(north: make.Clinic, to: Any, **more: Any) -> dict[str, Any]:
    """A referral whose every text is odd, for a client whose every text is."""
    words = dict.fromkeys(("family_name", "given_name", "address", "city"), ODD_NAME)
    client = make.client(north, email=CLIENT, **words)
    texts = dict.fromkeys(("reason", "question", "findings", "tried", "goals", "feedback_wanted"), ODD)
    if isinstance(to, make.Clinic):
        make.consent(north, client["id"], to)
    else:
        make.consent(north, client["id"], guests=[{"email": GUEST}])
    made: dict[str, Any] = make.referral(north, to, client_id=client["id"], **texts, **more)
    assert north.http.send("POST", f"referrals/{made['id']}/messages", {"text": ODD}).status_code == 201
    return made


def bad_zone_stored(model: Any, clinic: make.Clinic, **found_by: Any) -> None:
    """As a row from before the field was checked."""
    with acting_as(system_of(clinic.organization.id)):
        assert model.objects.filter(**found_by).update(time_zone="Bad/Zone") > 0


def check_shown(pages: list[tuple[Any, str]]) -> None:
    for browser, path in pages:
        page = browser.get(path)
        assert page.status_code == 200, (path, page.status_code, page.content[:300])
        assert b"<script>alert(1)" not in page.content, path


@pytest.mark.parametrize("zone", BAD_ZONES)
def test_a_zone_nobody_knows_is_refused_wherever_one_comes_in(
    north: make.Clinic, south: make.Clinic, zone: str
) -> None:
    sent = make.sent(north, south)
    make.move(south, sent["id"], "accept")
    span = {**make.visit_window(), "time_zone": zone}

    answers = [
        make.try_move(south, sent["id"], "book", visit=span),
        make.try_move(south, sent["id"], "offer_times", times=[span]),
        north.http.send("POST", "clients", {"family_name": "Doe", "time_zone": zone}),
        north.admin.http.send("POST", "organizations", {"name": "Solo", "time_zone": zone}),
    ]

    pointers = ["/visit/time_zone", "/times/0/time_zone", "/time_zone", "/time_zone"]
    for answer, pointer in zip(answers, pointers, strict=True):
        assert answer.status_code == 400, answer.content
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert state_of(south, sent["id"])["state"] == "accepted"


@pytest.mark.django_db(transaction=True)
def test_pages_of_staff_and_client_show_whatever_was_stored(north: make.Clinic, south: make.Clinic) -> None:
    sent = odd_referral(north, south)
    make.move(south, sent["id"], "accept")
    make.move(south, sent["id"], "offer_times", times=[make.visit_window()])
    link = link_in(next(mail for mail in do_work() if mail.to == [CLIENT]))
    visitor = Browser()
    prove(visitor, link)
    bad_zone_stored(OfferedTime, south, referral_id=sent["id"])
    check_shown([(visitor, link)])
    make.move(south, sent["id"], "book", visit=make.visit_window())
    bad_zone_stored(Visit, south, client_id=sent["client"]["id"])

    sender, recipient = (make.signed_in(clinic.practitioner.member.user) for clinic in (north, south))

    check_shown([(visitor, link), *((who, path) for who in (sender, recipient) for path in pages_of(sent))])


@pytest.mark.django_db(transaction=True)
def test_pages_of_a_guest_show_whatever_was_stored(north: make.Clinic) -> None:
    sent = odd_referral(north, {"guest": {"name": ODD_NAME, "discipline": "physical_therapy", "email": GUEST}})
    link = link_in(next(mail for mail in do_work() if mail.to == [GUEST]))
    visitor = Browser()
    prove(visitor, link)
    odd = dict.fromkeys(("name", "clinic", "license_kind", "license_number", "place"), ODD_NAME)
    assert post(visitor, f"{link}/who", **odd, is_true="yes").status_code == 200
    press(visitor, link, "accept")
    make.move(north, sent["id"], "offer_times", times=[make.visit_window()], recorded={"who": ODD_NAME, "how": "phone"})
    bad_zone_stored(OfferedTime, north, referral_id=sent["id"])

    sender = make.signed_in(north.practitioner.member.user)

    check_shown([(visitor, link), (visitor, f"{link}/letter"), *((sender, path) for path in pages_of(sent))])


def pages_of(sent: dict[str, Any]) -> list[str]:
    return ["/inbox", f"/referrals/{sent['id']}", f"/clients/{sent['client']['id']}", "/clients"]
