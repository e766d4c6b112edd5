"""How many statements each write of a plan, a note, a visit and a brief takes: few, and no more when many rows hang on it."""

from collections.abc import Mapping
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import make
from tests.access.cast import never_kept
from tests.access.operations import Row, api_rows
from tests.access.test_query_counts import counted, grow, hang, hang_on_plan, known_of
from tests.attachments.files import uploaded
from tests.careplans.plans import Plan, done, leave
from tests.notes.writing import BODY, NECK, draft, enroll, sign
from tests.record.briefs import brief

pytestmark = pytest.mark.django_db(transaction=True)
WRITTEN = ("/api/v1/care-plans", "/api/v1/notes", "/api/v1/visits", "/api/v1/clients/{client_id}/brief/")
MOST = 24
# Writes that say one thing more for each row, and of what.
GROWS = {
    "end_membership": "an event for each proposal that ends with it",
    "mark_care_plan_entered_in_error": "an event for each proposal that ends with it",
    "sign_note": "an event for each ask, and whom it reaches",
    "cosign_note": "an event for each ask, and whom it reaches",
}
Ids = Mapping[str, str]


def writes() -> list[Row]:
    return [row for row in api_rows() if not row.is_safe and row.path.startswith(WRITTEN)]


def story(north: make.Clinic, south: make.Clinic, outsider: make.Clinic) -> dict[str, str]:
    """A plan of three clinics, of which one left; notes in each state; a visit."""
    (ids,) = grow(north, south, 1, outsider)
    hang(north, ids, 1)
    plan = Plan(ids["plan_id"], ids["client_id"])
    make.move(outsider, make.referral(north, outsider, client_id=plan.client_id)["id"], "accept")
    plan.add(north, outsider)
    left = {
        "left_line_id": plan.line(outsider)["id"],
        "left_goal_id": plan.goal(outsider)["id"],
        "left_problem_id": done(plan.post(outsider, "/problems", {"text": "Stiff"}))["id"],
    }
    done(leave(plan, outsider, outsider), 200)
    member = next(row["id"] for row in plan.whole(north)["team"] if row["organization"]["id"] == south.id)
    return {
        **known_of(north),
        **ids,
        **left,
        "goal_id": plan.goal(north)["id"],
        "south_line_id": plan.line(south)["id"],
        "membership_id": member,
        "south_id": south.id,
        "back_id": outsider.id,
        "north_role_id": north.role_id,
        "visit_id": ids["north_visit_id"],
    }


def notes(north: make.Clinic, client_id: str, rows: int) -> dict[str, str]:
    """A draft, and a note that waits for a second signature, with as many parts."""
    parts = parts_of_a_note(rows)
    files = [uploaded(north)["id"] for _ in range(rows)]
    student = enroll(north)
    waiting = sign(student.http, draft(north, client_id, by=student.http, **parts)["id"])
    ask = sign(north.http, draft(north, client_id, **parts)["id"])
    leaving = make.person(north.organization, "practitioner", discipline="massage_therapy")
    assert leaving.role is not None
    left = draft(north, client_id, by=leaving.http, **parts)["id"]
    done(north.admin.http.send("POST", f"practitioner-roles/{leaving.role.id}/end", {}))
    return {
        "left_note_id": left,
        "draft_note_id": draft(north, client_id, attachment_ids=files, **parts)["id"],
        "uncosigned_id": waiting["id"],
        "asking_id": ask["id"],
        "ask_id": ask["asks"][0]["id"],
    }


def parts_of_a_note(rows: int) -> dict[str, Any]:
    return {
        "findings": [{"kind": "numbness", **NECK, "remark": f"Number {row}"} for row in range(rows)],
        "techniques": [{"technique": "tpt", "regions": [NECK], "minutes": 15}] * rows,
        "asks": [{"kind": "avoid", **NECK, "sentence": f"Number {row}"} for row in range(rows)],
        "measures": BODY["measures"],
    }


# Where an operation is tried on something else than the plan's first row of that kind.
INSTEAD = {
    "decide_line": {"line_id": "left_line_id"},
    "decide_goal": {"goal_id": "left_goal_id"},
    "decide_problem": {"problem_id": "left_problem_id"},
    "propose": {"line_id": "south_line_id"},
    "close_note_unsigned": {"draft_note_id": "left_note_id"},
    "add_team_member": {"south_id": "back_id"},
    "cosign_note": {"note_id": "uncosigned_id"},
    "end_ask": {"note_id": "asking_id"},
}


def statements(row: Row, clinic: make.Clinic, ids: Ids, body: Any) -> int:
    """How many statements the write took, which is then undone."""
    ids = {**ids, **{name: ids[other] for name, other in INSTEAD.get(row.name, {}).items()}}
    address, http = row.address(ids), clinic.admin.http if row.name == "close_note_unsigned" else clinic.http
    headers = {"If-Match": http.send("GET", address)["ETag"]} if row.takes_version else {}
    sent = body if body is not None else row.body(ids) if row.body else None
    with never_kept(), CaptureQueriesContext(connection) as queries:
        answer = http.send(row.method.upper(), address, sent, **headers)
    assert answer.status_code < 300, (row.name, answer.content)
    return counted(queries)


def bodies(north: make.Clinic, ids: Ids, rows: int) -> dict[str, Any]:
    """What is longer for a long note and a long brief, and the newest version; half of a draft's rows stay."""
    parts = parts_of_a_note(rows)
    findings = done(north.http.send("GET", f"notes/{ids['draft_note_id']}"))["findings"]
    newest = done(north.http.send("GET", f"care-plans/{ids['plan_id']}/versions"))["results"][0]["number"]
    return {
        "write_note": {"client_id": ids["client_id"], "kind": "progress", **parts},
        "change_note": {**parts, "findings": [*findings[: rows // 2], *parts["findings"][rows // 2 :]]},
        "answer_version": {"number": newest, "answer": "object", "sentence": "Too much."},
        "mark_brief_read": {"line_ids": [line["id"] for line in brief(north, ids["client_id"])["lines"]]},
    }


def of_each_write(north: make.Clinic, ids: Ids, rows: int) -> dict[str, int]:
    """How many statements each write takes, of a note with as many parts and of a plan that has changed."""
    Plan(ids["plan_id"], ids["client_id"]).goal(north)
    ids = {**ids, **notes(north, ids["client_id"], rows)}
    longer = bodies(north, ids, rows)
    return {row.name: statements(row, north, ids, longer.get(row.name)) for row in writes()}


def test_every_write_takes_few_statements_and_only_those_named_take_more_where_many_rows_hang(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic
) -> None:
    ids = story(north, south, outsider)
    hang_on_plan(north, south, ids, 1)
    few = of_each_write(north, ids, 2)

    hang_on_plan(north, south, ids, 6)
    hang(north, ids, 6)
    many = of_each_write(north, ids, 8)

    assert {name for name, count in few.items() if many[name] > count} == GROWS.keys()
    assert {name: count for name, count in few.items() if count > MOST} == {}
