"""What of its plans waits for a clinic: it begins with what another did, and ceases with the step itself."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backend.lib import clock
from tests import make
from tests.careplans.plans import Plan, alone, consent_of, done, leave, refused, shared, withdraw
from tests.workspace.browsing import Browser

pytestmark = pytest.mark.django_db
STEPS = ("answer", "proposal", "decision", "objection", "publication", "review")


def waits(who: make.Clinic, plan: Plan) -> list[str]:
    """The steps for which the API lists this plan."""
    found = []
    for step in STEPS:
        rows = done(who.http.send("GET", f"care-plans?waits_for={step}"), 200)["results"]
        found += [step for row in rows if row["id"] == plan.id]
    return found


def test_a_published_version_waits_for_who_has_not_answered_it(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    plan.line(north)
    assert (waits(north, plan), waits(south, plan)) == (["publication"], [])

    plan.publish(north)
    assert (waits(north, plan), waits(south, plan)) == ([], ["answer"])

    done(plan.answer(south, 1), 201)
    assert (waits(north, plan), waits(south, plan)) == ([], [])


def test_only_what_goes_beyond_the_newest_version_waits_to_be_published(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    line = plan.line(north, times_per_week=2)
    plan.publish(north)
    done(plan.answer(south, 1), 201)

    done(plan.patch(north, f"/interventions/{line['id']}", {"times_per_week": 1}), 200)
    assert waits(north, plan) == []

    done(plan.patch(north, f"/interventions/{line['id']}", {"times_per_week": 3}), 200)
    assert waits(north, plan) == ["publication"]

    done(plan.patch(north, f"/interventions/{line['id']}", {"times_per_week": 2}), 200)
    assert waits(north, plan) == []


def test_an_objection_waits_for_the_lead_until_it_is_taken_back_or_answered_by_a_version(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic
) -> None:
    plan = shared(north, south, outsider)
    line = plan.line(north)
    plan.publish(north)
    done(plan.answer(outsider, 1), 201)
    done(plan.answer(south, 1, "object", sentence="Too much for her neck."), 201)
    assert (waits(north, plan), waits(south, plan), waits(outsider, plan)) == (["objection"], [], [])

    done(plan.answer(south, 1), 201)
    assert waits(north, plan) == []

    done(plan.answer(south, 1, "object", sentence="No, still."), 201)
    done(plan.patch(north, f"/interventions/{line['id']}", {"times_per_week": 2}), 200)
    plan.publish(north)
    assert (waits(north, plan), waits(south, plan)) == ([], ["answer"])


def test_a_party_that_left_objects_no_more(north: make.Clinic, south: make.Clinic, outsider: make.Clinic) -> None:
    plan = shared(north, south, outsider)
    plan.line(north)
    plan.publish(north)
    done(plan.answer(outsider, 1), 201)
    done(plan.answer(south, 1, "object", sentence="Too much."), 201)

    done(leave(plan, north, south), 200)

    assert waits(north, plan) == []


def test_a_proposal_waits_for_the_owner_of_the_row_alone(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic
) -> None:
    plan = shared(north, south, outsider)
    line = plan.line(south, technique_ids=[])
    made = done(
        plan.post(outsider, "/proposals", {
            "kind": "change", "about": "intervention", "row_id": line["id"], "changes": {"minutes": 30}, "why": "She tires.",
        }), 201,
    )  # fmt: skip
    assert [waits(who, plan) for who in (south, outsider)] == [["proposal"], []]

    path = f"/proposals/{made['id']}/transitions"
    done(plan.post(south, path, {"name": "decline", "answer": "Thirty is too short."}), 200)
    assert waits(south, plan) == []


def test_lines_of_who_left_wait_until_each_is_decided(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    lines = [plan.line(south, technique_ids=[]) for _ in range(2)]
    done(leave(plan, south, south), 200)

    for line in lines:
        assert waits(north, plan) == ["decision"]
        done(plan.post(north, f"/interventions/{line['id']}/decision", {"answer": "drop"}), 201)

    assert (waits(north, plan), waits(south, plan)) == ([], [])


def test_a_plan_that_is_over_or_of_one_clinic_waits_for_nobody(north: make.Clinic, south: make.Clinic) -> None:
    own = alone(north)
    own.line(north)
    over = shared(north, south)
    over.line(north)
    over.publish(north)
    done(over.move(north, "revoke", reason="replaced"), 200)

    assert [waits(north, own), waits(north, over), waits(south, over)] == [[], [], []]


def test_a_clinic_of_another_circle_waits_for_nothing_and_a_coordinator_is_refused(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic
) -> None:
    plan = shared(north, south)
    plan.line(north)
    plan.publish(north)

    assert waits(outsider, plan) == []
    answer = south.coordinator.http.send("GET", "care-plans?waits_for=answer")
    refused(answer, 403, "right_required")
    refused(south.http.send("GET", "care-plans?waits_for=lunch"), 400, "invalid_choice")


def test_a_review_waits_for_the_lead_from_its_day_by_the_clinic_s_clock(north: make.Clinic, south: make.Clinic) -> None:
    own, plan = alone(north), shared(north, south)
    today = clock.now().astimezone(ZoneInfo(north.organization.time_zone)).date()
    for one in (own, plan):
        done(one.patch(north, "", {"review_on": today.isoformat()}), 200)

    assert [waits(north, own), waits(north, plan), waits(south, plan)] == [["review"], ["review"], []]

    done(own.patch(north, "", {"review_on": (today + timedelta(days=1)).isoformat()}), 200)
    done(plan.patch(north, "", {"review_on": None}), 200)
    assert [waits(north, own), waits(north, plan)] == [[], []]


def test_nothing_waits_for_who_does_not_read_the_plans_of_others_any_more(
    north: make.Clinic, south: make.Clinic
) -> None:
    plan = shared(north, south)
    plan.line(north)
    plan.publish(north)
    assert waits(south, plan) == ["answer"]

    withdraw(north, plan.client_id, consent_of(plan, north))

    assert (waits(south, plan), waits(north, plan)) == ([], [])


def test_home_and_the_list_of_plans_say_what_is_asked_until_it_is_done(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    plan.line(north)
    plan.publish(north)
    there, asked = Browser(south.practitioner), "Agree or object to the newest version."

    assert asked in there.open("/").page
    assert asked in there.open("/care-plans").page
    done(plan.answer(south, 1), 201)

    assert asked not in there.open("/").page
    listed = there.open("/care-plans").page
    assert (asked in listed, f"/care-plans/{plan.id}" in listed) == (False, True)


def test_the_list_of_plans_shows_a_coordinator_who_leads_and_no_title(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)

    page = Browser(south.coordinator).open("/care-plans").page

    assert f"/care-plans/{plan.id}" in page
    assert north.organization.name in page
    assert "Neck and arm" not in page


@pytest.mark.parametrize("path", ["/api/v1/care-plans?waits_for=publication", "/", "/care-plans"])
def test_many_plans_that_wait_ask_no_more_of_the_database_than_one(
    north: make.Clinic, south: make.Clinic, path: str
) -> None:
    reader = Browser(north.practitioner)

    def statements() -> int:
        with CaptureQueriesContext(connection) as asked:
            answer = north.http.get(path) if path.startswith("/api") else reader.open(path)
        assert answer
        return len([query for query in asked if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))])

    shared(north, south).line(north)
    reader.open(path)
    one = statements()
    for _ in range(3):
        shared(north, south).line(north)

    assert statements() <= one + 1, "a row more of who looked, if any"
