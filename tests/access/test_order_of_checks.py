"""401, 400 for what cannot be read, 404, 403: in this order, so that a refusal tells no more than it has to."""

from typing import Any, NamedTuple

import pytest
from django.urls import get_resolver

from backend.lib.rest.views import View
from tests import make
from tests.access.operations import addresses
from tests.careplans.plans import shared
from tests.notes.writing import draft, enroll, sign, signed

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


class Write(NamedTuple):
    """A write of a note: its address, the same at the wrong moment, who may make it, and how that moment is refused."""

    method: str
    path: str
    too_late: str
    by: make.Api
    code: str = "wrong_state"


@pytest.fixture
def writes_of_notes(north: make.Clinic) -> list[Write]:
    client_id, student = make.client(north)["id"], enroll(north)
    begun = f"notes/{draft(north, client_id)['id']}"
    waiting = f"notes/{sign(student.http, draft(north, client_id, by=student.http)['id'])['id']}"
    done, mine, admins = signed(north, client_id), north.http, north.admin.http
    asking = signed(north, client_id)
    still, ended = (f"notes/{note['id']}/asks/{note['asks'][0]['id']}/end" for note in (asking, done))
    assert mine.send("POST", ended, {}).status_code == 200
    return [
        Write("PATCH", begun, f"notes/{done['id']}", mine),
        Write("DELETE", begun, f"notes/{done['id']}", mine),
        Write("POST", f"{begun}/sign", f"notes/{done['id']}/sign", mine),
        Write("POST", f"{waiting}/cosign", f"{begun}/cosign", make.person(north.organization, "practitioner", discipline="massage_therapy").http),
        Write("POST", f"notes/{done['id']}/addenda", f"{begun}/addenda", mine),
        Write("POST", f"notes/{done['id']}/entered-in-error", f"{begun}/entered-in-error", mine),
        Write("POST", f"{begun}/close-unsigned", f"notes/{done['id']}/close-unsigned", admins),
        Write("POST", still, ended, mine, "ask_not_active"),
    ]  # fmt: skip


def test_what_is_no_object_is_refused_alike_wherever_a_note_is_written(
    writes_of_notes: list[Write], north: make.Clinic, outsider: make.Clinic
) -> None:
    callers = (north.http, north.admin.http, outsider.http, outsider.system, without_scope(north))

    for method, path, *_ in [*writes_of_notes, Write("POST", "notes", "notes", north.http)]:
        if method == "DELETE":
            continue
        for body in (b"{", b"[]", b'"x"'):
            answers = [who.send(method, address, body) for who in callers for address in (path, *randomly(path))]
            assert {code_of(answer) for answer in answers} == {(400, "malformed_json")}, (method, path, body)


def test_no_wrong_field_tells_whether_there_is_such_a_note(
    writes_of_notes: list[Write], north: make.Clinic, outsider: make.Clinic
) -> None:
    for method, path, _, by, _ in writes_of_notes:
        for body in ({}, {"colour": "red", "reason": 1}):
            for who in (outsider.http, outsider.system, outsider.admin.http, without_scope(outsider)):
                answers = [
                    who.send(method, address, body, **{"If-Match": '"9.x"'}) for address in (path, *randomly(path))
                ]
                assert {code_of(answer) for answer in answers} == {(404, "not_found")}, (method, path, body)
                assert [each for each in map(body_of, answers) if each != body_of(answers[0])] == []
            for address in randomly(path):
                assert code_of(by.send(method, address, body)) == (404, "not_found"), (method, address)


def test_a_wrong_field_of_a_note_is_looked_at_after_party_version_and_state(
    writes_of_notes: list[Write], north: make.Clinic
) -> None:
    wrong = {"colour": "red"}

    for method, path, too_late, by, code in writes_of_notes:
        for who in (north.auditor.http, without_scope(north)):
            for tags in ({"If-Match": '"9.x"'}, {}):
                assert who.send(method, path, wrong, **tags).status_code == 403, (method, path)
        for address in (path, too_late):
            assert code_of(by.send(method, address, wrong, **{"If-Match": '"9.x"'})) == (412, "stale"), address
        assert code_of(by.send(method, too_late, wrong, **{"If-Match": "*"})) == (409, code), too_late
        if method != "DELETE":
            refused = by.send(method, path, wrong, **{"If-Match": "*"})
            assert (code_of(refused), refused.json()["errors"][0]["pointer"]) == ((400, "unknown_field"), "/colour")


def test_a_new_note_tells_of_no_client_and_no_note_that_is_not_the_callers(
    north: make.Clinic, outsider: make.Clinic
) -> None:
    client_id = make.client(north)["id"]
    note = signed(north, client_id)["id"]
    wrong = {"kind": "no_such", "colour": "red"}

    for name, pk in (("client_id", client_id), ("copy_from", note)):
        for who in (outsider.http, outsider.system, outsider.admin.http):
            foreign, random = (who.send("POST", "notes", {**wrong, name: each}) for each in (pk, RANDOM))
            assert code_of(foreign) == (404, "not_found"), name
            assert body_of(foreign) == body_of(random), name
        assert code_of(north.http.send("POST", "notes", {**wrong, name: RANDOM})) == (404, "not_found")
    number = {"client": {"identifier": {"system": "urn:north", "value": "nobody's"}}}
    assert code_of(north.http.send("POST", "notes", {**wrong, **number})) == (404, "not_found")


def test_who_writes_no_notes_reads_so_before_any_field_is_checked(north: make.Clinic) -> None:
    client_id = make.client(north)["id"]

    for named in ({"client_id": client_id}, {"client_id": "x"}, {"copy_from": None}, {}):
        wrong = {**named, "kind": "no_such"}
        for person in (north.coordinator, north.admin, north.auditor):
            assert code_of(person.http.send("POST", "notes", wrong)) == (403, "right_required"), named
        assert code_of(north.system.send("POST", "notes", wrong)) == (403, "practitioner_required"), named
        refused = north.http.send("POST", "notes", wrong).json()
        assert "/kind" in [error["pointer"] for error in refused["errors"]], named


def randomly(path: str) -> list[str]:
    """The same address with a random id in place of each of its own."""
    return [path.replace(part, RANDOM) for part in path.split("/") if len(part) == len(RANDOM)]


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
