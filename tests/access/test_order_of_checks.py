"""401, 400 for what cannot be read, 404, 403: in this order, so that a refusal tells no more than it has to."""

from typing import Any

import pytest
from django.urls import get_resolver

from backend.lib.rest.views import View
from tests import make
from tests.access.operations import addresses
from tests.careplans.plans import shared

RANDOM = "0198c1a0-0000-7000-8000-00000000000f"


@pytest.fixture
def sent(north: make.Clinic, south: make.Clinic) -> Any:
    return make.sent(north, south)


@pytest.fixture(params=["referral", "care plan", "proposal", "visit"])
def movable(request: pytest.FixtureRequest, north: make.Clinic, south: make.Clinic) -> tuple[str, str, list[str]]:
    """Something of North that moves: its address, a step it may take, and the same address with random ids."""
    if request.param == "referral":
        path, step = f"referrals/{make.sent(north, south)['id']}", "withdraw"
    elif request.param == "visit":
        entered = north.http.send("POST", "visits", {"client_id": make.client(north)["id"], **make.visit_window()})
        path, step = f"visits/{entered.json()['id']}", "cancel"
    else:
        plan = shared(north, south)
        path, step = plan.path, "complete"
        if request.param == "proposal":
            asked = {"kind": "end", "about": "goal", "row_id": plan.goal(south)["id"], "why": "It is reached."}
            path, step = f"{path}/proposals/{plan.post(north, '/proposals', asked).json()['id']}", "withdraw"
    ids = [part for part in path.split("/") if len(part) == len(RANDOM)]
    return f"{path}/transitions", step, [f"{path.replace(pk, RANDOM)}/transitions" for pk in ids]


def without_scope(clinic: make.Clinic, scopes: str = "webhooks:read") -> make.Api:
    return make.Api(make.token(of=make.application(clinic.organization, scopes), scopes=scopes))


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def body_of(answer: Any) -> dict[str, Any]:
    return {name: value for name, value in answer.json().items() if name != "request_id"}


def test_a_token_without_the_scope_learns_of_no_row_that_its_clinic_may_not_see(
    sent: Any, south: make.Clinic, outsider: make.Clinic
) -> None:
    mine, stranger = without_scope(south), without_scope(outsider)

    for path in ("referrals/{}", "referrals/{}/messages", "referrals/{}/letter"):
        seen = mine.send("GET", path.format(sent["id"]))
        foreign, random = (stranger.send("GET", path.format(pk)) for pk in (sent["id"], RANDOM))
        assert code_of(seen) == (403, "insufficient_scope"), path
        assert code_of(foreign) == (404, "not_found"), path
        assert body_of(foreign) == body_of(random), path


def test_a_token_that_only_reads_changes_nothing(sent: Any, north: make.Clinic) -> None:
    reader = without_scope(north, "referrals:read clients:read")

    refused = make.try_move(reader, sent["id"], "withdraw", reason="better")

    assert code_of(refused) == (403, "insufficient_scope")
    assert reader.send("GET", f"referrals/{sent['id']}").json()["state"] == "sent"


def test_what_cannot_be_read_is_refused_before_anything_is_looked_for(
    sent: Any, south: make.Clinic, outsider: make.Clinic
) -> None:
    for who in (south.http, outsider.http, without_scope(outsider)):
        for path in (f"referrals/{sent['id']}/transitions", f"referrals/{sent['id']}/messages"):
            assert code_of(who.send("POST", path, b"{")) == (400, "malformed_json")
        assert code_of(make.try_move(who, sent["id"], "nonsense")) == (400, "unknown_transition")
        assert code_of(who.send("PATCH", f"clients/{sent['client']['id']}", b"{")) == (400, "malformed_json")
    assert make.Api().send("POST", f"referrals/{sent['id']}/messages", b"{").status_code == 401


def test_a_step_that_nobody_knows_is_the_same_to_everybody_and_for_every_row(
    movable: Any, north: make.Clinic, outsider: make.Clinic
) -> None:
    path, _, random = movable
    callers = (
        north.http,
        north.admin.http,
        outsider.http,
        outsider.system,
        without_scope(north),
        without_scope(outsider),
    )
    unreadable = [
        (b"{", "malformed_json"),
        (b"[]", "malformed_json"),
        ({}, "unknown_transition"),
        ({"name": None}, "unknown_transition"),
        ({"name": "nonsense", "if": "visible"}, "unknown_transition"),
    ]

    for body, code in unreadable:
        answers = [who.send("POST", address, body) for who in callers for address in (path, *random)]
        assert {code_of(answer) for answer in answers} == {(400, code)}, (path, body)
        assert [each for each in map(body_of, answers) if each != body_of(answers[0])] == []


def test_a_known_step_does_not_tell_whether_there_is_such_a_row(
    movable: Any, north: make.Clinic, outsider: make.Clinic
) -> None:
    path, step, random = movable

    for who in (outsider.http, outsider.system, outsider.admin.http, without_scope(outsider)):
        for body in ({"name": step}, {"name": step, "colour": "red"}):
            answers = [who.send("POST", address, body, **{"If-Match": '"9.x"'}) for address in (path, *random)]
            assert {code_of(answer) for answer in answers} == {(404, "not_found")}, (path, body)
            assert [each for each in map(body_of, answers) if each != body_of(answers[0])] == []
    for address in random:
        assert code_of(north.http.send("POST", address, {"name": step})) == (404, "not_found")


def test_who_sees_it_and_may_not_move_it_reads_so_before_anything_else_is_checked(
    movable: Any, north: make.Clinic
) -> None:
    path, step, _ = movable
    wrong = {"name": step, "colour": "red"}

    for who in (north.admin.http, without_scope(north)):
        assert who.send("POST", path, wrong, **{"If-Match": '"9.x"'}).status_code == 403, path
    assert code_of(north.http.send("POST", path, wrong, **{"If-Match": '"9.x"'})) == (412, "stale")
    assert north.http.send("POST", path, wrong).json()["errors"][0] == {
        "pointer": "/colour", "detail": "This field is not known here.", "code": "unknown_field",
    }  # fmt: skip


@pytest.fixture
def changeable(north: make.Clinic, south: make.Clinic) -> list[tuple[str, str, Any]]:
    """Rows of North that are changed or thrown away with an If-Match: how, where, with which body."""
    client = make.client(north)
    plan = shared(north, south)
    draft = make.referral(north, south, client_id=plan.client_id, send=False)["id"]
    note = north.http.send("POST", "notes", {"client_id": client["id"], "kind": "phone", "plan": "Rest."}).json()["id"]
    return [
        ("PATCH", f"clients/{client['id']}", {"city": "Boulder"}),
        ("PATCH", f"referrals/{draft}", {"tried": "Rest"}),
        ("DELETE", f"referrals/{draft}", None),
        ("PATCH", f"notes/{note}", {"plan": "Heat."}),
        ("DELETE", f"notes/{note}", None),
        ("PATCH", plan.path, {"title": "Neck"}),
        ("PATCH", f"{plan.path}/goals/{plan.goal(north)['id']}", {"state": "achieved"}),
        ("POST", f"notes/{note}/sign", {}),
        ("POST", f"{plan.path}/versions", {}),
    ]


@pytest.mark.parametrize("sent", ["x", '"x.1"', '"9999999999.1"', '"0.1"', 'W/"x"', ""])
def test_an_if_match_that_nobody_made_is_looked_at_after_the_row_and_the_party(
    changeable: Any, north: make.Clinic, outsider: make.Clinic, sent: str
) -> None:
    headers = {"If-Match": sent} if sent else {}

    for method, path, body in changeable:
        random = "/".join(RANDOM if len(part) == len(RANDOM) else part for part in path.split("/"))
        for who in (outsider.http, outsider.system):
            foreign, nothing = (who.send(method, address, body, **headers) for address in (path, random))
            assert code_of(foreign) == (404, "not_found"), (method, path)
            assert body_of(foreign) == body_of(nothing), (method, path)
        if sent:
            assert north.auditor.http.send(method, path, body, **headers).status_code == 403, (method, path)
            refused = north.http.send(method, path, body, **headers)
            assert code_of(refused) == (412, "stale"), (method, path)
            assert refused.json()["detail"] == "This If-Match was not made by this service.", path
        elif method != "POST":
            assert code_of(north.http.send(method, path, body)) == (428, "precondition_required"), (method, path)


def test_every_address_with_a_scope_says_which_rows_it_names() -> None:
    """Otherwise a token without the scope would read 403 for rows that its clinic may not see."""
    unnamed = []
    for route, view in addresses(get_resolver().url_patterns, ""):
        made: Any = getattr(view, "view_class", None)
        parts = {part.split(":")[-1] for part in route.replace(">", "<").split("<")[1::2]}
        if getattr(made, "scope_resource", None) and made.find_named is View.find_named:
            unnamed += [(route, part) for part in parts - set(made.named)]

    assert unnamed == []
