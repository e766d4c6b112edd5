"""Problems, goals, lines and phases: owned, checked, kept under their ids, and never lost to somebody else's save."""

import json

import pytest

from backend.audit.models import Event
from backend.careplans.models import Intervention
from backend.lib.unit_of_work import acting_as
from tests import make
from tests.careplans.plans import LINE, alone, done, refused, shared

pytestmark = pytest.mark.django_db


def test_a_line_belongs_to_who_performs_it(north: make.Clinic) -> None:
    plan = alone(north)

    line = plan.line(north)

    assert line["organization"]["id"] == north.id
    assert line["practitioner_role"]["id"] == north.role_id
    assert line["discipline"] == "massage_therapy"
    assert {name: line[name] for name in LINE} == LINE
    assert (line["state"], line["version"], line["agreement"]["state"]) == ("active", 1, "in_force")


def test_an_edit_keeps_the_row_and_its_id(north: make.Clinic) -> None:
    plan = alone(north)
    line, other = plan.line(north), plan.line(north)

    changed = done(plan.patch(north, f"/interventions/{line['id']}", {"minutes": 30, "home_programme": "Heat"}), 200)
    cleared = done(plan.patch(north, f"/interventions/{line['id']}", {"home_programme": None}), 200)

    assert (changed["id"], changed["version"], changed["minutes"]) == (line["id"], 2, 30)
    assert (changed["home_programme"], cleared["home_programme"]) == ("Heat", None)
    assert [row["id"] for row in plan.whole(north)["interventions"]] == [line["id"], other["id"]]
    assert plan.row(north, "interventions", other["id"])["version"] == 1


def test_an_edit_needs_the_version_that_was_read(north: make.Clinic) -> None:
    plan = alone(north)
    line = plan.line(north)

    answer = north.http.send("PATCH", f"{plan.path}/interventions/{line['id']}", {"minutes": 30})

    refused(answer, 428, "precondition_required")
    assert plan.row(north, "interventions", line["id"])["minutes"] == 50


def test_of_two_editors_on_one_line_the_second_reads_who_was_first(north: make.Clinic) -> None:
    plan = alone(north)
    line = plan.line(north)
    colleague = make.person(north.organization, "practitioner", discipline="massage_therapy", name="Ada Quick")

    first = done(plan.patch(colleague, f"/interventions/{line['id']}", {"minutes": 30}, version=1), 200)
    body = refused(plan.patch(north, f"/interventions/{line['id']}", {"minutes": 60}, version=1), 412, "stale")

    assert body["changed_by"] == "Ada Quick"
    assert body["changed_at"] == first["updated_at"]
    assert body["detail"].startswith("Ada Quick changed this on ")
    assert plan.row(north, "interventions", line["id"])["minutes"] == 30


def test_two_editors_on_two_lines_do_not_meet(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    mine, theirs = plan.line(north), plan.line(south, technique_ids=[])

    done(plan.patch(north, f"/interventions/{mine['id']}", {"minutes": 30}, version=1), 200)
    done(plan.patch(south, f"/interventions/{theirs['id']}", {"minutes": 40}, version=1), 200)

    assert [row["minutes"] for row in plan.whole(north)["interventions"]] == [30, 40]


def test_any_edit_under_a_plan_is_a_new_version_of_the_plan(north: make.Clinic) -> None:
    plan = alone(north)
    before = plan.whole(north)["version"]

    line = plan.line(north)
    done(plan.patch(north, f"/interventions/{line['id']}", {"minutes": 30}), 200)

    assert plan.whole(north)["version"] == before + 2


@pytest.mark.parametrize("kind", ["problems", "goals", "interventions"])
def test_nobody_changes_a_row_of_another_party(north: make.Clinic, south: make.Clinic, kind: str) -> None:
    plan = shared(north, south)
    fields = {"problems": {"text": "Pain"}, "goals": {"words": "Sleep"}, "interventions": LINE}[kind]
    row = done(plan.post(north, f"/{kind}", fields), 201)

    body = refused(plan.patch(south, f"/{kind}/{row['id']}", {"state": "active"}), 403, "not_yours")

    assert "Propose" in body["detail"]
    assert plan.row(north, kind, row["id"])["version"] == 1


def test_the_lead_alone_sets_the_phases(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)

    made = done(plan.post(north, "/phases", {"name": "Calm down", "position": 1, "from_on": "2026-12-01"}), 201)
    refused(plan.post(south, "/phases", {"name": "Ours"}), 403, "wrong_party")
    body = refused(plan.patch(north, f"/phases/{made['id']}", {"until_on": "2026-11-30"}), 400, "ends_before_start")

    assert body["errors"][0]["pointer"] == "/until_on"
    assert [phase["name"] for phase in plan.whole(south)["phases"]] == ["Calm down"]


@pytest.mark.parametrize(
    ("sent", "kept"), [("M54.2", "M54.2"), ("m542", "M54.2"), ("G44", "G44"), ("S13.4XXA", "S13.4XXA"), (None, None)]
)
def test_a_problem_takes_an_icd_10_cm_code(north: make.Clinic, sent: str | None, kept: str | None) -> None:
    plan = alone(north)

    made = done(plan.post(north, "/problems", {"text": "Neck pain", "icd10": sent}), 201)

    assert made["icd10"] == kept


@pytest.mark.parametrize("code", ["54.2", "M5", "M54.", "MM4.2", "M54.2.1", "neck"])
def test_what_is_no_icd_10_cm_code_is_refused(north: make.Clinic, code: str) -> None:
    plan = alone(north)

    body = refused(plan.post(north, "/problems", {"text": "Neck pain", "icd10": code}), 400, "not_icd10")

    assert body["errors"][0]["pointer"] == "/icd10"
    assert plan.whole(north)["problems"] == []


def test_a_technique_outside_the_discipline_is_refused_by_name(north: make.Clinic, east: make.Clinic) -> None:
    massage, chiropractic = alone(north), alone(east)
    thrust = {**LINE, "technique_ids": ["edu", "hvla"]}

    body = refused(massage.post(north, "/interventions", thrust), 400, "out_of_scope")
    done(chiropractic.post(east, "/interventions", thrust), 201)
    line = massage.line(north)
    refused(massage.patch(north, f"/interventions/{line['id']}", {"technique_ids": ["hvla"]}), 400, "out_of_scope")

    assert body["errors"][0]["pointer"] == "/technique_ids/1"
    assert [row["technique_ids"] for row in massage.whole(north)["interventions"]] == [["tpt"]]


@pytest.mark.parametrize(
    ("field", "value", "pointer"),
    [
        ("technique_ids", ["no-such"], "/technique_ids/0"),
        ("regions", [{"region": "tail", "side": "left"}], "/regions/0/region"),
        ("times_per_week", 0, "/times_per_week"),
        ("weeks", 1000, "/weeks"),
        ("load", "extreme", "/load"),
        ("visit_budget", 0, "/visit_budget"),
        ("focus", None, "/focus"),
        ("unknown", 1, "/unknown"),
        ("organization", {"id": "x"}, "/organization"),
    ],
)
def test_a_bad_field_of_a_line_is_named(north: make.Clinic, field: str, value: object, pointer: str) -> None:
    plan = alone(north)

    answer = plan.post(north, "/interventions", {**LINE, field: value})

    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert plan.whole(north)["interventions"] == []


@pytest.mark.parametrize("part", [{"region": "cervical"}, {"side": "left"}, {}])
def test_a_change_replaces_a_list_whole_and_takes_no_incomplete_place(north: make.Clinic, part: dict[str, str]) -> None:
    plan = alone(north)
    line = plan.line(north)

    for field in ("regions", "avoid"):
        assert plan.patch(north, f"/interventions/{line['id']}", {field: [part]}).status_code == 400

    assert plan.row(north, "interventions", line["id"])["version"] == 1


def test_a_line_sent_back_as_it_was_read_changes_only_what_is_different(north: make.Clinic) -> None:
    plan = alone(north)
    line = plan.line(north)
    rest = f"/interventions/{line['id']}"

    changed = done(plan.patch(north, rest, {**line, "minutes": 30}), 200)
    refused(plan.patch(north, rest, {**changed, "discipline": "chiropractic"}), 400, "read_only")

    assert changed["minutes"] == 30


def test_a_goal_and_a_problem_sent_back_as_they_were_read_change_only_what_is_different(north: make.Clinic) -> None:
    plan = alone(north)
    goal, problem = plan.goal(north), done(plan.post(north, "/problems", {"text": "Stiff neck"}), 201)

    changed = done(plan.patch(north, f"/goals/{goal['id']}", {**goal, "target": 12}), 200)
    renamed = done(plan.patch(north, f"/problems/{problem['id']}", {**problem, "text": "Stiff neck, right"}), 200)

    assert (changed["target"], renamed["text"]) == (12, "Stiff neck, right")


def test_without_a_load_a_line_has_the_highest_typical_one_of_its_techniques(east: make.Clinic) -> None:
    plan = alone(east)
    fields = {name: value for name, value in LINE.items() if name != "load"}

    made = done(plan.post(east, "/interventions", {**fields, "technique_ids": ["edu", "hvla"]}), 201)

    assert made["load"] == "high"


def test_a_line_pauses_goes_on_and_ends_with_a_reason(north: make.Clinic) -> None:
    plan = alone(north)
    line = plan.line(north)
    rest = f"/interventions/{line['id']}"

    assert done(plan.patch(north, rest, {"state": "paused"}), 200)["state"] == "paused"
    assert done(plan.patch(north, rest, {"state": "active"}), 200)["state"] == "active"
    refused(plan.patch(north, rest, {"state": "ended"}), 400, "reason_required")
    refused(plan.patch(north, rest, {"state": "ended", "ended_reason": "other"}), 400, "sentence_required")
    refused(plan.patch(north, rest, {"state": "ended", "ended_reason": "left"}), 400, "invalid_choice")
    ended = done(plan.patch(north, rest, {"state": "ended", "ended_reason": "done"}), 200)
    refused(plan.patch(north, rest, {"state": "active"}), 409, "line_ended")

    assert (ended["state"], ended["ended_reason"], ended["ended_at"] is not None) == ("ended", "done", True)
    assert plan.row(north, "interventions", line["id"])["state"] == "ended"


def test_a_new_line_has_not_ended(north: make.Clinic) -> None:
    plan = alone(north)
    ended = {**LINE, "state": "ended", "ended_reason": "done"}

    body = refused(plan.post(north, "/interventions", ended), 400, "ended_before_begun")
    begun = plan.line(north, ended_reason="done", ended_detail="Done.")

    assert body["errors"][0]["pointer"] == "/state"
    assert (begun["state"], begun["ended_reason"], begun["ended_detail"]) == ("active", None, None)


def test_a_finished_plan_takes_no_row_and_no_edit(north: make.Clinic) -> None:
    plan = alone(north)
    line = plan.line(north)
    done(plan.move(north, "complete", reason="goals_met"), 200)

    refused(plan.post(north, "/goals", {"words": "Sleep"}), 409, "plan_closed")
    refused(plan.patch(north, f"/interventions/{line['id']}", {"minutes": 30}), 409, "plan_closed")

    assert plan.row(north, "interventions", line["id"])["version"] == 1


def test_a_plan_holds_at_most_a_hundred_of_each(north: make.Clinic) -> None:
    plan = alone(north)
    plan.goal(north)
    with acting_as(north.practitioner.actor):
        Intervention.objects.bulk_create(
            Intervention(
                plan_id=plan.id,
                organization_id=north.id,
                discipline="massage_therapy",
                focus="x",
                load="low",
                changed_by="y",
            )
            for _ in range(100)
        )

    refused(plan.post(north, "/interventions", LINE), 409, "too_many_rows")
    done(plan.post(north, "/goals", {"words": "Sleep"}), 201)

    assert len(plan.whole(north)["interventions"]) == 100


def test_one_change_is_one_event_for_each_party_and_says_no_word(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    line = plan.line(north, focus="Canary words")

    for clinic in (north, south):
        with acting_as(clinic.practitioner.actor):
            event = Event.objects.visible_to(clinic.practitioner.actor).get(type="care_plan.row_added")
            assert (str(event.subject_id), event.related["intervention_id"]) == (plan.id, line["id"])
            assert "Canary" not in json.dumps(event.related)


def test_a_row_of_another_plan_is_not_found(north: make.Clinic) -> None:
    plan, other = alone(north), alone(north)
    line = other.line(north)

    refused(plan.get(north, f"/interventions/{line['id']}"), 404, "not_found")
    refused(plan.patch(north, f"/interventions/{line['id']}", {"minutes": 1}, version=1), 404, "not_found")


@pytest.mark.parametrize("amount", ["nan", "inf", "-inf", "1e999"])
def test_a_number_that_is_none_is_refused(amount: str, north: make.Clinic) -> None:
    plan = alone(north)

    line = plan.post(north, "/interventions", {**LINE, "times_per_week": amount})
    goal = plan.post(north, "/goals", {"words": "Sleep", "target": amount})

    assert (line.status_code, goal.status_code) == (400, 400)
    whole = plan.whole(north)
    assert (whole["interventions"], whole["goals"]) == ([], [])
