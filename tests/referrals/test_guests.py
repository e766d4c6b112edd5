"""A colleague without an account has every move, and sees this one referral."""

from datetime import timedelta
from typing import Any

import pytest

from backend.clients.models import Client
from backend.lib.problems import Conflict, Forbidden
from backend.referrals import queries, rendering, services
from backend.referrals.models import Referral
from backend.visits.models import Visit
from tests import make
from tests.referrals.stories import GUEST, RECORDED, as_guest_of, assert_readable, now, read


@pytest.fixture
def to_guest(north: make.Clinic) -> Any:
    client = make.client(north)
    make.consent(north, client["id"], guests=[{"email": "gil@guest.example"}])
    return make.referral(north, GUEST, client_id=client["id"])


def as_guest(referral: Any, *moves: tuple[str, dict[str, Any]]) -> Any:
    with as_guest_of(referral["id"]) as actor:
        for name, details in moves:
            services.move_referral(referral["id"], name, actor=actor, **details)
        return rendering.detail(queries.one_row(referral["id"], actor), actor)


def test_a_guest_has_every_move_of_a_recipient(north: make.Clinic, to_guest: Any) -> None:
    in_the_past = {
        "starts_at": (now() - timedelta(hours=2)).isoformat(),
        "ends_at": (now() - timedelta(hours=1)).isoformat(),
    }
    later = (now() + timedelta(days=9)).date().isoformat()
    seen = as_guest(
        to_guest,
        ("ask_information", {"question": "Any dizziness?"}),
    )
    assert seen["state"] == "needs_information"
    make.move(north, to_guest["id"], "give_information", answer="None.")
    done = as_guest(
        to_guest,
        ("accept", {}),
        ("waitlist", {"review_on": later}),
        ("offer_times", {"times": [make.visit_window()]}),
        ("log_contact", {"channel": "phone", "outcome": "reached"}),
        ("book", {"visit": make.visit_window()}),
        ("cancel_visit", {"by": "client"}),
        ("book", {"visit": in_the_past}),
        ("record_no_show", {}),
        ("start", {}),
        ("report", {"final": False, "report": make.REPORT}),
        ("report", {"final": True, "report": make.REPORT}),
    )
    assert done["state"] == "reported"
    report = read(north, to_guest["id"], "reports").json()["results"][0]
    assert report["signature"]["kind"] == "guest"
    assert "attested, not verified" in report["signature"]["license"]
    assert "gil@guest.example" in report["signature"]["practitioner"]
    assert make.move(north, to_guest["id"], "acknowledge", plan_change="no_change")["state"] == "closed"


def test_a_guest_declines(north: make.Clinic, to_guest: Any) -> None:
    assert as_guest(to_guest, ("decline", {"reason": "no_capacity"}))["state"] == "declined"


def test_a_guest_says_who_they_are_first(north: make.Clinic, to_guest: Any) -> None:
    with (
        pytest.raises(Conflict) as refused,
        as_guest_of(to_guest["id"], attested=False) as actor,
    ):
        services.move_referral(to_guest["id"], "accept", actor=actor)
    assert refused.value.code == "attestation_required"


def test_a_guest_reads_this_one_referral_and_no_client(north: make.Clinic, south: make.Clinic, to_guest: Any) -> None:
    other = make.sent(north, south)

    with as_guest_of(to_guest["id"]) as actor:
        services.move_referral(to_guest["id"], "accept", actor=actor)
        assert [str(pk) for pk in Referral.objects.visible_to(actor).values_list("id", flat=True)] == [to_guest["id"]]
        assert [str(pk) for pk in Referral.objects.values_list("id", flat=True)] == [to_guest["id"]]
        assert not Referral.objects.filter(pk=other["id"]).exists()
        assert not Client.objects.exists()
        assert rendering.detail(queries.one_row(to_guest["id"], actor), actor)["package"]["question"]


def test_a_guest_sees_no_other_guests_visit(north: make.Clinic, to_guest: Any) -> None:
    other = make.referral(north, GUEST, client_id=to_guest["client"]["id"])
    as_guest(other, ("accept", {}), ("book", {"visit": make.visit_window()}))

    with as_guest_of(to_guest["id"]):
        assert not Visit.objects.exists()


def test_the_senders_staff_write_down_what_a_guest_said(north: make.Clinic, to_guest: Any) -> None:
    scan = north.http.generic("POST", "/api/v1/attachments?name=fax.txt", data=b"fax", content_type="text/plain").json()
    recorded = {"recorded": {**RECORDED, "attachment_id": scan["id"]}}
    assert_readable(make.try_move(north, to_guest["id"], "accept"), 403, "wrong_party")

    accepted = make.move(north.coordinator, to_guest["id"], "accept", **recorded)

    step = accepted["history"][-1]
    assert (step["party"], step["manner"], step["on_behalf_of"]) == ("recipient", "recorded by the sender, phone", None)
    assert step["by"] == "Gil Guest (recorded by North Massage Coordinator)"
    assert [file["name"] for file in read(north, to_guest["id"]).json()["attachments"]] == ["fax.txt"]
    by_phone = {"recorded": RECORDED}
    booked = make.move(north.coordinator, to_guest["id"], "book", visit=make.visit_window(), **by_phone)
    assert booked["state"] == "booked"
    make.move(north.coordinator, to_guest["id"], "start", **by_phone)
    reported = make.move(north.coordinator, to_guest["id"], "report", report=make.REPORT, **by_phone)
    assert reported["state"] == "reported"
    signature = read(north, to_guest["id"], "reports").json()["results"][0]["signature"]
    assert (signature["kind"], signature["license"]) == ("recorded_by_sender", "") or signature["license"] is None


def test_a_recipient_with_an_account_answers_for_itself(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)

    assert_readable(make.try_move(north, sent["id"], "accept", recorded=RECORDED), 403, "wrong_party")
    assert_readable(make.try_move(south, sent["id"], "accept", recorded=RECORDED), 403, "wrong_party")


def test_a_guest_is_not_a_way_to_the_senders_moves(north: make.Clinic, to_guest: Any) -> None:
    with pytest.raises(Forbidden), as_guest_of(to_guest["id"]) as actor:
        services.move_referral(to_guest["id"], "withdraw", actor=actor, reason="better")
