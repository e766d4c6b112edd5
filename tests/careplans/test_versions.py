"""Versions and agreements: what is frozen stays, nobody is bound by silence, small changes need nobody."""

from typing import Any

import pytest

from backend.careplans.agreement import needs_agreement
from backend.careplans.models import Agreement
from backend.lib.ids import uuid7
from backend.lib.unit_of_work import acting_as
from tests import make
from tests.careplans.plans import LINE, Plan, alone, done, refused, shared

pytestmark = pytest.mark.django_db


def in_force(plan: Plan, who: make.Clinic, row: Any, kind: str = "interventions") -> tuple[bool, list[str]]:
    """Whether a row is in force for a clinic as it stands, and for whom it is not."""
    agreement = plan.row(who, kind, row["id"])["agreement"]
    return agreement["in_force_for_you"], agreement["waiting_for"]


def agreed(north: make.Clinic, south: make.Clinic, **more: Any) -> tuple[Plan, Any]:
    """A plan whose first version both agree to, and the line that the north has in it."""
    plan = shared(north, south)
    line = plan.line(north, **more)
    plan.publish(north)
    done(plan.answer(south, 1), 201)
    return plan, line


def patch(plan: Plan, who: make.Clinic, row: Any, kind: str = "interventions", **changes: Any) -> Any:
    return done(plan.patch(who, f"/{kind}/{row['id']}", changes), 200)


def test_publishing_freezes_the_plan_with_its_difference(north: make.Clinic) -> None:
    plan = alone(north)
    line = plan.line(north)
    first = plan.publish(north)
    patch(plan, north, line, times_per_week=2, home_programme="Heat in the evening.")
    plan.goal(north)

    second = plan.publish(north)

    assert (first["number"], second["number"]) == (1, 2)
    assert first["difference"] == [
        "North Massage, line “Upper trapezius trigger points”: added.",
        "North Massage joined the team.",
    ]
    assert second["difference"] == [
        "North Massage, goal “Carry my son for ten minutes”: added.",
        "North Massage, line “Upper trapezius trigger points”: times per week from 1 to 2.",
        "North Massage, line “Upper trapezius trigger points”: home programme from nothing to Heat in the evening.",
    ]
    assert second["changes"][1] == {
        "what": "line", "id": line["id"], "organization": "North Massage", "name": line["focus"], "change": "changed",
        "field": "times_per_week", "before": 1, "after": 2,
    }  # fmt: skip
    frozen = done(plan.get(north, "/versions/1"))
    assert frozen == first
    assert frozen["body"]["interventions"][0]["times_per_week"] == 1


def test_only_the_lead_publishes_and_only_what_has_changed(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    plan.line(north)

    refused(plan.post(south, "/versions"), 403, "wrong_party")
    plan.publish(north)
    body = refused(plan.post(north, "/versions"), 409, "nothing_changed")

    assert body["number"] == 1
    assert [row["number"] for row in done(plan.get(south, "/versions"))["results"]] == [1]


def test_a_plan_changed_since_it_was_read_is_not_published_unseen(north: make.Clinic) -> None:
    plan = alone(north)
    read = plan.get(north)["ETag"]
    plan.line(north)

    refused(plan.post(north, "/versions", {}, **{"If-Match": read}), 412, "stale")

    assert plan.whole(north)["published"] == 0


def test_the_plan_says_what_has_not_been_published_yet(north: make.Clinic) -> None:
    plan = alone(north)
    plan.publish(north)
    assert plan.whole(north)["unpublished"] == []

    done(plan.patch(north, "", {"title": "Neck"}), 200)

    assert plan.whole(north)["unpublished"] == ["The plan's title from Neck and arm to Neck."]


def test_a_plan_with_one_party_never_asks_for_agreement(north: make.Clinic) -> None:
    plan = alone(north)
    line = plan.line(north)
    plan.publish(north)

    patch(plan, north, line, times_per_week=5, load="high")

    assert in_force(plan, north, line) == (True, [])
    assert plan.whole(north)["agreement"]["is_asked"] is False
    refused(plan.answer(north, 1), 409, "no_agreement_needed")


def test_nobody_is_bound_by_silence(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    line = plan.line(north)

    plan.publish(north)

    assert in_force(plan, south, line) == (False, [south.id])
    assert in_force(plan, north, line) == (True, [south.id])
    parties = plan.whole(south)["agreement"]["parties"]
    assert [(party["organization"]["id"], party["answer"]) for party in parties] == [
        (north.id, "agree"),
        (south.id, None),
    ]


def test_a_version_is_in_force_for_a_party_from_its_own_yes(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    plan = shared(north, south, east)
    line = plan.line(north)
    plan.publish(north)

    done(plan.answer(south, 1), 201)

    assert in_force(plan, south, line) == (True, [east.id])
    assert in_force(plan, east, line) == (False, [east.id])


def test_an_objection_needs_a_sentence_and_the_latest_answer_counts(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    line = plan.line(north)
    plan.publish(north)

    refused(plan.answer(south, 1, "object"), 400, "sentence_required")
    done(plan.answer(south, 1, "object", sentence="Too much for her week."), 201)
    objected = plan.whole(north)["agreement"]["parties"][1]
    assert (objected["answer"], objected["sentence"]) == ("object", "Too much for her week.")
    assert in_force(plan, south, line) == (False, [south.id])
    done(plan.answer(south, 1), 201)

    assert in_force(plan, south, line) == (True, [])
    answers = done(plan.get(north, "/agreements"))["results"]
    assert [(row["organization"]["id"], row["answer"]) for row in answers] == [
        (south.id, "agree"), (south.id, "object"), (north.id, "agree"),
    ]  # fmt: skip


def test_the_latest_answer_counts_also_after_more_of_them_than_are_shown(
    north: make.Clinic, south: make.Clinic
) -> None:
    plan = shared(north, south)
    plan.publish(north)
    said = {"number": 1, "answer": "object", "sentence": "Not yet.", "by": "Somebody"}
    earlier = Agreement(plan_id=plan.id, organization_id=south.id, **said)
    with acting_as(south.practitioner.actor):
        for _ in range(100):
            earlier.pk = uuid7()
            earlier.save(force_insert=True)

    done(plan.answer(south, 1), 201)

    assert [party["answer"] for party in plan.whole(north)["agreement"]["parties"]] == [None, "agree"]


def test_who_objects_to_a_new_version_stays_with_the_one_before(north: make.Clinic, south: make.Clinic) -> None:
    plan, line = agreed(north, south)
    patch(plan, north, line, times_per_week=3)
    plan.publish(north)

    done(plan.answer(south, 2, "object", sentence="Once is enough."), 201)

    agreement = plan.row(south, "interventions", line["id"])["agreement"]
    assert (agreement["in_force_for_you"], agreement["agreed"]["times_per_week"]) == (False, 1)
    assert plan.whole(north)["agreement"]["parties"][1]["agreed_version"] == 1


def test_a_version_that_was_replaced_is_not_agreed_to_but_may_be_objected_to(
    north: make.Clinic, south: make.Clinic
) -> None:
    plan, line = agreed(north, south)
    patch(plan, north, line, times_per_week=3)
    plan.publish(north)

    body = refused(plan.answer(south, 1), 409, "version_superseded")
    refused(plan.answer(south, 9), 400, "unknown_version")
    done(plan.answer(south, 1, "object", sentence="Not any more."), 201)

    assert body["number"] == 2
    assert plan.row(south, "interventions", line["id"])["agreement"]["agreed"] is None


@pytest.mark.parametrize(
    "changes",
    [
        {"times_per_week": 0.5}, {"weeks": 4}, {"load": "low"}, {"minutes": 90}, {"home_programme": "Heat"}, {"focus": "Traps"},
        {"visit_budget": 5}, {"technique_ids": ["mfr"]}, {"state": "paused"}, {"state": "ended", "ended_reason": "done"},
        {"avoid": [{"region": "cervical", "side": "right"}, {"region": "lumbar", "side": "left"}]},
    ],
)  # fmt: skip
def test_a_change_of_ones_own_within_frequency_and_load_is_in_force_at_once(
    north: make.Clinic, south: make.Clinic, changes: dict[str, Any]
) -> None:
    plan, line = agreed(north, south)

    patch(plan, north, line, **changes)

    assert in_force(plan, south, line) == (True, [])
    assert in_force(plan, north, line) == (True, [])


@pytest.mark.parametrize(
    "changes",
    [
        {"times_per_week": 1.5}, {"times_per_week": None}, {"weeks": 7}, {"weeks": None}, {"load": "high"},
        {"visit_budget": 7}, {"visit_budget": None}, {"avoid": []},
    ],
)  # fmt: skip
def test_more_frequency_or_load_or_a_lifted_avoid_waits_for_a_new_version(
    north: make.Clinic, south: make.Clinic, changes: dict[str, Any]
) -> None:
    plan, line = agreed(north, south)

    patch(plan, north, line, **changes)

    waiting = plan.row(north, "interventions", line["id"])["agreement"]
    assert (waiting["state"], waiting["waiting_for"]) == ("waiting_for_agreement", sorted([north.id, south.id]))
    assert {name: waiting["agreed"][name] for name in changes} == {name: LINE[name] for name in changes}
    plan.publish(north)
    assert in_force(plan, north, line) == (True, [south.id])
    done(plan.answer(south, 2), 201)
    assert in_force(plan, south, line) == (True, [])


def test_a_line_gets_the_load_of_its_heaviest_technique_which_then_waits(north: make.Clinic, east: make.Clinic) -> None:
    plan = shared(north, east)
    line = plan.line(east, technique_ids=["activ"], load="low")
    plan.publish(north)
    done(plan.answer(north, 1), 201)
    done(plan.answer(east, 1), 201)

    heavier = patch(plan, east, line, technique_ids=["hvla"])
    again = patch(plan, east, line, technique_ids=["activ"])

    assert (heavier["load"], heavier["agreement"]["state"]) == ("high", "waiting_for_agreement")
    assert again["load"] == "high"
    assert patch(plan, east, line, load="low")["agreement"]["state"] == "in_force"


def test_what_was_agreed_as_paused_or_dropped_goes_on_with_a_new_version_only(
    north: make.Clinic, south: make.Clinic
) -> None:
    plan = shared(north, south)
    line, goal = plan.line(north, state="paused"), plan.goal(north, state="dropped")
    plan.publish(north)
    done(plan.answer(south, 1), 201)

    patch(plan, north, line, state="active")
    patch(plan, north, goal, kind="goals", state="active")

    waiting = sorted([north.id, south.id])
    assert in_force(plan, south, line) == (False, waiting)
    assert in_force(plan, south, goal, "goals") == (False, waiting)


def test_small_steps_do_not_add_up_to_a_big_one(north: make.Clinic, south: make.Clinic) -> None:
    plan, line = agreed(north, south, times_per_week=3)

    patch(plan, north, line, times_per_week=1)
    patch(plan, north, line, times_per_week=3)
    assert in_force(plan, south, line) == (True, [])
    patch(plan, north, line, times_per_week=4)

    assert in_force(plan, south, line) == (False, sorted([north.id, south.id]))


def test_goals_and_new_lines_ask_for_a_new_version(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    goal = plan.goal(north)
    plan.publish(north)
    done(plan.answer(south, 1), 201)
    assert in_force(plan, south, goal, "goals") == (True, [])

    line = plan.line(south, technique_ids=[])
    patch(plan, north, goal, "goals", state="achieved")
    assert in_force(plan, south, goal, "goals") == (True, [])
    patch(plan, north, goal, "goals", target=20)

    both = sorted([north.id, south.id])
    assert in_force(plan, south, line) == (False, both)
    assert in_force(plan, south, goal, "goals") == (False, both)


def test_who_has_agreed_to_nothing_yet_is_bound_to_its_own_rows_only(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    mine, theirs = plan.line(north), plan.line(south, technique_ids=[])

    assert in_force(plan, north, mine) == (True, [south.id])
    assert in_force(plan, south, theirs) == (True, [north.id])
    assert in_force(plan, south, mine) == (False, [south.id])


def test_a_line_that_ended_does_not_come_back_into_force_by_itself() -> None:
    agreed = {**LINE, "id": "1", "state": "ended"}

    assert needs_agreement("interventions", agreed, {**agreed, "state": "active"}) == ["state"]
