"""Something new about a client whom the caller names by their own number: the same for all that is written about clients."""

from typing import Any

import pytest

from tests import make
from tests.notes.writing import BODY

pytestmark = pytest.mark.django_db

NUMBER = {"system": "urn:north:clients", "value": "N-7"}
GUEST = {"name": "Ada Lind", "discipline": "medicine", "email": "ada.lind@example.org"}
BODIES: dict[str, dict[str, Any]] = {
    "referrals": make.referral_body({"guest": GUEST}, send=False),
    "notes": BODY,
    "care-plans": {"title": "Headache, with work at the screen"},
    "visits": make.visit_window(),
}
everywhere = pytest.mark.parametrize("path", BODIES)


@pytest.fixture
def known(north: make.Clinic) -> str:
    return str(make.client(north, identifiers=[NUMBER])["id"])


def write(who: make.Clinic, path: str, **named: Any) -> Any:
    return who.http.send("POST", path, {**BODIES[path], **named})


def written(who: make.Clinic, path: str) -> list[Any]:
    return [row["client"]["id"] for row in who.http.send("GET", path).json()["results"]]


def refusal(answer: Any) -> tuple[int, str]:
    body = answer.json()
    return answer.status_code, (body.get("errors") or [body])[0]["code"]


@everywhere
def test_a_client_is_named_by_the_clinics_own_number(north: make.Clinic, known: str, path: str) -> None:
    answer = write(north, path, client={"identifier": NUMBER})

    assert answer.status_code == 201, answer.content
    assert written(north, path) == [known]


@everywhere
def test_a_number_is_the_clinics_own(north: make.Clinic, south: make.Clinic, known: str, path: str) -> None:
    make.consent(north, known, south)

    of_another, of_nobody = (write(south, path, client={"identifier": {**NUMBER, "value": v}}) for v in ("N-7", "N-8"))

    assert refusal(of_another) == (404, "not_found")
    assert without_request(of_another) == without_request(of_nobody)
    assert written(south, path) == []


@everywhere
def test_a_client_is_named_once(north: make.Clinic, known: str, path: str) -> None:
    answer = write(north, path, client_id=known, client={"identifier": NUMBER})

    assert refusal(answer) == (400, "one_of")
    assert written(north, path) == []


@everywhere
@pytest.mark.parametrize(
    ("reference", "code"),
    [
        ({}, "required"),
        ({"identifier": {"value": "N-7"}}, "required"),
        ({"identifier": {**NUMBER, "value": ""}}, "blank"),
        ({"identifier": NUMBER, "id": "N-7"}, "unknown_field"),
        ("N-7", "invalid"),
    ],
)
def test_what_names_nobody_is_refused(north: make.Clinic, known: str, path: str, reference: Any, code: str) -> None:
    answer = write(north, path, client=reference)

    assert refusal(answer) == (400, code)
    assert answer.json()["errors"][0]["pointer"].startswith("/client")
    assert written(north, path) == []


@everywhere
def test_the_number_of_a_record_that_became_part_of_another_names_that_one(
    north: make.Clinic, known: str, path: str
) -> None:
    kept = make.client(north)["id"]
    assert north.http.send("POST", f"clients/{known}/merge", {"into": kept}).status_code == 200

    answer = write(north, path, client={"identifier": NUMBER})

    assert answer.status_code == 201, answer.content
    assert answer.json()["client"]["id"] == kept


def test_a_visit_under_a_referral_is_of_its_client(north: make.Clinic, south: make.Clinic) -> None:
    make.client(south, identifiers=[NUMBER])
    referral = make.sent(north, south)["id"]
    for name, more in (("accept", {}), ("book", {"visit": make.visit_window()})):
        make.move(south, referral, name, **more)

    answer = write(south, "visits", referral_id=referral, client={"identifier": NUMBER})

    assert refusal(answer) == (400, "another_client")
    assert answer.json()["errors"][0]["pointer"] == "/client"


def without_request(answer: Any) -> dict[str, Any]:
    return {name: value for name, value in answer.json().items() if name != "request_id"}
