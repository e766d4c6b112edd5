"""The body map as a list: what is found now at each place, what it was before, and what was treated last."""

from datetime import timedelta
from typing import Any

import pytest

from backend.lib import clock
from backend.lib.zones import zone_named
from tests import make
from tests.notes.writing import draft, signed
from tests.record.briefs import body_map

pytestmark = pytest.mark.django_db
LEFT = {"region": "cervical", "side": "left"}
BACK = {"region": "lumbar", "side": "midline"}


def note(who: make.Clinic, client_id: str, *found: dict[str, Any], days_ago: float = 0.1, **more: Any) -> Any:
    """A signed note of some time ago with these findings and nothing else."""
    at = (clock.now() - timedelta(days=days_ago)).isoformat()
    empty: dict[str, Any] = {"techniques": [], "asks": [], "measures": []}
    return signed(who, client_id, **{**empty, "findings": list(found), "occurred_at": at, **more})


def pain(intensity: int, **place: Any) -> dict[str, Any]:
    return {"kind": "pain", **LEFT, "intensity": intensity, **place}


def test_a_place_is_one_line_from_head_to_foot(north: make.Clinic, south: make.Clinic, shared: str) -> None:
    points = [{"kind": "trigger_point", **LEFT, "muscle": muscle} for muscle in ("trap_up", "levator")]
    note(south, shared, {"kind": "restriction", **BACK}, days_ago=2)
    written = note(north, shared, pain(6), *points, {"kind": "treated", **LEFT})

    places = body_map(south, shared)

    treated = (clock.now() - timedelta(days=0.1)).astimezone(zone_named("America/Denver"))
    assert list(places) == ["Neck left", "Low back"]
    assert places["Low back"]["text"] == "Low back: restriction."
    assert places["Neck left"]["text"] == (
        f"Neck left: pain 6, 2 trigger points (Levator scapulae, Upper trapezius); last treated {treated.day} {treated:%b} MT."
    )
    assert places["Neck left"]["pain"] == 6
    assert places["Neck left"]["last_treated"]["note_id"] == written["id"]
    assert places["Low back"]["last_treated"] is None


def test_pain_is_compared_with_the_note_before_whoever_wrote_it(
    north: make.Clinic, south: make.Clinic, shared: str
) -> None:
    before = note(south, shared, pain(8), days_ago=3)
    note(south, shared, pain(9), days_ago=5)
    now = note(north, shared, pain(5))

    place = body_map(south, shared)["Neck left"]

    assert place["text"] == "Neck left: pain 5, was 8."
    found = place["findings"][0]
    assert (found["note_id"], found["intensity"], found["change"]) == (now["id"], 5, "better")
    assert found["before"] == {"intensity": 8, "at": before["occurred_at"]}


@pytest.mark.parametrize(("before", "now", "change"), [(5, 5, "same"), (3, 7, "worse"), (7, 3, "better")])
def test_a_change_is_better_worse_or_the_same(
    north: make.Clinic, client_id: str, before: int, now: int, change: str
) -> None:
    note(north, client_id, pain(before), days_ago=2)
    note(north, client_id, pain(now))

    assert body_map(north, client_id)["Neck left"]["findings"][0]["change"] == change


def test_two_marks_of_one_note_are_two_findings_and_not_before_and_after(north: make.Clinic, client_id: str) -> None:
    note(north, client_id, {"kind": "trigger_point", **LEFT}, {"kind": "trigger_point", **LEFT})

    place = body_map(north, client_id)["Neck left"]

    assert [found["change"] for found in place["findings"]] == ["new", "new"]
    assert place["text"] == "Neck left: 2 trigger points."


def test_since_a_moment_only_what_is_newer_against_how_it_stood(north: make.Clinic, client_id: str) -> None:
    note(north, client_id, pain(8), {"kind": "tight_band", **BACK}, days_ago=6)
    note(north, client_id, pain(6), days_ago=4)
    note(north, client_id, pain(5), days_ago=2)
    note(north, client_id, pain(3))
    since = (clock.now() - timedelta(days=3)).isoformat().replace("+00:00", "Z")

    places = body_map(north, client_id, f"?since={since}")

    assert list(places) == ["Neck left"]
    found = places["Neck left"]["findings"][0]
    assert (found["intensity"], found["before"]["intensity"]) == (3, 6)


def test_techniques_say_what_was_treated_last_and_by_whom(north: make.Clinic, south: make.Clinic, shared: str) -> None:
    used = [{"technique": code, "regions": [LEFT, BACK]} for code in ("tpt", "mfr")]
    note(north, shared, techniques=used, days_ago=2)
    last = note(south, shared, techniques=[{"technique": "rom", "regions": [LEFT]}])

    places = body_map(north, shared)

    neck, back = places["Neck left"]["last_treated"], places["Low back"]["last_treated"]
    assert (neck["note_id"], neck["techniques"], neck["discipline"]) == (last["id"], ["rom"], "physical_therapy")
    assert (sorted(back["techniques"]), back["author"]["display"]) == (["mfr", "tpt"], "North Practitioner")
    assert places["Low back"]["findings"] == []


def test_a_client_of_whom_nothing_is_found_has_an_empty_map(north: make.Clinic, client_id: str) -> None:
    assert body_map(north, client_id) == {}


def test_unsigned_findings_are_not_on_the_map(north: make.Clinic, client_id: str) -> None:
    draft(north, client_id)

    assert body_map(north, client_id) == {}


def test_coordinators_read_no_map(north: make.Clinic, client_id: str) -> None:
    answers = [
        person.http.send("GET", f"clients/{client_id}/body-map") for person in (north.coordinator, north.auditor)
    ]

    assert [answer.status_code for answer in answers] == [403, 200]
