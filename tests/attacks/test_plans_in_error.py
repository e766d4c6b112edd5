"""Attacks on what was entered in error in a care plan, in SQL: reading it, undoing it, saying it of what is another's."""

from threading import Barrier, Thread
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, connections

from backend.lib.actor import Actor, ActorKind
from backend.lib.ids import uuid7
from tests import make
from tests.attacks.sql import insert, refused, rows
from tests.careplans.plans import Plan, done, in_every_table, leave, shared

pytestmark = pytest.mark.django_db
ROWS = {"problems": "problem", "goals": "goal", "interventions": "intervention", "phases": "phase"}


def rows_of_each_kind(plan: Plan, clinic: make.Clinic) -> dict[str, str]:
    made = {
        "problems": done(plan.post(clinic, "/problems", {"text": "ZqProblem"}), 201),
        "goals": plan.goal(clinic, words="ZqGoal"),
        "interventions": plan.line(clinic, focus="ZqLine", technique_ids=[]),
        "phases": done(plan.post(clinic, "/phases", {"name": "ZqPhase"}), 201),
    }
    return {kind: row["id"] for kind, row in made.items()}


def void(plan: Plan, who: make.Clinic, row: str = "") -> None:
    done(plan.post(who, f"{row}/entered-in-error", {"reason": "wrong_client", "note": "ZqNote"}), 200)


def everything(who: make.Clinic | Actor) -> str:
    """Every row under a plan and of every history that the walls show, and what versions hold for the reader.

    Of a plan that is closed its parties see the header's row; what of it they read is withheld where it is rendered.
    """
    tables = [name for (name,) in rows(who, "SELECT tablename FROM pg_tables WHERE tablename LIKE 'careplans_%%'")]
    assert "careplans_goalchange" in tables
    hidden = {"careplans_planversion", "careplans_careplan"}
    shown = [rows(who, f"SELECT to_jsonb(t)::text FROM {table} t") for table in tables if table not in hidden]
    return str([*shown, rows(who, "SELECT frozen_in_version(id)::text FROM careplans_planversion")])


def test_what_a_version_holds_is_read_through_the_guard_alone(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    plan.line(north)
    plan.publish(north)
    (version,) = rows(north, "SELECT id FROM careplans_planversion")[0]

    for statement in (
        "SELECT body FROM careplans_planversion",
        "SELECT changes FROM careplans_planversion",
        "SELECT * FROM careplans_planversion",
        "SELECT to_jsonb(v) FROM careplans_planversion v",
        "SELECT 1 FROM careplans_planversion WHERE body::text LIKE '%%trapezius%%'",
    ):
        assert refused(south, statement), statement
    assert "trapezius" in str(rows(south, "SELECT frozen_in_version(%s)::text", version))


def test_the_guard_tells_no_more_of_a_version_than_its_policy(
    north: make.Clinic, south: make.Clinic, east: make.Clinic, outsider: make.Clinic
) -> None:
    plan = in_every_table(north, south)
    (version,) = rows(north, "SELECT id FROM careplans_planversion")[0]
    client = Actor(kind=ActorKind.CLIENT, client_id=UUID(plan.client_id))

    for reader in (north, south, east, outsider, client):
        sees = bool(rows(reader, "SELECT 1 FROM careplans_planversion WHERE id = %s", version))
        told = rows(reader, "SELECT frozen_in_version(%s)::text", version)[0][0] is not None
        assert told == sees, reader


def test_no_row_about_a_wrong_client_is_left_for_anybody_but_who_wrote_it(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic
) -> None:
    plan = shared(north, south)
    written = rows_of_each_kind(plan, north)
    plan.publish(north)
    assert "ZqLine" in everything(south)

    for kind, row_id in written.items():
        void(plan, north, f"/{kind}/{row_id}")

    client = Actor(kind=ActorKind.CLIENT, client_id=UUID(plan.client_id))
    for reader in (south, outsider, client):
        assert "Zq" not in everything(reader), reader
    assert all(word in everything(north) for word in ("ZqLine", "ZqGoal", "ZqProblem", "ZqPhase", "ZqNote"))


def test_a_plan_about_a_wrong_client_leaves_each_clinic_its_own_rows(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    plan = shared(north, south, east)
    rows_of_each_kind(plan, north)
    plan.line(south, focus="SouthLine", technique_ids=[])
    plan.publish(north)

    void(plan, north)

    assert "Zq" not in everything(south)
    assert "Neck and arm" not in everything(south)
    assert "SouthLine" in everything(south)
    client = Actor(kind=ActorKind.CLIENT, client_id=UUID(plan.client_id))
    for reader in (east, client):
        assert plan.id not in everything(reader)
        assert not rows(reader, "SELECT 1 FROM careplans_careplan")


def test_nobody_says_it_of_what_another_wrote_or_of_what_is_not_there(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic
) -> None:
    plan = shared(north, south)
    goal = plan.goal(north)["id"]
    of_plan = "SELECT enter_plan_in_error(%s, 'other', '', 'x')"
    of_row = "SELECT enter_plan_row_in_error(%s, %s, %s, 'other', '', 'x')"

    for thief in (south, outsider, Actor(kind=ActorKind.CLIENT, client_id=UUID(plan.client_id))):
        assert refused(thief, of_plan, plan.id)
        assert refused(thief, of_row, plan.id, "goals", goal)
    for kind in ("problems", "careplans_goal", "goals; DROP TABLE x", None):
        assert refused(north, of_row, plan.id, kind, goal)
    assert refused(north, "SELECT enter_plan_in_error(%s, 'because', '', 'x')", plan.id)
    assert refused(north, "SELECT enter_plan_in_error(%s, NULL, '', 'x')", plan.id)
    other = shared(north, south)
    assert refused(north, of_row, other.id, "goals", goal)

    assert plan.whole(south)["goals"][0]["entered_in_error"] is None


def test_it_is_neither_said_nor_unsaid_by_hand(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    written = rows_of_each_kind(plan, north)
    for table in ("careplan", *ROWS.values()):
        for change in ("entered_in_error_reason = 'other'", "entered_in_error_at = now()", "entered_in_error_by = 'x'"):
            assert refused(north, f"UPDATE careplans_{table} SET {change}"), table
    statement, values = insert(
        "careplans_goal", id=uuid7(), version=1, plan_id=plan.id, organization_id=north.id, changed_by="x", words="x",
        measure="", unit="", state="active", created_at="now", updated_at="now", entered_in_error_reason="wrong_client",
        entered_in_error_note="", entered_in_error_by="", entered_in_error_at="now",
    )  # fmt: skip
    assert refused(north, statement, *values)

    for kind, row_id in written.items():
        void(plan, north, f"/{kind}/{row_id}")
        for change in ("entered_in_error_reason = ''", "entered_in_error_at = NULL", "changed_by = 'x'"):
            assert refused(north, f"UPDATE careplans_{ROWS[kind]} SET {change} WHERE id = %s", row_id), kind
    void(plan, north)
    for change in (
        "state = 'active'",
        "title = 'x'",
        "entered_in_error_at = NULL",
        "entered_in_error_reason = 'other'",
    ):
        assert refused(north, f"UPDATE careplans_careplan SET {change} WHERE id = %s", plan.id), change
    assert refused(north, "SELECT keep_access(%s)", plan.id)
    assert refused(north, "SELECT enter_plan_in_error(%s, 'other', '', 'x')", plan.id)
    assert refused(north, "SELECT 1 WHERE join_plan(%s, %s, %s, NULL, 'x')", uuid7(), plan.id, south.id)


def test_of_what_is_in_error_nothing_but_a_wrong_client_is_said_and_by_nobody_else(
    north: make.Clinic, south: make.Clinic
) -> None:
    plan = shared(north, south)
    goal = plan.goal(north, words="ZqGoal")["id"]
    of_plan, of_row = (
        "SELECT enter_plan_in_error(%s, %s, '', 'x')",
        "SELECT enter_plan_row_in_error(%s, 'goals', %s, %s, '', 'x')",
    )
    done(plan.post(north, f"/goals/{goal}/entered-in-error", {"reason": "other"}), 200)
    done(plan.post(north, "/entered-in-error", {"reason": "other"}), 200)

    for reason in ("wrong_entry", "duplicate", "other", None):
        assert refused(north, of_plan, plan.id, reason), reason
        assert refused(north, of_row, plan.id, goal, reason), reason
    assert refused(south, of_plan, plan.id, "wrong_client")
    assert refused(south, of_row, plan.id, goal, "wrong_client")
    for change in ("entered_in_error_reason = 'wrong_client'", "entered_in_error_organization_id = NULL"):
        assert refused(north, f"UPDATE careplans_careplan SET {change} WHERE id = %s", plan.id), change

    rows(north, of_row, plan.id, goal, "wrong_client")
    rows(north, of_plan, plan.id, "wrong_client")

    assert refused(north, of_row, plan.id, goal, "wrong_client")
    assert refused(north, of_plan, plan.id, "wrong_client")


def test_who_keeps_a_proposal_is_not_said_by_hand(north: make.Clinic, south: make.Clinic, east: make.Clinic) -> None:
    plan = shared(north, south, east)
    line = plan.line(south, technique_ids=[])
    ask = {"kind": "end", "about": "intervention", "row_id": line["id"], "why": "ZqWhy"}
    done(plan.post(north, "/proposals", ask), 201)

    for clinic in (north, south):
        assert refused(clinic, "UPDATE careplans_proposal SET kept_for_ids = '{}'")
    void(plan, south, f"/interventions/{line['id']}")

    assert "ZqWhy" not in everything(east)
    for clinic in (north, south):
        assert "ZqWhy" in everything(clinic)
        assert refused(clinic, "UPDATE careplans_proposal SET kept_for_ids = NULL")


def test_a_clinic_that_left_takes_back_its_row_and_writes_nothing_else(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    goal = plan.goal(south, words="ZqGoal")
    done(leave(plan, south, south), 200)

    assert refused(south, "UPDATE careplans_goal SET words = 'x' WHERE id = %s", goal["id"])
    void(plan, south, f"/goals/{goal['id']}")

    assert "ZqGoal" not in everything(north)
    assert "ZqGoal" in everything(south)


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_says_it_and_the_other_is_refused(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    goal = plan.goal(north)["id"]
    together, answers = Barrier(2), list[Any]()

    def press(rest: str, body: dict[str, Any]) -> None:
        together.wait()
        try:
            answers.append(plan.post(north, rest, body).status_code)
        finally:
            connections.close_all()

    for presses in (
        [(f"/goals/{goal}/entered-in-error", {"reason": reason}) for reason in ("duplicate", "other")],
        [("/entered-in-error", {"reason": "other"}), ("/versions", {})],
    ):
        answers.clear()
        threads = [Thread(target=press, args=each) for each in presses]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answers) in ([200, 409], [200, 201])

    assert plan.whole(north)["entered_in_error"]["reason"] == "other"
    assert connection.connection is not None
