"""Goals and problems of who left a plan: the lead takes over or drops each; what who left wrote stays as it wrote it."""

from typing import Any

import pytest

from backend.audit.models import Event
from backend.lib.unit_of_work import acting_as
from tests import make
from tests.attacks.sql import refused as refused_in_sql
from tests.attacks.sql import rows
from tests.careplans.plans import GOAL, Plan, done, leave, refused, shared
from tests.workspace.browsing import Browser

pytestmark = pytest.mark.django_db
ROWS: dict[str, dict[str, Any]] = {
    "goals": {**GOAL, "due_on": "2031-03-01"},
    "problems": {"text": "Stiff neck", "icd10": "M54.2"},
}
KINDS = pytest.mark.parametrize("kind", ROWS)


def left_behind(plan: Plan, by: make.Clinic, kind: str, **more: Any) -> Any:
    """A row of a clinic that leaves after it wrote it."""
    row = done(plan.post(by, f"/{kind}", {**ROWS[kind], **more}), 201)
    done(leave(plan, by, by), 200)
    return row


def decide(plan: Plan, who: Any, kind: str, row: Any, answer: str, **more: Any) -> Any:
    return plan.post(who, f"/{kind}/{row['id']}/decision", {"answer": answer, **more})


def come_back(plan: Plan, lead: make.Clinic, clinic: make.Clinic) -> None:
    make.move(clinic, make.referral(lead, clinic, client_id=plan.client_id)["id"], "accept")
    if clinic.id not in [m["organization"]["id"] for m in plan.whole(lead)["team"] if m["until"] is None]:
        plan.add(lead, clinic)


def in_versions(plan: Plan, reader: make.Clinic, number: int, kind: str) -> list[str]:
    return [row["id"] for row in done(plan.get(reader, f"/versions/{number}"), 200)["body"][kind]]


@KINDS
def test_the_lead_goes_on_with_what_was_left_under_its_own_name(
    north: make.Clinic, south: make.Clinic, kind: str
) -> None:
    plan = shared(north, south)
    row = left_behind(plan, south, kind)
    (waiting,) = plan.whole(north)["to_decide"]
    assert (waiting["kind"], waiting["id"], waiting["organization"]["id"]) == (kind, row["id"], south.id)
    assert waiting["left_at"]

    decision = done(decide(plan, north, kind, row, "take_over", sentence="She still wants it."), 201)

    assert (decision["answer"], decision[f"{kind[:-1]}_id"], decision["line_id"]) == ("take_over", row["id"], None)
    whole = plan.whole(north)
    assert whole["to_decide"] == []
    left, mine = whole[kind]
    assert (left["id"], left["organization"]["id"], left["decision"]) == (row["id"], south.id, "take_over")
    assert (mine["continues_id"], mine["organization"]["id"], mine["decision"]) == (row["id"], north.id, None)
    assert {name: mine[name] for name in ROWS[kind]} == ROWS[kind]
    ends = {"state": "achieved"} if kind == "goals" else {"state": "resolved"}
    assert done(plan.patch(north, f"/{kind}/{mine['id']}", ends), 200)["state"] == ends["state"]
    refused(decide(plan, north, kind, row, "drop"), 409, "nothing_to_decide")


@KINDS
@pytest.mark.parametrize("answer", ["take_over", "drop"])
def test_what_was_decided_upon_is_in_no_later_version_and_nobody_is_asked_about_it(
    north: make.Clinic, south: make.Clinic, east: make.Clinic, kind: str, answer: str
) -> None:
    plan = shared(north, south, east)
    row = left_behind(plan, south, kind)
    plan.publish(north)
    assert row["id"] in in_versions(plan, east, 1, kind)

    done(decide(plan, north, kind, row, answer), 201)
    difference = plan.publish(north)["difference"]

    assert row["id"] not in in_versions(plan, east, 2, kind)
    assert row["id"] in in_versions(plan, east, 1, kind)
    assert any("South Physio" in said and said.endswith("removed.") for said in difference)
    found = plan.row(east, kind, row["id"])
    assert found.get("agreement", {"waiting_for": []})["waiting_for"] == []
    if kind == "goals":
        shown = [goal["id"] for goal in done(plan.get(north, "/progress"), 200)["goals"]]
        assert row["id"] not in shown
        assert len(shown) == (1 if answer == "take_over" else 0)


@KINDS
def test_who_left_reads_what_it_wrote_as_it_wrote_it_and_nothing_of_what_became_of_it(
    north: make.Clinic, south: make.Clinic, kind: str
) -> None:
    plan = shared(north, south)
    row = left_behind(plan, south, kind)
    before = plan.row(south, kind, row["id"])

    done(decide(plan, north, kind, row, "take_over", sentence="ZqWhy"), 201)

    assert plan.row(south, kind, row["id"]) == before
    assert before["decision"] is None
    assert [one["id"] for one in plan.whole(south)[kind]] == [row["id"]]
    assert "ZqWhy" not in str(rows(south, "SELECT to_jsonb(d)::text FROM careplans_decision d"))


@KINDS
def test_who_comes_back_has_its_rows_again_unless_the_lead_decided_upon_them(
    north: make.Clinic, south: make.Clinic, kind: str
) -> None:
    plan = shared(north, south)
    kept = done(plan.post(south, f"/{kind}", ROWS[kind]), 201)
    dropped = left_behind(plan, south, kind)
    done(decide(plan, north, kind, dropped, "drop"), 201)

    come_back(plan, north, south)

    assert plan.whole(north)["to_decide"] == []
    refused(decide(plan, north, kind, kept, "drop"), 409, "nothing_to_decide")
    ends = {"state": "achieved"} if kind == "goals" else {"state": "resolved"}
    done(plan.patch(south, f"/{kind}/{kept['id']}", ends), 200)
    refused(plan.patch(south, f"/{kind}/{dropped['id']}", ends), 409, "decided")
    table = f"careplans_{kind[:-1]}"
    assert refused_in_sql(south, f"UPDATE {table} SET changed_by = 'x' WHERE id = %s", dropped["id"])
    marked = plan.post(south, f"/{kind}/{dropped['id']}/entered-in-error", {"reason": "duplicate"})
    assert done(marked, 200)["entered_in_error"]["reason"] == "duplicate"


@KINDS
def test_nobody_but_the_lead_decides_and_only_about_what_is_worked_for_and_was_left(
    north: make.Clinic, south: make.Clinic, east: make.Clinic, outsider: make.Clinic, kind: str
) -> None:
    plan = shared(north, south, east)
    mine, theirs = (done(plan.post(who, f"/{kind}", ROWS[kind]), 201) for who in (north, east))
    over = done(plan.post(south, f"/{kind}", ROWS[kind]), 201)
    ends = {"state": "dropped"} if kind == "goals" else {"state": "resolved"}
    done(plan.patch(south, f"/{kind}/{over['id']}", ends), 200)
    wrong = done(plan.post(south, f"/{kind}", ROWS[kind]), 201)
    done(plan.post(south, f"/{kind}/{wrong['id']}/entered-in-error", {"reason": "duplicate"}), 200)
    row = left_behind(plan, south, kind)

    refused(decide(plan, east, kind, row, "drop"), 403, "wrong_party")
    refused(decide(plan, south, kind, row, "drop"), 403, "not_on_team")
    refused(decide(plan, north.coordinator, kind, row, "drop"), 403, "right_required")
    refused(decide(plan, outsider, kind, row, "drop"), 404, "not_found")
    for nothing in (mine, theirs, over, wrong):
        refused(decide(plan, north, kind, nothing, "drop"), 409, "nothing_to_decide")
    refused(decide(plan, north, kind, row, "keep"), 400, "invalid_choice")

    assert [one["id"] for one in plan.whole(east)["to_decide"]] == [row["id"]]


@KINDS
def test_past_the_service_nobody_decides_about_a_row_that_was_not_left(
    north: make.Clinic, south: make.Clinic, east: make.Clinic, kind: str
) -> None:
    plan = shared(north, south, east)
    theirs = done(plan.post(east, f"/{kind}", ROWS[kind]), 201)
    row = left_behind(plan, south, kind)
    decided = (
        f"INSERT INTO careplans_decision (id, plan_id, organization_id, {kind[:-1]}_id, answer, sentence, by, decided_at)"
        " VALUES (gen_random_uuid(), %s, %s, %s, 'drop', '', 'x', now())"
    )

    assert refused_in_sql(north, decided, plan.id, north.id, theirs["id"])
    assert refused_in_sql(east, decided, plan.id, east.id, row["id"])
    assert refused_in_sql(east, decided, plan.id, north.id, row["id"])

    assert [one["decision"] for one in plan.whole(north)[kind]] == [None, None]


@KINDS
def test_the_lead_is_told_and_the_plan_waits_until_each_is_decided(
    north: make.Clinic, south: make.Clinic, kind: str
) -> None:
    plan = shared(north, south)
    row = left_behind(plan, south, kind)

    def waits() -> list[str]:
        found = done(north.http.send("GET", "care-plans?waits_for=decision"), 200)["results"]
        return [one["id"] for one in found]

    assert waits() == [plan.id]
    done(decide(plan, north, kind, row, "drop"), 201)
    assert waits() == []
    with acting_as(north.practitioner.actor):
        heard = Event.objects.visible_to(north.practitioner.actor)
        assert heard.filter(type="care_plan.lines_to_decide").count() == 1
        (event,) = heard.filter(type="care_plan.line_decided")
    assert event.related[f"{kind[:-1]}_id"] == row["id"]


def test_a_plan_that_is_over_asks_nobody_and_asks_again_when_it_is_reopened(
    north: make.Clinic, south: make.Clinic
) -> None:
    plan = shared(north, south)
    goal = left_behind(plan, south, "goals")
    done(plan.move(north, "complete", reason="goals_met"), 200)

    assert plan.whole(north)["to_decide"] == []
    refused(decide(plan, north, "goals", goal, "drop"), 409, "plan_closed")
    done(plan.move(north, "reopen"), 200)
    assert [row["id"] for row in plan.whole(north)["to_decide"]] == [goal["id"]]


@KINDS
@pytest.mark.parametrize("answer", ["take_over", "drop"])
def test_the_lead_decides_on_the_page_without_script(
    north: make.Clinic, south: make.Clinic, kind: str, answer: str
) -> None:
    plan = shared(north, south)
    row = left_behind(plan, south, kind)
    address = f"/care-plans/{plan.id}/{kind}/{row['id']}/decide"
    browser = Browser(north.practitioner).open(f"/care-plans/{plan.id}")
    assert "South Physio left. Go on with it" in browser.page

    browser.press(address, answer=answer, sentence="Because.")

    assert address not in browser.page
    word = "taken over" if answer == "take_over" else "dropped"
    assert f"{word} by the lead" in browser.page
    assert "Because." in browser.page
    shown = plan.row(north, kind, row["id"])
    assert (shown["decision"], shown["decision_sentence"]) == (answer, "Because.")
    for reader in (north.coordinator.http, south.http):
        assert b"Because." not in plan.get(reader).content
