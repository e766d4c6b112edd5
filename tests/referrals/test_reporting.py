"""Care and what is reported from it: who signs, what is read, what comes back."""

from datetime import timedelta
from typing import Any

import pytest

from backend.directory.models import Credential, PractitionerRole
from tests import make
from tests.referrals.stories import RECORDED, assert_readable, in_state, names, now, read, row


def test_seen_cannot_lie_ahead(north: make.Clinic, south: make.Clinic) -> None:
    accepted = in_state("accepted", north, south)
    tomorrow = (now() + timedelta(days=1)).isoformat()

    assert_readable(make.try_move(south, accepted["id"], "start", seen_at=tomorrow), 400, "in_the_future")


def test_seen_and_report_in_one(north: make.Clinic, south: make.Clinic) -> None:
    for state in ("accepted", "booked"):
        referral = in_state(state, north, south)

        assert_readable(make.try_move(south, referral["id"], "report", report=make.REPORT), 409, "wrong_state")
        done = make.move(south, referral["id"], "report", report=make.REPORT, seen_at=now().isoformat())
        assert done["state"] == "reported"
        assert [visit["state"] for visit in done["visits"]] == (["done"] if state == "booked" else [])


def test_an_advice_is_answered_at_once_and_has_no_visit(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south, kind="advice")
    answered = make.move(south, sent["id"], "report", report=make.REPORT)
    assert answered["state"] == "reported"

    accepted = in_state("accepted", north, south, kind="advice")
    for name, details in (("start", {}), ("book", {"visit": make.visit_window()}), ("offer_times", {})):
        body = assert_readable(make.try_move(south, accepted["id"], name, **details), 409, "wrong_state")
        assert "advice" in body["detail"]
    assert names(accepted) == {"decline", "report", "assign"}


def test_interim_reports_are_read_one_by_one_with_a_due_time_each(north: make.Clinic, south: make.Clinic) -> None:
    in_care = in_state("in_care", north, south)
    for _ in range(2):
        interim = make.move(south, in_care["id"], "report", final=False, report=make.REPORT)
    assert (interim["state"], len(interim["unread_reports"])) == ("in_care", 2)
    assert all(report["read_due_at"] for report in interim["unread_reports"])
    inbox = north.http.send("GET", "referrals?box=ours").json()["results"]
    assert [(r["id"], r["unread_report_count"]) for r in inbox] == [(in_care["id"], 2)]

    first = interim["unread_reports"][0]["id"]
    left = make.move(north, in_care["id"], "read_report", report_id=first, plan_change="updated")

    assert [report["id"] for report in left["unread_reports"]] == [interim["unread_reports"][1]["id"]]
    again = make.try_move(north, in_care["id"], "read_report", report_id=first, plan_change="updated")
    assert_readable(again, 400, "unknown_report")


def test_a_report_is_returned_twice_at_most_and_the_first_stays(north: make.Clinic, south: make.Clinic) -> None:
    reported = in_state("reported", north, south)
    for _ in range(2):
        back = make.move(north, reported["id"], "return_report", missing="The range of motion.")
        assert back["state"] == "in_care"
        make.move(south, reported["id"], "report", report=make.REPORT)

    body = assert_readable(make.try_move(north, reported["id"], "return_report", missing="Still."), 409, "wrong_state")
    assert "twice" in body["detail"]
    reports = read(north, reported["id"], "reports").json()["results"]
    assert len(reports) == 3
    assert [r["supersedes_id"] for r in reports] == [reports[1]["id"], reports[2]["id"], None]


def test_a_returned_advice_goes_back_to_accepted(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south, kind="advice")
    make.move(south, sent["id"], "report", report=make.REPORT)

    assert make.move(north, sent["id"], "return_report", missing="Which exercise?")["state"] == "accepted"


def test_an_unfinished_report_says_why(north: make.Clinic, south: make.Clinic) -> None:
    in_care = in_state("in_care", north, south)
    stopped = {**make.REPORT, "outcome": "not_completed"}

    assert make.try_move(south, in_care["id"], "report", report=stopped).status_code == 400
    said = {**stopped, "not_completed_reason": "client_stopped"}
    assert make.move(south, in_care["id"], "report", report=said)["state"] == "reported"


def test_a_report_is_signed_by_the_person_who_is_signed_in(north: make.Clinic, south: make.Clinic) -> None:
    in_care = in_state("in_care", north, south)
    make.move(south, in_care["id"], "report", report=make.REPORT)

    signature = read(north, in_care["id"], "reports").json()["results"][0]["signature"]
    assert signature["kind"] == "here"
    assert "South Physio Practitioner" in signature["practitioner"] or "Practitioner" in signature["practitioner"]
    assert signature["license"]


@pytest.mark.parametrize("who", ["coordinator", "admin", "auditor"])
def test_who_does_not_treat_signs_nothing(north: make.Clinic, south: make.Clinic, who: str) -> None:
    in_care = in_state("in_care", north, south)

    assert_readable(
        make.try_move(getattr(south, who), in_care["id"], "report", report=make.REPORT), 403, "right_required"
    )


def test_nobody_signs_for_a_colleague(north: make.Clinic, south: make.Clinic) -> None:
    in_care = in_state("in_care", north, south)
    colleague = {"practitioner_role_id": str(make.role(south.organization).id)}

    answer = make.try_move(south, in_care["id"], "report", report=make.REPORT, on_behalf_of=colleague)

    assert_readable(answer, 403, "signature_required")


@pytest.mark.parametrize("who", ["http", "system"])
def test_no_signature_is_got_round_by_saying_it_was_written_down(
    north: make.Clinic, south: make.Clinic, who: str
) -> None:
    """Only a guest's report is written down by somebody else, and only by the sender's staff."""
    in_care = in_state("in_care", north, south)

    answer = make.try_move(getattr(south, who), in_care["id"], "report", report=make.REPORT, recorded=RECORDED)

    assert_readable(answer, 403, "wrong_party")


def elsewhere(clinic: make.Clinic) -> dict[str, Any]:
    return {
        "practitioner_role_id": clinic.role_id,
        "signed_at": now().isoformat(),
        "source": {"system": "urn:south:ehr", "value": "doc-1"},
    }


def test_a_system_delivers_what_was_signed_elsewhere_once_it_was_agreed(north: make.Clinic, south: make.Clinic) -> None:
    in_care = in_state("in_care", north, south)
    system = make.Api(make.token(of=make.application(south.organization), scopes=f"{make.ALL_SCOPES} notes:transmit"))
    said = {"report": make.REPORT, "signed_elsewhere": elsewhere(south)}

    assert_readable(make.try_move(system, in_care["id"], "report", report=make.REPORT), 403, "signature_required")
    assert_readable(make.try_move(south.system, in_care["id"], "report", **said), 403, "insufficient_scope")
    assert_readable(make.try_move(south, in_care["id"], "report", **said), 403, "signature_required")
    assert_readable(make.try_move(system, in_care["id"], "report", **said), 403, "transmission_not_agreed")
    PractitionerRole.objects.filter(pk=south.role_id).update(transmission_agreed_at=now())
    assert make.move(system, in_care["id"], "report", **said)["state"] == "reported"

    signature = read(north, in_care["id"], "reports").json()["results"][0]["signature"]
    assert (signature["kind"], signature["application"] is not None) == ("elsewhere", True)


@pytest.mark.parametrize(
    ("state", "name", "details"),
    [
        ("accepted", "start", {}),
        ("reported", "acknowledge", {"plan_change": "no_change"}),
        ("reported", "return_report", {"missing": "The range of motion."}),
    ],
)
def test_deciding_needs_a_credential_in_force(
    north: make.Clinic, south: make.Clinic, state: str, name: str, details: dict[str, Any]
) -> None:
    referral = in_state(state, north, south)
    actor = south if name == "start" else north
    Credential.objects.filter(organization=actor.organization).update(status="suspended")

    assert_readable(make.try_move(actor, referral["id"], name, **details), 409, "credential_invalid")


def test_nothing_is_signed_elsewhere_before_the_referral_was_sent(north: make.Clinic, south: make.Clinic) -> None:
    in_care = in_state("in_care", north, south)
    PractitionerRole.objects.filter(pk=south.role_id).update(transmission_agreed_at=now())
    system = make.Api(make.token(of=make.application(south.organization), scopes=f"{make.ALL_SCOPES} notes:transmit"))
    early = {**elsewhere(south), "signed_at": (now() - timedelta(days=1)).isoformat()}

    answer = make.try_move(system, in_care["id"], "report", report=make.REPORT, signed_elsewhere=early)

    assert_readable(answer, 400, "before_the_referral")
    assert read(north, in_care["id"], "reports").json()["results"] == []


def test_a_client_was_seen_at_most_seven_days_before_it_is_said(north: make.Clinic, south: make.Clinic) -> None:
    accepted = in_state("accepted", north, south)
    long_ago = (now() - timedelta(days=8)).isoformat()

    assert_readable(make.try_move(south, accepted["id"], "start", seen_at=long_ago), 400, "too_late")
    answer = make.try_move(south, accepted["id"], "report", report=make.REPORT, seen_at=long_ago)

    assert_readable(answer, 400, "too_late")
    assert row(accepted["id"], north).state == "accepted"
