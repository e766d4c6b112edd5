"""The brief tells a token the kinds of lines whose lists its scopes read, and names the others."""

from typing import Any

import pytest

from tests import make
from tests.careplans.plans import done
from tests.careplans.plans import shared as shared_plan
from tests.notes.writing import NECK, signed
from tests.record.briefs import lines

pytestmark = pytest.mark.django_db
HOLD = {"regions": [{"region": "cervical", "side": "left"}], "because": "red_flag"}
# What each scope reads, as the lists of these things say; drawn by hand.
ALWAYS = {"ask", "contact_first", "hold", "precaution"}
KINDS = {
    "notes:read": {"note"},
    "visits:read": {"visit"},
    "referrals:read": {"report"},
    "care-plans:read": {"agreement", "goal", "plan", "plan_line", "plan_version", "proposal"},
}
EVERY = sorted(set().union(*KINDS.values()))
OTHERS = [
    scope for scope in make.ALL_SCOPES.split() if scope.endswith(":read") and scope not in {"clients:read", *KINDS}
]


def token_of(clinic: make.Clinic, *scopes: str) -> make.Api:
    return make.Api(make.token(of=make.application(clinic.organization), scopes=" ".join(scopes)))


def told_to(api: make.Api, clinic: make.Clinic, client_id: str) -> Any:
    return api.send("GET", f"clients/{client_id}/brief?practitioner_role_id={clinic.role_id}")


@pytest.fixture
def told(north: make.Clinic, south: make.Clinic) -> str:
    """A client of the north's, of whom the south has something to tell in lines of all scopes."""
    plan = shared_plan(north, south)
    client_id = plan.client_id
    sent = make.referral(north, south, client_id=client_id)
    for step in ("accept", "start"):
        make.move(south, sent["id"], step)
    done(south.http.send("POST", "visits", {"referral_id": sent["id"], "state": "done", **make.visit_window(-1)}), 201)
    make.move(south, sent["id"], "report", report={**make.REPORT, "new_precautions": ["anticoag"]})
    signed(south, client_id)
    signed(south, client_id, is_sensitive=True)
    done(south.http.send("POST", f"clients/{client_id}/precautions", {"code": "anticoag"}), 201)
    done(south.http.send("POST", f"clients/{client_id}/holds", HOLD), 201)
    plan.line(south)
    plan.goal(south)
    return client_id


@pytest.mark.parametrize("scope", [*KINDS, *OTHERS])
def test_a_token_is_told_what_its_scopes_read_and_which_kinds_were_left_out(
    north: make.Clinic, told: str, scope: str
) -> None:
    whole = told_to(north.system, north, told).json()

    found = told_to(token_of(north, "clients:read", scope), north, told).json()

    shown = {line["kind"] for line in found["lines"]}
    assert {line["kind"] for line in whole["lines"]} == {*ALWAYS, "note", "visit", "report", "plan_line", "goal"}
    assert whole["withheld"] == []
    assert shown == {line["kind"] for line in whole["lines"]} & {*ALWAYS, *KINDS.get(scope, ())}
    assert found["withheld"] == [kind for kind in EVERY if kind not in KINDS.get(scope, ())]


@pytest.mark.parametrize("scope", [*KINDS, *OTHERS])
def test_without_what_limits_the_hands_there_is_no_brief(north: make.Clinic, told: str, scope: str) -> None:
    answer = told_to(token_of(north, scope), north, told)

    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")


def test_a_token_without_notes_is_told_of_the_visit_and_the_ask_that_a_note_would_tell(
    north: make.Clinic, client_id: str
) -> None:
    colleague = make.person(north.organization, "practitioner", discipline="massage_therapy", name="Col League")
    assert colleague.role is not None
    body = {"client_id": client_id, "state": "done", **make.visit_window(-1)}
    visit = done(north.http.send("POST", "visits", body), 201)
    ask = {"kind": "prefer", **NECK, "sentence": "Heat first."}
    signed(north, client_id, visit_id=visit["id"], asks=[ask])
    path = f"clients/{client_id}/brief?practitioner_role_id={colleague.role.id}"

    whole = north.system.send("GET", path).json()
    found = token_of(north, "clients:read", "visits:read").send("GET", path).json()

    assert [line["kind"] for line in whole["lines"]] == ["note"]
    assert {line["kind"] for line in found["lines"]} == {"ask", "visit"}


def test_when_the_client_was_seen_last_is_told_to_whoever_reads_that(north: make.Clinic, client_id: str) -> None:
    body = {"client_id": client_id, "state": "done", **make.visit_window(-1), "practitioner_role_id": north.role_id}
    visit = done(north.http.send("POST", "visits", body), 201)
    note = signed(north, client_id, asks=[])

    def seen(*scopes: str) -> Any:
        return told_to(token_of(north, "clients:read", *scopes), north, client_id).json()["last_visit_at"]

    assert (seen(), seen("visits:read"), seen("notes:read")) == (None, visit["starts_at"], note["occurred_at"])


def test_a_person_marks_through_a_token_only_what_it_reads(north: make.Clinic, told: str) -> None:
    marked = {line["kind"]: line["id"] for line in lines(north, told)}
    path, member = f"clients/{told}/brief/read", north.practitioner.member

    def by(*scopes: str) -> dict[str, int]:
        api = make.Api(make.token(member=member, scopes=" ".join(("clients:write", *scopes))))
        return {kind: api.send("POST", path, {"line_ids": [line]}).status_code for kind, line in marked.items()}

    assert set(by().values()) == {404}
    assert {kind for kind, status in by("notes:read").items() if status == 204} == {"note"}
    assert {kind for kind, status in by("clients:read").items() if status == 204} == ALWAYS
    assert set(by("clients:read", *KINDS).values()) == {204}
