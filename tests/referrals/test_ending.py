"""How the sender brings the loop to an end, or sends it on."""

import pytest

from tests import make
from tests.referrals.stories import assert_readable, in_state, read


@pytest.mark.parametrize(
    "reason",
    ["client_request", "better", "superseded", "duplicate", "sent_in_error", "client_moved", "client_died", "other"],
)
def test_the_sender_takes_it_back_with_a_reason(north: make.Clinic, south: make.Clinic, reason: str) -> None:
    withdrawn = make.move(north, make.sent(north, south)["id"], "withdraw", reason=reason)

    assert (withdrawn["state"], withdrawn["history"][-1]["reason"]) == ("withdrawn", reason)


def test_acknowledging_says_what_changed_or_what_the_client_was_told(north: make.Clinic, south: make.Clinic) -> None:
    reported, declined = in_state("reported", north, south), in_state("declined", north, south)

    assert_readable(make.try_move(north, reported["id"], "acknowledge"), 400, "plan_change_required")
    assert_readable(make.try_move(north, declined["id"], "acknowledge"), 400, "client_told_required")
    assert make.move(north, reported["id"], "acknowledge", plan_change="updated")["closed_how"] == "acknowledged"
    told = make.move(north, declined["id"], "acknowledge", client_told="We look for somebody else.")
    assert (told["state"], told["closed_how"]) == ("closed", "not_fulfilled")


def test_stopping_care_is_asked_and_answered(north: make.Clinic, south: make.Clinic) -> None:
    asked = in_state("cancellation_requested", north, south)

    assert make.try_move(south, asked["id"], "refuse").status_code == 400
    went_on = make.move(south, asked["id"], "refuse", reason="One visit is left.")
    assert went_on["state"] == "in_care"
    make.move(north, asked["id"], "request_cancellation", reason="She moves next week.")
    stopped = make.move(south, asked["id"], "agree")
    assert (stopped["state"], stopped["closed_how"]) == ("withdrawn", "cancelled")


def test_a_declined_referral_goes_to_somebody_else_with_everything(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    file = north.http.generic(
        "POST", "/api/v1/attachments?name=plan.txt", data=b"plain words", content_type="text/plain"
    ).json()
    order = {"number": "O-7", "by": "Dr. Who", "visits": 6}
    sent = make.sent(north, south, findings="Tight.", order=order, attachment_ids=[file["id"]])
    make.move(south, sent["id"], "decline", reason="no_capacity")
    assert_readable(
        make.try_move(north, sent["id"], "redirect", to={"practitioner_role_id": east.role_id}), 409, "consent_required"
    )
    make.consent(north, sent["client"]["id"], east)

    gone = make.move(north, sent["id"], "redirect", to={"practitioner_role_id": east.role_id}, question="And you?")

    new = read(east, gone["redirected_to_id"]).json()
    assert (new["state"], new["question"], new["reason"]) == ("sent", "And you?", sent["reason"])
    assert (new["package"]["findings"], new["order"]["number"]) == ("Tight.", "O-7")
    assert new["came_from_id"] is None  # who declined before is not for the next one to know
    assert read(north, new["id"]).json()["came_from_id"] == sent["id"]
    assert [a["name"] for a in read(east, new["id"], "attachments").json()["results"]] == ["plan.txt"]


def test_an_advice_becomes_a_referral(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south, kind="advice")
    make.move(south, sent["id"], "report", report=make.REPORT)

    done = make.move(north, sent["id"], "convert", kind="evaluate")

    assert (done["state"], done["closed_how"], done["unread_reports"]) == ("closed", "converted", [])
    new = read(south, done["converted_to_id"]).json()
    assert (new["state"], new["kind"], new["came_from_id"]) == ("sent", "evaluate", sent["id"])


def test_advice_without_a_client_asks_for_client_and_consent_when_it_is_converted(
    north: make.Clinic, south: make.Clinic
) -> None:
    sent = make.referral(north, south, kind="advice", regions=[])
    assert sent["client"] is None
    make.move(south, sent["id"], "report", report=make.REPORT)
    regions = [{"region": "cervical", "side": "left"}]
    client = make.client(north)

    assert_readable(make.try_move(north, sent["id"], "convert", kind="evaluate"), 400, "client_required")
    asked = {"kind": "evaluate", "client_id": client["id"], "regions": regions}
    assert_readable(make.try_move(north, sent["id"], "convert", **asked), 409, "consent_required")
    make.consent(north, client["id"], south)
    assert make.move(north, sent["id"], "convert", **asked)["state"] == "closed"


def test_a_question_without_a_client_holds_no_file(north: make.Clinic, south: make.Clinic) -> None:
    file = north.http.generic("POST", "/api/v1/attachments?name=a.txt", data=b"words", content_type="text/plain").json()

    answer = north.http.send("POST", "referrals", make.referral_body(south, kind="advice", attachment_ids=[file["id"]]))

    assert_readable(answer, 400, "client_required")
