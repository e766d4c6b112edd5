"""The demo tells the worked stories as their source does: every session, plan step, score and referral, on its day."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.demo.replay import STORIES

Story = dict[str, Any]
ROOT = Path(__file__).parents[2]
DISCIPLINES = {"DC": "chiropractic", "LMT": "massage_therapy", "PT": "physical_therapy"}
MEASURES = {"HIT-6": "hit6"}  # the others are their own names in small letters
# What a step of a referral is called in the demo; a referral is received, and reminded of, without anybody's step.
STEPS = {
    "sent": ("send",),
    "needs_info": ("ask_information",),
    "accepted": ("accept", "accept_as_own"),
    "scheduled": ("book",),
    "seen": ("start", "guest_accept"),
    "report_sent": ("interim", "final", "guest_report"),
    "report_read": ("read_report", "acknowledge"),
    "declined": ("decline",),
    "rerouted": ("withdraw",),
    "closed": ("acknowledge", "withdraw"),
}
BY_ITSELF = ("received", "report_due")
# What the client answers after a visit, and what a rule stops before it is a visit, no clinic writes down.
NOT_WRITTEN = ("response", "booking_attempt")
KINDS = {"intake": "initial_evaluation", "re_evaluation": "re_evaluation", "discharge": "discharge"}
# Where the demo differs, and why.
MEANT = {
    "ST3 day 84: discharge by PT:Finn": (
        "The source discharges her and in the same sentence keeps the tests for sport for month nine; the demo re-evaluates."
    ),
    "ST3 day 27: clearance by MD": (
        "The source clears on day 27 what may be done from day 30; a hold is cleared with no day of its own, so on day 30."
    ),
}


def source() -> Path:
    """Where the stories were worked out, beside the checkout."""
    return ROOT.parent / "shared" / "clinical" / "stories_open.json"


@pytest.fixture(scope="module")
def told() -> list[tuple[Story, Story]]:
    """Each story of the source with the demo's."""
    if not source().exists():
        pytest.skip(f"The source of the stories is not beside this checkout ({source().parent}).")
    worked_out = json.loads(source().read_text())["stories"]
    by_name = {_family_name(story): story for story in worked_out}
    shown = {story["client"]["family_name"]: story for story in json.loads(STORIES.read_text())["stories"]}
    assert set(by_name) <= set(shown), "a story is missing"
    return [(story, shown[name]) for name, story in by_name.items()]


def test_every_session_score_and_plan_step_is_told_on_its_day(told: list[tuple[Story, Story]]) -> None:
    missing = {
        line for source, demo in told for line in (*_events_missing(source, demo), *_scores_missing(source, demo))
    }

    assert missing == set(MEANT)


def test_every_step_of_a_referral_is_told_on_its_day(told: list[tuple[Story, Story]]) -> None:
    assert [line for source, demo in told for line in _steps_missing(source, demo)] == []


def _events_missing(source: Story, demo: Story) -> Iterator[str]:
    for event in source["events"]:
        if event["kind"] not in NOT_WRITTEN and not any(_tells(entry, event) for entry in demo["record"]):
            yield f"{source['id']} day {event['day']}: {event['kind']} by {event['by']}"


def _tells(entry: list[Any], event: Story) -> bool:
    """Whether an entry of the demo's record is this event of the source."""
    day, _, by, name, *details = entry
    if day != event["day"] or by != _discipline(event):
        return False
    kind, is_note = event["kind"], name == "note"
    if kind == "clearance":
        return is_note if day == 0 else bool(name == "clear_hold")
    if kind == "session":
        done = {row["technique"] for row in details[0].get("techniques", [])} if is_note else set()
        return done == set(event["techniques"])
    return is_note and (kind not in KINDS or bool(details[0]["kind"] == KINDS[kind]))


def _discipline(event: Story) -> str:
    """Of whoever writes it down: what a physician says, the clinic that leads the plan, or that may treat again."""
    if event["by"] == "MD":
        return "massage_therapy" if event["kind"] == "clearance" and event["day"] else "physical_therapy"
    return DISCIPLINES[event["by"].split(":")[0]]


def _scores_missing(source: Story, demo: Story) -> Iterator[str]:
    notes = [entry for entry in demo["record"] if entry[3] == "note"]
    for score in source["scores"]:
        written = {
            (row["measure"], row["value"])
            for day, _, by, _, details in notes
            if (day, by) == (score["day"], _discipline({**score, "kind": "score"}))
            for row in details.get("measures", [])
        }
        for name, value in score["values"].items():
            if (MEASURES.get(name, name.lower()), value) not in written:
                yield f"{source['id']} day {score['day']}: {name} {value} by {score['by']}"


def _steps_missing(source: Story, demo: Story) -> Iterator[str]:
    shown = {referral["key"]: referral for referral in demo["referrals"]}
    for referral in source["referrals"]:
        key = f"{source['id']}-{referral['id']}"
        steps = [(day, name) for day, name, *_ in shown[key]["steps"]] if key in shown else []
        for step in referral["steps"]:
            names = STEPS.get(step["state"], ())
            if step["state"] not in BY_ITSELF and not any((step["day"], name) in steps for name in names):
                yield f"{key} day {step['day']}: {step['state']}"


def _family_name(story: Story) -> str:
    return str(story["client"]["name"].removesuffix(" (fictional)").rsplit(" ", 1)[1])
