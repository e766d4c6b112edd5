"""A referral that transfers the lead: who accepts it leads the sender's plans of the client that both are on, once."""

from typing import Any

import pytest

from backend.audit import work
from backend.audit.models import Event
from backend.lib.unit_of_work import acting_as
from backend.referrals import reactions
from tests import make
from tests.careplans.plans import Plan, alone, done
from tests.referrals.stories import withdraw_consent

pytestmark = pytest.mark.django_db(transaction=True)


def taken(sender: make.Clinic, recipient: make.Clinic, client_id: str, **more: Any) -> Any:
    """The recipient accepts the referral, and the worker does what follows."""
    referral = make.referral(sender, recipient, client_id=client_id, **{"transfer": True, **more})
    make.move(recipient, referral["id"], "accept")
    work.run_due()
    return referral


def lead_of(plan: Plan, reader: make.Clinic) -> str:
    return str(plan.whole(reader)["lead"]["organization"]["id"])


def roles_on(plan: Plan, reader: make.Clinic) -> dict[str, str]:
    return {m["organization"]["id"]: m["role"] for m in plan.whole(reader)["team"] if m["until"] is None}


def told(clinic: make.Clinic) -> list[str]:
    with acting_as(clinic.practitioner.actor):
        heard = Event.objects.visible_to(clinic.practitioner.actor).filter(type="care_plan.lead_passed")
        return [event.related["organization_id"] for event in heard]


def react_again(clinic: make.Clinic) -> None:
    """The worker died after it had done it, and does it once more."""
    with acting_as(clinic.practitioner.actor):
        events = list(Event.objects.visible_to(clinic.practitioner.actor).filter(type="referral.accepted"))
    for event in events:
        with acting_as(clinic.practitioner.actor):
            reactions.join_the_team(event)


def test_who_accepts_leads_the_plan_and_the_sender_stays_on_its_team(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    plan = alone(north)
    make.consent(north, plan.client_id, south, east)
    taken(north, east, plan.client_id, transfer=False)

    taken(north, south, plan.client_id)

    whole = plan.whole(south)
    assert (whole["lead"]["organization"]["id"], whole["lead"]["practitioner_role"]["id"]) == (south.id, south.role_id)
    assert whole["changed_by"] == "South Physio Practitioner"
    assert roles_on(plan, east) == {north.id: "member", south.id: "lead", east.id: "member"}
    assert told(north) == told(south) == told(east) == [south.id]
    assert "hold" in [step["name"] for step in whole["available_transitions"]]
    assert plan.whole(north)["available_transitions"] == []


def test_the_plans_history_says_who_leads_now_and_who_took_it(north: make.Clinic, south: make.Clinic) -> None:
    plan = alone(north)
    make.consent(north, plan.client_id, south)

    taken(north, south, plan.client_id)

    changes = done(plan.get(north, "/changes"), 200)["results"]
    led = next(one for one in changes if one["what"]["type"] == "care_plan")
    assert (led["label"], led["by"]) == ("Now led by South Physio", "South Physio Practitioner")


def test_without_the_transfer_the_sender_goes_on_to_lead(north: make.Clinic, south: make.Clinic) -> None:
    plan = alone(north)
    make.consent(north, plan.client_id, south)

    taken(north, south, plan.client_id, transfer=False)

    assert roles_on(plan, south) == {north.id: "lead", south.id: "member"}
    assert told(north) == []


def test_who_was_on_the_team_already_leads_every_plan_that_the_sender_leads_and_no_other(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    client_id = make.client(north)["id"]
    make.consent(north, client_id, south, east)
    easts, finished = alone(north, client_id), alone(north, client_id)
    for clinic in (south, east):
        taken(north, clinic, client_id, transfer=False)
    first, second = alone(north, client_id), alone(north, client_id)
    for plan in (first, second):
        plan.add(north, south)
    done(easts.post(north, "/lead", {"organization_id": east.id}), 200)
    done(finished.move(north, "complete", reason="goals_met"), 200)
    without = Plan(
        done(north.http.send("POST", "care-plans", {"client_id": client_id, "title": "Draft"}), 201)["id"], client_id
    )

    taken(north, south, client_id)

    led = {plan.id: lead_of(plan, north) for plan in (first, second, easts, finished, without)}
    assert led == {
        first.id: south.id, second.id: south.id, easts.id: east.id, finished.id: north.id, without.id: north.id,
    }  # fmt: skip


def test_it_passes_once_whatever_the_worker_repeats_and_whoever_hands_it_back(
    north: make.Clinic, south: make.Clinic
) -> None:
    plan = alone(north)
    make.consent(north, plan.client_id, south)
    taken(north, south, plan.client_id)
    version = plan.whole(south)["version"]

    react_again(south)
    again = plan.whole(south)["version"]
    done(plan.post(south, "/lead", {"organization_id": north.id}), 200)
    react_again(south)

    assert again == version
    assert lead_of(plan, south) == north.id
    assert told(south) == [south.id, north.id]


def test_a_plan_that_was_begun_afterwards_stays_the_senders(north: make.Clinic, south: make.Clinic) -> None:
    client_id = make.client(north)["id"]
    make.consent(north, client_id, south)
    taken(north, south, client_id)
    plan = alone(north, client_id)
    plan.add(north, south)

    react_again(south)

    assert lead_of(plan, south) == north.id


def test_nothing_passes_in_a_circle_that_shares_no_plans_or_that_ended_meanwhile(
    north: make.Clinic, south: make.Clinic
) -> None:
    closed, ended = alone(north), alone(north)
    make.consent(north, closed.client_id, south, categories=["notes"])
    consent = make.consent(north, ended.client_id, south)
    referral = make.referral(north, south, client_id=ended.client_id, transfer=True)
    make.move(south, referral["id"], "accept")
    withdraw_consent(north, ended.client_id, consent)

    taken(north, south, closed.client_id)

    for plan in (closed, ended):
        assert roles_on(plan, north) == {north.id: "lead"}
    assert told(north) == told(south) == []


def test_who_declines_after_accepting_leads_nothing(north: make.Clinic, south: make.Clinic) -> None:
    plan = alone(north)
    make.consent(north, plan.client_id, south)
    taken(north, south, plan.client_id, transfer=False)
    referral = make.referral(north, south, client_id=plan.client_id, transfer=True)
    make.move(south, referral["id"], "accept")
    make.move(south, referral["id"], "decline", reason="no_capacity")

    work.run_due()

    assert lead_of(plan, north) == north.id


def test_inside_one_clinic_the_colleague_leads(north: make.Clinic) -> None:
    colleague = make.person(north.organization, "practitioner", discipline="massage_therapy", name="Sam Stone")
    assert colleague.role is not None
    plan, to = alone(north), {"practitioner_role_id": str(colleague.role.id)}

    referral = make.referral(north, to, client_id=plan.client_id, transfer=True)
    make.move(colleague, referral["id"], "accept")
    work.run_due()

    lead = plan.whole(north)["lead"]
    assert (lead["organization"]["id"], lead["practitioner_role"]["id"]) == (north.id, str(colleague.role.id))
    assert roles_on(plan, north) == {north.id: "lead"}
    assert told(north) == [north.id]
