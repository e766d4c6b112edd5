"""The rows of the access matrix: every operation of the schema and every page of the URL configuration."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import uuid4

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.generators import SchemaGenerator

from backend.lib import clock
from tests import make
from tests.access.cast import ATTESTED
from tests.access.situations import NOBODY, PDF

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
# One name in the address for each kind of row of a care plan.
PLAN_ROW_IDS = {
    "/problems/{row_id}": "problem_id",
    "/goals/{row_id}": "goal_id",
    "/interventions/{row_id}": "line_id",
    "/phases/{row_id}": "phase_id",
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
    form: Callable[[Ids], Any] | None = None

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
        for part, name in PLAN_ROW_IDS.items():
            path = path.replace(part, part.replace("{row_id}", ids.get(name, NOBODY)))
        if self.name in ON_A_DRAFT_NOTE:
            path = path.replace("{note_id}", ids["draft_note_id"])
        for part, name in PAGE_IDS.items():
            path = path.replace(part, ids[name])
        return re.sub(r"{(\w+)}", lambda found: str(ids.get(found[1], NOBODY)), path) + self.query.format_map(ids)

    def random_address(self, ids: Ids) -> str:
        """The same with an id that nothing has, in place of the last one."""
        given = [*re.finditer(r"{(\w+)}", self.path)]
        if not given:
            return self.address(ids)
        last = (
            given[0] if self.path.startswith(("/api/v1/clients/", "/api/v1/care-plans/")) else given[-1]
        )  # the parts of a client or a plan go with it
        made_up = f"{self.path[: last.start()]}{uuid4()}{self.path[last.end() :]}"
        return replace(self, path=made_up).address(ids)


# The operator's pages share one answer. The account pages are a library's and hold nothing about clients; they have a
# test of their own.
ONE_ROW = ("admin/",)
ACCOUNTS = "accounts/"
ONES_OWN = ("agree_to_transmission",)
ON_A_DRAFT = (
    "change_referral",
    "discard_referral",
    "GET /referrals/{referral_id}/edit",
    "POST /referrals/{referral_id}/edit",
    "POST /referrals/{referral_id}/discard",
)
ON_A_DRAFT_NOTE = (
    "change_note",
    "discard_note",
    "sign_note",
    "close_note_unsigned",
    "GET /notes/{note_id}/edit",
    "POST /notes/{note_id}/edit",
    "POST /notes/{note_id}/discard",
)
NAMED = {"family_name": "New", "given_name": "Person"}
REPORTED = {"final": True, "report": make.REPORT}


def _new_referral(ids: Ids) -> Any:
    to = {"practitioner_role_id": ids["east_role_id"]}
    return {**make.referral_body(to), "client_id": ids["client_id"], "send": False}


def _for_north(ids: Ids) -> Any:
    """A system of the north names whom it acts for; of people it is not asked."""
    return {"on_behalf_of": {"practitioner_role_id": ids["north_role_id"]}}


def _shown(ids: Ids) -> Any:
    """A line that both sides are shown: the precaution."""
    return {"line_ids": [f"precaution.{ids['precaution_id']}.1"]}


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
    "mark_report_entered_in_error": lambda ids: {"reason": "wrong_entry"},
    "mark_message_entered_in_error": lambda ids: {"reason": "wrong_entry"},
    "correct_guest_address": lambda ids: {"email": "new@example.org"},
    "write_message": lambda ids: {"text": "She can come on Tuesdays."},
    "draft_report": lambda ids: {},
    "search_referrals": lambda ids: {"identifier": {"system": "urn:x", "value": "R-1"}},
    "enter_visit": lambda ids: {"client_id": ids["client_id"], **make.visit_window(3)},
    "change_visit": lambda ids: {"line_ids": []},
    "move_visit": lambda ids: {"name": "cancel", "by": "clinic"},
    "write_care_plan": lambda ids: {"client_id": ids["client_id"], "title": "Knee", **_for_north(ids)},
    "change_care_plan": lambda ids: {"review_on": _in_a_year(), **_for_north(ids)},
    "mark_care_plan_entered_in_error": lambda ids: {"reason": "duplicate", **_for_north(ids)},
    "mark_problem_of_care_plan_entered_in_error": lambda ids: {"reason": "duplicate", **_for_north(ids)},
    "mark_goal_of_care_plan_entered_in_error": lambda ids: {"reason": "duplicate", **_for_north(ids)},
    "mark_intervention_of_care_plan_entered_in_error": lambda ids: {"reason": "duplicate", **_for_north(ids)},
    "mark_phase_of_care_plan_entered_in_error": lambda ids: {"reason": "duplicate", **_for_north(ids)},
    "move_care_plan": lambda ids: {"name": "hold", "reason": "away", **_for_north(ids)},
    "add_problem": lambda ids: {"text": "Stiff neck", "icd10": "M54.2", **_for_north(ids)},
    "change_problem": lambda ids: {"state": "resolved", **_for_north(ids)},
    "add_goal": lambda ids: {"words": "Sleep through", **_for_north(ids)},
    "change_goal": lambda ids: {"state": "achieved", **_for_north(ids)},
    "add_intervention": lambda ids: {"focus": "Neck", **_for_north(ids)},
    "change_intervention": lambda ids: {"minutes": 30, **_for_north(ids)},
    "add_phase": lambda ids: {"name": "Build up", **_for_north(ids)},
    "change_phase": lambda ids: {"position": 2, **_for_north(ids)},
    "decide_line": lambda ids: {"answer": "drop", **_for_north(ids)},
    "decide_goal": lambda ids: {"answer": "drop", **_for_north(ids)},
    "decide_problem": lambda ids: {"answer": "drop", **_for_north(ids)},
    "add_team_member": lambda ids: {"organization_id": ids["south_id"], **_for_north(ids)},
    "end_membership": lambda ids: _for_north(ids),
    "hand_over_lead": lambda ids: {"organization_id": ids["south_id"], **_for_north(ids)},
    "propose": lambda ids: {
        "kind": "change",
        "about": "intervention",
        "row_id": ids["line_id"],
        "changes": {"minutes": 40},
        "why": "Shorter.",
        **_for_north(ids),
    },
    "move_proposal": lambda ids: {"name": "accept", **_for_north(ids)},
    "publish_version": lambda ids: _for_north(ids),
    "answer_version": lambda ids: {"number": 1, "answer": "agree", **_for_north(ids)},
    "write_note": lambda ids: {"client_id": ids["client_id"], "kind": "phone", "subjective": "Called about a time."},
    "change_note": lambda ids: {"plan": "Heat at home."},
    "sign_note": lambda ids: {},
    "cosign_note": lambda ids: {},
    "amend_note": lambda ids: {"reason": "correction", "text": "Right, not left."},
    "mark_note_entered_in_error": lambda ids: {"reason": "wrong_entry"},
    "close_note_unsigned": lambda ids: {},
    "end_ask": lambda ids: {},
    "search_notes": lambda ids: {"query": "subjective"},
    "mark_brief_read": _shown,
    "export_client": lambda ids: {"include": "all"},
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
QUERIES = {
    "continue_client_search": "?search=nothing",
    "continue_note_search": "?search=nothing",
    "GET /notes/new": "?client={client_id}&sure=1",
}

SHEET = {"kind": "evaluate_and_treat", "own_reason": "Neck", "question": "Safe?", "asked": "1", "press": "draft"}
REGION = {"region": "cervical", "side-cervical": "left"}
SAID = {"method": "verbal"}
# What is typed into the forms of the pages, so that the right person gets through. Forms of one press are not named.
FORMS: dict[str, Callable[[Ids], Any]] = {
    "/inbox/give": lambda ids: {"referral": ids["referral_id"], "practitioner_role_id": ids["north_role_id"]},
    "/settings/device": lambda ids: {"privacy": "on"},
    "/referrals/new": lambda ids: {**SHEET, **REGION, "client": ids["client_id"], "to": f"role:{ids['east_role_id']}"},
    "/referrals/{referral_id}/edit": lambda ids: {**SHEET, **REGION, "to": f"role:{ids['east_role_id']}"},
    "/referrals/{referral_id}/take-back": lambda ids: {"press": NOBODY},
    "/referrals/{referral_id}/messages": lambda ids: {"text": "She can come on Tuesdays."},
    "/referrals/{referral_id}/visits": lambda ids: {
        "visit.starts_at": "2030-03-04T10:00",
        "visit.minutes": "30",
        "state": "booked",
    },
    "/referrals/{referral_id}/visits/{visit_id}": lambda ids: {"press": "clinic_cancels"},
    "/referrals/{referral_id}/reports/{report_id}/entered-in-error": lambda ids: {"reason": "wrong_entry"},
    "/referrals/{referral_id}/link": lambda ids: {"press": "fresh"},
    "/notes/new": lambda ids: {"client": ids["client_id"], "kind": "phone", "subjective": "Called.", "press": "draft"},
    "/notes/{note_id}/edit": lambda ids: {"kind": "phone", "subjective": "Called back.", "press": "draft"},
    "/clients": lambda ids: {"query": "Zq"},
    "/clients/new": lambda ids: NAMED,
    "/clients/{client_id}/edit": lambda ids: {"family_name": "Changed"},
    "/clients/{client_id}/merge": lambda ids: {"into": ids["other_client_id"]},
    "/clients/{client_id}/break-glass": lambda ids: {"reason": "Collapsed in the waiting room."},
    "/clients/{client_id}/search": lambda ids: {"query": "subjective"},
    "/clients/{client_id}/brief/read": _shown,
    "/clients/{client_id}/consents": lambda ids: {
        "organization_ids": [ids["south_id"]],
        "categories": ["plan"],
        "method": "verbal",
    },
    "/clients/{client_id}/consents/{consent_id}/renew": lambda ids: {**SAID, "expires_on": _in_a_year()},
    "/clients/{client_id}/precautions": lambda ids: {"code": "anticoag"},
    "/clients/{client_id}/precautions/{precaution_id}/error": lambda ids: {"reason": "wrong_entry"},
    "/clients/{client_id}/holds": lambda ids: {**REGION, "because": "other"},
    "/clients/{client_id}/holds/{hold_id}/clear": lambda ids: {"clearance": "Seen by her physician today."},
    "/clients/{client_id}/representatives": lambda ids: {"name": "Jo Doe", "relationship": "spouse"},
    "/clients/{client_id}/life": lambda ids: {"what": "moved"},
    "/care-plans/new": lambda ids: {"client": ids["client_id"], "title": "Knee", "press": "begin"},
    "/care-plans/{plan_id}/header": lambda ids: {"title": "Neck", "review_on": _in_a_year()},
    "/care-plans/{plan_id}/move": lambda ids: {"name": "hold", "reason": "away"},
    "/care-plans/{plan_id}/agreements": lambda ids: {"number": "1", "answer": "agree"},
    "/care-plans/{plan_id}/proposals/{proposal_id}": lambda ids: {"name": "accept"},
    "/care-plans/{plan_id}/team": lambda ids: {"organization_id": ids["south_id"]},
    "/care-plans/{plan_id}/lead": lambda ids: {"organization_id": ids["south_id"]},
    "/care-plans/{plan_id}/goals/new": lambda ids: {"words": "Sleep through"},
    "/care-plans/{plan_id}/goals/{row_id}": lambda ids: {"words": "Sleep through", "why": "She said so."},
    "/care-plans/{plan_id}/interventions/new": lambda ids: {"focus": "Neck", "times_per_week": "1"},
    "/care-plans/{plan_id}/interventions/{row_id}": lambda ids: {"focus": "Neck", "minutes": "40", "why": "Shorter."},
    "/care-plans/{plan_id}/problems/new": lambda ids: {"text": "Stiff neck", "icd10": "m54.2"},
    "/care-plans/{plan_id}/problems/{row_id}": lambda ids: {"text": "Stiff neck", "state": "resolved"},
    "/care-plans/{plan_id}/phases/new": lambda ids: {"name": "Build up"},
    "/care-plans/{plan_id}/phases/{row_id}": lambda ids: {"name": "Build up"},
    **{
        f"/care-plans/{{plan_id}}/{kind}/{{row_id}}/error": lambda ids: {"reason": "duplicate"}
        for kind in ("goals", "interventions", "problems", "phases")
    },
    "/settings/care-plans/{plan_id}": lambda ids: {"reason": "duplicate"},
    **{
        f"/settings/care-plans/{{plan_id}}/{kind}/{{row_id}}/error": lambda ids: {"reason": "duplicate"}
        for kind in ("goals", "interventions", "problems", "phases")
    },
    **{
        f"/care-plans/{{plan_id}}/{kind}/{{row_id}}/decide": lambda ids: {"answer": "drop"}
        for kind in ("goals", "interventions", "problems")
    },
    "/care-plans/{plan_id}/interventions/{row_id}/take-over": lambda ids: {"focus": "Neck"},
    "/settings/clinic": lambda ids: {"name": "New Name"},
    "/settings/opening": lambda ids: {"opens-0-0": "09:00", "closes-0-0": "17:00"},
    "/settings/due-times": lambda ids: {"sent.routine": "2"},
    "/settings/places": lambda ids: {"name": "Annex", "city": "Denver"},
    "/settings/people": lambda ids: {"email": "new@example.org", "rights": ["coordinator"]},
    "/settings/people/{member_id}": lambda ids: {"rights": ["coordinator", "auditor"]},
    "/settings/practitioners/new": lambda ids: NAMED,
    "/settings/practitioners/{practitioner_id}": lambda ids: {
        "form": "credential",
        "kind": "certification",
        "discipline": "massage_therapy",
        "name": "NMT",
    },
    "/settings/applications": lambda ids: {"name": "Calendar", "kind": "system", "scopes": ["referrals:read"]},
    "/settings/applications/{application_id}": lambda ids: {"end": "1"},
    "/settings/notifications": lambda ids: {"quiet_from": "19:00", "quiet_until": "07:30"},
    "/clinics/new": lambda ids: {"name": "New Clinic", "time_zone": "America/Denver"},
    "/organization": lambda ids: {"organization_id": ids["south_id"]},
    "/g/{token}/enter": lambda ids: {"code": "000000"},
    "/g/{token}/who": lambda ids: ATTESTED,
    "/g/{token}/message": lambda ids: {"text": "She can come on Tuesdays."},
    "/g/{token}/files": lambda ids: {"files": [SimpleUploadedFile("letter.pdf", PDF)]},
    "/c/{token}/enter": lambda ids: {"code": "000000"},
    "/c/{token}/answer/{referral_id}": lambda ids: {"answer": "yes", "categories": ["plan"]},
    "/c/{token}/choose/{referral_id}": lambda ids: {"time_id": NOBODY},
}
# Forms that mean something else for each side.
FORM_WAYS: dict[str, dict[str, Callable[[Ids], Any]]] = {
    "/referrals/{referral_id}/move": {
        "accept": lambda ids: {"name": "accept"},
        "decline": lambda ids: {"name": "decline", "reason": "no_capacity"},
        "withdraw": lambda ids: {"name": "withdraw", "reason": "client_request"},
        "acknowledge": lambda ids: {"name": "acknowledge", "plan_change": "no_change"},
    },
    "/notes/{note_id}/move": {
        "amend": lambda ids: {"name": "amend", "reason": "correction", "text": "Right, not left."},
        "cosign": lambda ids: {"name": "cosign"},
        "enter_in_error": lambda ids: {"name": "enter_in_error", "reason": "wrong_entry"},
    },
    "/g/{token}/move": {
        "accept": lambda ids: {"name": "accept"},
        "withdraw": lambda ids: {"name": "withdraw", "reason": "client_request"},
    },
}


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
    for route, _view in addresses(get_resolver().url_patterns, ""):
        is_operation = route.startswith("api/v1/") and not route.startswith("api/v1/openapi")
        if is_operation or route.startswith(ACCOUNTS):
            continue
        path = "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route)
        yield Row(f"GET {path}", "get", path, query=QUERIES.get(f"GET {path}", ""), is_page=True)
        for way, form in FORM_WAYS.get(path, {"": FORMS.get(path, _one_press)}).items():
            yield Row(f"POST {path} {way}".strip(), "post", path, is_page=True, form=form)


def _one_press(ids: Ids) -> dict[str, Any]:
    return {}


def account_pages() -> list[str]:
    """The addresses of signing in and of one's own account."""
    routes = [route for route, _ in addresses(get_resolver().url_patterns, "") if route.startswith(ACCOUNTS)]
    return ["/" + re.sub(r"<(?:\w+:)?(\w+)>", "x", route) for route in routes]


def addresses(patterns: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            if str(pattern.pattern) in ONE_ROW:
                yield str(pattern.pattern), pattern
                continue
            yield from addresses(pattern.url_patterns, prefix + str(pattern.pattern))
        elif isinstance(pattern, URLPattern):
            yield prefix + _plain(str(pattern.pattern)), pattern.callback


def _plain(route: str) -> str:
    """A regular expression of the account pages as a route."""
    return re.sub(r"\(\?P<(\w+)>[^)]*\)", r"<\1>", route).removeprefix("^").removesuffix("$").replace("\\", "")


def rows() -> list[Row]:
    return [*api_rows(), *page_rows()]
