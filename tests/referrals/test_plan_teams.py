"""Accepting a referral brings a clinic onto the client's care plan; losing the client takes it off."""

import pytest

from backend.audit import work
from tests import make
from tests.careplans.plans import Plan, alone
from tests.referrals.stories import withdraw_consent

pytestmark = pytest.mark.django_db(transaction=True)


def active_plan(clinic: make.Clinic, client_id: str) -> Plan:
    plan = alone(clinic, client_id)
    plan.line(clinic)
    plan.publish(clinic)
    return plan


def members(plan: Plan, reader: make.Clinic) -> list[str]:
    return sorted(row["organization"]["id"] for row in plan.whole(reader)["team"] if row["until"] is None)


def test_who_accepts_works_from_the_senders_plan(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)
    make.consent(north, client["id"], south)
    plan = active_plan(north, client["id"])
    sent = make.referral(north, south, client_id=client["id"])
    before = plan.get(south).status_code

    make.move(south, sent["id"], "accept")
    work.run_due()

    assert before == 404
    assert members(plan, south) == sorted([north.id, south.id])


def test_a_consent_that_does_not_name_plans_brings_nobody_onto_one(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)
    make.consent(north, client["id"], south, categories=["notes"])
    plan = active_plan(north, client["id"])

    make.move(south, make.referral(north, south, client_id=client["id"])["id"], "accept")
    work.run_due()

    assert plan.get(south).status_code == 404
    assert members(plan, north) == [north.id]


def test_whoever_loses_the_client_is_off_the_plan_on_the_next_request(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)
    consent = make.consent(north, client["id"], south)
    plan = active_plan(north, client["id"])
    make.move(south, make.referral(north, south, client_id=client["id"])["id"], "accept")
    work.run_due()

    withdraw_consent(north, client["id"], consent)

    assert plan.whole(south)["interventions"] == []
