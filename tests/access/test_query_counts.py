"""How many statements each read takes: few, and no more for thirty rows than for three."""

from collections import defaultdict
from collections.abc import Iterator

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import make
from tests.access.operations import Row, api_rows
from tests.attachments.files import uploaded
from tests.careplans.plans import Plan, alone
from tests.notes.writing import signed
from tests.record.feed import settle

# Committed as it goes: one transaction of this length would hold up every feed beside it.
pytestmark = pytest.mark.django_db(transaction=True)
# Who is asking, what is asked, what hangs on it, who looked: a read of a client or a page of a list.
MOST = 16
NOT_COUNTED = ("SAVEPOINT", "RELEASE", "ROLLBACK")


def reads() -> list[Row]:
    return [row for row in api_rows() if row.is_safe and not row.path.endswith((".pdf", "/letter", "/document"))]


def grow(north: make.Clinic, south: make.Clinic, rows: int) -> Iterator[dict[str, str]]:
    """Clients of North whom South shares, the first with as many messages and precautions as there are clients."""
    for number in range(rows):
        client_id = make.client(north)["id"]
        consent = make.consent(north, client_id, south)
        referral = make.referral(north, south, client_id=client_id)
        make.move(south, referral["id"], "accept")
        ours, theirs = (_visit(clinic, client_id) for clinic in (north, south))
        make.role(north.organization, "massage_therapy")
        file = uploaded(north)["id"]
        yield {
            **plan_of(north, south, client_id),
            "client_id": client_id,
            "referral_id": referral["id"],
            "consent_id": consent["id"],
            "note_id": signed(north, client_id, attachment_ids=[file])["id"],
            "attachment_id": file,
            "number": str(number),
            "north_visit_id": ours,
            "south_visit_id": theirs,
        }


def _visit(clinic: make.Clinic, client_id: str) -> str:
    return str(clinic.http.send("POST", "visits", {"client_id": client_id, **make.visit_window()}).json()["id"])


def plan_of(north: make.Clinic, south: make.Clinic, client_id: str) -> dict[str, str]:
    """A care plan that both are on, with one row of each kind."""
    plan = alone(north, client_id)
    plan.add(north, south)
    problem = plan.post(north, "/problems", {"text": "Stiff neck"}).json()["id"]
    phase = plan.post(north, "/phases", {"name": "Calm down"}).json()["id"]
    line, goal = plan.line(north)["id"], plan.goal(south)["id"]
    plan.publish(north)
    return {
        "plan_id": plan.id, "problem_id": problem, "phase_id": phase, "line_id": line, "goal_id": goal, "number": "1",
    }  # fmt: skip


def hang(north: make.Clinic, ids: dict[str, str], rows: int) -> None:
    for _ in range(rows):
        north.http.send("POST", f"referrals/{ids['referral_id']}/messages", {"text": "A word."})
        north.http.send("POST", f"clients/{ids['client_id']}/precautions", {"code": "anticoag", "regions": []})
        signed(north, ids["client_id"])
        north.http.send("POST", f"notes/{ids['note_id']}/addenda", {"reason": "other", "text": "A word."})
        signed(north, ids["client_id"], attachment_ids=[uploaded(north)["id"]])


def hang_on_plan(north: make.Clinic, south: make.Clinic, ids: dict[str, str], rows: int) -> None:
    plan = Plan(ids["plan_id"], ids["client_id"])
    for _ in range(rows):
        line = plan.line(north)
        plan.goal(north)
        plan.post(south, "/proposals", {"kind": "end", "about": "intervention", "row_id": line["id"], "why": "Done."})
        plan.publish(north)
        plan.answer(south, 1, "object", sentence="Too much.")


def statements(clinic: make.Clinic, ids: dict[str, str]) -> dict[str, int]:
    """For each read that is answered with 200, how many statements it took."""
    known = {
        "organization_pk": clinic.id,
        "role_pk": clinic.role_id,
        "member_pk": str(clinic.admin.member.id),
        "practitioner_pk": str(clinic.practitioner.role.practitioner_id) if clinic.practitioner.role else "",
    }
    found = {}
    for row in reads():
        with CaptureQueriesContext(connection) as queries:
            answer = clinic.http.send("GET", row.address(defaultdict(lambda: "0", {**known, **ids})))
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


def test_reads_take_few_statements_and_no_more_for_thirty_rows(north: make.Clinic, south: make.Clinic) -> None:
    first, *_ = list(grow(north, south, 3))
    hang(north, first, 3)
    hang_on_plan(north, south, first, 1)
    settle()
    seen_by = [
        (north, {**first, "visit_id": first["north_visit_id"]}),
        (south, {**first, "visit_id": first["south_visit_id"]}),
    ]
    with_three = [statements(clinic, ids) for clinic, ids in seen_by]

    list(grow(north, south, 27))
    hang(north, first, 27)
    hang_on_plan(north, south, first, 5)
    settle()
    with_thirty = [statements(clinic, ids) for clinic, ids in seen_by]

    grown = [
        {name: (counts[name], many[name]) for name in counts if many[name] > counts[name]}
        for counts, many in zip(with_three, with_thirty, strict=True)
    ]
    assert grown == [{}, {}]
    assert len(with_three[0]) > 25
    assert {name: count for counts in with_three for name, count in counts.items() if count > MOST} == {}


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
