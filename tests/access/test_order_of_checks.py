"""401, 400 for what cannot be read, 404, 403: in this order, so that a refusal tells no more than it has to."""

from typing import Any

import pytest
from django.urls import get_resolver

from backend.lib.rest.views import View
from tests import make
from tests.access.operations import addresses

RANDOM = "0198c1a0-0000-7000-8000-00000000000f"


@pytest.fixture
def sent(north: make.Clinic, south: make.Clinic) -> Any:
    return make.sent(north, south)


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


def test_every_address_with_a_scope_says_which_rows_it_names() -> None:
    """Otherwise a token without the scope would read 403 for rows that its clinic may not see."""
    unnamed = []
    for route, view in addresses(get_resolver().url_patterns, ""):
        made: Any = getattr(view, "view_class", None)
        parts = {part.split(":")[-1] for part in route.replace(">", "<").split("<")[1::2]}
        if getattr(made, "scope_resource", None) and made.find_named is View.find_named:
            unnamed += [(route, part) for part in parts - set(made.named)]

    assert unnamed == []
