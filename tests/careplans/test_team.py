"""Joining, leaving, and what becomes of the lines and the lead of who left."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from backend.audit import work
from backend.audit.models import Event
from backend.careplans import services
from backend.directory import services as directory
from backend.directory.models import PractitionerRole
from backend.lib import clock
from backend.lib.actor import system_of
from backend.lib.unit_of_work import acting_as
from tests import make
from tests.careplans.plans import LINE, Plan, accepted, alone, consent_of, done, leave, refused, shared, withdraw
from tests.referrals.stories import move_to, now

pytestmark = pytest.mark.django_db


def live(plan: Plan, who: make.Clinic) -> list[str]:
    return [m["organization"]["id"] for m in plan.whole(who)["team"] if m["is_live"]]


def told(clinic: make.Clinic, type: str) -> list[Any]:
    with acting_as(clinic.practitioner.actor):
        return list(Event.objects.visible_to(clinic.practitioner.actor).filter(type=type))


# --- joining -------------------------------------------------------------------------------------------------------


def test_who_accepts_a_referral_joins_the_plan_its_lead_works_from(north: make.Clinic, south: make.Clinic) -> None:
    plan = alone(north)
    accepted(north, south, plan.client_id)
    refused(plan.get(south), 404, "not_found")

    with acting_as(south.practitioner.actor):
        joined = services.join_team(
            UUID(plan.client_id), role_id=UUID(south.role_id), accepted_at=clock.now(), actor=south.practitioner.actor
        )

    assert [str(one.pk) for one in joined] == [plan.id]
    member = plan.whole(south)["team"][1]
    assert (member["role"], member["is_live"], member["practitioner_role"]["id"]) == ("member", True, south.role_id)
    assert len(told(north, "care_plan.member_joined")) == len(told(south, "care_plan.member_joined")) == 1


def test_joining_twice_is_joining_once(north: make.Clinic, south: make.Clinic) -> None:
    plan = alone(north)
    accepted(north, south, plan.client_id)

    for _ in range(2):
        with acting_as(south.practitioner.actor):
            services.join_team(
                UUID(plan.client_id), role_id=None, accepted_at=clock.now(), actor=south.practitioner.actor
            )

    assert live(plan, north) == [north.id, south.id]
    assert len(told(north, "care_plan.member_joined")) == 1


def test_who_left_is_not_put_back_by_an_acceptance_that_is_told_late_or_again(
    north: make.Clinic, south: make.Clinic
) -> None:
    plan = alone(north)
    accepted(north, south, plan.client_id)
    me, accepted_at = south.practitioner.actor, clock.now()

    def told_again(moment: datetime) -> list[str]:
        with acting_as(me):
            joined = services.join_team(UUID(plan.client_id), role_id=None, accepted_at=moment, actor=me)
        return [str(one.pk) for one in joined]

    assert told_again(accepted_at) == [plan.id]
    done(leave(plan, north, south), 200)
    accepted(north, south, plan.client_id)

    assert told_again(accepted_at) == []
    assert told_again(clock.now() + timedelta(seconds=1)) == [plan.id], "accepted anew"


def test_a_draft_is_joined_by_nobody_who_was_not_asked(north: make.Clinic, south: make.Clinic) -> None:
    client_id = make.client(north)["id"]
    made = done(north.http.send("POST", "care-plans", {"client_id": client_id, "title": "Draft"}), 201)
    plan = Plan(made["id"], client_id)
    accepted(north, south, client_id)

    with acting_as(south.practitioner.actor):
        assert (
            services.join_team(UUID(client_id), role_id=None, accepted_at=clock.now(), actor=south.practitioner.actor)
            == []
        )
    refused(plan.get(south), 404, "not_found")
    plan.add(north, south)

    assert plan.whole(south)["state"] == "draft"


def test_before_it_shares_the_record_nobody_joins(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic
) -> None:
    plan = alone(north)
    make.consent(north, plan.client_id, south)

    for clinic in (south, outsider):
        refused(plan.post(north, "/team", {"organization_id": clinic.id}), 409, "consent_required")
        with acting_as(clinic.practitioner.actor):
            assert (
                services.join_team(
                    UUID(plan.client_id), role_id=None, accepted_at=clock.now(), actor=clinic.practitioner.actor
                )
                == []
            )

    assert live(plan, north) == [north.id]


def test_a_circle_that_does_not_share_plans_opens_none(north: make.Clinic, south: make.Clinic) -> None:
    plan = alone(north)
    accepted(north, south, plan.client_id, categories=["notes"])

    refused(plan.post(north, "/team", {"organization_id": south.id}), 409, "consent_required")

    refused(plan.get(south), 404, "not_found")


def test_only_the_lead_adds_to_the_team(north: make.Clinic, south: make.Clinic, east: make.Clinic) -> None:
    plan = shared(north, south)

    refused(plan.post(south, "/team", {"organization_id": east.id}), 403, "wrong_party")
    refused(plan.post(north, "/team", {"organization_id": south.id}), 409, "already_on_team")
    wrong = {"organization_id": east.id, "practitioner_role_id": south.role_id}
    refused(plan.post(north, "/team", wrong), 400, "unknown_role")

    assert live(plan, north) == [north.id, south.id]


# --- who counts ----------------------------------------------------------------------------------------------------


def test_a_member_counts_only_while_its_access_lives_without_waiting_for_the_worker(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    plan = alone(north)
    circle = make.consent(north, plan.client_id, south, east)
    for clinic in (south, east):
        make.move(clinic, make.referral(north, clinic, client_id=plan.client_id)["id"], "accept")
        plan.add(north, clinic)
    assert live(plan, north) == [north.id, south.id, east.id]

    withdraw(north, plan.client_id, circle["id"])

    assert live(plan, north) == [north.id]
    assert plan.whole(north)["agreement"]["is_asked"] is False


def test_a_consent_that_runs_out_ends_the_team_by_the_clock(north: make.Clinic, south: make.Clinic) -> None:
    plan = alone(north)
    accepted(north, south, plan.client_id, expires_on=(clock.now() + timedelta(days=20)).date().isoformat())
    plan.add(north, south)
    line = plan.line(south, technique_ids=[])

    move_to(now() + timedelta(days=30))

    assert live(plan, north) == [north.id]
    refused(plan.patch(south, f"/interventions/{line['id']}", {"minutes": 10}, version=1), 403, "not_on_team")


# --- leaving -------------------------------------------------------------------------------------------------------


def test_who_leaves_keeps_its_lines_as_ended_and_the_lead_is_asked(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    line = plan.line(south, technique_ids=[])
    done_before = plan.line(south, technique_ids=[])
    done(plan.patch(south, f"/interventions/{done_before['id']}", {"state": "ended", "ended_reason": "done"}), 200)

    done(leave(plan, south, south), 200)

    rows = {row["id"]: row for row in plan.whole(north)["interventions"]}
    assert (rows[line["id"]]["state"], rows[line["id"]]["ended_reason"]) == ("ended", "left")
    assert rows[done_before["id"]]["ended_reason"] == "done"
    assert [row["id"] for row in plan.whole(north)["to_decide"]] == [line["id"]]
    assert len(told(north, "care_plan.lines_to_decide")) == 1
    assert [event.related["reason"] for event in told(south, "care_plan.member_left")] == ["left"]
    own = plan.whole(south)
    assert [row["id"] for row in own["interventions"]] == [line["id"], done_before["id"]]
    assert "title" in own["withheld"]
    refused(plan.post(south, "/interventions", LINE), 403, "not_on_team")


def test_who_joins_and_who_takes_another_off_is_named_to_whoever_overwrites_it(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    plan = alone(north)
    make.consent(north, plan.client_id, south, east)
    for clinic in (south, east):
        make.move(clinic, make.referral(north, clinic, client_id=plan.client_id)["id"], "accept")
    plan.add(north, south)
    read = plan.whole(north)["version"]
    with acting_as(east.practitioner.actor):
        services.join_team(UUID(plan.client_id), role_id=None, accepted_at=clock.now(), actor=east.practitioner.actor)

    joined = refused(plan.patch(north, "", {"title": "Arm"}, version=read), 412, "stale")
    plan.line(south, technique_ids=[])
    read = plan.whole(north)["version"]
    done(leave(plan, north, south), 200)
    taken_off = refused(plan.patch(north, "", {"title": "Arm"}, version=read), 412, "stale")

    assert joined["changed_by"] == "East Chiropractic Practitioner"
    assert taken_off["changed_by"] == "North Massage Practitioner"
    (left,) = plan.whole(north)["interventions"]
    assert left["changed_by"] == "North Massage Practitioner"


def test_who_began_a_plan_and_left_reads_no_title_that_a_later_lead_wrote(
    north: make.Clinic, south: make.Clinic
) -> None:
    plan = shared(north, south)
    done(leave(plan, north, north), 200)

    done(plan.patch(south, "", {"title": "Something new"}), 200)

    assert "title" in plan.whole(north)["withheld"]
    assert "Something new" not in north.http.send("GET", f"clients/{plan.client_id}/timeline").content.decode()


def test_the_lead_takes_over_or_drops_each_line(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    first, second = plan.line(south, technique_ids=[]), plan.line(south, technique_ids=[])
    done(leave(plan, south, south), 200)

    taken = plan.post(
        north, f"/interventions/{first['id']}/decision", {"answer": "take_over", "changes": {"minutes": 20}}
    )
    dropped = plan.post(north, f"/interventions/{second['id']}/decision", {"answer": "drop", "sentence": "Not needed."})

    assert (done(taken, 201)["answer"], done(dropped, 201)["sentence"]) == ("take_over", "Not needed.")
    whole = plan.whole(north)
    assert whole["to_decide"] == []
    added = whole["interventions"][2]
    assert (added["continues_id"], added["organization"]["id"], added["minutes"]) == (first["id"], north.id, 20)
    assert plan.row(north, "interventions", first["id"])["ended_reason"] == "left"
    refused(plan.post(north, f"/interventions/{first['id']}/decision", {"answer": "drop"}), 409, "nothing_to_decide")


def test_nobody_but_the_lead_decides_and_only_about_a_line_that_was_left(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    plan = shared(north, south, east)
    mine, theirs = plan.line(north), plan.line(south, technique_ids=[])
    done(leave(plan, south, south), 200)

    refused(plan.post(east, f"/interventions/{theirs['id']}/decision", {"answer": "drop"}), 403, "wrong_party")
    refused(plan.post(north, f"/interventions/{mine['id']}/decision", {"answer": "drop"}), 409, "nothing_to_decide")

    assert [row["id"] for row in plan.whole(east)["to_decide"]] == [theirs["id"]]


def test_a_lead_who_takes_over_stays_within_its_own_scope(north: make.Clinic, east: make.Clinic) -> None:
    plan = shared(north, east)
    line = plan.line(east, technique_ids=["hvla"])
    done(leave(plan, east, east), 200)
    rest = f"/interventions/{line['id']}/decision"

    refused(plan.post(north, rest, {"answer": "take_over"}), 400, "out_of_scope")
    done(plan.post(north, rest, {"answer": "take_over", "changes": {"technique_ids": ["tpt"]}}), 201)

    assert plan.whole(north)["interventions"][1]["technique_ids"] == ["tpt"]


def test_the_lead_passes_to_the_clients_home(north: make.Clinic, south: make.Clinic, east: make.Clinic) -> None:
    plan = shared_led_by_south(north, south, east)

    done(leave(plan, south, south), 200)

    assert plan.whole(north)["lead"]["organization"]["id"] == north.id
    assert [m["role"] for m in plan.whole(east)["team"] if m["until"] is None] == ["member", "lead"]
    assert [event.related["organization_id"] for event in told(east, "care_plan.lead_passed")] == [north.id]
    steps = [step["name"] for step in plan.whole(north)["available_transitions"]]
    assert steps == ["hold", "complete", "revoke", "enter_in_error"]
    assert plan.whole(south)["available_transitions"] == []


def test_without_the_home_the_lead_passes_to_who_has_been_there_longest(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    plan = shared(north, south, east)

    done(leave(plan, north, north), 200)

    assert plan.whole(south)["lead"]["organization"]["id"] == south.id
    assert live(plan, east) == [south.id, east.id]


def test_the_lead_takes_a_member_off_and_no_member_takes_another(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    plan = shared(north, south, east)

    refused(leave(plan, east, south), 403, "wrong_party")
    assert live(plan, north) == [north.id, south.id, east.id]
    done(leave(plan, north, south), 200)

    assert live(plan, north) == [north.id, east.id]
    refused(leave_again(plan, north, south), 409, "membership_ended")


def test_the_last_member_completes_or_revokes_instead(north: make.Clinic) -> None:
    plan = alone(north)

    refused(leave(plan, north, north), 409, "last_member")

    assert live(plan, north) == [north.id]


def test_open_proposals_of_and_to_who_left_lapse(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    mine, theirs = plan.line(north), plan.line(south, technique_ids=[])
    why = {"kind": "change", "about": "intervention", "changes": {"minutes": 30}, "why": "Shorter."}
    for who, row in ((south, mine), (north, theirs)):
        done(plan.post(who, "/proposals", {**why, "row_id": row["id"]}), 201)

    done(leave(plan, south, south), 200)

    for who in (north, south):
        assert {row["state"] for row in done(plan.get(who, "/proposals"))["results"]} == {"lapsed"}
    assert len(told(south, "proposal.lapsed")) == 2


def test_an_access_that_ends_takes_the_organization_off_every_team_once(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    line = plan.line(south, technique_ids=[])
    other = alone(north, plan.client_id)
    other.add(north, south)
    withdraw(north, plan.client_id, consent_of(plan, north))

    for _ in range(2):
        work.run_due()
        with acting_as(south.practitioner.actor):
            services.leave_teams(UUID(plan.client_id), actor=south.practitioner.actor)

    for one in (plan, other):
        own = one.whole(south)["team"][-1]
        assert (own["ended_because"], own["is_live"]) == ("access_ended", False)
    assert plan.row(south, "interventions", line["id"])["ended_reason"] == "left"
    assert len(told(south, "care_plan.member_left")) == 2
    assert plan.whole(north)["lead"]["organization"]["id"] == north.id


def test_between_a_withdrawal_and_the_worker_nothing_is_told_to_who_the_plan_closed_to(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    plan = shared(north, south, east)
    plan.line(south, technique_ids=[])
    before = {clinic.id: heard_of(plan, clinic) for clinic in (south, east)}
    withdraw(north, plan.client_id, consent_of(plan, north))

    plan.goal(north)
    done(plan.patch(north, "", {"title": "Arm"}), 200)
    between = {clinic.id: heard_of(plan, clinic) for clinic in (south, east)}
    work.run_due()

    assert between == before
    assert heard_of(plan, north)[-6:].count("care_plan.member_left") == 2
    assert "care_plan.lines_to_decide" in heard_of(plan, north)
    for clinic in (south, east):
        assert set(heard_of(plan, clinic)[len(before[clinic.id]) :]) == {"care_plan.member_left"}


def test_when_a_practitioner_leaves_a_colleague_goes_on_and_without_one_the_clinic_leaves(
    north: make.Clinic, south: make.Clinic
) -> None:
    plan = joined(north, south)
    line = plan.line(south, technique_ids=[])

    end_role(south)

    member = plan.whole(north)["team"][1]

    assert (member["ended_because"], member["is_live"]) == ("role_ended", False)
    assert plan.row(north, "interventions", line["id"])["ended_reason"] == "left"


def test_with_a_colleague_the_clinic_stays(north: make.Clinic, south: make.Clinic) -> None:
    plan = joined(north, south)
    line = plan.line(south, technique_ids=[])
    make.role(south.organization, "physical_therapy")

    end_role(south)

    member = plan.whole(north)["team"][1]
    assert (member["practitioner_role"], member["is_live"]) == (None, True)
    kept = plan.row(north, "interventions", line["id"])
    assert (kept["state"], kept["practitioner_role"], kept["changed_by"]) == ("active", None, "Trialogue")


def test_a_line_that_lost_its_practitioner_is_told_and_what_was_proposed_for_it_stays_open(
    north: make.Clinic, south: make.Clinic
) -> None:
    plan = joined(north, south)
    line, outdated = (plan.line(south, technique_ids=[]) for _ in range(2))
    asks = {"kind": "change", "about": "intervention", "changes": {"minutes": 30}, "why": "Too long."}
    fresh, stale = (
        done(plan.post(north, "/proposals", {**asks, "row_id": row["id"]}), 201) for row in (line, outdated)
    )
    done(plan.patch(south, f"/interventions/{outdated['id']}", {"times_per_week": 2}), 200)
    before = len(told(north, "care_plan.row_changed"))
    colleague = make.person(south.organization, "practitioner", discipline="physical_therapy", name="Col League")

    end_role(south)

    changed = told(north, "care_plan.row_changed")[before:]
    assert {event.related["intervention_id"] for event in changed} == {line["id"], outdated["id"]}
    assert len(changed) == 2
    proposals = {row["id"]: row["is_stale"] for row in done(plan.get(north, "/proposals"))["results"]}
    assert proposals == {fresh["id"]: False, stale["id"]: True}
    changes = done(plan.get(north, "/changes"), 200)["results"]
    assert [row["label"] for row in changes if row["what"]["type"] == "proposal"] == ["Proposal made"] * 2
    done(plan.post(colleague, f"/proposals/{fresh['id']}/transitions", {"name": "accept"}), 200)
    assert plan.row(north, "interventions", line["id"])["minutes"] == 30


def test_a_clinic_with_somebody_of_another_line_stays_with_all_its_lines(
    north: make.Clinic, south: make.Clinic
) -> None:
    plan = joined(north, south)
    ann = make.role(south.organization, "massage_therapy")
    sams = plan.line(south, technique_ids=[])
    anns = plan.line(south, technique_ids=[], practitioner_role_id=str(ann.pk))

    end_role(south)

    assert plan.whole(north)["team"][1]["is_live"]
    rows = {row["id"]: row for row in plan.whole(north)["interventions"]}
    assert [rows[line["id"]]["state"] for line in (sams, anns)] == ["active", "active"]
    assert rows[sams["id"]]["practitioner_role"] is None
    assert rows[anns["id"]]["practitioner_role"]["id"] == str(ann.pk)


def test_the_same_person_in_another_role_goes_on(north: make.Clinic, south: make.Clinic) -> None:
    plan = joined(north, south)
    line = plan.line(south, technique_ids=[])
    sam = PractitionerRole.objects.get(pk=south.role_id).practitioner
    PractitionerRole.objects.create(practitioner=sam, organization=south.organization, discipline="strength_training")

    end_role(south)

    assert plan.whole(north)["team"][1]["is_live"]
    assert plan.row(north, "interventions", line["id"])["state"] == "active"


def test_a_line_is_nobodys_in_person_when_who_performs_it_leaves_and_the_team_names_another(
    north: make.Clinic, south: make.Clinic
) -> None:
    plan = joined(north, south)
    ann = make.role(south.organization, "massage_therapy")
    line = plan.line(south, technique_ids=[], practitioner_role_id=str(ann.pk))
    told_before = len(told(north, "care_plan.changed"))

    end_role(south, ann)

    member = plan.whole(north)["team"][1]
    assert (member["practitioner_role"]["id"], member["is_live"]) == (south.role_id, True)
    kept = plan.row(north, "interventions", line["id"])
    assert (kept["state"], kept["practitioner_role"]) == ("active", None)
    assert len(told(north, "care_plan.changed")) == told_before + 1


def test_leaving_ends_the_place_on_the_care_team_with_it(north: make.Clinic, south: make.Clinic) -> None:
    plan = alone(north)
    make.consent(north, plan.client_id, south)
    referral = make.referral(north, south, client_id=plan.client_id)["id"]
    make.move(south, referral, "accept")
    plan.add(north, south)
    make.move(south, referral, "start")
    make.move(south, referral, "report", final=True, report=make.REPORT)
    make.move(north, referral, "acknowledge", plan_change="no_change")
    assert south.http.send("GET", f"clients/{plan.client_id}").status_code == 200

    done(leave(plan, south, south), 200)

    assert south.http.send("GET", f"clients/{plan.client_id}").status_code == 404
    assert "left_team" in [event.related["reason"] for event in told(south, "access.ended")]


def heard_of(plan: Plan, clinic: make.Clinic) -> list[str]:
    """What the clinic's copies of events tell of the plan, in order."""
    with acting_as(clinic.practitioner.actor):
        copies = Event.objects.filter(organization_id=clinic.id, related__care_plan_id=plan.id)
        return list(copies.order_by("recorded_at", "id").values_list("type", flat=True))


# --- how it comes about --------------------------------------------------------------------------------------------


def shared_led_by_south(north: make.Clinic, south: make.Clinic, east: make.Clinic) -> Plan:
    """South writes the plan for North's client, with East and then North on its team."""
    client_id = make.client(north)["id"]
    make.consent(north, client_id, south, east)
    for clinic in (south, east):
        make.move(clinic, make.referral(north, clinic, client_id=client_id)["id"], "accept")
    plan = alone(south, client_id)
    plan.add(south, east)
    plan.add(south, north)
    return plan


def joined(north: make.Clinic, south: make.Clinic) -> Plan:
    """South's practitioner came onto the team by accepting a referral."""
    plan = alone(north)
    accepted(north, south, plan.client_id)
    with acting_as(south.practitioner.actor):
        services.join_team(
            UUID(plan.client_id), role_id=UUID(south.role_id), accepted_at=clock.now(), actor=south.practitioner.actor
        )
    return plan


def leave_again(plan: Plan, who: make.Clinic, clinic: make.Clinic) -> Any:
    member = next(m for m in plan.whole(who)["team"] if m["organization"]["id"] == clinic.id)
    return plan.post(who, f"/team/{member['id']}/end")


def end_role(clinic: make.Clinic, role: PractitionerRole | None = None) -> None:
    """The admin ends the practitioner's role, or another one; the worker hears of it twice."""
    role_id = role.pk if role else UUID(clinic.role_id)
    with acting_as(clinic.admin.actor):
        directory.end_role(role_id, actor=clinic.admin.actor)
    work.run_due()
    with acting_as(system_of(clinic.organization.pk)):
        services.hand_over_role(role_id, actor=system_of(clinic.organization.pk))
