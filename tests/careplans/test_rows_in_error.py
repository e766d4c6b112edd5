"""A row of a plan that should not have been written: struck through where it stood, or gone for the others from every version."""

import pytest

from backend.careplans import queries, rendering
from backend.lib.unit_of_work import acting_as
from tests import make
from tests.careplans.in_error import items, page, the_client, told, void
from tests.careplans.plans import Plan, done, leave, refused, shared
from tests.careplans.test_waiting import waits
from tests.careplans.test_walls import everything
from tests.portability.exporting import exported, made
from tests.portability.test_between import refused as refused_export
from tests.record.briefs import lines

pytestmark = pytest.mark.django_db(transaction=True)


def rows_of_each_kind(plan: Plan, clinic: make.Clinic, word: str) -> dict[str, str]:
    """The address of a row of each kind, by the word it says."""
    made_ = {
        "problems": done(plan.post(clinic, "/problems", {"text": f"{word}Problem"}), 201),
        "goals": plan.goal(clinic, words=f"{word}Goal"),
        "interventions": plan.line(clinic, focus=f"{word}Line", technique_ids=[]),
        "phases": done(plan.post(clinic, "/phases", {"name": f"{word}Phase"}), 201),
    }
    return {kind: f"/{kind}/{row['id']}" for kind, row in made_.items()}


@pytest.mark.parametrize("kind", ["problems", "goals", "interventions", "phases"])
def test_a_row_stays_struck_through_and_is_in_no_later_version(
    north: make.Clinic, south: make.Clinic, kind: str
) -> None:
    plan = shared(north, south)
    at = rows_of_each_kind(plan, north, "Zq")[kind]
    plan.publish(north)

    done(void(plan, north, at, reason="duplicate", note="Twice."), 200)

    for clinic, note in ((north, {"note": "Twice."}), (south, {})):
        row = done(plan.get(clinic, at))
        assert row["entered_in_error"].items() >= {"reason": "duplicate", **note}.items()
        assert ("note" in row["entered_in_error"]) is bool(note)
        assert [line for line in plan.whole(clinic)["unpublished"] if line.endswith("removed.")]
    version = plan.publish(north)
    assert version["body"][kind] == []
    assert len(done(plan.get(south, "/versions/1"))["body"][kind]) == 1
    refused(plan.patch(north, at, {}), 409, "line_ended" if kind == "none" else "entered_in_error")
    refused(void(plan, north, at, reason="other"), 409, "entered_in_error")
    assert "<s>Zq" in page(south, f"/care-plans/{plan.id}")


def test_a_row_that_was_entered_in_error_asks_nobody_and_counts_nowhere(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    line, goal = plan.line(north), plan.goal(north)
    ask = {"kind": "end", "about": "goal", "row_id": goal["id"], "why": "Reached."}
    asked = done(plan.post(south, "/proposals", ask), 201)
    assert plan.row(south, "goals", goal["id"])["agreement"]["state"] == "waiting_for_agreement"

    assert waits(north, plan) == ["proposal", "publication"]

    done(void(plan, north, f"/goals/{goal['id']}", reason="other"), 200)
    done(void(plan, north, f"/interventions/{line['id']}", reason="other"), 200)

    assert waits(north, plan) == []

    assert plan.row(south, "goals", goal["id"])["agreement"]["state"] == "in_force"
    assert done(plan.get(south, "/progress")) == {"goals": [], "interventions": []}
    ended = plan.row(south, "interventions", line["id"])
    assert (ended["state"], ended["ended_reason"]) == ("ended", "entered_in_error")
    assert done(plan.get(south, f"/proposals/{asked['id']}"))["state"] == "lapsed"
    refused(plan.post(south, "/proposals", ask), 409, "entered_in_error")
    told_of = {line["text"] for line in lines(south.practitioner, plan.client_id, "plan_line", "goal")}
    assert all(text.endswith("was entered in error: do not rely on it.") for text in told_of)
    assert len(told_of) == 2


@pytest.mark.parametrize("kind", ["problems", "goals", "interventions", "phases"])
def test_a_row_about_a_wrong_client_is_gone_for_the_others_out_of_every_version(
    north: make.Clinic, south: make.Clinic, east: make.Clinic, kind: str
) -> None:
    plan = shared(north, south, east)
    at = rows_of_each_kind(plan, north, "Zq")[kind]
    word = f"Zq{kind[:4].capitalize()}"[:6]
    plan.publish(north)
    if kind != "phases":
        done(
            plan.patch(
                north, at, {"words" if kind == "goals" else "text" if kind == "problems" else "focus": f"{word} again"}
            ),
            200,
        )
    plan.publish(north) if kind != "phases" else None
    done(plan.answer(south, 2 if kind != "phases" else 1), 201)
    client = the_client(plan, north)
    mine = {"problems": "ZqProblem", "goals": "ZqGoal", "interventions": "ZqLine", "phases": "ZqPhase"}[kind]
    assert mine in plan.get(south, "/versions/1").content.decode()

    done(void(plan, north, at), 200)

    row_id = at.rsplit("/", 1)[1]
    everywhere = everything(plan, south) + plan.get(south, "/versions/1").content.decode()
    everywhere += plan.get(south, "/versions/2").content.decode() + str(items(south, plan.client_id, "plan"))
    everywhere += page(south, f"/care-plans/{plan.id}") + page(south, f"/care-plans/{plan.id}/versions")
    everywhere += str(lines(south.practitioner, plan.client_id))
    assert mine not in everywhere
    refused(plan.get(south, at), 404, "not_found")
    assert done(plan.get(south, "/versions/1"))["taken_back"] == [row_id]
    with acting_as(client):
        told_client = str(rendering.detail(queries.one_row(plan.id, client), client))
    assert mine not in told_client
    assert mine in plan.get(north, "/versions/1").content.decode()
    assert done(plan.get(north, "/versions/1"))["taken_back"] == []
    for clinic in (south, east):
        (event,) = told(clinic, "care_plan.row_entered_in_error")
        assert row_id in event["related"].values()


def test_a_row_of_a_member_is_gone_for_the_lead_and_the_next_version_says_nothing_of_it(
    north: make.Clinic, south: make.Clinic
) -> None:
    plan = shared(north, south)
    line = plan.line(south, focus="SouthLine", technique_ids=[])
    proposal = {
        "kind": "change",
        "about": "intervention",
        "row_id": line["id"],
        "changes": {"minutes": 20},
        "why": "NorthWhy",
    }
    done(plan.post(north, "/proposals", proposal), 201)
    plan.publish(north)

    done(void(plan, south, f"/interventions/{line['id']}"), 200)

    assert "SouthLine" not in everything(plan, north)
    plan.goal(north)
    assert "SouthLine" not in str(plan.publish(north))
    assert "NorthWhy" in plan.get(north, "/proposals").content.decode()  # what it wrote itself
    assert "NorthWhy" in plan.get(south, "/proposals").content.decode()


def test_a_proposal_about_such_a_row_is_for_its_two_sides_alone(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    plan = shared(north, south, east)
    line = plan.line(south, technique_ids=[])
    proposal = {
        "kind": "change",
        "about": "intervention",
        "row_id": line["id"],
        "changes": {"minutes": 20},
        "why": "NorthWhy",
    }
    asked = done(plan.post(north, "/proposals", proposal), 201)
    assert plan.get(east, f"/proposals/{asked['id']}").status_code == 200

    done(void(plan, south, f"/interventions/{line['id']}"), 200)

    refused(plan.get(east, f"/proposals/{asked['id']}"), 404, "not_found")
    assert "NorthWhy" not in everything(plan, east)


def test_a_clinic_that_left_still_takes_back_its_own_row_also_from_a_finished_plan(
    north: make.Clinic, south: make.Clinic
) -> None:
    plan = shared(north, south)
    line = plan.line(south, focus="SouthLine", technique_ids=[])
    plan.publish(north)
    done(leave(plan, south, south), 200)
    done(plan.move(north, "complete", reason="goals_met"), 200)

    done(void(plan, south, f"/interventions/{line['id']}"), 200)

    assert "SouthLine" not in everything(plan, north) + plan.get(north, "/versions/1").content.decode()
    assert plan.whole(north)["to_decide"] == []
    (event,) = told(north, "care_plan.row_entered_in_error")
    assert event["related"]["intervention_id"] == line["id"]


@pytest.mark.parametrize("is_of_the_plan", [False, True], ids=["the row", "its plan"])
def test_what_is_in_error_for_another_reason_turns_out_to_be_about_a_wrong_client(
    north: make.Clinic, south: make.Clinic, is_of_the_plan: bool
) -> None:
    plan = shared(north, south)
    at = f"/interventions/{plan.line(south, focus='SouthLine', technique_ids=[])['id']}"
    plan.publish(north)
    done(void(plan, north, reason="duplicate") if is_of_the_plan else void(plan, south, at, reason="other"), 200)
    assert "SouthLine" in everything(plan, north)
    for reason in ("wrong_entry", "duplicate", "other"):
        refused(void(plan, south, at, reason=reason), 409, "entered_in_error")

    said = done(void(plan, south, at, note="Her sister's."), 200)["entered_in_error"]

    assert (said["reason"], said["note"]) == ("wrong_client", "Her sister's.")
    assert "SouthLine" not in everything(plan, north) + plan.get(north, "/versions/1").content.decode()
    for reason in ("wrong_client", "other"):
        refused(void(plan, south, at, reason=reason), 409, "entered_in_error")
    assert told(north, "care_plan.row_entered_in_error")


def test_a_proposal_that_made_such_a_row_is_for_its_two_sides_alone(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    plan = shared(north, south, east)
    ask = {"kind": "add", "about": "goal", "owner_id": south.id, "changes": {"words": "ZqSleep"}, "why": "ZqWhy"}
    asked = done(plan.post(north, "/proposals", ask), 201)
    other = done(plan.post(north, "/proposals", {**ask, "changes": {"words": "Walk"}, "why": "Stays"}), 201)
    for each in (asked, other):
        done(plan.post(south, f"/proposals/{each['id']}/transitions", {"name": "accept", "answer": "ZqYes"}), 200)
    goal = next(goal for goal in plan.whole(south)["goals"] if goal["words"] == "ZqSleep")
    assert "ZqWhy" in plan.get(east, "/proposals").content.decode()

    done(void(plan, south, f"/goals/{goal['id']}"), 200)

    refused(plan.get(east, f"/proposals/{asked['id']}"), 404, "not_found")
    assert "ZqSleep" not in everything(plan, east)
    assert "ZqWhy" not in everything(plan, east)
    assert "Stays" in everything(plan, east)
    for clinic in (north, south):
        assert plan.get(clinic, f"/proposals/{asked['id']}").status_code == 200


def test_a_proposal_between_two_stays_theirs_when_the_plan_is_about_a_wrong_client_too(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    plan = shared(north, south, east)
    line = plan.line(south, technique_ids=[])
    ask = {"kind": "end", "about": "intervention", "row_id": line["id"], "why": "EastWhy"}
    asked = done(plan.post(east, "/proposals", ask), 201)
    done(void(plan, south, f"/interventions/{line['id']}"), 200)

    done(void(plan, north), 200)

    refused(plan.get(north, f"/proposals/{asked['id']}"), 404, "not_found")
    assert "EastWhy" in plan.get(east, "/proposals").content.decode()


def test_an_export_that_holds_such_a_row_does_not_go_out(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    line = plan.line(north, focus="NorthLine")
    plan.publish(north)
    done(leave(plan, north, south), 200)
    plan.add(north, south)
    export = made(south, plan.client_id)

    done(void(plan, north, f"/interventions/{line['id']}"), 200)

    assert refused_export(south, export) == "export_outdated"
    assert "NorthLine" not in str(exported(south, plan.client_id))
