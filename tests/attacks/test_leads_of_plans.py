"""Attacks on the lead of a plan, in SQL: taking it, giving it away for another, keeping what was handed back."""

from uuid import UUID

import pytest

from backend.lib.actor import Actor, ActorKind
from tests import make
from tests.attacks.sql import refused, rows
from tests.careplans.plans import Plan, alone, done, shared

pytestmark = pytest.mark.django_db
HAND_OVER = "SELECT 1 WHERE hand_over_lead(%s, %s, NULL, 'x')"
PASS = "SELECT pass_leads(%s)"


def accepted(sender: make.Clinic, recipient: make.Clinic, client_id: str, **more: object) -> str:
    referral = make.referral(sender, recipient, client_id=client_id, **more)
    make.move(recipient, referral["id"], "accept")
    return str(referral["id"])


def leads(plan: Plan, reader: make.Clinic) -> str:
    return str(plan.whole(reader)["lead"]["organization"]["id"])


def test_nobody_but_the_lead_hands_the_plan_over(
    north: make.Clinic, south: make.Clinic, east: make.Clinic, outsider: make.Clinic
) -> None:
    plan = shared(north, south)
    client = Actor(kind=ActorKind.CLIENT, client_id=UUID(plan.client_id))

    thieves: tuple[make.Clinic | Actor, ...] = (south, east, outsider, client)
    for thief in thieves:
        for heir in (south, east, north):
            assert refused(thief, HAND_OVER, plan.id, heir.id)
    assert refused(south, "UPDATE careplans_teammember SET role = 'lead' WHERE organization_id = %s", south.id)
    assert refused(south, "UPDATE careplans_careplan SET lead_organization_id = %s", south.id)
    assert refused(north, "UPDATE careplans_careplan SET lead_organization_id = %s", south.id)

    assert leads(plan, north) == north.id


def test_nobody_moves_what_stands_in_a_plan_to_another_clinic(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    plan = shared(north, south)
    written = {
        "phase": done(plan.post(north, "/phases", {"name": "Calm down"}), 201),
        "goal": plan.goal(north),
        "problem": done(plan.post(north, "/problems", {"text": "Stiff neck"}), 201),
        "intervention": plan.line(north),
    }

    for kind, row in written.items():
        for thief in (north, south, east):
            statement = f"UPDATE careplans_{kind} SET organization_id = %s WHERE id = %s"
            assert refused(thief, statement, south.id, row["id"]), (kind, thief.id)

    assert plan.row(north, "phases", written["phase"]["id"])["organization"]["id"] == north.id


def test_the_lead_gives_the_plan_to_nobody_who_is_not_on_its_team_now(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    plan = shared(north, south)
    finished = shared(north, south)
    done(finished.move(north, "complete", reason="goals_met"), 200)

    assert refused(north, HAND_OVER, plan.id, east.id)
    assert refused(north, HAND_OVER, plan.id, north.id)
    assert refused(north, HAND_OVER, finished.id, south.id)
    assert refused(north, "SELECT 1 WHERE hand_over_lead(%s, %s, %s, 'x')", plan.id, south.id, east.role_id)

    assert leads(plan, north) == leads(finished, north) == north.id


def test_nobody_but_who_accepted_a_transfer_takes_the_lead_with_it(
    north: make.Clinic, south: make.Clinic, east: make.Clinic, outsider: make.Clinic
) -> None:
    plan = alone(north)
    make.consent(north, plan.client_id, south, east)
    without = accepted(north, east, plan.client_id)
    plan.add(north, east)
    waiting = make.referral(north, south, client_id=plan.client_id, transfer=True)["id"]
    client = Actor(kind=ActorKind.CLIENT, client_id=UUID(plan.client_id))

    assert refused(east, PASS, without)
    assert refused(south, PASS, waiting)
    make.move(south, waiting, "accept")
    thieves: tuple[make.Clinic | Actor, ...] = (north, east, outsider, client)
    for thief in thieves:
        assert refused(thief, PASS, waiting)
    assert refused(south, PASS, waiting)  # it is not on the team yet
    plan.add(north, south)

    assert leads(plan, north) == north.id
    assert [str(found) for (found,) in rows(south, PASS, waiting)] == [plan.id]
    assert leads(plan, north) == south.id


def test_with_a_transfer_of_one_client_no_plan_of_another_is_taken(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    other, others = shared(north, south), shared(east, south)
    plan = alone(north)
    make.consent(north, plan.client_id, south)
    referral = accepted(north, south, plan.client_id, transfer=True)

    assert refused(south, PASS, referral)

    assert (leads(other, south), leads(others, south)) == (north.id, east.id)


def test_who_turns_a_referral_into_a_transfer_itself_takes_nothing(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    referral = accepted(north, south, plan.client_id)

    assert refused(south, "UPDATE referrals_referral SET transfer = true WHERE id = %s", referral)
    assert refused(south, PASS, referral)

    assert leads(plan, south) == north.id
