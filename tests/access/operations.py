"""The rows of the access matrix: every operation of the schema and every page of the URL configuration."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import uuid4

from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.generators import SchemaGenerator

from backend.lib import clock
from tests import make
from tests.access.cast import PDF

Ids = Mapping[str, str]
METHODS = ("get", "post", "put", "patch", "delete")
# The parts of an address that name an object, and which of a column's ids goes there.
PATH_IDS = {
    "/applications/{id}": "application_pk",
    "/credentials/{id}": "credential_pk",
    "/locations/{id}": "location_pk",
    "/members/{id}": "member_pk",
    "/organizations/{id}": "organization_pk",
    "/practitioners/{id}": "practitioner_pk",
    "/practitioner-roles/{id}": "role_pk",
}
PAGE_IDS = {
    "{member_id}": "member_pk",
    "{practitioner_id}": "practitioner_pk",
    "{application_id}": "application_pk",
    "{file_id}": "attachment_id",
}


@dataclass(frozen=True)
class Row:
    """One operation or page, or one way of calling it."""

    name: str
    method: str
    path: str
    body: Callable[[Ids], Any] | None = None
    query: str = ""
    is_page: bool = False

    @property
    def is_safe(self) -> bool:
        return self.method == "get"

    @property
    def takes_version(self) -> bool:
        return self.method in ("put", "patch", "delete")

    @property
    def parameters(self) -> list[str]:
        return re.findall(r"{(\w+)}", self.path)

    def address(self, ids: Ids) -> str:
        """The path with the ids of a column. The draft's operations are tried on its draft."""
        path = self.path
        if self.name in ONES_OWN:
            path = path.replace("{id}", ids["north_role_id"])
        for prefix, name in PATH_IDS.items():
            if path.startswith(f"/api/v1{prefix}"):
                path = path.replace("{id}", ids[name], 1)
        if self.name in ON_A_DRAFT:
            path = path.replace("{referral_id}", ids["draft_id"])
        if self.name in ON_A_DRAFT_NOTE:
            path = path.replace("{note_id}", ids["draft_note_id"])
        for part, name in PAGE_IDS.items():
            path = path.replace(part, ids[name])
        return re.sub(r"{(\w+)}", lambda found: str(ids.get(found[1], NOBODY)), path) + self.query

    def random_address(self, ids: Ids) -> str:
        """The same with an id that nothing has, in place of the last one."""
        given = [*re.finditer(r"{(\w+)}", self.path)]
        if not given:
            return self.address(ids)
        last = (
            given[0] if self.path.startswith("/api/v1/clients/") else given[-1]
        )  # a client's parts go with the client
        made_up = f"{self.path[: last.start()]}{uuid4()}{self.path[last.end() :]}"
        return Row(self.name, self.method, made_up, query=self.query).address(ids)


# The operator's pages share one answer. The account pages are a library's and hold nothing about clients; they have a
# test of their own.
ONE_ROW = ("admin/",)
ACCOUNTS = "accounts/"
ONES_OWN = ("agree_to_transmission",)
# Well-formed, and nothing has it.
NOBODY = "0198c1a0-0000-7000-8000-000000000000"
ON_A_DRAFT = ("change_referral", "discard_referral")
ON_A_DRAFT_NOTE = ("change_note", "discard_note", "sign_note", "close_note_unsigned")
NAMED = {"family_name": "New", "given_name": "Person"}
REPORTED = {"final": True, "report": make.REPORT}


def _new_referral(ids: Ids) -> Any:
    to = {"practitioner_role_id": ids["east_role_id"]}
    return {**make.referral_body(to), "client_id": ids["client_id"], "send": False}


def _in_a_year() -> str:
    return (clock.now() + timedelta(days=365)).date().isoformat()


# The smallest body that the right person gets through with. Operations without a body are not named.
BODIES: dict[str, Callable[[Ids], Any]] = {
    "add_application": lambda ids: {"name": "Calendar", "scopes": ["referrals:read"]},
    "change_application": lambda ids: {"name": "Diary"},
    "upload_attachment": lambda ids: PDF,
    "register_client": lambda ids: NAMED,
    "change_client": lambda ids: {"city": "Boulder"},
    "break_the_glass": lambda ids: {"reason": "Collapsed in the waiting room."},
    "give_consent": lambda ids: {"organization_ids": [ids["south_id"]], "categories": ["plan"], "method": "verbal"},
    "renew_consent": lambda ids: {"method": "verbal", "expires_on": _in_a_year()},
    "withdraw_consent": lambda ids: {},
    "mark_deceased": lambda ids: {},
    "undo_death": lambda ids: {},
    "place_hold": lambda ids: {"regions": [{"region": "cervical", "side": "left"}], "because": "other"},
    "clear_hold": lambda ids: {"clearance": "Seen by her physician today."},
    "merge_client": lambda ids: {"into": ids["other_client_id"]},
    "undo_merge": lambda ids: {},
    "mark_moved": lambda ids: {},
    "record_precaution": lambda ids: {"code": "anticoag", "regions": []},
    "end_precaution": lambda ids: {},
    "mark_precaution_entered_in_error": lambda ids: {"reason": "wrong_entry"},
    "link_client": lambda ids: {"own_client_id": ids["own_client_id"]},
    "unlink_client": lambda ids: {},
    "add_representative": lambda ids: {"name": "Jo Doe", "relationship": "spouse"},
    "end_representative": lambda ids: {},
    "upsert_clients": lambda ids: {"clients": [{**NAMED, "local_identifier": "N-1"}]},
    "search_clients": lambda ids: {"query": "Zq"},
    "change_credential": lambda ids: {"issuer": "Board"},
    "judge_credential": lambda ids: {"status": "verified"},
    "add_location": lambda ids: {"name": "Annex", "city": "Denver"},
    "change_location": lambda ids: {"name": "Annex"},
    "add_member": lambda ids: {"email": "new@example.org", "rights": ["coordinator"]},
    "change_member": lambda ids: {"daily_digest": False},
    "open_organization": lambda ids: {"name": "New Clinic", "time_zone": "America/Denver"},
    "change_organization": lambda ids: {"phone": "+1 303 555 0100"},
    "start_practitioner_role": lambda ids: {
        "practitioner_id": ids["practitioner_pk"],
        "discipline": "chiropractic",
    },
    "change_practitioner_role": lambda ids: {"accepting": False},
    "end_practitioner_role": lambda ids: {},
    "agree_to_transmission": lambda ids: {"agreed": True},
    "match_practitioner_roles": lambda ids: {"discipline": "physical_therapy"},
    "add_practitioner": lambda ids: NAMED,
    "change_practitioner": lambda ids: {"given_name": "Sam"},
    "add_credential": lambda ids: {"kind": "certification", "discipline": "massage_therapy", "name": "NMT"},
    "create_referral": _new_referral,
    "change_referral": lambda ids: {"tried": "Rest"},
    "write_message": lambda ids: {"text": "She can come on Tuesdays."},
    "search_referrals": lambda ids: {"identifier": {"system": "urn:x", "value": "R-1"}},
    "write_note": lambda ids: {"client_id": ids["client_id"], "kind": "phone", "subjective": "Called about a time."},
    "change_note": lambda ids: {"plan": "Heat at home."},
    "sign_note": lambda ids: {},
    "cosign_note": lambda ids: {},
    "amend_note": lambda ids: {"reason": "correction", "text": "Right, not left."},
    "mark_note_entered_in_error": lambda ids: {"reason": "wrong_entry"},
    "close_note_unsigned": lambda ids: {},
    "end_ask": lambda ids: {},
    "move_sandbox_clock": lambda ids: {"advance": "PT1S"},
}
# Operations that mean something else for each side are tried in more than one way.
WAYS: dict[str, dict[str, Callable[[Ids], Any]]] = {
    "move_referral": {
        "accept": lambda ids: {"name": "accept"},
        "offer_times": lambda ids: {"name": "offer_times", "times": [make.visit_window(3)]},
        "decline": lambda ids: {"name": "decline", "reason": "no_capacity"},
        "report": lambda ids: {"name": "report", **REPORTED},
        "withdraw": lambda ids: {"name": "withdraw", "reason": "client_request"},
        "acknowledge": lambda ids: {"name": "acknowledge", "plan_change": "no_change"},
        "consent_ended": lambda ids: {"name": "consent_ended"},
        "nonsense": lambda ids: {"name": "nonsense"},
    }
}
QUERIES = {"continue_client_search": "?search=nothing"}


@cache
def schema() -> dict[str, Any]:
    document: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return document


def api_rows() -> Iterator[Row]:
    for path, item in schema()["paths"].items():
        for method in METHODS:
            if method not in item:
                continue
            name = item[method]["operationId"]
            ways = WAYS.get(name, {"": BODIES.get(name)})
            for way, body in ways.items():
                yield Row(f"{name} {way}".strip(), method, path, body, QUERIES.get(name, ""))


def page_rows() -> Iterator[Row]:
    """Every address outside the API, by GET and by POST."""
    for route, _view in _patterns(get_resolver().url_patterns, ""):
        is_operation = route.startswith("api/v1/") and not route.startswith("api/v1/openapi")
        if is_operation or route.startswith(ACCOUNTS):
            continue
        path = "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route)
        for method in ("get", "post"):
            yield Row(f"{method.upper()} {path}", method, path, is_page=True)


def account_pages() -> list[str]:
    """The addresses of signing in and of one's own account."""
    routes = [route for route, _ in _patterns(get_resolver().url_patterns, "") if route.startswith(ACCOUNTS)]
    return ["/" + re.sub(r"<(?:\w+:)?(\w+)>", "x", route) for route in routes]


def _patterns(patterns: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            if str(pattern.pattern) in ONE_ROW:
                yield str(pattern.pattern), pattern
                continue
            yield from _patterns(pattern.url_patterns, prefix + str(pattern.pattern))
        elif isinstance(pattern, URLPattern):
            yield prefix + _plain(str(pattern.pattern)), pattern.callback


def _plain(route: str) -> str:
    """A regular expression of the account pages as a route."""
    return re.sub(r"\(\?P<(\w+)>[^)]*\)", r"<\1>", route).removeprefix("^").removesuffix("$").replace("\\", "")


def rows() -> list[Row]:
    return [*api_rows(), *page_rows()]
