"""What the end of a plan leaves: thirty days of reading, a way back, and what a death does."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from backend.audit import work
from tests import make
from tests.attacks.sql import refused as refused_in_sql
from tests.attacks.sql import rows
from tests.careplans.plans import Plan, alone, consent_of, done, leave, refused, shared, withdraw
from tests.notes import writing
from tests.record.briefs import lines
from tests.record.feed import settle
from tests.referrals.stories import advance, event_types, now

pytestmark = pytest.mark.django_db(transaction=True)
MET = {"reason": "goals_met"}


def on_the_care_team(home: make.Clinic, *others: make.Clinic, **consent: Any) -> Plan:
    """A plan whose members finished their referrals: only the care team opens the client to them."""
    plan = alone(home)
    make.consent(home, plan.client_id, *others, **consent)
    for other in others:
        finish_a_referral(home, other, plan)
        work.run_due()
        if other.id not in members(plan, home):
            plan.add(home, other)
    plan.line(home)
    return plan


def finish_a_referral(home: make.Clinic, other: make.Clinic, plan: Plan, **more: Any) -> None:
    referral = make.referral(home, other, client_id=plan.client_id, **more)
    for name, details in (("accept", {}), ("start", {}), ("report", {"final": True, "report": make.REPORT})):
        make.move(other, referral["id"], name, **details)
    make.move(home, referral["id"], "acknowledge", plan_change="no_change")


def members(plan: Plan, reader: make.Clinic) -> list[str]:
    return [row["organization"]["id"] for row in plan.whole(reader)["team"] if row["until"] is None]


def sees(clinic: make.Clinic, plan: Plan) -> bool:
    return bool(clinic.http.send("GET", f"clients/{plan.client_id}").status_code == 200)


def places(home: make.Clinic, plan: Plan) -> list[Any]:
    """The care team's rows of the client's access page, as home reads it."""
    may = done(home.http.send("GET", f"clients/{plan.client_id}/access"))["may"]
    return [row for row in may if row["why"] == "care_team"]


def ended(clinic: make.Clinic, reason: str) -> list[Any]:
    settle()
    feed = done(clinic.http.send("GET", "events?types=access.ended"))["results"]
    return [event for event in feed if event["related"].get("reason") == reason]


# --- thirty days -----------------------------------------------------------------------------------------------------


def test_a_party_reads_a_completed_plan_for_thirty_days_and_nobody_edits_it(
    north: make.Clinic, south: make.Clinic
) -> None:
    plan = on_the_care_team(north, south)
    assert [row["until"] for row in places(north, plan)] == [None]

    done(plan.move(north, "complete", **MET), 200)
    work.run_due()

    assert [row["until"] is not None for row in places(north, plan)] == [True]
    advance(days=29)
    assert plan.whole(south)["interventions"][0]["focus"] == "Upper trapezius trigger points"
    refused(plan.post(south, "/goals", {"words": "Sleep"}), 409, "plan_closed")
    refused(plan.post(north, "/goals", {"words": "Sleep"}), 409, "plan_closed")
    assert ended(south, "plan_ended") == []
    advance(days=2)
    assert plan.whole(south)["interventions"] == []
    assert not sees(south, plan)
    assert plan.whole(north)["interventions"][0]["state"] == "active"
    assert [len(ended(clinic, "plan_ended")) for clinic in (south, north)] == [1, 1]
    assert members(plan, north) == [north.id]


def test_the_thirty_days_begin_when_the_end_is_recorded(north: make.Clinic, south: make.Clinic) -> None:
    plan = on_the_care_team(north, south)
    advance(days=6)

    done(plan.move(north, "complete", **MET, occurred_at=(now() - timedelta(days=5)).isoformat()), 200)

    [place] = places(north, plan)
    assert datetime.fromisoformat(place["until"]) > now() + timedelta(days=29)


def test_who_leaves_with_the_thirty_days_ends_no_line_of_the_finished_plan(
    north: make.Clinic, south: make.Clinic
) -> None:
    plan = on_the_care_team(north, south)
    plan.line(south, technique_ids=[])
    done(plan.move(north, "complete", **MET), 200)

    advance(days=31)

    assert [line["state"] for line in plan.whole(north)["interventions"]] == ["active", "active"]
    assert "care_plan.lines_to_decide" not in event_types(north, plan.id)


def test_another_open_plan_of_the_circle_keeps_the_place(north: make.Clinic, south: make.Clinic) -> None:
    first = on_the_care_team(north, south)
    second = alone(north, first.client_id)
    second.add(north, south)

    done(first.move(north, "complete", **MET), 200)

    assert [row["until"] for row in places(north, first)] == [None]
    done(second.move(north, "complete", **MET), 200)
    assert [row["until"] is not None for row in places(north, first)] == [True]


def test_who_leaves_the_open_plan_reads_the_finished_one_for_the_rest_of_its_thirty_days(
    north: make.Clinic, south: make.Clinic
) -> None:
    finished = on_the_care_team(north, south)
    still_open = alone(north, finished.client_id)
    still_open.add(north, south)
    done(finished.move(north, "complete", **MET), 200)
    advance(days=10)

    done(leave(still_open, south, south), 200)

    assert [row["until"] is not None for row in places(north, finished)] == [True]
    advance(days=19)
    assert sees(south, finished)
    advance(days=2)
    assert not sees(south, finished)
    assert [len(ended(south, why)) for why in ("plan_ended", "left_team")] == [1, 0]


def test_a_plan_that_ended_long_ago_holds_no_place_of_who_leaves_another(
    north: make.Clinic, south: make.Clinic
) -> None:
    finished = on_the_care_team(north, south)
    still_open = alone(north, finished.client_id)
    still_open.add(north, south)
    done(finished.move(north, "complete", **MET), 200)
    advance(days=40)
    before = sees(south, finished)

    done(leave(still_open, south, south), 200)

    assert (before, sees(south, finished)) == (True, False)
    assert [len(ended(south, why)) for why in ("plan_ended", "left_team")] == [0, 1]


def test_a_plan_of_another_circle_holds_no_place(north: make.Clinic, south: make.Clinic) -> None:
    plan = on_the_care_team(north, south, expires_on=(now() + timedelta(days=300)).date().isoformat())
    make.consent(north, plan.client_id, south)
    elsewhere = alone(north, plan.client_id)
    elsewhere.add(north, south)
    before = sees(south, plan)

    done(leave(plan, south, south), 200)

    assert (before, sees(south, plan)) == (True, False)


def test_a_referral_keeps_the_record_open_when_the_plan_has_ended(north: make.Clinic, south: make.Clinic) -> None:
    plan = on_the_care_team(north, south)
    again = make.referral(north, south, client_id=plan.client_id)
    make.move(south, again["id"], "accept")
    make.move(south, again["id"], "start")
    done(plan.move(north, "complete", **MET), 200)

    advance(days=31)

    assert sees(south, plan)


def test_another_circle_is_not_touched_by_the_end_of_a_plan(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    plan = on_the_care_team(north, south)
    make.consent(north, plan.client_id, east)
    finish_a_referral(north, east, plan)

    done(plan.move(north, "complete", **MET), 200)

    until = {row["organization"]["id"]: row["until"] for row in places(north, plan)}
    assert until[south.id] is not None
    assert until[east.id] is None


def test_a_place_given_after_the_plan_ended_ends_with_it(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    referral = done(south.http.send("GET", f"referrals?client_id={plan.client_id}"))["results"][0]
    make.move(south, referral["id"], "start")
    done(plan.move(north, "complete", **MET), 200)
    advance(days=5)
    make.move(south, referral["id"], "report", final=True, report=make.REPORT)
    make.move(north, referral["id"], "acknowledge", plan_change="no_change")

    advance(days=20)
    before = sees(south, plan)
    advance(days=6)

    assert before
    assert not sees(south, plan)
    assert len(ended(south, "plan_ended")) == 1


def test_a_consent_that_ends_first_says_so_and_nothing_more_is_said(north: make.Clinic, south: make.Clinic) -> None:
    plan = on_the_care_team(north, south)
    done(plan.move(north, "complete", **MET), 200)

    withdraw(north, plan.client_id, consent_of(plan, north))
    advance(days=31)

    assert len(ended(south, "consent_withdrawn")) == 1
    assert ended(south, "plan_ended") == []


# --- the way back ----------------------------------------------------------------------------------------------------


def test_reopening_lifts_the_end(north: make.Clinic, south: make.Clinic) -> None:
    plan = on_the_care_team(north, south)
    done(plan.move(north, "complete", **MET), 200)
    advance(days=10)

    reopened = done(plan.move(north, "reopen"), 200)

    assert (reopened["state"], reopened["state_reason"]) == ("on_hold", None)
    assert [row["until"] for row in places(north, plan)] == [None]
    advance(days=40)
    assert sees(south, plan)
    done(plan.move(north, "resume"), 200)
    done(plan.post(south, "/goals", {"words": "Sleep"}), 201)
    assert ended(south, "plan_ended") == []


def test_reopening_brings_nobody_back_whose_thirty_days_are_over(north: make.Clinic, south: make.Clinic) -> None:
    plan = on_the_care_team(north, south)
    done(plan.move(north, "revoke", reason="client_request"), 200)
    advance(days=31)

    done(plan.move(north, "reopen"), 200)

    assert members(plan, north) == [north.id]
    assert not sees(south, plan)


# --- in the database -------------------------------------------------------------------------------------------------


def test_nobody_but_the_lead_shortens_or_lengthens_a_place(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic
) -> None:
    plan = on_the_care_team(north, south)
    access = places(north, plan)[0]["id"]

    for caller in (south, outsider, north):  # the lead, too, while the plan is open
        assert refused_in_sql(caller, "SELECT * FROM wind_down_access(%s)", plan.id)
        assert refused_in_sql(caller, "SELECT end_plans_with_death(%s)", plan.client_id)
        assert rows(caller, "SELECT plan_access_ran_out(%s)", access) == [(None,)]
    done(plan.move(north, "complete", **MET), 200)
    for caller in (south, outsider, north):  # nor is it lengthened while the plan has ended
        assert refused_in_sql(caller, "SELECT keep_access(%s)", plan.id)
        assert rows(caller, "SELECT plan_access_ran_out(%s)", access) == [(None,)]
    for caller in (south, outsider):
        assert refused_in_sql(caller, "SELECT * FROM wind_down_access(%s)", plan.id)

    assert [row["until"] is not None for row in places(north, plan)] == [True]


# --- a death ---------------------------------------------------------------------------------------------------------


def record_death(clinic: make.Clinic, client_id: str) -> None:
    done(clinic.http.send("POST", f"clients/{client_id}/death", {}), 200)


def test_a_death_revokes_the_plan_in_the_same_transaction(north: make.Clinic, south: make.Clinic) -> None:
    plan = on_the_care_team(north, south)
    line = plan.line(south, technique_ids=[])
    ask = {"kind": "change", "about": "intervention", "row_id": line["id"], "changes": {"minutes": 20}, "why": "Short."}
    proposal = done(plan.post(north, "/proposals", ask), 201)

    record_death(north, plan.client_id)

    ended_plan = plan.whole(south)
    assert (ended_plan["state"], ended_plan["state_reason"]) == ("revoked", "client_died")
    assert plan.row(south, "proposals", proposal["id"])["state"] == "lapsed"
    assert event_types(south, plan.id).count("care_plan.revoked") == 1
    assert event_types(south, proposal["id"]) == ["proposal.made", "proposal.lapsed"]
    assert [row["until"] is not None for row in places(north, plan)] == [True]
    advance(days=31)
    assert not sees(south, plan)
    assert len(ended(south, "plan_ended")) == 1


def test_a_death_revokes_also_what_another_clinic_leads_in_a_circle_of_its_own(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    client_id = make.client(north)["id"]
    for other in (south, east):
        make.consent(north, client_id, other)
        make.move(other, make.referral(north, other, client_id=client_id)["id"], "accept")
    plans = [(clinic, alone(clinic, client_id)) for clinic in (south, east)]

    record_death(north, client_id)

    assert [plan.whole(clinic)["state"] for clinic, plan in plans] == ["revoked", "revoked"]
    assert [event_types(clinic, plan.id)[-1] for clinic, plan in plans] == ["care_plan.revoked"] * 2
    assert found(north, client_id) == []


def test_a_death_is_told_to_every_party_the_lead_too(north: make.Clinic, south: make.Clinic) -> None:
    plan = on_the_care_team(north, south)

    record_death(north, plan.client_id)

    told = [lines(clinic, plan.client_id, "plan") for clinic in (north, south)]
    assert [[(line["text"], line["author"]) for line in found] for found in told] == [
        [("Revoked the plan: the client died.", None)]
    ] * 2


def test_nothing_is_begun_for_a_client_who_died_and_an_undone_death_leaves_a_way_back(
    north: make.Clinic, south: make.Clinic
) -> None:
    plan = on_the_care_team(north, south)
    record_death(north, plan.client_id)
    begun = {"client_id": plan.client_id, "title": "Again"}

    refused(plan.move(north, "reopen"), 409, "client_deceased")
    refused(north.http.send("POST", "care-plans", begun), 409, "client_deceased")
    done(north.http.send("POST", f"clients/{plan.client_id}/death/entered-in-error", {}), 200)
    work.run_due()
    done(plan.move(north, "reopen"), 200)

    assert done(plan.move(north, "resume"), 200)["state"] == "active"
    assert len(plan.whole(south)["interventions"]) == 1
    assert [row["until"] for row in places(north, plan)] == [None]


def test_one_who_died_and_one_who_lives_are_not_merged(north: make.Clinic) -> None:
    dead, living = make.client(north)["id"], make.client(north)["id"]
    record_death(north, dead)

    for old, into in ((dead, living), (living, dead)):
        refused(north.http.send("POST", f"clients/{old}/merge", {"into": into}), 409, "client_deceased")
    record_death(north, living)
    done(north.http.send("POST", f"clients/{living}/merge", {"into": dead}), 200)


def test_who_sees_the_old_record_only_learns_of_a_death_of_the_surviving_one(
    north: make.Clinic, south: make.Clinic
) -> None:
    plan = on_the_care_team(north, south)
    survivor = make.client(north)["id"]
    own = alone(south, plan.client_id)
    done(own.move(south, "complete", **MET), 200)
    done(north.http.send("POST", f"clients/{plan.client_id}/merge", {"into": survivor}), 200)

    record_death(north, survivor)

    refused(own.move(south, "reopen"), 409, "client_deceased")
    begun = {"client_id": plan.client_id, "title": "Again"}
    refused(south.http.send("POST", "care-plans", begun), 409, "client_deceased")
    done(north.http.send("POST", f"clients/{survivor}/death/entered-in-error", {}), 200)
    done(own.move(south, "reopen"), 200)


def test_the_database_too_keeps_no_plan_open_after_a_death(north: make.Clinic) -> None:
    plan = alone(north)
    record_death(north, plan.client_id)
    reopen = "UPDATE careplans_careplan SET state = %s, version = version + 1 WHERE id = %s"

    assert [refused_in_sql(north, reopen, state, plan.id) for state in ("on_hold", "active", "draft")] == [True] * 3
    assert not refused_in_sql(north, reopen, "completed", plan.id)


def test_what_was_drafted_before_a_death_is_still_signed(north: make.Clinic, south: make.Clinic) -> None:
    plan = on_the_care_team(north, south)
    drafts = [(clinic, writing.draft(clinic, plan.client_id)["id"]) for clinic in (north, south)]

    record_death(north, plan.client_id)
    work.run_due()

    assert [writing.sign(clinic.http, note)["state"] for clinic, note in drafts] == ["signed", "signed"]


# --- one person, two records -----------------------------------------------------------------------------------------


def found(clinic: make.Clinic, client_id: str) -> list[str]:
    return [row["id"] for row in done(clinic.http.send("GET", f"care-plans?client_id={client_id}"))["results"]]


def test_plans_are_found_under_the_surviving_record_and_under_the_old_id(north: make.Clinic) -> None:
    old, survivor = make.client(north)["id"], make.client(north)["id"]
    plans = {alone(north, old).id, alone(north, survivor).id}

    done(north.http.send("POST", f"clients/{old}/merge", {"into": survivor}), 200)

    assert set(found(north, survivor)) == set(found(north, old)) == plans
    done(north.http.send("POST", f"clients/{old}/merge/undo", {}), 200)
    assert len(found(north, survivor)) == len(found(north, old)) == 1


def test_a_death_recorded_of_the_surviving_record_ends_the_plans_of_the_old_one(north: make.Clinic) -> None:
    old, survivor = make.client(north)["id"], make.client(north)["id"]
    plan = alone(north, old)
    done(north.http.send("POST", f"clients/{old}/merge", {"into": survivor}), 200)

    record_death(north, survivor)

    assert plan.whole(north)["state"] == "revoked"


def test_a_shared_plan_is_found_under_ones_own_record_of_the_same_person(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic
) -> None:
    plan, own = alone(north), make.client(south)["id"]
    make.consent(north, plan.client_id, south)
    referral = make.referral(north, south, client_id=plan.client_id)
    make.move(south, referral["id"], "accept", own_client_id=own)
    work.run_due()

    assert found(south, own) == [plan.id]
    assert found(south, plan.client_id) == [plan.id]
    assert found(north, own) == found(outsider, own) == []
