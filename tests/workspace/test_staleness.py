"""A form made from an older version says who changed what it is about, and when, and changes nothing."""

from tests import make
from tests.workspace.browsing import Browser


def test_a_draft_that_a_colleague_changed_names_them(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)["id"]
    draft = make.referral(north, south, client_id=client, send=False)["id"]
    mine = Browser(north.practitioner).open(f"/referrals/{draft}/edit")
    desk = Browser(north.coordinator).open(f"/referrals/{draft}/edit")
    desk.press(f"/referrals/{draft}/edit", own_reason="Neck", question="From the desk?", press="draft")

    mine.press(f"/referrals/{draft}/edit", own_reason="Neck", question="From me?", press="draft")

    assert mine.status == 412
    assert "North Massage Coordinator changed this while you were looking at it" in mine.page
    assert "From me?" in mine.page
    assert north.http.send("GET", f"referrals/{draft}").json()["question"] == "From the desk?"


def test_opening_days_that_another_admin_changed_name_them(north: make.Clinic) -> None:
    mine, other = (Browser(north.admin).open("/settings/opening") for _ in range(2))
    other.press("", **{"opens-0-0": "07:00", "closes-0-0": "12:00"})

    mine.press("", **{"opens-0-0": "09:00", "closes-0-0": "13:00"})

    assert mine.status == 412
    assert "North Massage Admin changed this while you were looking at it" in mine.page
    times = north.admin.http.send("GET", f"organizations/{north.id}").json()["opening_times"]
    assert times == [{"weekday": 0, "opens": "07:00", "closes": "12:00"}]


def test_a_client_that_a_colleague_changed_names_them(north: make.Clinic) -> None:
    client = make.client(north)["id"]
    mine = Browser(north.practitioner).open(f"/clients/{client}/edit")
    Browser(north.coordinator).open(f"/clients/{client}/edit").press("", family_name="Moreno", city="Boulder")

    mine.press("", family_name="Moreno", city="Denver")

    assert mine.status == 412
    assert "North Massage Coordinator changed this while you were looking at it" in mine.page
    assert north.http.send("GET", f"clients/{client}").json()["city"] == "Boulder"
