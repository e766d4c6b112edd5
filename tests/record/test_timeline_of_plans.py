"""What the timeline tells of a whole plan between its beginning and its end: that it rested, went on, and who leads it."""

from typing import Any

import pytest

from backend.lib import clock
from backend.lib.rest.fields import utc
from tests import make
from tests.careplans.in_error import void
from tests.careplans.plans import done, leave
from tests.careplans.plans import shared as shared_plan
from tests.record.everything import pages

pytestmark = pytest.mark.django_db
TOLD = ("paused", "resumed", "handed_over")


def told(who: make.Clinic | make.Person, client_id: str, query: str = "?kinds=plan&limit=100") -> list[Any]:
    return [item for item in pages(who.http, f"clients/{client_id}/timeline{query}") if item["what"] in TOLD]


def test_each_rest_of_a_plan_is_told_once_with_why_and_by_whom(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared_plan(north, south)
    done(plan.move(north, "hold", reason="away", detail="Back on 5 January."), 200)
    done(plan.patch(north, "", {"title": "Neck, arm and hand"}), 200)
    done(plan.move(north, "resume"), 200)
    done(plan.move(north, "complete", reason="goals_met"), 200)
    done(plan.move(north, "reopen"), 200)
    done(plan.move(north, "resume"), 200)

    for clinic in (north, south):
        shown = told(clinic, plan.client_id)
        assert [(item["what"], item["gist"]) for item in reversed(shown)] == [
            ("paused", "Care plan on hold: the client is away. Back on 5 January."),
            ("resumed", "Care plan resumed."),
            ("paused", "Care plan reopened; it is on hold."),
            ("resumed", "Care plan resumed."),
        ]
        assert {(item["id"], item["href"]) for item in shown} == {(plan.id, f"/api/v1/care-plans/{plan.id}")}
        assert {(item["author"]["display"], item["organization"]["display"]) for item in shown} == {
            ("North Massage Practitioner", "North Massage")
        }
        assert told(clinic, plan.client_id, "?kinds=plan&limit=1") == shown


def test_who_leads_a_plan_is_told_each_time_that_changes(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared_plan(north, south)
    done(plan.post(north, "/lead", {"organization_id": south.id}), 200)
    done(plan.patch(south, "", {"title": "Neck, arm and hand"}), 200)
    done(plan.post(south, "/lead", {"organization_id": north.id}), 200)

    for clinic in (north, south):
        shown = told(clinic, plan.client_id)
        assert [(item["what"], item["gist"], item["author"]["display"]) for item in reversed(shown)] == [
            ("handed_over", "South Physio leads the care plan now.", "North Massage Practitioner"),
            ("handed_over", "North Massage leads the care plan now.", "South Physio Practitioner"),
        ]


def test_a_rest_that_was_told_later_stands_where_it_happened(north: make.Clinic) -> None:
    plan = shared_plan(north)
    when = utc(clock.now())

    done(plan.move(north, "hold", reason="illness", occurred_at=when), 200)

    (item,) = told(north, plan.client_id)
    assert (item["occurred_at"], item["recorded_at"] > when) == (when, True)


def test_a_coordinator_reads_why_and_no_sentence(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared_plan(north, south)
    done(plan.move(north, "hold", reason="away", detail="Back on 5 January."), 200)

    assert [item["gist"] for item in told(north.coordinator, plan.client_id)] == [
        "Care plan on hold: the client is away."
    ]


def test_who_joins_later_is_told_nothing_of_what_was_before(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared_plan(north)
    done(plan.move(north, "hold", reason="away"), 200)
    done(plan.move(north, "resume"), 200)
    make.consent(north, plan.client_id, south)
    make.move(south, make.referral(north, south, client_id=plan.client_id)["id"], "accept")
    plan.add(north, south)
    done(plan.move(north, "hold", reason="illness"), 200)

    assert [item["gist"] for item in told(south, plan.client_id)] == ["Care plan on hold: illness."]


def test_of_a_plan_that_was_a_mistake_it_is_struck_through(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared_plan(north, south)
    done(plan.move(north, "hold", reason="away"), 200)
    done(plan.post(north, "/lead", {"organization_id": south.id}), 200)

    void(plan, south)

    assert [item["flags"] for item in told(south, plan.client_id)] == [["entered_in_error"]] * 2


def test_a_former_lead_is_told_nothing_that_another_lead_did_meanwhile(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared_plan(north, south)
    done(plan.post(north, "/lead", {"organization_id": south.id}), 200)
    done(plan.post(south, "/lead", {"organization_id": north.id}), 200)
    done(plan.move(north, "hold", reason="illness", detail="Words of the north."), 200)
    done(plan.post(north, "/lead", {"organization_id": south.id}), 200)
    done(leave(plan, south, south), 200)

    shown = pages(south.http, f"clients/{plan.client_id}/timeline?kinds=plan")
    assert {item["what"] for item in shown} == {"begun"}


def test_rests_at_one_hour_are_each_told_also_a_page_at_a_time(north: make.Clinic) -> None:
    """Who knows only the day says the same hour of each."""
    plan = shared_plan(north)
    noon = utc(clock.now())
    for name, said in (("hold", {"reason": "away"}), ("resume", {}), ("hold", {"reason": "illness"})):
        done(plan.move(north, name, occurred_at=noon, **said), 200)

    paused = [item["gist"] for item in told(north, plan.client_id, "?kinds=plan&limit=1") if item["what"] == "paused"]

    assert sorted(paused) == ["Care plan on hold: illness.", "Care plan on hold: the client is away."]


def ends(who: make.Clinic, client_id: str) -> list[str]:
    shown = pages(who.http, f"clients/{client_id}/timeline?kinds=plan")
    return [item["gist"] for item in shown if item["what"] == "finished"]


def test_who_left_before_a_plan_ended_is_not_told_when_it_did(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    plan = shared_plan(north, south, east)
    done(leave(plan, south, south), 200)
    done(plan.move(north, "complete", reason="goals_met"), 200)

    assert [len(ends(clinic, plan.client_id)) for clinic in (north, south, east)] == [1, 0, 1]


def test_that_a_plan_was_a_mistake_is_told_also_to_who_left(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared_plan(north, south)
    plan.line(south)
    done(leave(plan, south, south), 200)

    void(plan, north, reason="wrong_entry")

    assert ends(south, plan.client_id) == ["Care plan entered in error."]
