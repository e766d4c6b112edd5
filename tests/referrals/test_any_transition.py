"""What holds for every transition: what is said when the answer is no, what is written down when it is yes."""

from datetime import timedelta
from typing import Any

import pytest

from backend.audit.models import Event
from backend.lib.unit_of_work import acting_as
from backend.referrals import workflow as w
from tests import make
from tests.referrals.stories import WAYS, assert_readable, event_types, in_state, move_to, names, now, read, row

FINISHED = ["closed", "withdrawn"]


@pytest.mark.parametrize("state", WAYS)
def test_what_is_refused_says_why_and_what_is_possible(north: make.Clinic, south: make.Clinic, state: str) -> None:
    """Every transition from every state and side: done, or refused readably, and then nothing changed."""
    referral = in_state(state, north, south)
    offered = {clinic.id: names(read(clinic, referral["id"]).json()) for clinic in (north, south)}
    version = row(referral["id"], north).version

    for clinic in (north, south):
        possible = offered[clinic.id]
        for name in w.WORKFLOW.names:
            if name in possible or name == "read_report":
                continue
            answer = make.try_move(clinic, referral["id"], name)
            assert answer.status_code in (403, 409), (name, answer.content)
            body = assert_readable(answer, answer.status_code, answer.json()["code"])
            if body["code"] == "wrong_state":
                assert body["state"] == state
                assert set(body["available"]) >= possible - {"read_report"}
                assert set(body["last"]) == {"name", "by", "at"}
    assert row(referral["id"], north).version == version


@pytest.mark.parametrize("state", FINISHED)
def test_nothing_leads_out_of_what_is_finished(north: make.Clinic, south: make.Clinic, state: str) -> None:
    referral = in_state(state, north, south)

    for clinic in (north, south):
        assert read(clinic, referral["id"]).json()["available_transitions"] == []
    assert (referral["whose_move"], referral["due_at"]) == (None, None)


@pytest.mark.parametrize("body", [{}, {"name": None}, {"name": "fly"}, {"name": ["accept"]}, []])
def test_an_unknown_name_is_refused_before_anything_is_looked_up(
    north: make.Clinic, south: make.Clinic, body: Any
) -> None:
    answer = north.http.send("POST", "referrals/01a2069c-191b-763b-bf81-78d586cfaa9d/transitions", body)

    assert answer.status_code == 400


def test_a_field_that_is_not_known_is_named(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)

    for field in ("actor", "expected_version", "state", "colour"):
        answer = make.try_move(south, sent["id"], "accept", **{field: "x"})
        assert (answer.status_code, answer.json()["code"]) == (400, "unknown_field"), field


def test_if_match_guards_a_transition(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)
    path = f"referrals/{sent['id']}/transitions"

    stale = south.http.send("POST", path, {"name": "accept"}, **{"If-Match": '"99.abc"'})
    assert_readable(stale, 412, "stale")
    fresh = south.http.send("POST", path, {"name": "accept"}, **{"If-Match": f'"{sent["version"]}.abc"'})
    assert fresh.status_code == 200


def test_each_transition_writes_one_step_and_one_event_for_each_side(north: make.Clinic, south: make.Clinic) -> None:
    closed = in_state("closed", north, south)

    wanted = ["sent", "accepted", "started", "reported", "acknowledged"]
    for clinic in (north, south):
        assert [t for t in event_types(clinic, closed["id"]) if t.startswith("referral.")] == [
            f"referral.{name}" for name in wanted
        ]
    assert [step["name"] for step in closed["history"]] == ["send", "accept", "start", "report", "acknowledge"]


def test_a_late_fact_is_shown_beside_when_it_was_recorded(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)
    move_to(now() + timedelta(days=3))
    yesterday = now() - timedelta(days=1)

    accepted = make.move(south, sent["id"], "accept", occurred_at=yesterday.isoformat())

    step = accepted["history"][-1]
    assert step["occurred_at"][:16] == yesterday.isoformat()[:16]
    assert step["recorded_at"] > step["occurred_at"]
    with acting_as(south.practitioner.actor):
        event = Event.objects.get(
            subject_id=sent["id"], type="referral.accepted", organization_id=south.organization.id
        )
    assert (event.occurred_at, event.recorded_at > event.occurred_at) == (yesterday, True)


@pytest.mark.parametrize(
    ("ago", "code"),
    [(timedelta(hours=-1), "in_the_future"), (timedelta(days=8), "too_late"), (timedelta(days=4), "before_last_step")],
)
def test_a_late_fact_has_its_limits(north: make.Clinic, south: make.Clinic, ago: timedelta, code: str) -> None:
    sent = make.sent(north, south)
    move_to(now() + timedelta(days=3 if code == "before_last_step" else 20))

    answer = make.try_move(south, sent["id"], "accept", occurred_at=(now() - ago).isoformat())

    assert_readable(answer, 400, code)


def test_messages_go_both_ways_and_move_nothing(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)

    for clinic in (north, south):
        written = clinic.http.send("POST", f"referrals/{sent['id']}/messages", {"text": f"From {clinic.organization}."})
        assert written.status_code == 201

    found = read(south, sent["id"], "messages").json()["results"]
    assert {(m["party"], m["text"]) for m in found} == {
        ("sender", "From North Massage."), ("recipient", "From South Physio."),
    }  # fmt: skip
    assert row(sent["id"], north).state == "sent"


@pytest.mark.parametrize("name", ["decline", "withdraw"])
def test_a_reason_is_chosen(north: make.Clinic, south: make.Clinic, name: str) -> None:
    sent = make.sent(north, south)
    who = south if name == "decline" else north

    assert_readable(make.try_move(who, sent["id"], name), 400, "reason_required")
    assert make.try_move(who, sent["id"], name, reason="because").status_code == 400
    assert row(sent["id"], north).state == "sent"
