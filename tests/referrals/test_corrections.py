"""A report or message that was a mistake: who says so, what stays, and what is gone for the other side."""

from typing import Any

import pytest

from backend.lib.unit_of_work import acting_as
from backend.notifications.models import Notice
from backend.referrals.models import Report
from tests import make
from tests.attacks.sql import refused, rows
from tests.referrals.stories import advance, assert_readable, event_types, in_state, read, row

pytestmark = pytest.mark.django_db(transaction=True)
WRONG = {"reason": "wrong_client", "note": "This was written for somebody else."}
MISTAKE = {"reason": "wrong_entry"}


def report_of(clinic: make.Clinic, referral: Any) -> Any:
    return read(clinic, referral["id"], "reports").json()["results"][0]


def in_error(who: Any, referral: Any, what: str, pk: str, said: dict[str, str]) -> Any:
    http = who if isinstance(who, make.Api) else who.http
    return http.send("POST", f"referrals/{referral['id']}/{what}/{pk}/entered-in-error", said)


def test_a_mistaken_report_stays_struck_through_for_both_sides(north: make.Clinic, south: make.Clinic) -> None:
    reported = in_state("reported", north, south)
    report = report_of(south, reported)

    answer = in_error(south, reported, "reports", report["id"], MISTAKE)

    assert answer.status_code == 200, answer.content
    said = answer.json()["entered_in_error"]
    assert (said["by"], said["reason"], said["note"]) == ("South Physio Practitioner", "wrong_entry", None)
    for clinic in (north, south):
        shown = report_of(clinic, reported)
        assert (shown["answer"], shown["entered_in_error"]) == (make.REPORT["answer"], said)
    assert event_types(north, reported["id"])[-1] == "referral.report_entered_in_error"
    assert row(reported["id"], north).state == "reported"


def test_a_report_about_another_client_is_gone_for_the_other_side_at_once(
    north: make.Clinic, south: make.Clinic
) -> None:
    reported = in_state("reported", north, south)
    report = report_of(north, reported)

    assert in_error(south, reported, "reports", report["id"], WRONG).status_code == 200

    assert read(north, reported["id"], "reports").json()["results"] == []
    assert not rows(north, "SELECT answer FROM referrals_report WHERE id = %s", report["id"])
    assert north.http.send("GET", f"referrals/{reported['id']}/reports/{report['id']}/pdf").status_code == 404
    kept = report_of(south, reported)
    assert (kept["answer"], kept["entered_in_error"]["note"]) == (make.REPORT["answer"], WRONG["note"])


def test_what_was_a_mistake_need_not_be_read(north: make.Clinic, south: make.Clinic) -> None:
    in_care = in_state("in_care", north, south)
    make.move(south, in_care["id"], "report", final=False, report={**make.REPORT, "has_red_flag": True})
    assert read(north, in_care["id"]).json()["unread_report_count"] == 1
    report = report_of(south, in_care)

    in_error(south, in_care, "reports", report["id"], MISTAKE)

    shown = read(north, in_care["id"]).json()
    assert (shown["unread_report_count"], shown["unread_reports"]) == (0, [])
    answer = make.try_move(north, in_care["id"], "read_report", report_id=report["id"], plan_change="no_change")
    assert_readable(answer, 400, "unknown_report")
    advance(days=8)
    assert "referral.report_unread" not in event_types(north, in_care["id"])


def test_a_final_report_that_was_a_mistake_after_the_end_tells_the_sender(
    north: make.Clinic, south: make.Clinic
) -> None:
    closed = in_state("closed", north, south)
    report = report_of(south, closed)

    assert in_error(south.admin, closed, "reports", report["id"], WRONG).status_code == 200
    advance(seconds=2)

    with acting_as(north.practitioner.actor):
        assert Notice.objects.filter(event_type="referral.report_entered_in_error", side="sender").exists()
    assert row(closed["id"], north).state == "closed"


def test_only_its_author_or_an_admin_of_that_clinic_says_it_once(north: make.Clinic, south: make.Clinic) -> None:
    reported = in_state("reported", north, south)
    report = report_of(south, reported)
    other = make.person(south.organization, "practitioner", discipline="physical_therapy", name="Other Colleague")

    for who in (north, north.admin, south.coordinator, south.system, other):
        assert_readable(in_error(who, reported, "reports", report["id"], WRONG), 403, "not_the_author")
    with acting_as(south.practitioner.actor):
        assert Report.objects.get().in_error_at is None
    assert in_error(south, reported, "reports", report["id"], MISTAKE).status_code == 200
    assert_readable(in_error(south, reported, "reports", report["id"], MISTAKE), 409, "already_in_error")
    assert report_of(north, reported)["entered_in_error"]["reason"] == "wrong_entry"


def test_a_mistaken_report_can_still_be_said_to_be_about_another_client_once(
    north: make.Clinic, south: make.Clinic
) -> None:
    in_care = in_state("in_care", north, south)
    make.move(south, in_care["id"], "report", final=False, report=make.REPORT)
    make.move(south, in_care["id"], "report", final=False, report=make.REPORT)
    slip = {**MISTAKE, "note": "Ms Moreno has no such shoulder."}
    report = report_of(south, in_care)
    assert in_error(south, in_care, "reports", report["id"], slip).status_code == 200
    assert read(north, in_care["id"]).json()["unread_report_count"] == 1

    assert in_error(south.admin, in_care, "reports", report["id"], WRONG).status_code == 200

    assert report["id"] not in [shown["id"] for shown in read(north, in_care["id"], "reports").json()["results"]]
    assert not rows(north, "SELECT answer FROM referrals_report WHERE id = %s", report["id"])
    said = report_of(south, in_care)["entered_in_error"]
    assert (said["by"], said["reason"], said["note"]) == (south.admin.actor.display, "wrong_client", WRONG["note"])
    shown = read(north, in_care["id"]).json()
    assert (shown["unread_report_count"], len(shown["unread_reports"])) == (1, 1)
    assert event_types(north, in_care["id"]).count("referral.report_entered_in_error") == 2
    for again in (WRONG, MISTAKE):
        assert_readable(in_error(south, in_care, "reports", report["id"], again), 409, "already_in_error")


def test_a_mistaken_message_can_still_be_said_to_be_about_another_client_once(
    north: make.Clinic, south: make.Clinic
) -> None:
    accepted = in_state("accepted", north, south)
    message = north.http.send("POST", f"referrals/{accepted['id']}/messages", {"text": "Ms Other comes on Tuesday."})
    pk = message.json()["id"]
    assert in_error(north, accepted, "messages", pk, MISTAKE).status_code == 200
    assert_readable(in_error(north, accepted, "messages", pk, MISTAKE), 409, "already_in_error")

    assert in_error(north, accepted, "messages", pk, WRONG).status_code == 200

    assert read(south, accepted["id"], "messages").json()["results"] == []
    assert event_types(south, accepted["id"]).count("referral.message_entered_in_error") == 2
    assert_readable(in_error(north, accepted, "messages", pk, WRONG), 409, "already_in_error")


def test_a_corrected_report_supersedes_no_mistake(north: make.Clinic, south: make.Clinic) -> None:
    reported = in_state("reported", north, south)
    in_error(south, reported, "reports", report_of(south, reported)["id"], MISTAKE)
    make.move(north, reported["id"], "return_report", missing="The right one.")

    make.move(south, reported["id"], "report", report=make.REPORT)

    assert report_of(north, reported)["supersedes_id"] is None


def test_a_mistaken_message_is_gone_for_the_other_side(north: make.Clinic, south: make.Clinic) -> None:
    accepted = in_state("accepted", north, south)
    message = north.http.send("POST", f"referrals/{accepted['id']}/messages", {"text": "Ms Other comes on Tuesday."})
    pk = message.json()["id"]

    for who in (south, south.admin, north.coordinator):
        assert_readable(in_error(who, accepted, "messages", pk, WRONG), 403, "not_the_author")
    assert in_error(north, accepted, "messages", pk, WRONG).status_code == 200

    assert read(south, accepted["id"], "messages").json()["results"] == []
    (kept,) = read(north, accepted["id"], "messages").json()["results"]
    assert (kept["text"], kept["entered_in_error"]["reason"]) == ("Ms Other comes on Tuesday.", "wrong_client")
    assert event_types(south, accepted["id"])[-1] == "referral.message_entered_in_error"


def test_the_database_lets_nothing_else_be_changed_and_nobody_else_say_it(
    north: make.Clinic, south: make.Clinic
) -> None:
    reported = in_state("reported", north, south)
    report = report_of(south, reported)
    message = north.http.send("POST", f"referrals/{reported['id']}/messages", {"text": "Thank you."}).json()
    said = "in_error_at = now(), in_error_reason = 'wrong_client'"

    assert refused(north, f"UPDATE referrals_report SET {said} WHERE id = %s", report["id"])
    assert refused(south, f"UPDATE referrals_report SET {said}, answer = 'Other.' WHERE id = %s", report["id"])
    assert refused(south, f"UPDATE referrals_message SET {said} WHERE id = %s", message["id"])
    assert refused(north, "UPDATE referrals_message SET text = 'Other.' WHERE id = %s", message["id"])
    assert refused(north, "DELETE FROM referrals_message WHERE id = %s", message["id"])
    rows(south, f"UPDATE referrals_report SET {said} WHERE id = %s", report["id"])
    rows(north, f"UPDATE referrals_message SET {said} WHERE id = %s", message["id"])
    assert refused(south, "UPDATE referrals_report SET in_error_reason = 'wrong_entry' WHERE id = %s", report["id"])
    assert refused(north, "UPDATE referrals_message SET in_error_at = NULL WHERE id = %s", message["id"])


def test_the_database_lets_only_a_wrong_client_be_said_of_a_mistake_once(
    north: make.Clinic, south: make.Clinic
) -> None:
    reported = in_state("reported", north, south)
    report = report_of(south, reported)["id"]
    message = south.http.send("POST", f"referrals/{reported['id']}/messages", {"text": "It is done."}).json()["id"]
    slip = "in_error_at = now(), in_error_reason = 'wrong_entry'"
    wrong = "in_error_reason = 'wrong_client'"
    later = f"in_error_at = now(), {wrong}"

    for table, pk in (("referrals_report", report), ("referrals_message", message)):
        change = f"UPDATE {table} SET {{}} WHERE id = %s"
        rows(south, change.format(slip), pk)
        for other in (slip, "in_error_note = 'Other.'", "in_error_reason = ''", f"in_error_at = NULL, {wrong}"):
            assert refused(south, change.format(other), pk)
        assert refused(north, change.format(later), pk)
        rows(south, change.format(later), pk)
        for other in (slip, later, "in_error_at = NULL"):
            assert refused(south, change.format(other), pk)
