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
from tests.careplans.plans import alone, done
from tests.notes.writing import NECK, draft, enroll, sign, signed
from tests.record.briefs import brief, busy_plan, lines, mark, subjects

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
