"""A plan in a wider circle: who joins by it, what a circle that ends leaves of it, and who never reads by it."""

from datetime import timedelta
from typing import Any

import pytest

from backend.audit import work
from tests import make
from tests.attacks.sql import refused as refused_in_sql
from tests.careplans.plans import Plan, accepted, alone, done, leave, refused, shared, withdraw
from tests.referrals.stories import move_to, now

pytestmark = pytest.mark.django_db


def wider(plan: Plan, north: make.Clinic, south: make.Clinic, east: make.Clinic, **more: Any) -> str:
    """The client said yes to all three, and the east clinic accepted a referral under it."""
    given = make.consent(north, plan.client_id, south, east, **more)
    make.move(east, make.referral(north, east, client_id=plan.client_id)["id"], "accept")
    work.run_due()
    return str(given["id"])


def first_of(plan: Plan, north: make.Clinic) -> str:
    given = done(north.http.send("GET", f"clients/{plan.client_id}/consents"))["results"]
    return str(min(given, key=lambda consent: consent["given_at"])["id"])


def live(plan: Plan, who: make.Clinic) -> list[str]:
    return [member["organization"]["id"] for member in plan.whole(who)["team"] if member["is_live"]]


def sees(clinic: make.Clinic, plan: Plan) -> bool:
    return bool(clinic.http.send("GET", f"clients/{plan.client_id}").status_code == 200)


def opened_by(consent_id: str, plan: Plan, north: make.Clinic) -> dict[str, Any]:
    """Of the client's access page, as home reads it, until when this consent opens the record to each clinic."""
    may = done(north.http.send("GET", f"clients/{plan.client_id}/access"))["may"]
    return {row["organization"]["id"]: row["until"] for row in may if row["consent_id"] == consent_id}


# --- joining -------------------------------------------------------------------------------------------------------


def test_a_third_clinic_joins_by_a_yes_that_covers_everybody(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    plan = shared(north, south)
    plan.line(south, focus="SouthLine", technique_ids=[])

    wider(plan, north, south, east)

    assert live(plan, north) == live(plan, east) == [north.id, south.id, east.id]
    assert [line["focus"] for line in plan.whole(east)["interventions"]] == ["SouthLine"]


def test_the_lead_adds_a_third_clinic_that_shares_by_a_yes_to_everybody(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    plan = shared(north, south)
    accepted(north, east, plan.client_id)
    refused(plan.post(north, "/team", {"organization_id": east.id}), 409, "consent_required")

    make.consent(north, plan.client_id, south, east)
    plan.add(north, east)

    assert live(plan, north) == [north.id, south.id, east.id]


def test_a_yes_that_leaves_out_a_party_or_the_plan_brings_nobody_in(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    plan = shared(north, south)
    accepted(north, east, plan.client_id)
    make.consent(north, plan.client_id, south, east, categories=["notes"])
    work.run_due()

    refused(plan.post(north, "/team", {"organization_id": east.id}), 409, "consent_required")

    refused(plan.get(east), 404, "not_found")
    assert live(plan, north) == [north.id, south.id]


def test_a_yes_that_lets_somebody_in_whom_the_client_keeps_out_takes_no_plan_over(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    kept_out = make.role(south.organization)
    plan = alone(north)
    accepted(north, south, plan.client_id, excluded_practitioner_ids=[str(kept_out.practitioner.pk)])
    plan.add(north, south)

    wider(plan, north, south, east)

    refused(plan.post(north, "/team", {"organization_id": east.id}), 409, "consent_required")
    assert live(plan, north) == [north.id, south.id]


# --- when the narrower one ends --------------------------------------------------------------------------------------


def test_who_is_in_a_wider_circle_goes_on_when_the_narrower_one_ends(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    plan = shared(north, south)
    line = plan.line(south, technique_ids=[])
    day = (now() + timedelta(days=200)).date().isoformat()
    circle = wider(plan, north, south, east, expires_on=day)

    withdraw(north, plan.client_id, first_of(plan, north))
    work.run_due()

    assert live(plan, north) == [north.id, south.id, east.id]
    assert plan.row(south, "interventions", line["id"])["state"] == "active"
    assert done(plan.patch(south, f"/interventions/{line['id']}", {"minutes": 10}))["minutes"] == 10
    untils = opened_by(circle, plan, north)
    assert untils.keys() == {south.id, east.id}
    assert untils[south.id] == untils[east.id] is not None


def test_a_plan_without_the_third_goes_on_in_the_wider_circle(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    plan = shared(north, south)
    line = plan.line(south, technique_ids=[])
    make.consent(north, plan.client_id, south, east)

    withdraw(north, plan.client_id, first_of(plan, north))
    work.run_due()

    assert live(plan, north) == [north.id, south.id]
    assert plan.row(north, "interventions", line["id"])["state"] == "active"
    assert not sees(east, plan)


def test_a_yes_that_runs_out_leaves_open_what_another_covers(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    plan = alone(north)
    accepted(north, south, plan.client_id, expires_on=(now() + timedelta(days=20)).date().isoformat())
    plan.add(north, south)
    circle = str(make.consent(north, plan.client_id, south, east)["id"])

    move_to(now() + timedelta(days=30))
    work.run_due()

    assert live(plan, south) == [north.id, south.id]
    assert opened_by(circle, plan, north) == {south.id: None}


@pytest.mark.parametrize("other", ["without the sender", "with less", "with fewer kept out", "by its own word"])
def test_what_another_yes_does_not_cover_ends_with_its_own(
    other: str, north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    kept_out = make.role(south.organization)
    excluded = [str(kept_out.practitioner.pk)] if other == "with fewer kept out" else []
    plan = alone(north)
    accepted(north, south, plan.client_id, excluded_practitioner_ids=excluded)
    plan.add(north, south)
    unread = make.referral(north, south, client_id=plan.client_id, regions=[{"region": "lumbar", "side": "left"}])["id"]
    if other == "without the sender":
        make.consent(south, plan.client_id, east)
    elif other == "by its own word":
        make.consent(south, plan.client_id, north)
    else:
        shares = ["plan"] if other == "with less" else ["plan", "notes", "outcomes"]
        make.consent(north, plan.client_id, south, east, categories=shares)

    withdraw(north, plan.client_id, first_of(plan, north))

    assert sees(south, plan) is (other == "with less"), "the record; each part of it asks what the other yes shares"
    given = done(north.http.send("GET", f"clients/{plan.client_id}/access"))["may"]
    assert not [row for row in given if row["why"] == "referral" and row["extent"] == "package"], unread


# --- when the wider one ends -----------------------------------------------------------------------------------------


def test_the_plan_goes_back_when_the_wider_circle_ends_and_who_came_by_it_goes(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    plan = shared(north, south)
    line = plan.line(south, technique_ids=[])
    circle = wider(plan, north, south, east)

    withdraw(north, plan.client_id, circle)
    assert live(plan, north) == live(plan, south) == [north.id, south.id], "on the next request"
    work.run_due()

    assert live(plan, south) == [north.id, south.id]
    assert plan.row(north, "interventions", line["id"])["state"] == "active"
    assert "title" in plan.whole(east)["withheld"]
    assert plan.whole(east)["interventions"] == []
    assert not sees(east, plan)


@pytest.mark.parametrize("what", ["row", "sentence", "answer"])
def test_a_plan_in_which_a_third_wrote_goes_back_to_no_circle_without_it(
    what: str, north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    plan = shared(north, south)
    circle = wider(plan, north, south, east)
    write(plan, what, north, east)

    withdraw(north, plan.client_id, circle)
    work.run_due()

    assert live(plan, north) == [north.id]
    assert "EastWord" not in plan.get(south).content.decode()
    assert sees(south, plan), "the record is open by the first yes"


def write(plan: Plan, what: str, north: make.Clinic, east: make.Clinic) -> None:
    """A word of the third's: in a row, with an objection, or in answer to what the lead proposed."""
    if what == "row":
        plan.goal(east, words="EastWord")
    elif what == "sentence":
        plan.publish(north)
        done(plan.answer(east, 1, "object", sentence="EastWord"), 201)
    else:
        asked = {"kind": "add", "about": "goal", "owner_id": east.id, "changes": {"words": "Sleep"}, "why": "Rest."}
        made = done(plan.post(north, "/proposals", asked), 201)
        step = {"name": "decline", "answer": "EastWord"}
        done(plan.post(east, f"/proposals/{made['id']}/transitions", step), 200)


def test_nobody_moves_a_plan_by_a_circle_that_holds_or_is_not_theirs(
    north: make.Clinic, south: make.Clinic, east: make.Clinic, outsider: make.Clinic
) -> None:
    plan = shared(north, south)
    first = first_of(plan, north)
    make.consent(north, plan.client_id, south, east)

    assert refused_in_sql(south, "SELECT * FROM move_plans_of_circle(%s)", first)
    withdraw(north, plan.client_id, first)

    assert refused_in_sql(outsider, "SELECT * FROM move_plans_of_circle(%s)", first)


# --- places on the care team ---------------------------------------------------------------------------------------------


def test_a_place_that_the_narrower_circle_gave_ends_with_the_plan_that_moved_on(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    left, ended = (with_a_place(north, south, east) for _ in range(2))

    done(leave(left, south, south), 200)
    done(ended.move(north, "complete", reason="goals_met"), 200)

    assert not sees(south, left)
    until = opened_by(first_of(ended, north), ended, north)[south.id]
    assert until is not None
    done(ended.move(north, "reopen"), 200)
    assert opened_by(first_of(ended, north), ended, north)[south.id] is None


def test_who_finishes_a_referral_after_its_own_yes_ended_has_a_place_by_the_one_that_holds(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    plan = alone(north)
    make.consent(north, plan.client_id, south)
    referral = make.referral(north, south, client_id=plan.client_id)["id"]
    make.move(south, referral, "accept")
    work.run_due()
    circle = wider(plan, north, south, east)
    make.move(south, referral, "start")
    withdraw(north, plan.client_id, first_of(plan, north))
    work.run_due()

    make.move(south, referral, "report", final=True, report=make.REPORT)
    make.move(north, referral, "acknowledge", plan_change="no_change")
    work.run_due()

    assert live(plan, south) == [north.id, south.id, east.id]
    assert south.id in opened_by(circle, plan, north)
    done(leave(plan, south, south), 200)
    assert not sees(south, plan)


def with_a_place(north: make.Clinic, south: make.Clinic, east: make.Clinic) -> Plan:
    """South's referral is finished: only its place on the care team opens the client, by a yes the plan has left."""
    plan = alone(north)
    make.consent(north, plan.client_id, south)
    referral = make.referral(north, south, client_id=plan.client_id)
    for name, details in (("accept", {}), ("start", {}), ("report", {"final": True, "report": make.REPORT})):
        make.move(south, referral["id"], name, **details)
    make.move(north, referral["id"], "acknowledge", plan_change="no_change")
    work.run_due()
    assert live(plan, north) == [north.id, south.id]
    wider(plan, north, south, east)
    return plan
