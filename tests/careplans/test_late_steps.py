"""Steps of a plan, and answers to proposals, that are told later than they were made."""

from datetime import timedelta
from typing import Any

import pytest

from tests import make
from tests.careplans.plans import Plan, done, refused, shared
from tests.record.feed import settle
from tests.referrals.stories import advance, now

pytestmark = pytest.mark.django_db(transaction=True)
END = {"kind": "end", "about": "goal", "why": "It is reached."}


def ago(**span: float) -> str:
    return (now() - timedelta(**span)).isoformat(timespec="microseconds").replace("+00:00", "Z")


def drafted(at: make.Clinic) -> Plan:
    client_id = make.client(at)["id"]
    made = done(at.http.send("POST", "care-plans", {"client_id": client_id, "title": "Neck and arm"}), 201)
    return Plan(made["id"], client_id)


def told_of(at: make.Clinic, type: str) -> list[Any]:
    settle()
    return [event["occurred_at"] for event in done(at.http.send("GET", f"events?types={type}"))["results"]]


def last_change(plan: Plan, reader: make.Clinic, what: str) -> Any:
    rows = done(plan.get(reader, "/changes"))["results"]
    return next(row for row in rows if row["what"]["type"] == what)


def happened(plan: Plan, reader: make.Clinic, what: str) -> tuple[str, str]:
    rows = done(reader.http.send("GET", f"clients/{plan.client_id}/timeline"))["results"]
    [row] = [row for row in rows if row["what"] == what and row["kind"] in ("plan", "proposal")]
    return row["occurred_at"], row["recorded_at"]


# --- plans -----------------------------------------------------------------------------------------------------------


def test_a_late_step_keeps_both_times(north: make.Clinic) -> None:
    plan, began, ended = drafted(north), ago(days=5), ago(days=2)
    done(plan.move(north, "activate", occurred_at=began), 200)

    completed = done(plan.move(north, "complete", reason="goals_met", occurred_at=ended), 200)

    assert (completed["state"], completed["occurred_at"]) == ("completed", ended)
    assert completed["updated_at"] > ended
    assert told_of(north, "care_plan.activated") == [began]
    assert told_of(north, "care_plan.completed") == [ended]
    change = last_change(plan, north, "care_plan")
    assert {"name": "occurred_at", "from": began, "to": ended} in change["fields"]
    assert (change["recorded_at"] > ended, change["label"]) == (True, "Completed: the goals are met")
    occurred, recorded = happened(plan, north, "finished")
    assert (occurred, recorded > ended) == (ended, True)


@pytest.mark.parametrize(
    ("hours", "code"), [(1, "in_the_future"), (-8 * 24, "too_late"), (-6 * 24, "before_last_step")]
)
def test_a_late_step_lies_between_the_step_before_and_now(north: make.Clinic, hours: int, code: str) -> None:
    plan = drafted(north)
    done(plan.move(north, "activate", occurred_at=ago(days=5)), 200)
    before = plan.whole(north)

    answer = plan.move(north, "hold", reason="away", occurred_at=ago(hours=-hours))

    assert refused(answer, 400, code)["errors"][0]["pointer"] == "/occurred_at"
    assert plan.whole(north) == before


def test_a_step_told_at_once_is_what_a_late_one_may_not_come_before(north: make.Clinic) -> None:
    plan = drafted(north)
    done(plan.move(north, "activate", occurred_at=ago(days=5)), 200)

    held = done(plan.move(north, "hold", reason="away"), 200)

    assert held["occurred_at"] is None
    refused(plan.move(north, "resume", occurred_at=ago(hours=1)), 400, "before_last_step")


def test_a_death_is_no_late_step(north: make.Clinic) -> None:
    plan = drafted(north)
    done(plan.move(north, "activate", occurred_at=ago(days=5)), 200)

    done(north.http.send("POST", f"clients/{plan.client_id}/death", {}), 200)

    dead = plan.whole(north)
    assert (dead["state"], dead["state_reason"], dead["occurred_at"]) == ("revoked", "client_died", None)


# --- proposals -------------------------------------------------------------------------------------------------------


@pytest.fixture
def asked(north: make.Clinic, south: make.Clinic) -> tuple[Plan, str]:
    """Three days ago North proposed that South end its goal."""
    plan = shared(north, south)
    made = done(plan.post(north, "/proposals", {**END, "row_id": plan.goal(south)["id"]}), 201)
    advance(days=3)
    return plan, f"/proposals/{made['id']}"


@pytest.mark.parametrize(
    ("name", "event"), [("accept", "accepted"), ("decline", "declined"), ("withdraw", "withdrawn")]
)
def test_a_late_answer_keeps_both_times(
    asked: tuple[Plan, str], north: make.Clinic, south: make.Clinic, name: str, event: str
) -> None:
    (plan, address), said = asked, ago(days=1)
    who = north if name == "withdraw" else south
    answer = {"answer": "Not yet."} if name == "decline" else {}

    moved = done(plan.post(who, f"{address}/transitions", {"name": name, "occurred_at": said, **answer}), 200)

    assert (moved["state"], moved["occurred_at"], moved["answered_at"] > said) == (event, said, True)
    assert told_of(who, f"proposal.{event}") == [said]
    assert {"name": "occurred_at", "from": None, "to": said} in last_change(plan, who, "proposal")["fields"]
    if name != "withdraw":
        occurred, recorded = happened(plan, who, "answered")
        assert (occurred, recorded > said) == (said, True)


@pytest.mark.parametrize(("hours", "code"), [(1, "in_the_future"), (-4 * 24, "before_last_step")])
def test_a_late_answer_lies_between_the_question_and_now(
    asked: tuple[Plan, str], south: make.Clinic, hours: int, code: str
) -> None:
    plan, address = asked
    before = done(plan.get(south, address))

    answer = plan.post(south, f"{address}/transitions", {"name": "accept", "occurred_at": ago(hours=-hours)})

    refused(answer, 400, code)
    assert done(plan.get(south, address)) == before
