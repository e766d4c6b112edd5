"""What was carried over from an earlier note and signed untouched is told as of the day on which it was seen."""

from datetime import timedelta
from typing import Any

import pytest

from backend.lib import clock
from tests import make
from tests.notes.writing import NECK, change, sign, signed
from tests.record.briefs import body_map, lines
from tests.record.everything import pages

pytestmark = pytest.mark.django_db
PLACE = "Neck right"


@pytest.fixture
def first(north: make.Clinic, shared: str) -> Any:
    """Seen and treated three days ago."""
    return signed(north, shared, asks=[], occurred_at=(clock.now() - timedelta(days=3)).isoformat())


def copied(north: make.Clinic, first: Any, **changes: Any) -> Any:
    """Carried forward with these parts changed, and signed."""
    begun = north.http.send("POST", "notes", {"copy_from": first["id"]}).json()
    answer = change(north.http, begun, **changes)
    assert answer.status_code == 200, answer.content
    return sign(north.http, begun["id"])


def timeline(who: make.Clinic, client_id: str) -> dict[str, str]:
    found = pages(who.http, f"clients/{client_id}/timeline?kinds=note")
    return {item["id"]: item["gist"] for item in found}


def test_what_nobody_touched_is_of_the_day_it_was_seen(
    north: make.Clinic, south: make.Clinic, shared: str, first: Any
) -> None:
    second = copied(north, first, subjective="Slept through. Twice.")

    place = body_map(south, shared)[PLACE]

    assert {"findings", "techniques", "assessment"} <= set(second["untouched"])
    assert {found["note_id"] for found in place["findings"]} == {first["id"]}
    assert place["last_treated"]["note_id"] == first["id"]
    assert [line["text"] for line in lines(south, shared, "note") if second["id"] in line["href"]] == [
        "Progress: Slept through."
    ]
    assert timeline(south, shared)[second["id"]] == "Progress note: Slept through."


def test_what_was_confirmed_or_changed_is_of_that_day(
    north: make.Clinic, south: make.Clinic, shared: str, first: Any
) -> None:
    found = [{"kind": "pain", **NECK, "intensity": 3}]
    second = copied(north, first, findings=found, confirmed=["techniques", "assessment"])

    place = body_map(south, shared)[PLACE]

    assert {row["kind"]: row["note_id"] for row in place["findings"]}["pain"] == second["id"]
    assert (place["pain"], place["last_treated"]["note_id"]) == (3, second["id"])
    assert timeline(south, shared)[second["id"]] == (
        "Progress note: Trigger point therapy; pain 3/10; Findings fit the referral pattern."
    )
    (told,) = [line["text"] for line in lines(south, shared, "note") if second["id"] in line["href"]]
    assert told.startswith("Progress: Trigger point therapy; Findings fit the referral pattern.")


def test_a_copy_signed_without_a_touch_says_nothing_new(
    north: make.Clinic, south: make.Clinic, shared: str, first: Any
) -> None:
    begun = north.http.send("POST", "notes", {"copy_from": first["id"]}).json()
    second = sign(north.http, begun["id"])

    assert timeline(south, shared)[second["id"]] == "Progress note."
    assert [line["text"] for line in lines(south, shared, "note") if second["id"] in line["href"]] == ["Progress."]
