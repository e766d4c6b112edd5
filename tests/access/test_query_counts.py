"""How many statements each read and each page takes: few, and no more for thirty rows than for three."""

from collections import defaultdict
from collections.abc import Iterator

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import make
from tests.access.operations import Row, api_rows
from tests.attachments.files import uploaded
from tests.careplans.plans import Plan, alone, done
from tests.notes.writing import signed
from tests.paper import in_plain_text
from tests.portability.exporting import made
from tests.record.feed import settle

# Committed as it goes: one transaction of this length would hold up every feed beside it.
pytestmark = pytest.mark.django_db(transaction=True)
# Who is asking, what is asked, what hangs on it, who looked: a read of a client or a page of a list.
MOST = 16
NOT_COUNTED = ("SAVEPOINT", "RELEASE", "ROLLBACK")
# Reads that are not counted here, and why. Any other that is not answered with 200 fails.
EXCUSED = {
    "continue_client_search": "only after a search of more than a page",
    "continue_note_search": "only after a search of more than a page",
}
# Paper and an export say all there is, so that each kind of thing is asked for.
MOST_OF_ALL_THERE_IS = 42
# A page shows what several reads of the API say; the client's shows the most.
MOST_OF_A_PAGE = 80
PAGES = [
    Row(f"GET {path}", "get", path, is_page=True)
    for path in (
        "/",
        "/inbox",
        "/notes",
        "/notes/{note_id}",
        "/notes/{note_id}/changes",
        "/care-plans",
        "/care-plans/{plan_id}",
        "/care-plans/{plan_id}/changes",
        "/care-plans/{plan_id}/versions",
        "/care-plans/{plan_id}/goals/{row_id}",
        "/care-plans/{plan_id}/interventions/{row_id}",
        "/clients",
        "/clients/{client_id}",
        "/clients/{client_id}/timeline",
        "/clients/{client_id}/export",
        "/referrals/{referral_id}",
    )
]


def reads() -> list[Row]:
    return [row for row in api_rows() if row.is_safe]


def grow(north: make.Clinic, south: make.Clinic, rows: int, *others: make.Clinic) -> Iterator[dict[str, str]]:
    """Clients of North whom South shares, the first with as many messages and precautions as there are clients."""
    for _ in range(rows):
        client_id = make.client(north)["id"]
        consent = make.consent(north, client_id, south, *others)
        referral = make.referral(north, south, client_id=client_id)
        make.move(south, referral["id"], "accept")
        ours, theirs = (_visit(clinic, client_id) for clinic in (north, south))
        make.role(north.organization, "massage_therapy")
        file = uploaded(north)["id"]
        yield {
            **plan_of(north, south, client_id),
            "client_id": client_id,
            "referral_id": referral["id"],
            "report_id": reported(north, south, referral["id"]),
            "consent_id": consent["id"],
            "note_id": signed(north, client_id, attachment_ids=[file])["id"],
            "attachment_id": file,
            "application_pk": str(make.application(north.organization, "clients:read").id),
            "north_visit_id": ours,
            "south_visit_id": theirs,
        }


def reported(north: make.Clinic, south: make.Clinic, referral_id: str) -> str:
    make.move(south, referral_id, "start")
    make.move(south, referral_id, "report", report=make.REPORT)
    return str(done(north.http.send("GET", f"referrals/{referral_id}/reports"))["results"][0]["id"])


def _visit(clinic: make.Clinic, client_id: str) -> str:
    return str(clinic.http.send("POST", "visits", {"client_id": client_id, **make.visit_window()}).json()["id"])


def plan_of(north: make.Clinic, south: make.Clinic, client_id: str) -> dict[str, str]:
    """A care plan that both are on, with one row of each kind."""
    plan = alone(north, client_id)
    plan.add(north, south)
    problem = plan.post(north, "/problems", {"text": "Stiff neck"}).json()["id"]
    phase = plan.post(north, "/phases", {"name": "Calm down"}).json()["id"]
    line, goal = plan.line(north)["id"], plan.goal(south)["id"]
    proposal = proposed(plan, south, line)
    plan.publish(north)
    return {
        "plan_id": plan.id, "problem_id": problem, "phase_id": phase, "line_id": line, "goal_id": goal,
        "proposal_id": proposal, "number": "1",
    }  # fmt: skip


def proposed(plan: Plan, by: make.Clinic, line_id: str) -> str:
    asked = {"kind": "end", "about": "intervention", "row_id": line_id, "why": "Done."}
    return str(done(plan.post(by, "/proposals", asked))["id"])


def hang(north: make.Clinic, ids: dict[str, str], rows: int) -> None:
    for _ in range(rows):
        done(north.http.send("POST", f"referrals/{ids['referral_id']}/messages", {"text": "A word."}))
        done(north.http.send("POST", f"clients/{ids['client_id']}/precautions", {"code": "anticoag", "regions": []}))
        signed(north, ids["client_id"])
        done(north.http.send("POST", f"notes/{ids['note_id']}/addenda", {"reason": "other", "text": "A word."}))
        signed(north, ids["client_id"], attachment_ids=[uploaded(north)["id"]])


def hang_on_plan(north: make.Clinic, south: make.Clinic, ids: dict[str, str], rows: int) -> None:
    plan = Plan(ids["plan_id"], ids["client_id"])
    for _ in range(rows):
        line = plan.line(north)
        plan.goal(north)
        proposed(plan, south, line["id"])
        number = plan.publish(north)["number"]
        done(plan.answer(south, number, "object", sentence="Too much."))


def known_of(clinic: make.Clinic) -> dict[str, str]:
    role = clinic.practitioner.role
    assert role is not None
    return {
        "code": "wrong_state",
        "organization_pk": clinic.id,
        "role_pk": clinic.role_id,
        "location_pk": str(role.location_id),
        "member_pk": str(clinic.admin.member.id),
        "practitioner_pk": str(role.practitioner_id),
        "credential_pk": str(role.practitioner.credentials.get().id),
    }


def statements(http: make.Api, rows: list[Row], ids: dict[str, str]) -> dict[str, int]:
    """For each read that is answered with 200, how many statements it took."""
    found = {}
    for row in rows:
        with CaptureQueriesContext(connection) as queries:
            answer = http.send("GET", row.address(defaultdict(lambda: "0", ids)))
            b"".join(answer)
        if answer.status_code == 200:
            found[row.name] = counted(queries)
    return found


def counted(queries: CaptureQueriesContext) -> int:
    return sum(not query["sql"].startswith(NOT_COUNTED) for query in queries)


def handed_over(ids: dict[str, str], by: make.Clinic, to: make.Clinic) -> int:
    """How many statements it took to let another clinic lead."""
    with CaptureQueriesContext(connection) as queries:
        answer = by.http.send("POST", f"care-plans/{ids['plan_id']}/lead", {"organization_id": to.id})
    assert answer.json()["lead"]["organization"]["id"] == to.id, answer.content
    return counted(queries)


def asked_by_all(north: make.Clinic, south: make.Clinic, ids: dict[str, str]) -> dict[str, dict[str, int]]:
    """What each of them is answered, by the API and on pages."""
    ours = {**known_of(north), **ids, "visit_id": ids["north_visit_id"]}
    theirs = {**known_of(south), **ids, "visit_id": ids["south_visit_id"]}
    return {
        "north": statements(north.http, reads(), ours),
        "south": statements(south.http, reads(), theirs),
        "admin": statements(north.admin.http, reads(), ours),
        "north page": statements(make.signed_in(north.practitioner.member.user), PAGES, ours),
        "south page": statements(make.signed_in(south.practitioner.member.user), PAGES, theirs),
    }


def test_reads_and_pages_take_few_statements_and_no_more_for_thirty_rows(
    north: make.Clinic, south: make.Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_plain_text(monkeypatch)
    first, *_ = list(grow(north, south, 3))
    hang(north, first, 3)
    hang_on_plan(north, south, first, 1)
    first["export_id"] = made(north, first["client_id"])["id"]
    settle()
    with_three = asked_by_all(north, south, first)

    list(grow(north, south, 27))
    hang(north, first, 27)
    hang_on_plan(north, south, first, 5)
    settle()
    with_thirty = asked_by_all(north, south, first)

    grown = {
        (who, name): (count, with_thirty[who][name])
        for who, counts in with_three.items()
        for name, count in counts.items()
        if with_thirty[who][name] > count
    }
    assert grown == {}
    assert {row.name for row in reads()} - set().union(*with_three.values()) == EXCUSED.keys()
    assert {row.name for row in PAGES} == with_three["north page"].keys()
    too_many = {
        (who, name): count for who, counts in with_three.items() for name, count in counts.items() if count > most(name)
    }
    assert too_many == {}


def most(name: str) -> int:
    if name.startswith("GET "):
        return MOST_OF_A_PAGE
    return MOST_OF_ALL_THERE_IS if name.startswith(("print_", "download_export_")) else MOST


def test_handing_a_plan_over_takes_few_statements_and_no_more_for_a_long_plan(
    north: make.Clinic, south: make.Clinic
) -> None:
    (first,) = grow(north, south, 1)
    hang_on_plan(north, south, first, 1)
    short = [handed_over(first, *pair) for pair in ((north, south), (south, north))]

    hang_on_plan(north, south, first, 8)
    long = [handed_over(first, *pair) for pair in ((north, south), (south, north))]

    assert long == short
    assert max(short) <= MOST
