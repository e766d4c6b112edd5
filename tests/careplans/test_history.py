"""What changed in a plan: each change with its actor and request; one's own always, the others' while the plan is open."""

from typing import Any

import pytest
from django.db import connection

from backend.careplans.history import history_for
from backend.careplans.models import (
    CarePlan,
    Goal,
    Intervention,
    Phase,
    Problem,
    Proposal,
    TeamMember,
)
from backend.lib.actor import Actor
from backend.lib.history import history_of
from backend.lib.unit_of_work import acting_as
from tests import make
from tests.attacks.sql import rows
from tests.careplans.plans import Plan, accepted, alone, consent_of, done, in_every_table, refused, shared, withdraw

pytestmark = pytest.mark.django_db
TRACKED: tuple[Any, ...] = (CarePlan, TeamMember, Problem, Goal, Intervention, Phase, Proposal)


def changes(plan: Plan, who: Any, query: str = "") -> list[Any]:
    found: list[Any] = done(plan.get(who, f"/changes{query}"), 200)["results"]
    return found


def test_a_change_says_who_in_which_request_and_from_what_to_what(north: make.Clinic) -> None:
    plan = alone(north)
    goal = plan.goal(north, words="Carry my son", target=10)

    address = f"{plan.path}/goals/{goal['id']}"
    headers = {"If-Match": f'"{goal["version"]}.x"', "X-Request-Id": "req-of-the-change"}
    done(north.http.send("PATCH", address, {"target": 12, "unit": None}, **headers), 200)

    told = changes(plan, north)[0]
    assert (told["action"], told["what"]) == ("changed", {"type": "goal", "id": goal["id"]})
    assert told["fields"] == [{"name": "unit", "from": "min", "to": None}, {"name": "target", "from": 10, "to": 12}]
    assert told["label"] == "Goal “Carry my son”: unit and target changed"
    assert (told["by"], told["actor"]) == ("North Massage Practitioner", "member")
    assert told["request_id"] == "req-of-the-change"
    assert told["organization"] == {"id": north.id, "display": "North Massage"}


def test_it_reads_as_a_person_tells_it(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    line, goal = plan.line(north, focus="Neck"), plan.goal(north, words="Carry my son")
    plan.publish(north)
    done(plan.patch(north, "", {"title": "Headache", "review_on": "2031-03-01"}), 200)
    row = f"/interventions/{line['id']}"
    done(plan.patch(north, row, {"state": "paused", "minutes": 20}), 200)
    done(plan.patch(north, row, {"state": "active"}), 200)
    done(plan.patch(north, row, {"state": "ended", "ended_reason": "no_effect"}), 200)
    done(plan.patch(north, f"/goals/{goal['id']}", {"state": "achieved"}), 200)
    done(plan.move(north, "hold", reason="away"), 200)
    done(plan.move(north, "resume"), 200)
    member = next(m for m in plan.whole(north)["team"] if m["organization"]["id"] == south.id)
    done(plan.post(north, f"/team/{member['id']}/end"), 200)

    labels = [one["label"] for one in changes(plan, north, "?limit=100")]

    assert labels[: labels.index("Version 1 published")] == [
        "Team member “South Physio” no longer on the team: taken off by the lead",
        "Resumed",
        "Put on hold: the client is away",
        "Goal “Carry my son” reached",
        "Line “Neck” ended: no effect",
        "Line “Neck” goes on",
        "Line “Neck” paused; minutes changed",
        "Title and review date changed",
    ]
    assert {"Team member “South Physio” joined the team", "Goal “Carry my son” added", "Begun"} <= set(labels)
    assert [each for each in labels if "_" in each] == []


def test_who_joins_reads_what_changed_since_and_not_what_the_others_struck_out_before(
    north: make.Clinic, south: make.Clinic
) -> None:
    plan = alone(north)
    problem = done(plan.post(north, "/problems", {"text": "BeforeAnybodyJoined"}), 201)
    done(plan.patch(north, f"/problems/{problem['id']}", {"text": "Stiff neck"}), 200)
    done(plan.patch(north, "", {"title": "TitleOfOneClinic"}), 200)
    done(plan.patch(north, "", {"title": "Neck"}), 200)
    make.consent(north, plan.client_id, south)
    make.move(south, make.referral(north, south, client_id=plan.client_id)["id"], "accept")
    plan.add(north, south)

    done(plan.patch(north, f"/problems/{problem['id']}", {"text": "Stiff neck, better"}), 200)

    told = str(changes(plan, south, "?limit=100"))
    assert "Stiff neck, better" in told
    assert "BeforeAnybodyJoined" not in told + raw(south)
    assert "TitleOfOneClinic" not in told + raw(south)
    assert "BeforeAnybodyJoined" in str(changes(plan, north, "?limit=100"))


def raw(who: make.Clinic) -> str:
    """Whatever the database gives the clinic of the histories of plans."""
    return str([rows(who, f"SELECT to_jsonb(h) FROM {history_of(model)._meta.db_table} h") for model in TRACKED])


def test_every_table_of_a_plan_leaves_what_was_created_and_changed(north: make.Clinic, south: make.Clinic) -> None:
    plan = in_every_table(north, south)
    goal = plan.whole(north)["goals"][0]["id"]
    problem = plan.whole(north)["problems"][0]["id"]
    phase = plan.whole(north)["phases"][0]["id"]
    done(plan.patch(north, f"/goals/{goal}", {"state": "achieved"}), 200)
    done(plan.patch(north, f"/problems/{problem}", {"state": "resolved"}), 200)
    done(plan.patch(north, f"/phases/{phase}", {"name": "Build up"}), 200)

    told = {(one["what"]["type"], one["action"]) for one in changes(plan, north, "?limit=100")}

    kinds = {"care_plan", "team_member", "problem", "goal", "intervention", "phase", "proposal"}
    assert told == {(kind, action) for kind in kinds for action in ("created", "changed")}
    assert all(one["by"] and one["request_id"] for one in changes(plan, north, "?limit=100"))


def test_who_leaves_is_told_in_the_name_of_whoever_said_so(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    line = plan.line(south, technique_ids=[])
    member = next(m for m in plan.whole(north)["team"] if m["organization"]["id"] == south.id)
    body = {"on_behalf_of": {"practitioner_role_id": north.role_id}}

    done(plan.post(north.system, f"/team/{member['id']}/end", body), 200)

    told = next(one for one in changes(plan, north) if one["what"]["id"] == line["id"])
    assert told["label"].endswith("” ended: left")
    assert (told["by"], told["actor"]) == ("North Practitioner through North Massage system", "system")


def test_a_systems_change_is_told_in_the_name_it_was_sent_for(north: make.Clinic) -> None:
    plan = alone(north)
    body = {"text": "Stiff neck", "on_behalf_of": {"practitioner_role_id": north.role_id}}
    done(plan.post(north.system, "/problems", body), 201)

    assert changes(plan, north)[0]["by"] == "North Practitioner through North Massage system"


def test_pages_of_changes_hold_each_once_newest_first(north: make.Clinic) -> None:
    plan = alone(north)
    for number in range(5):
        plan.goal(north, words=f"Goal {number}")

    whole, found, address = changes(plan, north), [], f"/api/v1/{plan.path}/changes?limit=3"
    while address:
        page = done(north.http.send("GET", address.removeprefix("http://testserver")), 200)
        found += page["results"]
        address = page["next"]

    assert found == whole
    assert [one["recorded_at"] for one in whole] == sorted((one["recorded_at"] for one in whole), reverse=True)
    assert [one["label"] for one in whole[:2]] == ["Goal “Goal 4” added", "Goal “Goal 3” added"]


def test_the_outsider_and_another_circle_of_the_client_read_no_history(
    north: make.Clinic, south: make.Clinic, east: make.Clinic, outsider: make.Clinic
) -> None:
    plan = shared(north, south)
    accepted(north, east, plan.client_id)
    plan.goal(north)

    for clinic in (east, outsider):
        refused(plan.get(clinic, "/changes"), 404, "not_found")
        for model in TRACKED:
            assert not rows(clinic, f"SELECT 1 FROM {history_of(model)._meta.db_table}"), model
            assert not seen(model, clinic.practitioner.actor), model


def test_two_plans_of_one_client_never_see_through_each_other(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    with_south, with_east = shared(north, south), None
    accepted(north, east, with_south.client_id)
    with_east = alone(north, with_south.client_id)
    with_east.add(north, east)
    with_south.goal(south, words="SouthGoal")
    with_east.goal(east, words="EastGoal")

    assert "EastGoal" not in str(rows(south, "SELECT words FROM careplans_goalchange"))
    assert "SouthGoal" not in str(rows(east, "SELECT words FROM careplans_goalchange"))
    refused(with_east.get(south, "/changes"), 404, "not_found")


def test_a_withdrawn_consent_leaves_each_its_own_history_on_the_next_request(
    north: make.Clinic, south: make.Clinic
) -> None:
    plan = shared(north, south)
    plan.goal(north, words="NorthGoal")
    mine = plan.goal(south, words="SouthGoal")
    done(plan.patch(north, "", {"title": "NorthTitle"}), 200)
    assert "NorthGoal" in str(changes(plan, south))

    withdraw(north, plan.client_id, consent_of(plan, north))

    left = changes(plan, south)
    assert {one["what"]["type"] for one in left} == {"goal", "team_member"}
    assert [one["what"]["id"] for one in left if one["what"]["type"] == "goal"] == [mine["id"]]
    assert "NorthTitle" not in str(left)
    assert rows(south, "SELECT words FROM careplans_goalchange") == [("SouthGoal",)]
    assert rows(south, "SELECT title FROM careplans_careplanchange") == []
    assert "SouthGoal" not in str(changes(plan, north))


def test_who_led_a_plan_keeps_what_its_header_said_then_and_no_later_word(
    north: make.Clinic, south: make.Clinic
) -> None:
    plan = shared(north, south)
    done(plan.patch(north, "", {"title": "NorthTitle"}), 200)
    member = next(m for m in plan.whole(north)["team"] if m["organization"]["id"] == north.id)
    done(plan.post(north, f"/team/{member['id']}/end"), 200)

    done(plan.patch(south, "", {"title": "SouthTitle"}), 200)

    assert "NorthTitle" in str(changes(plan, north))
    assert "SouthTitle" not in str(changes(plan, north))
    assert "SouthTitle" not in str(rows(north, "SELECT to_jsonb(h)::text FROM careplans_careplanchange h"))
    assert changes(plan, south)[0]["label"] == "Title changed"


@pytest.mark.parametrize("model", TRACKED)
def test_queries_and_walls_agree_on_who_reads_a_history(north: make.Clinic, south: make.Clinic, model: Any) -> None:
    plan = in_every_table(north, south)
    table = history_of(model)._meta.db_table
    for step in ("left", "withdrawn"):
        if step == "withdrawn":
            withdraw(north, plan.client_id, consent_of(plan, north))
        for clinic in (north, south):
            walled = {pk for (pk,) in rows(clinic, f"SELECT pgh_id::text FROM {table}")}
            assert seen(model, clinic.practitioner.actor) == walled, (step, clinic.organization.name)


def seen(model: Any, actor: Actor) -> set[str]:
    with acting_as(actor):
        return {str(pk) for pk in history_of(model).objects.visible_to(actor).values_list("pk", flat=True)}


def test_a_coordinator_reads_what_planning_takes_and_no_word_more(north: make.Clinic) -> None:
    plan = alone(north, title="ClinicalTitle")
    plan.goal(north, words="ClinicalGoal")
    line = plan.line(north, focus="ClinicalFocus")
    done(plan.patch(north, f"/interventions/{line['id']}", {"focus": "ClinicalElse"}), 200)
    done(plan.patch(north, f"/interventions/{line['id']}", {"minutes": 30}), 200)

    told = changes(plan, north.coordinator.http)

    assert "Clinical" not in str(told)
    assert told[0]["label"] == "Line: minutes changed"
    assert [one["label"] for one in told if one["what"]["type"] == "intervention"] == [
        "Line: minutes changed",
        "Line added",
    ]
    refused(plan.get(north.admin.http, "/changes"), 403, "right_required")


def test_the_pages_function_says_the_same_in_one_statement(
    north: make.Clinic, south: make.Clinic, django_assert_num_queries: Any
) -> None:
    plan = shared(north, south)
    plan.goal(north)
    actor = south.practitioner.actor

    with acting_as(actor):
        found = CarePlan.objects.visible_to(actor).get()
        with django_assert_num_queries(1):
            told = history_for(actor).latest(actor, found.pk)

    assert told == changes(plan, south)


def test_the_domains_moment_stands_beside_the_real_one(north: make.Clinic) -> None:
    plan = alone(north)
    with acting_as(north.practitioner.actor), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.now', '2027-03-01 10:00:00+00', true)")
        cursor.execute("UPDATE careplans_careplan SET review_on = '2027-04-01'")

    told = changes(plan, north)[0]

    assert told["at"] == "2027-03-01T10:00:00Z"
    assert told["recorded_at"] < "2027-03-01"
