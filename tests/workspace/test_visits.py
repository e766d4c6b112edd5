"""Visits of care on the referral page: seen, entered, and said how they went, by forms alone."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from tests import make
from tests.referrals.stories import in_state, move_to, now, read
from tests.workspace.browsing import Browser


def local(hours: float) -> str:
    """A time as the browser's field has it, by the clinic's clock."""
    return (now() + timedelta(hours=hours)).astimezone(ZoneInfo("America/Denver")).strftime("%Y-%m-%dT%H:%M")


def test_a_visit_in_care_is_entered_on_the_page(north: make.Clinic, south: make.Clinic) -> None:
    care = in_state("in_care", north, south)
    browser = Browser(south.coordinator).open(f"/referrals/{care['id']}")
    typed = {"visit.starts_at": local(-3), "visit.minutes": "30"}

    browser.press(f"/referrals/{care['id']}/visits", **typed, state="done")

    (visit,) = read(south, care["id"]).json()["visits"]
    assert (visit["state"], visit["is_current"]) == ("done", False)
    assert "The visit is entered." in browser.page


def test_a_booked_visit_of_care_is_followed_up_on_the_page(north: make.Clinic, south: make.Clinic) -> None:
    care = in_state("in_care", north, south)
    browser = Browser(south.practitioner).open(f"/referrals/{care['id']}")
    typed = {"visit.starts_at": local(24), "visit.minutes": "50"}
    browser.press(f"/referrals/{care['id']}/visits", **typed, state="booked")
    (visit,) = read(south, care["id"]).json()["visits"]
    address = f"/referrals/{care['id']}/visits/{visit['id']}"
    assert "We cancel" in browser.page
    assert "Took place" not in browser.page

    move_to(now() + timedelta(hours=26))
    browser.open(f"/referrals/{care['id']}").press(address, press="done")

    assert [each["state"] for each in read(south, care["id"]).json()["visits"]] == ["done"]
    assert address not in browser.page


def test_what_was_typed_stays_when_it_is_refused(north: make.Clinic, south: make.Clinic) -> None:
    care = in_state("in_care", north, south)
    browser = Browser(south.practitioner).open(f"/referrals/{care['id']}")

    ahead = local(24)
    browser.press(f"/referrals/{care['id']}/visits", **{"visit.starts_at": ahead}, state="done")

    assert "The visit has not begun yet." in browser.page
    assert ahead in browser.page
    assert read(south, care["id"]).json()["visits"] == []


def test_the_sender_is_offered_no_visit_to_enter(north: make.Clinic, south: make.Clinic) -> None:
    care = in_state("in_care", north, south)

    for person in (north.practitioner, south.auditor):
        assert f"/referrals/{care['id']}/visits" not in Browser(person).open(f"/referrals/{care['id']}").page
