"""Closing the loop on the pages, without script: the report drafts itself from notes, the plan's version is asked for."""

import re
from typing import Any

import pytest

from backend.audit import work
from tests import make
from tests.careplans.plans import alone, done, shared
from tests.notes.writing import signed
from tests.referrals.stories import GUEST, RECORDED, advance, in_state, read
from tests.workspace.browsing import Browser

pytestmark = pytest.mark.django_db(transaction=True)
WORDS = ("answer", "findings", "recommendations")


def typed_in(page: str, name: str) -> str:
    found = re.search(rf'<textarea name="report\.{name}"[^>]*>(.*?)</textarea>', page, flags=re.DOTALL)
    assert found is not None
    return found.group(1)


def ticked(page: str) -> list[str]:
    return re.findall(r'<input type="checkbox" name="report\.quoted_note_ids" value="([^"]+)" checked', page)


def report_form(clinic: make.Clinic, referral: Any) -> Browser:
    return Browser(clinic.practitioner).open(f"/referrals/{referral['id']}?move=report")


def draft(browser: Browser, referral: Any, **typed: Any) -> Browser:
    return browser.press(f"/referrals/{referral['id']}/move", move="report", press="draft", **typed)


def test_a_report_is_drafted_from_notes_signed_and_shown_with_them(north: make.Clinic, south: make.Clinic) -> None:
    referral = in_state("in_care", north, south)
    note = signed(south, referral["client"]["id"])
    browser = report_form(south, referral)
    assert ticked(browser.page) == []

    draft(browser, referral)

    assert browser.status == 200
    assert ticked(browser.page) == [note["id"]]
    said = {f"report.{name}": typed_in(browser.page, name) for name in WORDS}
    assert "Findings fit the referral pattern." in said["report.answer"]
    assert read(south, referral["id"]).json()["state"] == "in_care"
    browser.press(
        f"/referrals/{referral['id']}/move",
        move="report",
        final="true",
        **said,
        **{"report.quoted_note_ids": note["id"]},
    )
    assert "Written from" in browser.page
    assert f'href="/notes/{note["id"]}"' in browser.page
    shown = read(north, referral["id"], "reports").json()["results"][0]
    assert [quote["note_id"] for quote in shown["quotes"]] == [note["id"]]
    assert "Written from" in Browser(north.practitioner).open(f"/referrals/{referral['id']}").page


def test_only_the_ticked_notes_are_drafted_from_and_what_was_typed_stays(
    north: make.Clinic, south: make.Clinic
) -> None:
    referral = in_state("in_care", north, south)
    signed(south, referral["client"]["id"], objective="First look.")
    second = signed(south, referral["client"]["id"], objective="Second look.")

    browser = draft(
        report_form(south, referral),
        referral,
        **{"report.answer": "My own words.", "report.quoted_note_ids": second["id"]},
    )

    assert typed_in(browser.page, "answer") == "My own words."
    assert "Second look." in typed_in(browser.page, "findings")
    assert "First look." not in typed_in(browser.page, "findings")
    assert ticked(browser.page) == [second["id"]]


def test_a_suggested_precaution_is_ticked_in_sight(north: make.Clinic, south: make.Clinic) -> None:
    referral = in_state("in_care", north, south)
    signed(south, referral["client"]["id"])
    body = {"code": "anticoag", "regions": []}
    done(south.http.send("POST", f"clients/{referral['client']['id']}/precautions", body), 201)

    page = draft(report_form(south, referral), referral).page

    assert 'name="report.new_precautions" value="anticoag" checked' in page
    form = page[page.index('id="move-report"') :]
    assert '<details class="folded" open><summary>More</summary>' in form[: form.index("</form>")]


def test_who_has_signed_nothing_is_not_offered_a_draft_and_told_why_when_asking(
    north: make.Clinic, south: make.Clinic
) -> None:
    referral = in_state("in_care", north, south)
    browser = report_form(south, referral)
    assert "Draft from my notes" not in browser.page

    draft(browser, referral, **{"report.answer": "My own words."})

    assert browser.status == 409
    assert "write the report by hand" in browser.page
    assert typed_in(browser.page, "answer") == "My own words."


@pytest.mark.parametrize("ids", ["nothing", "0198c1a0-0000-7000-8000-00000000000f"])
def test_a_note_that_is_not_theirs_is_refused_on_the_page(north: make.Clinic, south: make.Clinic, ids: str) -> None:
    referral = in_state("in_care", north, south)
    signed(south, referral["client"]["id"])

    browser = draft(report_form(south, referral), referral, **{"report.quoted_note_ids": ids})

    assert browser.status in (400, 404)


def test_a_sender_drafts_nothing_on_the_page(north: make.Clinic, south: make.Clinic) -> None:
    referral = in_state("in_care", north, south)
    signed(north, referral["client"]["id"])
    http = make.signed_in(north.practitioner.member.user)

    answer = http.post(f"/referrals/{referral['id']}/move", {"name": "report", "press": "draft"})

    assert answer.status_code == 403
    assert "Taut bands" not in answer.content.decode()


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("wrong_entry", "This note was entered in error later."),
        ("wrong_client", "A note that was about another client."),
    ],
)
def test_the_page_says_when_a_quoted_note_fell(north: make.Clinic, south: make.Clinic, reason: str, words: str) -> None:
    referral = in_state("in_care", north, south)
    note = signed(south, referral["client"]["id"])
    said = {**make.REPORT, "quoted_note_ids": [note["id"]]}
    make.move(south, referral["id"], "report", report=said)

    done(south.http.send("POST", f"notes/{note['id']}/entered-in-error", {"reason": reason}), 200)

    page = Browser(north.practitioner).open(f"/referrals/{referral['id']}").page
    assert words in page
    assert (f"/notes/{note['id']}" in page) == (reason == "wrong_entry")


# --- acknowledging ---------------------------------------------------------------------------------------------------


def test_the_newest_version_is_chosen_and_linked(north: make.Clinic, south: make.Clinic) -> None:
    referral = in_state("reported", north, south)
    plan = alone(north, referral["client"]["id"])
    plan.line(north)
    plan.publish(north)
    plan.goal(north)
    plan.publish(north)
    browser = Browser(north.practitioner).open(f"/referrals/{referral['id']}?move=acknowledge")
    chosen = re.findall(r'name="plan_version_id" value="([^"]+)" checked', browser.page)
    assert "Version 2 of Neck and arm" in browser.page
    assert len(chosen) == 1

    browser.press(f"/referrals/{referral['id']}/move", move="acknowledge", plan_change="updated")

    closed = read(north, referral["id"]).json()
    assert (closed["state"], closed["plan_version"]["number"]) == ("closed", 2)
    assert closed["plan_version"]["id"] == chosen[0]
    assert f'href="/care-plans/{plan.id}">version 2 of the plan' in browser.page
    assert "version 2 of the plan" not in Browser(south.practitioner).open(f"/referrals/{referral['id']}").page


def test_no_change_names_no_version_although_one_is_chosen(north: make.Clinic, south: make.Clinic) -> None:
    referral = in_state("reported", north, south)
    plan = alone(north, referral["client"]["id"])
    plan.line(north)
    plan.publish(north)

    browser = Browser(north.practitioner).open(f"/referrals/{referral['id']}?move=acknowledge")
    browser.press(f"/referrals/{referral['id']}/move", move="acknowledge", plan_change="no_change")

    closed = read(north, referral["id"]).json()
    assert (closed["state"], closed["plan_version"]) == ("closed", None)


@pytest.mark.parametrize(("kind", "offers"), [("evaluate_and_treat", True), ("evaluate", False)])
def test_where_care_goes_on_and_there_is_no_plan_one_can_be_started(
    north: make.Clinic, south: make.Clinic, kind: str, offers: bool
) -> None:
    referral = in_state("reported", north, south, kind=kind)

    page = Browser(north.practitioner).open(f"/referrals/{referral['id']}?move=acknowledge").page

    assert (f'href="/care-plans/new?client={referral["client"]["id"]}"' in page) is offers


def test_acknowledging_without_saying_whether_the_plan_changed_is_refused(
    north: make.Clinic, south: make.Clinic
) -> None:
    referral = in_state("reported", north, south)

    browser = Browser(north.practitioner).open(f"/referrals/{referral['id']}?move=acknowledge")
    browser.press(f"/referrals/{referral['id']}/move", move="acknowledge")

    assert browser.status == 400
    assert read(north, referral["id"]).json()["state"] == "reported"


# --- who comes onto the team, from outside ---------------------------------------------------------------------------


def members(plan: Any, reader: make.Clinic) -> list[str]:
    return [row["organization"]["id"] for row in plan.whole(reader)["team"] if row["until"] is None]


def test_accepting_on_the_page_joins_the_team_when_the_press_counts(north: make.Clinic, south: make.Clinic) -> None:
    plan = alone(north)
    make.consent(north, plan.client_id, south)
    sent = make.referral(north, south, client_id=plan.client_id)
    browser = Browser(south.practitioner).open(f"/referrals/{sent['id']}?move=accept")
    browser.press(f"/referrals/{sent['id']}/move", move="accept")
    assert members(plan, north) == [north.id]

    advance(seconds=11)

    assert members(plan, north) == [north.id, south.id]


@pytest.mark.parametrize("kind", ["evaluate", "advice"])
def test_a_finished_question_leaves_the_team(north: make.Clinic, south: make.Clinic, kind: str) -> None:
    plan = alone(north)
    make.consent(north, plan.client_id, south)
    sent = make.referral(north, south, client_id=plan.client_id, kind=kind)
    make.move(south, sent["id"], "accept")
    work.run_due()
    before = members(plan, north)
    if kind == "evaluate":
        make.move(south, sent["id"], "start")
    make.move(south, sent["id"], "report", report=make.REPORT)
    make.move(north, sent["id"], "acknowledge", plan_change="no_change")

    at_once = [row["is_live"] for row in plan.whole(north)["team"]]
    work.run_due()

    assert before == [north.id, south.id]
    assert at_once == [True, False]
    assert members(plan, north) == [north.id]
    assert plan.get(south).json()["withheld"]


def test_who_leaves_the_team_loses_the_place_and_keeps_what_it_wrote(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    referral = done(south.http.send("GET", f"referrals?client_id={plan.client_id}"))["results"][0]
    for name, details in (("start", {}), ("report", {"report": make.REPORT})):
        make.move(south, referral["id"], name, **details)
    make.move(north, referral["id"], "acknowledge", plan_change="no_change")
    plan.line(south, technique_ids=[])
    membership = next(m["id"] for m in plan.whole(south)["team"] if m["organization"]["id"] == south.id)
    assert south.http.send("GET", f"clients/{plan.client_id}").status_code == 200

    done(plan.post(south, f"/team/{membership}/end"), 200)

    assert south.http.send("GET", f"clients/{plan.client_id}").status_code == 404
    assert [line["state"] for line in plan.whole(south)["interventions"]] == ["ended"]


def test_a_guest_who_accepts_is_never_on_a_team(north: make.Clinic) -> None:
    plan = alone(north)
    make.consent(north, plan.client_id, guests=[{"email": "gil@guest.example"}])
    sent = make.referral(north, GUEST, client_id=plan.client_id)

    make.move(north, sent["id"], "accept", recorded=RECORDED)
    work.run_due()

    assert members(plan, north) == [north.id]
    may = done(north.http.send("GET", f"clients/{plan.client_id}/access"))["may"]
    assert [row["why"] for row in may] == ["home"]
