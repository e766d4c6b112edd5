"""The ten calls of the contract take a referral round the loop."""

from typing import Any

import pytest

from tests import make


@pytest.fixture
def sent(north: make.Clinic, south: make.Clinic) -> Any:
    client = make.client(north)
    make.consent(north, client["id"], south)
    return make.referral(north, south, client_id=client["id"])


def test_a_referral_goes_round_the_loop(north: make.Clinic, south: make.Clinic, sent: Any) -> None:
    assert (sent["state"], sent["whose_move"]) == ("sent", "recipient")

    steps: list[tuple[make.Clinic, str, dict[str, Any], str, str | None]] = [
        (south, "ask_information", {"question": "Any dizziness?"}, "needs_information", "sender"),
        (north, "give_information", {"answer": "None."}, "sent", "recipient"),
        (south, "accept", {}, "accepted", "recipient"),
        (south, "book", {"visit": make.visit_window()}, "booked", "recipient"),
        (south, "cancel_visit", {"by": "client"}, "accepted", "recipient"),
        (south, "book", {"visit": make.visit_window()}, "booked", "recipient"),
        (south, "start", {}, "in_care", "recipient"),
        (south, "report", {"final": True, "report": make.REPORT}, "reported", "sender"),
        (north, "acknowledge", {"plan_change": "no_change"}, "closed", None),
    ]
    for who, name, details, state, mover in steps:
        answer = make.move(who, sent["id"], name, **details)
        assert (answer["state"], answer["whose_move"]) == (state, mover), name

    assert answer["due_at"] is None
    assert answer["available_transitions"] == []
    names = [step["name"] for step in answer["history"]]
    assert names == [
        "send",
        "ask_information",
        "give_information",
        "accept",
        "book",
        "cancel_visit",
        "book",
        "start",
        "report",
        "acknowledge",
    ]
