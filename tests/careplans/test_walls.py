"""Who reads what of a plan: the lead, a member, who was one, another circle of the same client, and the outsider."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from backend.audit import work
from backend.audit.models import MovedClock
from backend.careplans import queries, rendering
from backend.careplans.models import CarePlan, Intervention, Proposal
from backend.lib import clock
from backend.lib.actor import Actor, ActorKind
from backend.lib.rest.fields import utc
from backend.lib.unit_of_work import acting_as
from tests import make
from tests.careplans.plans import LINE, Plan, accepted, alone, consent_of, done, leave, refused, shared, withdraw
from tests.referrals.stories import now

pytestmark = pytest.mark.django_db
PARTS = (
    "", "/goals", "/problems", "/interventions", "/phases", "/team", "/proposals", "/versions", "/agreements", "/progress",
    "/changes",
)  # fmt: skip


def everything(plan: Plan, who: Any) -> str:
    """All that somebody can read of a plan, as one text; a part that is refused counts as what it says."""
    return "\n".join(plan.get(who, part).content.decode() for part in PARTS)


def written(plan: Plan, north: make.Clinic, south: make.Clinic) -> tuple[Any, Any]:
    """Rows of both parties, a version both know, and proposals in both directions."""
    mine, theirs = plan.line(north, focus="NorthLine"), plan.line(south, focus="SouthLine", technique_ids=[])
    plan.goal(north, words="NorthGoal")
    plan.goal(south, words="SouthGoal")
    done(plan.post(north, "/problems", {"text": "NorthProblem"}), 201)
    done(plan.post(north, "/phases", {"name": "NorthPhase"}), 201)
    plan.publish(north)
    done(plan.answer(south, 1, "object", sentence="SouthSentence"), 201)
    ask = {"kind": "change", "about": "intervention", "changes": {"minutes": 20}}
    done(plan.post(south, "/proposals", {**ask, "row_id": mine["id"], "why": "SouthWhy"}), 201)
    done(plan.post(north, "/proposals", {**ask, "row_id": theirs["id"], "why": "NorthWhy"}), 201)
    return mine, theirs


NORTHS = ("NorthLine", "NorthGoal", "NorthProblem", "NorthPhase", "NorthWhy")
SOUTHS = ("SouthLine", "SouthGoal", "SouthSentence", "SouthWhy")


def test_the_owner_and_the_invited_read_everything_and_the_outsider_nothing(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic
) -> None:
    plan = shared(north, south)
    written(plan, north, south)

    for clinic in (north, south):
        text = everything(plan, clinic)
        assert [word for word in (*NORTHS, *SOUTHS) if word not in text] == []
    for part in PARTS:
        missing = plan.get(outsider, part)
        random = Plan("0198c1a0-0000-7000-8000-00000000000f", "").get(outsider, part)
        assert nameless(missing) == nameless(random)
        assert missing.status_code == 404
    assert done(outsider.http.send("GET", f"care-plans?client_id={plan.client_id}"))["results"] == []


def test_a_clinic_that_shares_the_client_but_is_not_on_the_team_reads_nothing(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    plan = alone(north)
    make.consent(north, plan.client_id, south, east)
    for clinic in (south, east):
        make.move(clinic, make.referral(north, clinic, client_id=plan.client_id)["id"], "accept")
    plan.add(north, south)

    refused(plan.get(east), 404, "not_found")


def test_a_withdrawn_consent_closes_the_plan_between_two_requests_of_one_person(
    north: make.Clinic, south: make.Clinic
) -> None:
    plan = shared(north, south)
    written(plan, north, south)
    browser = make.signed_in(south.practitioner.member.user)
    assert "NorthLine" in browser.get(f"/api/v1/{plan.path}").content.decode()

    withdraw(north, plan.client_id, consent_of(plan, north))

    after = browser.get(f"/api/v1/{plan.path}")
    assert after.status_code == 200
    assert [word for word in (*NORTHS, "Neck and arm") if word in after.content.decode()] == [
        "NorthWhy"
    ]  # it was said to them


def test_what_a_party_wrote_stays_with_it_and_what_it_received_is_gone(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    written(plan, north, south)

    withdraw(north, plan.client_id, consent_of(plan, north))

    souths, norths = everything(plan, south), everything(plan, north)
    answered_to_each = {"NorthWhy", "SouthWhy"}  # a proposal belongs to both sides
    assert [word for word in SOUTHS if word not in souths] == []
    assert [word for word in NORTHS if word in souths and word not in answered_to_each] == []
    assert [word for word in NORTHS if word not in norths] == []
    assert [word for word in SOUTHS if word in norths and word not in answered_to_each] == []
    assert done(plan.get(south, "/versions"))["results"] == []
    refused(plan.get(south, "/versions/1"), 404, "not_found")
    header = plan.whole(south)
    assert (header["id"], header["state"], header["client"]["id"]) == (plan.id, "active", plan.client_id)
    assert {"title", "review_on", "agreement"} <= set(header["withheld"])


@pytest.mark.parametrize("days", [None, 1])
def test_a_closed_plan_does_not_tick_when_its_lead_goes_on(
    north: make.Clinic, south: make.Clinic, days: int | None
) -> None:
    plan = shared(north, south)
    MovedClock.objects.create(moved_by=timedelta(days=3))
    withdraw(north, plan.client_id, consent_of(plan, north))
    work.run_due()
    before = plan.get(south)
    when = {} if days is None else {"occurred_at": (now() - timedelta(days=days)).isoformat()}

    done(plan.move(north, "hold", reason="away", **when), 200)
    done(plan.move(north, "resume", **when), 200)

    after = plan.get(south)
    assert (after.json(), after["ETag"]) == (before.json(), before["ETag"])
    assert "occurred_at" in after.json()["withheld"]
    listed = done(south.http.send("GET", "care-plans"), 200)["results"]
    assert [("occurred_at" in row, row["state"]) for row in listed] == [(False, "active")]


def test_the_home_goes_on_with_its_plan_when_the_circle_has_ended(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    written(plan, north, south)
    withdraw(north, plan.client_id, consent_of(plan, north))

    plan.line(north, focus="NorthAgain")
    version = plan.publish(north)

    assert version["number"] == 2
    assert "South" not in json.dumps(version)
    refused(plan.post(south, "/goals", {"words": "Mine"}), 403, "not_on_team")


def test_two_circles_of_one_client_never_see_through_each_other(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    one = alone(north)
    accepted(north, south, one.client_id)
    accepted(north, east, one.client_id)
    one.add(north, south)
    other = alone(east, one.client_id)
    one.line(south, focus="SouthLine", technique_ids=[])
    other.line(east, focus="EastLine", technique_ids=[])

    refused(one.post(north, "/team", {"organization_id": east.id}), 409, "consent_required")
    other.add(east, north)

    for plan, stranger, word in ((one, east, "SouthLine"), (other, south, "EastLine")):
        refused(plan.get(stranger), 404, "not_found")
        listed = stranger.http.send("GET", f"care-plans?client_id={plan.client_id}").content.decode()
        assert plan.id not in listed
        assert word in plan.get(north).content.decode()


def test_after_its_circle_ended_a_plan_is_not_opened_to_another_one(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    plan = shared(north, south)
    plan.line(south, focus="SouthLine", technique_ids=[])
    withdraw(north, plan.client_id, consent_of(plan, north))
    accepted(north, east, plan.client_id)

    refused(plan.post(north, "/team", {"organization_id": east.id}), 409, "consent_required")

    refused(plan.get(east), 404, "not_found")


def test_an_excluded_practitioner_reads_no_plan_of_the_circle(north: make.Clinic, south: make.Clinic) -> None:
    colleague = make.person(south.organization, "practitioner", discipline="physical_therapy")
    assert colleague.role is not None
    plan = alone(north)
    accepted(north, south, plan.client_id, excluded_practitioner_ids=[str(colleague.role.practitioner_id)])
    plan.add(north, south)
    plan.line(south, technique_ids=[])

    assert plan.get(south).status_code == 200
    for part in PARTS:
        refused(plan.get(colleague, part), 404, "not_found")
    assert done(colleague.http.send("GET", "care-plans"))["results"] == []


def test_the_client_reads_all_its_plans_and_nobody_elses(north: make.Clinic, south: make.Clinic) -> None:
    plan, other = shared(north, south), alone(north)
    written(plan, north, south)
    client = Actor(kind=ActorKind.CLIENT, client_id=UUID(plan.client_id))

    with acting_as(client):
        found = list(CarePlan.objects.visible_to(client))
        read = json.dumps(rendering.detail(queries.one_row(plan.id, client), client))
        assert not Intervention.objects.filter(plan_id=UUID(other.id)).exists()

    assert [str(one.pk) for one in found] == [plan.id]
    assert [word for word in (*NORTHS, *SOUTHS) if word not in read] == []


def test_a_broken_glass_opens_no_plan(north: make.Clinic, south: make.Clinic) -> None:
    south.organization.break_glass_enabled = True
    south.organization.save()
    plan = shared(north, south)
    written(plan, north, south)
    withdraw(north, plan.client_id, consent_of(plan, north))
    answer = south.http.send(
        "POST", f"clients/{plan.client_id}/break-glass", {"reason": "Collapsed in the waiting room."}
    )
    assert answer.status_code == 201

    text = everything(plan, south)

    assert [word for word in NORTHS if word in text and word != "NorthWhy"] == []
    refused(plan.post(south, "/goals", {"words": "Mine"}), 403, "not_on_team")


def test_who_left_reads_its_own_and_nothing_that_came_later(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    plan.line(south, focus="SouthLine", technique_ids=[])
    member = plan.whole(south)["team"][1]
    done(plan.post(south, f"/team/{member['id']}/end"), 200)

    plan.line(north, focus="Later")
    done(plan.patch(north, "", {"title": "LaterTitle"}), 200)

    text = everything(plan, south)
    assert "SouthLine" in text
    assert "Later" not in text
    with acting_as(south.practitioner.actor):
        assert not Proposal.objects.exists()


@pytest.mark.parametrize("how", ["left", "withdrawn"])
def test_who_was_on_the_team_does_not_learn_that_or_when_the_others_go_on(
    how: str, north: make.Clinic, south: make.Clinic
) -> None:
    plan = shared(north, south)
    written(plan, north, south)
    before = utc(clock.now())
    if how == "left":
        done(leave(plan, south, south), 200)
    else:
        withdraw(north, plan.client_id, consent_of(plan, north))
    work.run_due()
    after = utc(clock.now() + timedelta(milliseconds=1))

    first = told_of(plan, south, before, after)
    plan.line(north, focus="Later")
    done(plan.patch(north, "", {"title": "LaterTitle"}), 200)
    plan.publish(north)

    assert told_of(plan, south, before, after) == first
    header = plan.whole(south)
    assert {"version", "published", "changed_by", "updated_at"} <= set(header["withheld"])
    assert header["available_transitions"] == []


def told_of(plan: Plan, who: make.Clinic, before: str, after: str) -> list[Any]:
    """Every answer about the plan, with its tag; the lists of what changed since: this plan once, for having left it."""
    answers = [plan.get(who, part) for part in PARTS]
    lists = [
        done(who.http.send("GET", f"care-plans?client_id={plan.client_id}{more}"))["results"]
        for more in ("", f"&updated_since={before}", f"&updated_since={after}")
    ]
    assert [len(found) for found in lists] == [1, 1, 0]
    page = make.signed_in(who.practitioner.member.user).get(f"/care-plans/{plan.id}").content.decode()
    assert "Changed by" not in page
    return [*((nameless(answer), answer.get("ETag")) for answer in answers), lists]


def test_a_row_by_its_id_is_as_closed_as_the_list(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    mine, theirs = written(plan, north, south)
    withdraw(north, plan.client_id, consent_of(plan, north))

    assert plan.get(south, f"/interventions/{theirs['id']}").status_code == 200
    refused(plan.get(south, f"/interventions/{mine['id']}"), 404, "not_found")
    refused(plan.patch(south, f"/interventions/{theirs['id']}", LINE, version=1), 403, "not_on_team")


def nameless(answer: Any) -> bytes:
    content: bytes = answer.content
    return content.replace(answer["X-Request-Id"].encode(), b"")
