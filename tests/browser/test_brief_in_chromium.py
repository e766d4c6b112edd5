"""What is new since the last visit is one press away from the list of clients, and says so on a phone."""

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from backend.lib import clock
from tests import make
from tests.browser.conftest import Open
from tests.browser.looking import both_widths, faults, keep_picture
from tests.browser.test_workspace_in_chromium import Presses
from tests.notes.writing import NECK, share, signed
from tests.record.briefs import lines

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
QUIET: dict[str, Any] = {"asks": [], "findings": [], "measures": [], "techniques": []}
ASKED = {"kind": "avoid", **NECK, "technique": "hvla", "sentence": "No thrust for 48 hours of deep work on the neck."}


def busy_client(north: make.Clinic, south: make.Clinic) -> Any:
    """A client whom the south saw last week, and for whom the north did much since."""
    client = make.client(north, given_name="Lee", family_name="Moreno")
    share(north, client["id"], south)
    last_week = (clock.now() - timedelta(days=6)).isoformat()
    signed(
        south,
        client["id"],
        **{**QUIET, "occurred_at": last_week, "findings": [{"kind": "pain", **NECK, "intensity": 7}]},
    )
    until = (clock.now() + timedelta(days=7)).date().isoformat()
    signed(north, client["id"], asks=[{**ASKED, "until": until}])
    signed(north, client["id"], **{**QUIET, "subjective": "", "assessment": "Slept six hours; better on the left."})
    hold = {"regions": [{"region": "lumbar", "side": "midline"}], "because": "red_flag"}
    north.http.send("POST", f"clients/{client['id']}/holds", hold)
    north.http.send("POST", f"clients/{client['id']}/precautions", {"code": "anticoag", "note": "Apixaban 5 mg."})
    return client


def top_of(shown: Locator) -> float:
    box = shown.bounding_box()
    assert box is not None
    return box["y"]


@both_widths
def test_t10_what_the_others_did_is_one_press_away(
    open_page: Open, north: make.Clinic, south: make.Clinic, size: str
) -> None:
    client = busy_client(north, south)
    page, presses = open_page(south.practitioner, size), Presses()
    page.goto("/clients")

    presses.press(page.get_by_role("link", name=client["display"]))

    since = page.get_by_role("heading", name="Since your last visit")
    expect(since).to_be_in_viewport()
    expect(page.locator(".brief").get_by_text("Slept six hours; better on the left.")).to_be_visible()
    alert = page.get_by_role("heading", name="Avoid HVLA adjustment")
    expect(alert).to_be_in_viewport()
    assert top_of(alert) < top_of(since)
    assert presses.count == 1


@both_widths
@pytest.mark.parametrize("java_script_enabled", [True, False])
def test_one_press_marks_all_that_was_shown(
    open_page: Open, north: make.Clinic, south: make.Clinic, size: str, java_script_enabled: bool
) -> None:
    client = busy_client(north, south)
    page = open_page(south.practitioner, size, java_script_enabled=java_script_enabled)
    page.goto(f"/clients/{client['id']}")

    page.get_by_role("button", name="Mark as read").click()

    expect(page.get_by_text("Marked as read.")).to_be_visible()
    expect(page.get_by_role("button", name="Mark as read")).to_have_count(0)
    assert {line["is_read"] for line in lines(south, client["id"])} == {True}


@both_widths
def test_axe_finds_nothing_on_a_full_page(open_page: Open, north: make.Clinic, south: make.Clinic, size: str) -> None:
    client = busy_client(north, south)
    page = open_page(south.practitioner, size, bypass_csp=True)
    page.goto(f"/clients/{client['id']}")

    keep_picture(page, f"brief-{size}")
    assert faults(page) == []
