"""What the brief tells a practitioner: which things, in how many lines, in which order, in which words."""

from datetime import timedelta
from typing import Any

import pytest

from backend.audit.models import MovedClock
from backend.clients.models import ReadMark
from backend.directory.models import Member, PractitionerRole
from backend.lib import clock
from backend.lib.rest.fields import utc
from tests import make
from tests.careplans.plans import Plan, alone, done
from tests.careplans.plans import shared as shared_plan
from tests.notes.writing import NECK, draft, enroll, sign, signed
from tests.record.briefs import brief, lines, mark, subjects

pytestmark = pytest.mark.django_db
QUIET: dict[str, Any] = {"asks": [], "measures": [], "findings": [], "techniques": []}
HOLD = {"regions": [{"region": "cervical", "side": "left"}], "because": "red_flag"}


def days_pass(days: int) -> None:
    MovedClock.objects.update_or_create(id=1, defaults={"moved_by": timedelta(days=days)})


def visit(who: make.Clinic, client_id: str, state: str = "done", **more: Any) -> Any:
    body = {"client_id": client_id, "state": state, **make.visit_window(-1), **more}
    return done(who.http.send("POST", "visits", body), 201)


def test_a_note_is_one_line_with_techniques_gist_and_measures_and_what_it_asks(
    north: make.Clinic, south: make.Clinic, shared: str
) -> None:
    signed(north, shared, measures=[{"measure": "nprs", "value": 6}], asks=[])
    asks = [{"kind": "contact_me", **NECK, "sentence": "Before any traction."}]
    note = signed(north, shared, measures=[{"measure": "nprs", "value": 4}], asks=asks)

    line = lines(south, shared, "note")[-1]

    assert subjects([line]) == [note["id"]]
    assert line["text"] == (
        "Progress: Trigger point therapy; Findings fit the referral pattern; Numeric pain rating scale 6 → 4. "
        "Asks you to contact them before: Neck, right. Before any traction."
    )
    assert (line["author"], line["organization"]["id"], line["discipline"]) == (
        "North Practitioner", north.id, "massage_therapy",
    )  # fmt: skip
    assert (line["is_red"], line["is_pinned"], line["is_read"]) == (False, False, False)
    assert line["href"] == f"/api/v1/notes/{note['id']}"


def test_what_was_measured_is_compared_within_one_clinic_and_discipline(
    north: make.Clinic, south: make.Clinic, east: make.Clinic, shared: str
) -> None:
    make.consent(north, shared, south, east)
    referral = make.referral(north, east, client_id=shared)
    make.move(east, referral["id"], "accept")
    chiropractor = make.person(north.organization, "practitioner", discipline="chiropractic", name="Chi Ro")

    def measured(who: Any, value: int) -> str:
        written = sign(
            who.http, draft(who, shared, **{**QUIET, "measures": [{"measure": "nprs", "value": value}]})["id"]
        )
        [line] = [line for line in lines(east, shared, "note") if subjects([line]) == [written["id"]]]
        return str(line["text"]).rpartition("; ")[2]

    assert measured(north, 8) == "Numeric pain rating scale 8."
    assert measured(south, 4) == "Numeric pain rating scale 4."
    assert measured(chiropractor, 3) == "Numeric pain rating scale 3."
    assert measured(north, 7) == "Numeric pain rating scale 8 → 7."
    assert measured(south, 6) == "Numeric pain rating scale 4 → 6."


def test_every_line_leads_to_where_it_is_read(north: make.Clinic, south: make.Clinic) -> None:
    plan = busy_plan(north, south)
    signed(north, plan.client_id)
    north.http.send("POST", f"clients/{plan.client_id}/precautions", {"code": "anticoag"})
    north.http.send("POST", f"clients/{plan.client_id}/holds", HOLD)

    found = lines(south, plan.client_id)

    assert {line["kind"] for line in found} > {"note", "ask", "precaution", "hold"}
    assert [line["kind"] for line in found if south.http.send("GET", line["href"]).status_code != 200] == []


ADDED = "Added the plan line “Upper trapezius trigger points”: once a week for 6 weeks, 50 minutes, moderate load."


def busy_plan(north: make.Clinic, south: make.Clinic) -> Plan:
    """A plan of both: a version, a line changed since, and a proposal of the north."""
    plan = shared_plan(north, south)
    ours, theirs = plan.line(south), plan.line(north, focus="Levator")
    plan.publish(north)
    done(plan.patch(north, f"/interventions/{theirs['id']}", {"state": "paused"}))
    proposal = {"kind": "change", "about": "intervention", "row_id": ours["id"], "changes": {"minutes": 30}}
    done(plan.post(north, "/proposals", {**proposal, "why": "Too long for her."}), 201)
    return plan


def test_a_version_of_ones_own_does_not_hide_what_a_colleague_changed_before_it(
    north: make.Clinic, south: make.Clinic
) -> None:
    plan = shared_plan(north, south)
    ours = plan.line(south)
    plan.publish(north)
    done(plan.patch(south, f"/interventions/{ours['id']}", {"state": "paused"}))
    plan.goal(north)

    plan.publish(north)

    assert [line["text"] for line in lines(north, plan.client_id, "plan_line")] == [
        f"Paused the plan line “{ours['focus']}”."
    ]


def test_what_was_changed_is_told_although_the_plan_has_ended_since(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared_plan(north, south)
    theirs = plan.line(north)
    plan.publish(north)
    done(plan.patch(north, f"/interventions/{theirs['id']}", {"state": "paused"}))

    done(plan.move(north, "complete", reason="goals_met"))

    assert [line["kind"] for line in lines(south, plan.client_id, "plan_line")] == ["plan_line"]


def test_what_changed_in_the_plan_is_told_once(north: make.Clinic, south: make.Clinic) -> None:
    plan = busy_plan(north, south)

    told = {line["kind"]: line["text"] for line in lines(south, plan.client_id)}
    mine = {line["kind"]: line["text"] for line in lines(north, plan.client_id)}

    assert told == {
        "plan_version": told["plan_version"],
        "plan_line": "Paused the plan line “Levator”.",
        "proposal": "Proposes to change a line of yours: Too long for her.",
    }
    assert told["plan_version"].startswith("Published version 1 of the plan.")
    assert mine == {"plan_line": ADDED}


def test_agreements_and_answers_to_proposals_are_told(north: make.Clinic, south: make.Clinic) -> None:
    plan = busy_plan(north, south)
    proposal = done(plan.get(south, "/proposals"))["results"][0]
    done(plan.post(south, f"/proposals/{proposal['id']}/transitions", {"name": "decline", "answer": "She likes it."}))
    done(plan.answer(south, 1, "object", sentence="Too much in a week."), 201)

    told = {line["kind"]: line["text"] for line in lines(north, plan.client_id)}

    assert told == {
        "proposal": "Declined your proposal: She likes it.",
        "agreement": "Objected to version 1 of the plan: Too much in a week.",
        "plan_line": ADDED,
    }
    assert lines(south, plan.client_id, "proposal", "agreement") == []


LED = [
    ("hold", {"reason": "away", "detail": "Back in January."}, "Put the plan on hold: the client is away. Back in January."),
    ("resume", {}, "Resumed the plan."),
    ("complete", {"reason": "goals_met"}, "Completed the plan: the goals are met."),
    ("reopen", {}, "Reopened the plan; it is on hold."),
    ("revoke", {"reason": "replaced"}, "Revoked the plan: another one replaces it."),
]  # fmt: skip


def test_what_its_lead_does_with_a_whole_plan_is_told_to_the_others(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared_plan(north, south)
    told = [lines(south, plan.client_id, "plan")]
    for name, said, _ in LED:
        done(plan.move(north, name, **said), 200)
        told.append(lines(south, plan.client_id, "plan"))
        assert lines(north, plan.client_id, "plan") == []

    assert [[line["text"] for line in found] for found in told] == [[], *([sentence] for _, _, sentence in LED)]
    assert {(line["author"], line["organization"]["id"]) for line in told[-1]} == {
        ("North Massage Practitioner", north.id)
    }


def test_a_step_of_a_plan_that_was_read_stays_read_until_the_next_one(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared_plan(north, south)
    done(plan.move(north, "hold", reason="away"), 200)
    mark(south, plan.client_id, lines(south, plan.client_id, "plan"))

    done(plan.patch(north, "", {"title": "Neck, arm and hand"}), 200)
    after_a_new_title = lines(south, plan.client_id, "plan")
    done(plan.move(north, "resume"), 200)

    assert [line["is_read"] for line in after_a_new_title] == [True]
    assert [line["is_read"] for line in lines(south, plan.client_id, "plan")] == [False]


def test_the_name_of_a_step_is_who_made_it_whoever_changed_the_plan_since(
    north: make.Clinic, south: make.Clinic
) -> None:
    plan = shared_plan(north, south)
    colleague = make.person(north.organization, "practitioner", discipline="massage_therapy", name="Col League")
    done(plan.move(north, "hold", reason="away"), 200)

    done(plan.patch(colleague, "", {"title": "Neck, arm and hand"}), 200)

    assert [line["author"] for line in lines(south, plan.client_id, "plan")] == ["North Massage Practitioner"]
    assert plan.move(colleague, "hold", reason="illness").json()["last"]["by"].startswith("North Massage Practitioner")


def test_who_leads_a_plan_now_is_told_to_all_but_who_handed_it_over(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    plan = shared_plan(north, south, east)
    colleague = make.person(north.organization, "practitioner", discipline="massage_therapy", name="Col League")
    readers = (north, colleague, south, east)

    done(plan.post(north, "/lead", {"organization_id": south.id}), 200)
    done(plan.patch(south, "", {"title": "Neck, arm and hand"}), 200)
    told = [[line["text"] for line in lines(reader, plan.client_id, "plan")] for reader in readers]
    mark(east, plan.client_id, lines(east, plan.client_id, "plan"))
    read = [line["is_read"] for line in lines(east, plan.client_id, "plan")]
    done(plan.post(south, "/lead", {"organization_id": north.id}), 200)

    assert told == [[], *[["The plan is now led by South Physio."]] * 3]
    assert read == [True]
    assert [(line["text"], line["is_read"]) for line in lines(east, plan.client_id, "plan")] == [
        ("The plan is now led by North Massage.", False)
    ]


def test_who_joins_a_plan_is_not_told_what_was_done_with_it_before(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared_plan(north)
    done(plan.move(north, "hold", reason="away"), 200)
    make.consent(north, plan.client_id, south)
    make.move(south, make.referral(north, south, client_id=plan.client_id)["id"], "accept")

    plan.add(north, south)

    assert lines(south, plan.client_id, "plan") == []


def test_a_plan_that_is_still_a_draft_tells_nothing(north: make.Clinic, shared: str) -> None:
    colleague = make.person(north.organization, "practitioner", discipline="massage_therapy", name="Col League")
    made = done(north.http.send("POST", "care-plans", {"client_id": shared, "title": "Neck"}), 201)
    Plan(made["id"], shared).line(north)

    assert lines(colleague, shared, "plan_line", "plan_version") == []


def test_the_clinics_own_colleagues_are_told_of_each_other(north: make.Clinic, client_id: str) -> None:
    colleague = make.person(north.organization, "practitioner", discipline="massage_therapy", name="Col League")
    note = signed(north, client_id, asks=[], visibility="clinic")
    private = signed(north, client_id, asks=[], visibility="author")
    plan = alone(north, client_id)
    line = plan.line(north)

    told = subjects(lines(colleague, client_id))

    assert note["id"] in told
    assert line["id"] in told
    assert private["id"] not in told
    assert lines(north, client_id) == []


def test_a_visit_is_told_unless_its_note_is(north: make.Clinic, client_id: str) -> None:
    colleague = make.person(north.organization, "practitioner", discipline="massage_therapy", name="Col League")
    with_note, without = visit(north, client_id), visit(north, client_id)
    missed = visit(north, client_id, "missed", practitioner_role_id=north.role_id)
    note = signed(north, client_id, visit_id=with_note["id"], asks=[])
    draft = {"client_id": client_id, "kind": "progress", "visit_id": without["id"]}
    done(north.http.send("POST", "notes", draft), 201)

    told = {line["id"].split(".")[1]: line["text"] for line in lines(colleague, client_id)}

    assert set(told) == {note["id"], without["id"], missed["id"]}
    assert told[missed["id"]] == "The client did not come."
    assert told[without["id"]] == "Saw the client; no signed note that you can read."


def test_the_other_side_of_a_referral_sees_its_visits_and_reports(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)
    for name in ("accept", "start"):
        make.move(south, sent["id"], name)
    done(south.http.send("POST", "visits", {"referral_id": sent["id"], "state": "done", **make.visit_window(-1)}), 201)
    report = {**make.REPORT, "new_precautions": ["anticoag"]}
    make.move(south, sent["id"], "report", final=True, report=report)

    told = {line["kind"]: line for line in lines(north, sent["client"]["id"])}

    assert told["visit"]["href"] is None
    assert told["report"]["text"].startswith("Report (new: ")
    assert (told["report"]["is_red"], told["report"]["is_pinned"]) == (True, True)
    mark(north, sent["client"]["id"], [told["report"]])
    again = lines(north, sent["client"]["id"], "report")
    assert [(line["is_red"], line["is_pinned"], line["is_read"]) for line in again] == [(True, False, True)]
    assert lines(south, sent["client"]["id"], "report") == []


# --- since when ----------------------------------------------------------------------------------------------------


def test_before_the_first_visit_it_is_since_the_record_opened(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    signed(north, client_id, asks=[])
    make.consent(north, client_id, south)
    referral = make.referral(north, south, client_id=client_id)
    days_pass(1)
    make.move(south, referral["id"], "accept")

    found = brief(south, client_id)

    assert found["last_visit_at"] is None
    assert found["lines"] == []
    access = south.http.send("GET", f"clients/{client_id}/access").json()["may"]
    assert found["since"] == min(row["from"] for row in access if row["extent"] == "shared_record")


def test_an_older_role_at_another_clinic_makes_no_history_unread(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    newcomer = make.person(south.organization, "practitioner", discipline="massage_therapy", name="New Comer")
    assert newcomer.role is not None
    signed(north, client_id, **QUIET)
    begins_at = clock.now() + timedelta(days=1)
    here = PractitionerRole.objects.create(
        practitioner=newcomer.role.practitioner,
        organization=north.organization,
        discipline="massage_therapy",
        created_at=begins_at,
    )
    member = Member.objects.create(user=newcomer.member.user, organization=north.organization, rights=["practitioner"])
    begins = make.Person(member=member, role=here, token=make.token(member=member))
    days_pass(2)

    found = brief(begins, client_id)

    assert (found["since"], found["lines"]) == (utc(begins_at), [])


@pytest.mark.parametrize("what", ["visit", "note"])
def test_the_last_visit_is_a_visit_that_was_done_or_a_note_that_was_signed(
    south: make.Clinic, shared: str, what: str
) -> None:
    if what == "visit":
        seen_at = visit(south, shared, practitioner_role_id=south.role_id)["starts_at"]
    else:
        seen_at = signed(south, shared, **QUIET)["occurred_at"]
    draft(south, shared)
    visit(south, shared, "missed", practitioner_role_id=south.role_id)

    found = brief(south, shared)

    assert found["last_visit_at"] == found["since"] == seen_at


def test_what_was_read_is_shown_until_the_next_visit(north: make.Clinic, south: make.Clinic, shared: str) -> None:
    note = signed(north, shared, **QUIET)
    mark(south, shared, lines(south, shared))

    assert [(line["id"].split(".")[1], line["is_read"]) for line in lines(south, shared)] == [(note["id"], True)]
    signed(south, shared, **QUIET)
    assert lines(south, shared) == []


# --- five lines ----------------------------------------------------------------------------------------------------


def test_unread_is_never_hidden_by_what_is_newer(north: make.Clinic, south: make.Clinic, shared: str) -> None:
    written = [signed(north, shared, **QUIET)["id"] for _ in range(7)]
    signed(south, shared, **QUIET)

    first = brief(south, shared)
    mark(south, shared, first["lines"])
    second = brief(south, shared)

    assert (subjects(first["lines"]), first["more"]) == (written[:5], 2)
    assert (subjects(second["lines"]), second["more"]) == (written[5:], 0)


def test_what_is_unread_comes_before_what_was_read(north: make.Clinic, south: make.Clinic, shared: str) -> None:
    read = [signed(north, shared, **QUIET)["id"] for _ in range(4)]
    mark(south, shared, lines(south, shared))
    unread = [signed(north, shared, **QUIET)["id"] for _ in range(3)]

    found = brief(south, shared)

    assert (subjects(found["lines"]), found["more"]) == ([*read[2:], *unread], 0)


def test_what_is_red_and_holds_is_pinned_beside_the_five_lines_read_or_not(
    north: make.Clinic, south: make.Clinic, shared: str
) -> None:
    hold = done(north.http.send("POST", f"clients/{shared}/holds", HOLD), 201)
    precaution = done(north.http.send("POST", f"clients/{shared}/precautions", {"code": "anticoag"}), 201)
    asking = signed(north, shared, **{**QUIET, "asks": [{"kind": "avoid", **NECK, "sentence": "No thrust."}]})
    for _ in range(5):
        signed(north, shared, **QUIET)
    mark(south, shared, lines(south, shared)[:3])
    signed(south, shared, **QUIET)

    found = lines(south, shared)

    pinned = [line for line in found if line["is_pinned"]]
    assert set(subjects(pinned)) == {hold["id"], precaution["id"], asking["asks"][0]["id"]}
    assert [line["is_read"] for line in pinned] == [True] * 3
    assert found[:3] == pinned
    assert len(found) == 8
    assert {line["kind"]: line["text"] for line in pinned} == {
        "hold": "Do not treat: Neck, left, because of red flag.",
        "precaution": f"Precaution: {precaution['label']}.",
        "ask": "Asks you to avoid: Neck, right. No thrust.",
    }


def test_a_precaution_of_ones_own_is_pinned_and_counts_as_read(north: make.Clinic, client_id: str) -> None:
    done(north.http.send("POST", f"clients/{client_id}/precautions", {"code": "anticoag"}), 201)

    found = lines(north, client_id)

    assert [(line["kind"], line["is_pinned"], line["is_read"]) for line in found] == [("precaution", True, True)]


def test_what_no_longer_holds_is_told_and_not_pinned(north: make.Clinic, south: make.Clinic, shared: str) -> None:
    hold = done(north.http.send("POST", f"clients/{shared}/holds", HOLD), 201)
    note = signed(north, shared)
    mark(south, shared, lines(south, shared))
    sentence = {"clearance": "Seen by her physician today."}
    done(north.http.send("POST", f"clients/{shared}/holds/{hold['id']}/clear", sentence))
    done(north.http.send("POST", f"notes/{note['id']}/asks/{note['asks'][0]['id']}/end", {"reason": "Settled."}))

    found = {line["kind"]: line for line in lines(south, shared, "hold", "ask")}

    assert found["hold"]["text"] == "May be treated again: Neck, left: Seen by her physician today."
    assert found["ask"]["text"].startswith("No longer asks you to avoid HVLA")
    assert [(line["is_red"], line["is_pinned"], line["is_read"]) for line in found.values()] == [
        (False, False, False)
    ] * 2


def test_an_ask_that_ended_by_itself_is_told_no_more(north: make.Clinic, south: make.Clinic, shared: str) -> None:
    until = {"until": (clock.now() + timedelta(days=2)).date().isoformat()}
    signed(north, shared, **{**QUIET, "asks": [{"kind": "avoid", **NECK, "sentence": "No thrust.", **until}]})
    before = len(lines(south, shared, "ask"))

    days_pass(4)

    assert (before, lines(south, shared, "ask")) == (1, [])


def test_reading_the_brief_marks_nothing(north: make.Clinic, south: make.Clinic, shared: str) -> None:
    signed(north, shared)

    first, second = brief(south, shared), brief(south, shared)

    assert first == second
    assert ReadMark.objects.count() == 0


def test_a_students_note_is_told_once_a_colleague_answers_for_it(
    north: make.Clinic, south: make.Clinic, shared: str
) -> None:
    student = enroll(north)
    note = draft(north, shared, by=student.http, **QUIET)
    sign(student.http, note["id"])
    before = lines(south, shared)

    done(north.http.send("POST", f"notes/{note['id']}/cosign", {}))

    assert before == []
    assert subjects(lines(south, shared)) == [note["id"]]
    assert lines(north, shared) == []
