"""Attacks on care plans, in SQL: writing oneself in, answering for others, unfreezing what was published."""

from typing import Any
from uuid import UUID

import pytest

from backend.lib.actor import Actor, ActorKind
from backend.lib.ids import uuid7
from tests import make
from tests.attacks.sql import insert, refused, rows
from tests.careplans.plans import Plan, accepted, alone, consent_of, done, in_every_table, shared, withdraw

pytestmark = pytest.mark.django_db
TABLES = (
    "careplan", "teammember", "problem", "goal", "intervention", "phase", "proposal", "planversion", "agreement", "decision",
    "planidentifier",
)  # fmt: skip


def goal_row(plan: Plan, organization_id: str) -> tuple[str, list[Any]]:
    return insert(
        "careplans_goal", id=uuid7(), version=1, plan_id=plan.id, organization_id=organization_id, changed_by="x", words="x",
        measure="", unit="", state="active", created_at="now", updated_at="now",
    )  # fmt: skip


def test_the_outsider_finds_no_row_of_any_table(north: make.Clinic, south: make.Clinic, outsider: make.Clinic) -> None:
    plan = in_every_table(north, south)

    for table in TABLES:
        assert not rows(outsider, f"SELECT 1 FROM careplans_{table}"), table
        assert rows(north, f"SELECT 1 FROM careplans_{table}"), table
    assert rows(outsider, "SELECT live_members(%s)", plan.id) == [([],)]
    assert not rows(outsider, "SELECT * FROM visits_used(%s)", plan.id)
    assert not rows(outsider, "SELECT * FROM joinable_plans(%s)", plan.client_id)


def test_nobody_writes_itself_onto_a_team(north: make.Clinic, south: make.Clinic, outsider: make.Clinic) -> None:
    plan = alone(north)
    accepted(north, south, plan.client_id)
    member = {"plan_id": plan.id, "practitioner_role_id": None, "role": "member", "from_at": "now", "ended_because": ""}
    for thief in (outsider, south, north):
        statement, values = insert("careplans_teammember", id=uuid7(), organization_id=thief.id, **member)
        assert refused(thief, statement, *values)
        for column in ("member_ids", "party_ids"):
            assert refused(
                thief,
                f"UPDATE careplans_careplan SET {column} = {column} || %s::uuid WHERE id = %s",
                outsider.id,
                plan.id,
            )
    for organization in (outsider, south):
        assert refused(
            outsider, "SELECT 1 WHERE join_plan(%s, %s, %s, NULL, 'x')", uuid7(), plan.id, organization.id
        ), organization
    assert not rows(outsider, "SELECT 1 FROM careplans_careplan")


def test_a_member_of_another_circle_joins_by_no_call(north: make.Clinic, south: make.Clinic, east: make.Clinic) -> None:
    plan = shared(north, south)
    accepted(north, east, plan.client_id)

    assert refused(east, "SELECT 1 WHERE join_plan(%s, %s, %s, NULL, 'x')", uuid7(), plan.id, east.id)
    assert refused(north, "SELECT 1 WHERE join_plan(%s, %s, %s, NULL, 'x')", uuid7(), plan.id, east.id)

    assert not rows(east, "SELECT 1 FROM careplans_intervention")


def test_nobody_throws_another_out_but_the_lead(north: make.Clinic, south: make.Clinic, east: make.Clinic) -> None:
    plan = shared(north, south, east)

    assert refused(south, "SELECT leave_plan(%s, %s, 'x', 'x')", plan.id, east.id)
    assert refused(south, "UPDATE careplans_teammember SET until = now()")
    assert refused(south, "UPDATE careplans_careplan SET lead_organization_id = %s", south.id)

    assert [m["is_live"] for m in plan.whole(north)["team"]] == [True, True, True]


def test_nobody_writes_or_moves_a_row_in_anothers_name(north: make.Clinic, south: make.Clinic) -> None:
    plan, other = shared(north, south), alone(south)
    plan.goal(north)
    mine = plan.goal(south)

    statement, values = goal_row(plan, north.id)
    assert refused(south, statement, *values)
    assert refused(south, "UPDATE careplans_goal SET words = 'x' WHERE organization_id = %s", north.id)
    assert refused(south, "UPDATE careplans_goal SET organization_id = %s WHERE id = %s", north.id, mine["id"])
    assert refused(south, "UPDATE careplans_goal SET plan_id = %s WHERE id = %s", other.id, mine["id"])
    assert refused(south, "DELETE FROM careplans_goal")
    assert refused(south, "UPDATE careplans_careplan SET title = 'x' WHERE id = %s", plan.id)
    assert rows(south, "UPDATE careplans_goal SET words = 'y' WHERE id = %s", mine["id"])


def test_who_was_on_the_team_writes_no_more(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    mine = plan.goal(south)
    withdraw(north, plan.client_id, consent_of(plan, north))

    statement, values = goal_row(plan, south.id)
    assert refused(south, statement, *values)
    assert refused(south, "UPDATE careplans_goal SET words = 'x' WHERE id = %s", mine["id"])
    assert rows(south, "SELECT 1 FROM careplans_goal WHERE id = %s", mine["id"])


def test_what_was_published_and_agreed_never_changes(
    north: make.Clinic, south: make.Clinic, owner_connection: Any
) -> None:
    plan = shared(north, south)
    plan.line(north)
    plan.publish(north)
    for clinic in (north, south):
        for table in ("planversion", "agreement", "decision"):
            assert refused(clinic, f"UPDATE careplans_{table} SET plan_id = plan_id")
            assert refused(clinic, f"DELETE FROM careplans_{table}")
    with owner_connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text FROM pg_trigger"
            " WHERE tgname LIKE 'careplans%append_only' AND tgname NOT LIKE '%change_append_only' ORDER BY 1"
        )
        assert [name for (name,) in cursor.fetchall()] == [
            "careplans_agreement", "careplans_decision", "careplans_planversion",
        ]  # fmt: skip


def test_nobody_agrees_for_another_or_publishes_without_the_lead(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    plan.line(north)
    plan.publish(north)
    said = {"plan_id": plan.id, "answer": "agree", "sentence": "", "by": "x", "answered_at": "now"}

    for thief, named, number in ((north, south, 1), (south, north, 1), (south, south, 2)):
        statement, values = insert("careplans_agreement", id=uuid7(), organization_id=named.id, number=number, **said)
        assert refused(thief, statement, *values)
    version = {"plan_id": plan.id, "holds_ids": f"{{{south.id}}}", "body": "{}", "changes": "[]", "by": "x"}
    for number in (1, 2, 7):
        statement, values = insert(
            "careplans_planversion", id=uuid7(), organization_id=south.id, number=number, published_at="now", **version
        )
        assert refused(south, statement, *values)


def test_nobody_answers_a_proposal_that_is_not_theirs_to_answer(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    line = plan.line(north)
    body = {"kind": "change", "about": "intervention", "row_id": line["id"], "changes": {"minutes": 1}, "why": "x"}
    done(plan.post(south, "/proposals", body), 201)

    for thief, change in (
        (south, "state = 'accepted'"),
        (south, "state = 'lapsed'"),
        (north, "state = 'withdrawn'"),
        (north, "changes = '{}'"),
        (north, "owner_id = organization_id"),
    ):
        assert refused(thief, f"UPDATE careplans_proposal SET {change}"), change


def test_a_line_that_ended_stays_ended_and_left_is_not_said_by_hand(north: make.Clinic) -> None:
    plan = alone(north)
    line = plan.line(north)

    assert refused(north, "UPDATE careplans_intervention SET state = 'ended', ended_reason = 'left'")
    done(plan.patch(north, f"/interventions/{line['id']}", {"state": "ended", "ended_reason": "done"}), 200)
    assert refused(north, "UPDATE careplans_intervention SET state = 'active'")


def test_a_clients_link_reads_its_plan_and_writes_nothing(north: make.Clinic, south: make.Clinic) -> None:
    plan, other = shared(north, south), alone(north)
    plan.goal(north)
    other.goal(north)
    client = Actor(kind=ActorKind.CLIENT, client_id=UUID(plan.client_id))

    assert rows(client, "SELECT plan_id::text FROM careplans_goal") == [(plan.id,)]
    for table in ("goal", "careplan", "proposal"):
        assert refused(client, f"UPDATE careplans_{table} SET version = 9")
