"""The lead hands a plan over to another member of its team, by itself and whole; it stays on the team."""

from datetime import timedelta
from importlib import import_module
from typing import Any
from uuid import UUID

import pytest

from backend.audit.models import Event
from backend.careplans.models import Phase
from backend.lib import clock
from backend.lib.history import history_of
from backend.lib.unit_of_work import acting_as
from tests import make
from tests.careplans.plans import Plan, accepted, alone, done, leave, refused, shared, withdraw
from tests.referrals.stories import move_to, now

pytestmark = pytest.mark.django_db


def hand_over(plan: Plan, who: Any, to: make.Clinic, **more: Any) -> Any:
    return plan.post(who, "/lead", {"organization_id": to.id, **more})


def roles_on(plan: Plan, reader: make.Clinic) -> dict[str, str]:
    return {m["organization"]["id"]: m["role"] for m in plan.whole(reader)["team"] if m["until"] is None}


def told(clinic: make.Clinic) -> list[tuple[str, int]]:
    """Who leads and in which version, as the clinic heard it."""
    with acting_as(clinic.practitioner.actor):
        heard = Event.objects.visible_to(clinic.practitioner.actor).filter(type="care_plan.lead_passed")
        return [(event.related["organization_id"], event.subject_version) for event in heard]


def test_a_member_leads_from_then_on_and_whoever_led_stays_on_the_team(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    plan = shared(north, south, east)
    mine = plan.line(north)
    before = plan.whole(north)["version"]

    answer = done(hand_over(plan, north, south), 200)

    assert answer["lead"]["organization"]["id"] == south.id
    assert (answer["version"], answer["changed_by"]) == (before + 1, "North Massage Practitioner")
    assert roles_on(plan, east) == {north.id: "member", south.id: "lead", east.id: "member"}
    for clinic in (north, south, east):
        assert told(clinic) == [(south.id, before + 1)]
    assert answer["available_transitions"] == []
    refused(plan.move(north, "hold", reason="away"), 403, "wrong_party")
    assert done(plan.move(south, "hold", reason="away"), 200)["state"] == "on_hold"
    done(plan.patch(north, f"/interventions/{mine['id']}", {"minutes": 30}), 200)


def test_a_person_there_leads_when_one_is_named_and_else_who_is_on_the_team_for_it(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    plan = alone(north)
    make.consent(north, plan.client_id, south, east)
    for clinic in (south, east):
        make.move(clinic, make.referral(north, clinic, client_id=plan.client_id)["id"], "accept")
    done(plan.post(north, "/team", {"organization_id": south.id, "practitioner_role_id": south.role_id}), 201)
    plan.add(north, east)

    named = done(hand_over(plan, north, east, practitioner_role_id=east.role_id), 200)["lead"]
    known = done(hand_over(plan, east, south), 200)["lead"]
    back = done(hand_over(plan, south, north), 200)["lead"]

    assert [lead["practitioner_role"]["id"] for lead in (named, known, back)] == [
        east.role_id, south.role_id, north.role_id,
    ]  # fmt: skip
    assert roles_on(plan, north) == {north.id: "lead", south.id: "member", east.id: "member"}


def test_the_history_says_who_leads_now_and_by_whom(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)

    done(hand_over(plan, north, south), 200)

    for reader in (north, south):
        changes = done(plan.get(reader, "/changes"), 200)["results"]
        led = next(one for one in changes if one["what"]["type"] == "care_plan")
        assert (led["label"], led["by"]) == ("Now led by South Physio", "North Massage Practitioner")
    labels = {one["label"] for one in done(plan.get(north, "/changes"), 200)["results"]}
    assert labels >= {"Team member “South Physio” is now lead", "Team member “North Massage” is now member"}


def test_the_next_version_says_who_leads_now(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    plan.publish(north)

    done(hand_over(plan, north, south), 200)
    difference = plan.publish(south)["difference"]

    assert difference == ["North Massage is now member.", "South Physio is now lead."]


def phases(plan: Plan, reader: make.Clinic) -> list[str]:
    return [phase["name"] for phase in plan.whole(reader)["phases"]]


def told_of(plan: Plan, reader: make.Clinic) -> str:
    """What the clinic reads of what changed, through the API and past it."""
    with acting_as(reader.practitioner.actor):
        raw = list(history_of(Phase).objects.filter(plan_id=plan.id).values_list("name", flat=True))
    return f"{done(plan.get(reader, '/changes?limit=100'))} {raw}"


def test_the_phases_go_over_with_the_lead_who_changes_them_from_then_on(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    phase = done(plan.post(north, "/phases", {"name": "Calm down"}), 201)
    wrong = done(plan.post(north, "/phases", {"name": "Of another"}), 201)
    done(plan.post(north, f"/phases/{wrong['id']}/entered-in-error", {"reason": "wrong_entry"}), 200)

    done(hand_over(plan, north, south), 200)

    gone_over = plan.row(south, "phases", phase["id"])
    assert (gone_over["organization"]["id"], gone_over["version"]) == (south.id, phase["version"] + 1)
    assert gone_over["changed_by"] == "North Massage Practitioner"
    assert plan.row(south, "phases", wrong["id"])["organization"]["id"] == north.id
    refused(plan.patch(north, f"/phases/{phase['id']}", {"name": "Ours still"}), 403, "not_yours")
    done(plan.patch(south, f"/phases/{phase['id']}", {"name": "Build up"}), 200)
    assert phases(plan, north) == ["Build up", "Of another"]
    done(hand_over(plan, south, north), 200)
    assert done(plan.patch(north, f"/phases/{phase['id']}", {"name": "Keep"}), 200)["organization"]["id"] == north.id


def test_handing_over_changes_no_phase_in_the_eyes_of_a_version(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    done(plan.post(north, "/phases", {"name": "Calm down"}), 201)
    plan.publish(north)

    done(hand_over(plan, north, south), 200)

    assert not [said for said in plan.whole(south)["unpublished"] if "phase" in said]


def test_a_lead_that_leaves_reads_the_phases_as_it_wrote_them_and_nothing_of_the_next(
    north: make.Clinic, south: make.Clinic
) -> None:
    plan = shared(north, south)
    phase = done(plan.post(north, "/phases", {"name": "ZqFirst"}), 201)
    done(plan.patch(north, f"/phases/{phase['id']}", {"name": "ZqCalmDown"}), 200)

    done(leave(plan, north, north), 200)
    done(plan.patch(south, f"/phases/{phase['id']}", {"name": "ZqLater"}), 200)
    later = done(plan.post(south, "/phases", {"name": "ZqAnother"}), 201)

    kept = told_of(plan, north)
    assert [word in kept for word in ("ZqFirst", "ZqCalmDown")] == [True, True]
    assert [word in kept for word in ("ZqLater", "ZqAnother")] == [False, False]
    assert plan.whole(north)["phases"] == []
    for hidden in (phase, later):
        refused(plan.get(north, f"/phases/{hidden['id']}"), 404, "not_found")
    assert phases(plan, south) == ["ZqLater", "ZqAnother"]


def test_phases_that_the_next_lead_does_not_read_come_over_when_a_circle_opens_them(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    plan = alone(north)
    given = accepted(north, south, plan.client_id)
    plan.add(north, south)
    phase = done(plan.post(north, "/phases", {"name": "Calm down"}), 201)
    withdraw(north, plan.client_id, given["id"])
    done(leave(plan, north, north), 200)
    assert plan.row(north, "phases", phase["id"])["organization"]["id"] == north.id

    make.consent(north, plan.client_id, south, east)
    for clinic in (south, east):
        make.move(clinic, make.referral(north, clinic, client_id=plan.client_id)["id"], "accept")
    plan.add(south, east)

    come = plan.row(south, "phases", phase["id"])
    assert (come["organization"]["id"], come["changed_by"]) == (south.id, phase["changed_by"])


@pytest.mark.django_db(transaction=True)
def test_phases_that_stood_still_already_go_over_by_the_migration(
    north: make.Clinic, south: make.Clinic, owner_connection: Any
) -> None:
    plan = shared(north, south)
    phase = done(plan.post(north, "/phases", {"name": "Calm down"}), 201)
    as_owner(owner_connection, "ALTER TABLE careplans_careplan DISABLE TRIGGER careplans_careplan_phases_go_over")
    done(hand_over(plan, north, south), 200)
    refused(plan.patch(south, f"/phases/{phase['id']}", {"name": "Build up"}), 403, "not_yours")
    as_owner(owner_connection, "ALTER TABLE careplans_careplan ENABLE TRIGGER careplans_careplan_phases_go_over")

    as_owner(owner_connection, import_module("backend.careplans.migrations.0013_phases_go_over").NOW)

    done(plan.patch(south, f"/phases/{phase['id']}", {"name": "Build up"}), 200)


def as_owner(opened: Any, statement: str) -> None:
    with opened.cursor() as cursor:
        cursor.execute(statement)
    opened.commit()


def test_only_the_lead_hands_over(north: make.Clinic, south: make.Clinic, east: make.Clinic) -> None:
    plan = shared(north, south, east)

    for thief, heir in ((south, south), (south, east), (east, north)):
        refused(hand_over(plan, thief, heir), 403, "wrong_party")
    refused(hand_over(plan, north.coordinator, south), 403, "right_required")

    assert plan.whole(north)["lead"]["organization"]["id"] == north.id


def test_only_who_is_on_the_team_now_can_lead(north: make.Clinic, south: make.Clinic, east: make.Clinic) -> None:
    plan = alone(north)
    circle = make.consent(north, plan.client_id, south, east)
    for clinic in (south, east):
        make.move(clinic, make.referral(north, clinic, client_id=plan.client_id)["id"], "accept")
    plan.add(north, south)
    read = plan.whole(north)["version"]

    refused(hand_over(plan, north, east), 409, "not_on_team")
    refused(hand_over(plan, north, north), 409, "already_leads")
    refused(hand_over(plan, north, south, practitioner_role_id=east.role_id), 400, "unknown_role")
    refused(plan.post(north, "/lead", {}), 400, "required")
    withdraw(north, plan.client_id, circle["id"])
    refused(hand_over(plan, north, south), 409, "not_on_team")

    whole = plan.whole(north)
    assert (whole["lead"]["organization"]["id"], whole["version"]) == (north.id, read)
    assert told(north) == []


def test_who_has_left_does_not_lead_and_who_lost_the_client_by_the_clock_does_not_either(
    north: make.Clinic, south: make.Clinic
) -> None:
    plan = alone(north)
    accepted(north, south, plan.client_id, expires_on=(clock.now() + timedelta(days=20)).date().isoformat())
    plan.add(north, south)

    move_to(now() + timedelta(days=30))

    refused(hand_over(plan, north, south), 409, "not_on_team")


def test_a_plan_that_has_ended_stays_with_who_led_it(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    done(plan.move(north, "complete", reason="goals_met"), 200)

    refused(hand_over(plan, north, south), 409, "plan_closed")

    assert roles_on(plan, north) == {north.id: "lead", south.id: "member"}


def test_a_draft_goes_over_too(north: make.Clinic, south: make.Clinic) -> None:
    client_id = make.client(north)["id"]
    made = done(north.http.send("POST", "care-plans", {"client_id": client_id, "title": "Draft"}), 201)
    plan = Plan(made["id"], client_id)
    accepted(north, south, client_id)
    plan.add(north, south)

    done(hand_over(plan, north, south), 200)

    assert done(plan.move(south, "activate"), 200)["state"] == "active"


def test_whoever_took_the_lead_hands_it_back_and_leaves_as_any_lead_does(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    plan = shared(north, south, east)
    done(hand_over(plan, north, south), 200)
    own = next(m for m in plan.whole(south)["team"] if m["organization"]["id"] == south.id)

    done(plan.post(south, f"/team/{own['id']}/end"), 200)

    assert roles_on(plan, east) == {north.id: "lead", east.id: "member"}


def test_a_system_hands_over_in_the_name_of_a_practitioner(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    refused(hand_over(plan, north.system, south), 403, "practitioner_required")

    named = {"on_behalf_of": {"practitioner_role_id": north.role_id}}
    answer = done(hand_over(plan, north.system, south, **named), 200)

    assert answer["changed_by"].startswith("North Practitioner through ")
    assert UUID(answer["lead"]["organization"]["id"]) == south.organization.id
