"""A plan that should not have been written: struck through for who reads it; about a wrong client, gone for the others."""

from typing import Any

import pytest

from backend.audit import work
from backend.careplans import printing
from backend.careplans.models import CarePlan
from backend.lib.typesetting import Document
from backend.lib.unit_of_work import acting_as
from tests import make
from tests.attacks.sql import rows
from tests.careplans.in_error import REASONS, items, page, the_client, told, void
from tests.careplans.plans import Plan, alone, consent_of, done, leave, refused, shared, withdraw
from tests.careplans.test_waiting import waits
from tests.careplans.test_walls import NORTHS, SOUTHS, everything, written
from tests.paper import pages_of
from tests.portability.exporting import exported, made
from tests.portability.test_between import refused as refused_export
from tests.record.briefs import lines
from tests.referrals.stories import advance

pytestmark = pytest.mark.django_db(transaction=True)


# --- the plan as a whole ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", REASONS)
def test_a_plan_that_was_entered_in_error_stays_with_its_reason_and_takes_nothing_more(
    north: make.Clinic, reason: str
) -> None:
    plan = alone(north)
    line, goal = plan.line(north), plan.goal(north)
    plan.publish(north)

    answer = done(void(plan, north, reason=reason, note="Meant for her sister."), 200)

    error = {"reason": reason, "note": "Meant for her sister.", "by": north.practitioner.actor.display}
    assert {name: value for name, value in answer["entered_in_error"].items() if name != "at"} == error
    whole = plan.whole(north)
    assert (whole["state"], whole["state_reason"]) == ("revoked", "entered_in_error")
    still = [] if reason == "wrong_client" else ["enter_in_error"]
    assert [step["name"] for step in whole["available_transitions"]] == still
    assert (whole["title"], whole["interventions"][0]["focus"]) == ("Neck and arm", line["focus"])
    for path, body in (
        ("/goals", {"words": "Sleep"}),
        ("/versions", {}),
        ("/agreements", {"number": 1, "answer": "agree"}),
        ("/entered-in-error", {"reason": "duplicate"}),
        (f"/goals/{goal['id']}/entered-in-error", {"reason": "duplicate"}),
    ):
        assert plan.post(north, path, body).status_code == 409, path
    refused(plan.patch(north, f"/goals/{goal['id']}", {"words": "Sleep"}), 409, "entered_in_error")
    refused(plan.move(north, "reopen"), 409, "wrong_state")


def test_nothing_of_such_a_plan_counts(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    plan.line(north)
    plan.goal(south)
    plan.publish(north)
    plan.line(south, technique_ids=[])
    proposal = {
        "kind": "add",
        "about": "goal",
        "owner_id": south.id,
        "changes": {"words": "Sleep"},
        "why": "She said so.",
    }
    asked = done(plan.post(north, "/proposals", proposal), 201)
    assert waits(south, plan) == ["answer", "proposal"]

    done(void(plan, north, reason="duplicate"), 200)

    assert (waits(north, plan), waits(south, plan)) == ([], [])

    assert done(plan.get(south, "/progress")) == {"goals": [], "interventions": []}
    whole = plan.whole(south)
    assert (whole["unpublished"], whole["proposals"]) == ([], [])
    assert done(plan.get(south, f"/proposals/{asked['id']}"))["state"] == "lapsed"
    assert [
        line["text"] for line in lines(south.practitioner, plan.client_id, "plan", "plan_version", "plan_line", "goal")
    ] == ["The plan was entered in error: do not rely on it."]


def test_the_parties_read_it_struck_through_without_the_sentence_of_the_clinic_that_said_so(
    north: make.Clinic, south: make.Clinic
) -> None:
    plan = shared(north, south)
    written(plan, north, south)

    done(void(plan, north, reason="wrong_entry", note="NorthSentence"), 200)

    assert "NorthSentence" in everything(plan, north)
    text = everything(plan, south)
    assert "NorthSentence" not in text
    assert [word for word in (*NORTHS, *SOUTHS) if word not in text] == []
    assert plan.whole(south)["entered_in_error"]["reason"] == "wrong_entry"
    shown = page(south, f"/care-plans/{plan.id}")
    assert "<s>NorthLine</s>" in shown
    assert "<s>Neck and arm</s>" in shown
    assert "NorthSentence" not in shown
    flags = {item["what"]: item["flags"] for item in items(south, plan.client_id, "plan")}
    assert set(map(tuple, flags.values())) == {("entered_in_error",)}


def test_its_care_team_reads_for_thirty_days_more_as_after_a_revoke(north: make.Clinic, south: make.Clinic) -> None:
    from tests.careplans.test_after_the_end import on_the_care_team, places, sees

    plan = on_the_care_team(north, south)

    done(void(plan, north, reason="duplicate"), 200)

    assert [row["until"] is not None for row in places(north, plan)] == [True]
    advance(days=29)
    assert sees(south, plan)
    advance(days=2)
    work.run_due()
    assert not sees(south, plan)


def test_one_that_had_ended_keeps_when_that_was_and_is_told_as_of_when_it_was_said(
    north: make.Clinic, south: make.Clinic
) -> None:
    plan = shared(north, south)
    plan.publish(north)
    done(plan.move(north, "complete", reason="goals_met"), 200)
    ended = "SELECT state_entered_at FROM careplans_careplan WHERE id = %s"
    (before,) = rows(north, ended, plan.id)
    advance(days=20)

    error = done(void(plan, north, reason="duplicate"), 200)["entered_in_error"]

    assert rows(north, ended, plan.id) == [before]
    (finished,) = (item for item in items(south, plan.client_id, "plan") if item["what"] == "finished")
    assert finished["occurred_at"] == error["at"]
    assert [line["text"] for line in lines(south.practitioner, plan.client_id, "plan")] == [
        "The plan was entered in error: do not rely on it."
    ]


def test_whoever_leads_later_does_not_read_the_sentence_of_who_said_it(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    done(plan.post(north, "/lead", {"organization_id": south.id}), 200)
    done(void(plan, south, reason="wrong_entry", note="SouthSentence"), 200)

    withdraw(north, plan.client_id, consent_of(plan, north))
    work.run_due()

    whole = plan.whole(north)
    assert (whole["lead"]["organization"]["id"], whole["entered_in_error"]["reason"]) == (north.id, "wrong_entry")
    assert "SouthSentence" not in everything(plan, north) + page(north, f"/care-plans/{plan.id}")
    assert plan.whole(south)["entered_in_error"]["note"] == "SouthSentence"


# --- about a wrong client --------------------------------------------------------------------------------------------


def test_about_a_wrong_client_it_is_gone_for_who_wrote_nothing_in_it(
    north: make.Clinic, south: make.Clinic, east: make.Clinic, outsider: make.Clinic
) -> None:
    plan = shared(north, south, east)
    plan.line(north, focus="NorthLine")
    plan.publish(north)
    done(plan.answer(south, 1), 201)
    client = the_client(plan, north)
    with acting_as(client):
        assert CarePlan.objects.visible_to(client).filter(pk=plan.id).exists()

    done(void(plan, north), 200)

    for part in ("", "/versions", "/versions/1", "/interventions", "/changes", "/document", "/progress", "/team"):
        missing, random = plan.get(east, part), Plan("0198c1a0-0000-7000-8000-00000000000f", "").get(outsider, part)
        assert missing.status_code == random.status_code == 404, part
        assert missing.json()["detail"] == random.json()["detail"]
    assert done(east.http.send("GET", f"care-plans?client_id={plan.client_id}"))["results"] == []
    assert page(east, f"/care-plans/{plan.id}") == "404"
    assert "NorthLine" not in str(items(east, plan.client_id, "plan"))
    assert items(east, plan.client_id, "plan") == []
    with acting_as(client):
        assert not CarePlan.objects.visible_to(client).filter(pk=plan.id).exists()
        assert not CarePlan.objects.filter(pk=plan.id).exists()
    assert "NorthLine" in everything(plan, north)
    assert [item["flags"] for item in items(north, plan.client_id, "plan") if item["what"] == "begun"] == [
        ["entered_in_error"]
    ]


def test_one_in_error_for_another_reason_turns_out_to_be_about_a_wrong_client(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    plan = shared(north, south, east)
    written(plan, north, south)
    done(void(plan, north, reason="duplicate", note="A slip."), 200)
    assert "NorthLine" in everything(plan, south)
    offered = page(north, f"/care-plans/{plan.id}")
    assert 'value="wrong_client"' in offered
    assert 'value="duplicate"' not in offered
    assert 'value="wrong_client"' not in page(east, f"/care-plans/{plan.id}")
    for reason in ("wrong_entry", "duplicate", "other"):
        refused(void(plan, north, reason=reason), 409, "entered_in_error")
    refused(void(plan, south), 403, "wrong_party")

    said = done(plan.move(north, "enter_in_error", reason="wrong_client"), 200)["entered_in_error"]

    assert (said["reason"], said["note"]) == ("wrong_client", None)
    assert [word for word in (*NORTHS, "Neck and arm") if word in everything(plan, south)] == []
    refused(plan.get(east), 404, "not_found")
    assert len(told(east, "care_plan.entered_in_error")) == 2
    refused(void(plan, north), 409, "wrong_state")


def test_who_had_left_the_team_is_told_too(north: make.Clinic, south: make.Clinic, east: make.Clinic) -> None:
    plan = shared(north, south, east)
    goal = plan.goal(south)
    done(leave(plan, east, east), 200)

    done(void(plan, south, f"/goals/{goal['id']}"), 200)

    (event,) = told(east, "care_plan.row_entered_in_error")
    assert event["related"] == {"care_plan_id": plan.id, "goal_id": goal["id"]}


def test_what_a_party_wrote_in_it_stays_with_that_party_and_nothing_else_does(
    north: make.Clinic, south: make.Clinic
) -> None:
    plan = shared(north, south)
    written(plan, north, south)
    before = done(plan.get(north, "/team"))["results"]

    done(void(plan, north), 200)

    text = everything(plan, south)
    assert [word for word in SOUTHS if word not in text] == []
    assert [word for word in (*NORTHS, "Neck and arm") if word in text] == []  # not what was proposed to it either
    whole = plan.whole(south)
    assert (whole["state"], whole["entered_in_error"]["reason"]) == ("revoked", "wrong_client")
    assert {"title", "review_on", "agreement"} <= set(whole["withheld"])
    assert done(plan.get(south, "/versions"))["results"] == []
    shown = page(south, f"/care-plans/{plan.id}")
    assert "NorthLine" not in shown
    assert "Entered in error: wrong client" in shown
    assert len(done(plan.get(north, "/team"))["results"]) == len(before)
    assert [word for word in (*NORTHS, *SOUTHS) if word not in everything(plan, north)] == []


def test_a_former_lead_keeps_what_it_wrote_as_the_lead(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    done(plan.post(north, "/lead", {"organization_id": south.id}), 200)
    done(plan.patch(south, "", {"title": "SouthTitle"}), 200)

    done(void(plan, south), 200)

    assert plan.whole(north)["withheld"]
    text = plan.get(north, "/changes").content.decode()
    assert "Neck and arm" in text
    assert "SouthTitle" not in text
    refused(void(plan, north), 403, "wrong_party")


def test_an_export_made_before_does_not_go_out(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    written(plan, north, south)
    export = made(south, plan.client_id)

    done(void(plan, north), 200)

    assert refused_export(south, export) == "export_outdated"
    fresh = str(exported(south, plan.client_id))
    assert [word for word in NORTHS if word in fresh] == []
    assert [word for word in SOUTHS if word not in fresh] == []


def test_an_answer_that_is_kept_is_not_given_again(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    line = plan.line(north, focus="NorthLine")
    member = next(m for m in plan.whole(south)["team"] if m["organization"]["id"] == north.id)
    key = {"Idempotency-Key": "once"}
    published = plan.post(north, "/versions", {}, **key)
    assert published.status_code == 201
    agreed = {"number": 1, "answer": "agree"}
    assert plan.post(south, "/agreements", agreed, **key).status_code == 201
    assert member["id"]
    assert plan.post(north, "/versions", {}, **key).content == published.content

    done(void(plan, north, f"/interventions/{line['id']}"), 200)

    refused(plan.post(north, "/versions", {}, **key), 404, "not_found")


def test_those_who_could_read_it_and_those_who_did_are_told_always_and_by_ids_alone(
    north: make.Clinic, south: make.Clinic, east: make.Clinic, outsider: make.Clinic
) -> None:
    plan = shared(north, south, east)
    plan.whole(south)
    done(leave(plan, south, south), 200)
    withdraw(north, plan.client_id, consent_of(plan, north))

    done(void(plan, north), 200)

    for clinic in (north, south, east):
        (event,) = told(clinic, "care_plan.entered_in_error")
        assert (event["subject"]["id"], event["related"]) == (plan.id, {"care_plan_id": plan.id})
    assert told(outsider, "care_plan.entered_in_error") == []


# --- who may ----------------------------------------------------------------------------------------------------------


def test_an_admin_of_the_lead_who_reads_no_plan_may_say_it_and_gets_no_word_of_it(north: make.Clinic) -> None:
    plan = alone(north)
    goal = plan.goal(north)
    refused(plan.get(north.admin), 403, "right_required")

    row = done(plan.post(north.admin, f"/goals/{goal['id']}/entered-in-error", {"reason": "duplicate"}), 200)
    answer = done(plan.post(north.admin, "/entered-in-error", {"reason": "duplicate"}), 200)

    assert answer.keys() == {"id", "version", "state", "entered_in_error"}
    assert row.keys() == {"id", "version", "organization", "entered_in_error"}
    assert row["entered_in_error"]["by"] == north.admin.actor.display


def test_an_admin_is_answered_the_same_by_the_step_of_the_plan(north: make.Clinic) -> None:
    plan = alone(north)

    answer = done(plan.move(north.admin, "enter_in_error", reason="duplicate"), 200)

    assert answer.keys() == {"id", "version", "state", "entered_in_error"}
    assert plan.whole(north)["entered_in_error"]["reason"] == "duplicate"


def test_nobody_else_may(north: make.Clinic, south: make.Clinic, outsider: make.Clinic) -> None:
    plan = shared(north, south)
    goal = plan.goal(north)
    at = f"/goals/{goal['id']}"

    refused(void(plan, south), 403, "wrong_party")
    refused(void(plan, south, at), 403, "not_yours")
    for person in (north.coordinator, north.auditor):
        refused(void(plan, person), 403, "right_required")
        refused(void(plan, person, at), 403, "right_required")
    refused(void(plan, outsider), 404, "not_found")
    refused(void(plan, outsider, at), 404, "not_found")
    refused(void(plan, north.system), 403, "practitioner_required")
    refused(void(plan, north, reason="because"), 400, "invalid_choice")
    stale = {"If-Match": '"1.0"'}
    plan.goal(north)
    refused(plan.post(north, "/entered-in-error", {"reason": "other"}, **stale), 412, "stale")

    assert plan.whole(north)["entered_in_error"] is None
    named: dict[str, Any] = {"on_behalf_of": {"practitioner_role_id": north.role_id}}
    by = done(void(plan, north.system, at, **named), 200)["entered_in_error"]["by"]
    assert " through " in by


# --- how it reads -----------------------------------------------------------------------------------------------------


def test_what_changed_says_it_in_words(north: make.Clinic) -> None:
    plan = alone(north)
    goal = plan.goal(north)
    done(void(plan, north, f"/goals/{goal['id']}", reason="duplicate", note="Secret"), 200)
    done(void(plan, north, reason="wrong_entry", note="Secret"), 200)

    changes = done(plan.get(north, "/changes"))["results"]

    assert [change["label"] for change in changes[:2]] == [
        "Entered in error and revoked: wrong entry",
        f"Goal “{goal['words']}” entered in error: entered twice",
    ]


def test_on_paper_it_is_struck_through(north: make.Clinic, south: make.Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    printed: list[Document] = pages_of(printing, monkeypatch)
    plan = shared(north, south)
    goal = plan.goal(north, words="NorthGoal")
    plan.goal(north, words="Stays")
    done(void(plan, north, f"/goals/{goal['id']}", reason="duplicate"), 200)

    plan.get(south, "/document")
    done(void(plan, north, reason="duplicate"), 200)
    plan.get(south, "/document")

    one, whole = printed
    struck = {section.title: section.text for section in one.sections if section.struck}
    assert list(struck) == ["Entered in error"]
    assert "NorthGoal" in struck["Entered in error"]
    assert "Stays" not in struck["Entered in error"]
    assert all(section.struck for section in whole.sections)
    assert "This plan was entered in error." in (whole.banner or "")


def test_it_is_no_reason_to_revoke_a_plan_or_to_end_a_line_any_more_and_what_was_said_before_still_reads(
    north: make.Clinic,
) -> None:
    plan = alone(north)
    line = plan.line(north)
    ended = {"state": "ended", "ended_reason": "entered_in_error"}
    refused(plan.move(north, "revoke", reason="entered_in_error"), 400, "invalid_choice")
    refused(plan.patch(north, f"/interventions/{line['id']}", ended), 400, "invalid_choice")
    rows(
        north, "UPDATE careplans_intervention SET state = 'ended', ended_reason = 'entered_in_error', ended_at = now()"
    )
    rows(north, "UPDATE careplans_careplan SET state = 'revoked', state_reason = 'entered_in_error'")

    whole = plan.whole(north)

    assert (whole["state_reason"], whole["entered_in_error"]) == ("entered_in_error", None)
    assert whole["interventions"][0]["ended_reason"] == "entered_in_error"
    shown = page(north, f"/care-plans/{plan.id}")
    assert "Revoked: entered in error" in shown
    assert "ended (entered in error)" in shown
    assert plan.get(north, "/document").status_code == 200
    done(void(plan, north, reason="duplicate"), 200)
