"""Changing a draft is a JSON merge patch: null clears, what cannot be changed may come back, checks have their order."""

from typing import Any

import pytest

from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(north: make.Clinic, south: make.Clinic) -> dict[str, Any]:
    client = make.client(north)
    made: dict[str, Any] = make.referral(
        north, south, client_id=client["id"], send=False, findings="Tight.", goals="Run.", order={"number": "A-1"}
    )
    return made


def patch(who: Any, draft: dict[str, Any], body: Any, *, version: int | None = None, **headers: str) -> Any:
    tag = f'"{version or draft["version"]}.x"'
    return who.http.send("PATCH", f"referrals/{draft['id']}", body, **{"If-Match": tag, **headers})


def shown(north: make.Clinic, draft: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = north.http.send("GET", f"referrals/{draft['id']}").json()
    return body


def test_what_was_read_may_come_back_unchanged(north: make.Clinic, draft: dict[str, Any]) -> None:
    answer = patch(north, draft, {**shown(north, draft), "question": "Can she run again?"})

    assert answer.status_code == 200, answer.content
    assert answer.json()["question"] == "Can she run again?"


def test_what_cannot_be_changed_says_so_and_what_is_unknown_too(north: make.Clinic, draft: dict[str, Any]) -> None:
    answer = patch(north, draft, {"state": "sent", "due_at": "2031-01-01T00:00:00Z", "colour": "red"})

    assert answer.status_code == 400
    refused = {error["pointer"]: error["code"] for error in answer.json()["errors"]}
    assert refused == {"/state": "read_only", "/due_at": "read_only"}
    assert patch(north, draft, {"colour": "red"}).json()["code"] == "unknown_field"
    assert shown(north, draft)["state"] == "draft"


def test_null_clears(north: make.Clinic, draft: dict[str, Any]) -> None:
    cleared = dict.fromkeys(("findings", "goals", "order", "regions", "transfer"))

    body = patch(north, draft, cleared).json()

    assert (body["package"]["findings"], body["package"]["goals"]) == ("", "")
    assert (body["order"], body["regions"], body["transfer"]) == (None, [], False)


def test_null_does_not_clear_what_a_referral_needs(north: make.Clinic, draft: dict[str, Any]) -> None:
    answer = patch(north, draft, {"question": None})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/question")


def test_a_merge_patch_may_be_called_one(north: make.Clinic, draft: dict[str, Any]) -> None:
    client = draft["client"]["id"]
    tag = north.http.send("GET", f"clients/{client}")["ETag"]

    answers = [
        north.http.generic(
            "PATCH", f"/api/v1/{path}", body, "application/merge-patch+json", headers={"If-Match": version}
        )
        for path, body, version in (
            (f"referrals/{draft['id']}", b'{"tried": "Rest"}', f'"{draft["version"]}.x"'),
            (f"clients/{client}", b'{"city": "Denver"}', tag),
        )
    ]
    posted = north.http.generic("POST", "/api/v1/clients", b'{"family_name": "Doe"}', "application/merge-patch+json")

    assert [answer.status_code for answer in answers] == [200, 200]
    assert posted.status_code == 415


def test_fields_are_looked_at_last(north: make.Clinic, south: make.Clinic, draft: dict[str, Any]) -> None:
    bad = {"colour": "red"}
    sent = make.sent(north, south)

    answers = [
        patch(south, draft, bad),
        patch(north.auditor, draft, bad),
        patch(north, draft, bad, version=draft["version"] + 7),
        patch(north, sent, bad),
        patch(north, draft, bad),
    ]

    assert [answer.status_code for answer in answers] == [404, 403, 412, 409, 400]


# --- versions ---------------------------------------------------------------------------------------------------------


def test_a_star_matches_whatever_there_is(north: make.Clinic, draft: dict[str, Any]) -> None:
    changed = north.http.send("PATCH", f"referrals/{draft['id']}", {"tried": "Rest"}, **{"If-Match": "*"})
    without = north.http.send("PATCH", f"referrals/{draft['id']}", {"tried": "Rest"})
    read = north.http.send("GET", f"referrals/{draft['id']}", **{"If-None-Match": "*"})

    assert (changed.status_code, without.status_code, read.status_code) == (200, 428, 304)


def test_a_weak_tag_saves_reading_but_no_change(north: make.Clinic, draft: dict[str, Any]) -> None:
    tag = "W/" + north.http.send("GET", f"referrals/{draft['id']}")["ETag"]

    read = north.http.send("GET", f"referrals/{draft['id']}", **{"If-None-Match": tag})
    changed = north.http.send("PATCH", f"referrals/{draft['id']}", {"tried": "Rest"}, **{"If-Match": tag})

    assert (read.status_code, changed.status_code) == (304, 412)


# --- lists ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "known"),
    [("referrals?state=xx", "waitlisted"), ("events?types=referral.nonsense", ""), ("events?types=nonsense.*", "")],
)
def test_a_question_for_what_there_is_not_is_refused(north: make.Clinic, path: str, known: str) -> None:
    answer = north.http.send("GET", path)

    assert answer.status_code == 400
    assert known in answer.json()["detail"]


@pytest.mark.parametrize("path", ["catalog/transitions?colour=red", "events/latest?colour=red"])
def test_a_parameter_nobody_knows_is_refused(north: make.Clinic, path: str) -> None:
    assert north.http.send("GET", path).json()["code"] == "unknown_field"


def test_a_search_refuses_parameters_too(north: make.Clinic) -> None:
    body = {"identifier": {"system": "urn:x", "value": "1"}}

    assert north.http.send("POST", "referrals/search?colour=red", body).json()["code"] == "unknown_field"


@pytest.mark.parametrize("path", ["catalog/disciplines", "catalog/event-types", "catalog/regions"])
def test_a_catalog_can_be_read_in_pages(north: make.Clinic, path: str) -> None:
    whole = north.http.send("GET", path).json()["results"]
    read, address = [], f"/api/v1/{path}?limit=2"
    while address:
        page = north.http.send("GET", address.removeprefix("http://testserver")).json()
        read += page["results"]
        address = page["next"]

    assert read == whole
    assert north.http.send("GET", f"{path}?limit=101").status_code == 400
    assert north.http.send("GET", f"{path}?cursor=x").json()["code"] == "bad_cursor"


@pytest.mark.parametrize("path", ["members", "applications"])
def test_own_people_and_systems_are_found_by_updated_since(north: make.Clinic, path: str) -> None:
    since = [
        len(north.admin.http.send("GET", f"{path}?updated_since={moment}").json()["results"])
        for moment in ("2000-01-01T00:00:00Z", "2100-01-01T00:00:00Z")
    ]

    assert since[0] > 0
    assert since[1] == 0


def test_something_new_says_where_it_is_found(north: make.Clinic, south: make.Clinic) -> None:
    client = north.http.send("POST", "clients", {"family_name": "Doe"})
    consent = north.http.send(
        "POST", f"clients/{client.json()['id']}/consents", {"categories": ["plan"], "method": "verbal"}
    )
    member = north.admin.http.send("POST", "members", {"email": "new@example.org", "rights": ["coordinator"]})

    for answer in (client, consent, member):
        assert answer.status_code == 201
        assert north.admin.http.send("GET", answer["Location"]).status_code in (200, 403)
        assert answer["Location"].endswith(answer.json()["id"])


def test_null_is_what_is_not_known_of_a_packages_client(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)

    client = south.http.send("GET", f"referrals/{sent['id']}").json()["package"]["client"]

    assert (client["email"], client["phone"], client["city"]) == (None, None, None)
    assert client["given_name"] == "Probe"
