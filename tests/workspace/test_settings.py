"""The clinic, its people, and what is one's own: by forms alone."""

import re
from typing import Any

import pytest
from django.conf import settings

from backend.directory.models import Member
from tests import make
from tests.workspace.browsing import Browser, forms_in


def test_an_admin_sets_clinic_opening_days_people_and_applications(north: make.Clinic) -> None:
    browser = Browser(north.admin)
    browser.open("/settings/clinic").press("", name="North Massage & Co", time_zone="America/Denver")
    days: dict[str, Any] = {"opens-0-0": "07:00", "closes-0-0": "12:00"}
    days |= {"holiday-on": ["2030-12-25"], "holiday-name": ["Christmas"]}
    browser.open("/settings/opening").press("", **days)
    browser.open("/settings/people").press("", email="new@example.org", rights=["coordinator"])
    assert "new@example.org" in browser.page
    browser.open("/settings/applications").press(
        "/settings/applications", name="Our chart", kind="system", scopes=["referrals:read"]
    )

    secret = re.findall(r'<code id="secret">(\S+)</code>', browser.page)
    clinic = north.admin.http.send("GET", f"organizations/{north.id}").json()
    assert len(secret) == 1
    assert secret[0] not in browser.open("/settings/applications").page
    assert (clinic["name"], clinic["break_glass_enabled"]) == ("North Massage & Co", False)
    assert clinic["opening_times"] == [{"weekday": 0, "opens": "07:00", "closes": "12:00"}]
    assert clinic["holidays"] == [{"on": "2030-12-25", "name": "Christmas"}]


def test_a_practitioner_enters_a_license_and_an_admin_verifies_it(north: make.Clinic) -> None:
    assert north.practitioner.role is not None
    page = f"/settings/practitioners/{north.practitioner.role.practitioner_id}"
    mine = Browser(north.practitioner).open(page)
    mine.http.post(
        page, {**fields_of(mine, "credential"), "kind": "certification", "discipline": "massage_therapy", "name": "NMT"}
    )
    credential = next(
        row
        for row in north.http.send("GET", f"practitioners/{north.practitioner.role.practitioner_id}").json()[
            "credentials"
        ]
        if row["name"] == "NMT"
    )
    admin = Browser(north.admin).open(page)

    answer: Any = admin.http.post(
        page, {**fields_of(admin, "verdict"), "row": credential["id"], "version": "1", "status": "verified"}
    )

    assert answer.status_code == 303
    assert "verified" in re.sub(r"\s+", " ", admin.open(page).page.split("NMT")[1])[:200]


def test_a_license_that_was_renewed_is_changed_and_waits_for_an_admin_again(north: make.Clinic) -> None:
    assert north.practitioner.role is not None
    person = north.practitioner.role.practitioner_id
    page = f"/settings/practitioners/{person}"
    mine = Browser(north.practitioner).open(page)

    answer: Any = mine.http.post(page, {**fields_of(mine, "change"), "expires_on": "2031-10-25"})

    (license,) = north.http.send("GET", f"practitioners/{person}").json()["credentials"]
    assert answer.status_code == 303
    assert (license["expires_on"], license["status"], license["number"] != "") == ("2031-10-25", "pending", True)


def fields_of(browser: Browser, form: str) -> dict[str, str]:
    return next(fields for _, fields in forms_in(browser.page) if fields.get("form") == form)


def test_quiet_hours_are_ones_own(north: make.Clinic) -> None:
    browser = Browser(north.practitioner).open("/settings/notifications")

    browser.press("", quiet_from="19:00", quiet_until="07:30")

    north.practitioner.member.refresh_from_db()
    member = north.practitioner.member
    assert (f"{member.quiet_from:%H:%M}", f"{member.quiet_until:%H:%M}") == ("19:00", "07:30")
    assert member.daily_digest is False


def test_whoever_works_in_two_clinics_changes_between_them(north: make.Clinic, south: make.Clinic) -> None:
    Member.objects.create(user=north.admin.member.user, organization=south.organization, rights=["admin"])
    browser = Browser(north.admin).open("/")

    browser.press("/organization", organization_id=south.id)

    assert "<h1>South Physio</h1>" in browser.page


def test_who_signs_in_again_on_the_same_device_works_for_the_clinic_they_chose_there_last(
    north: make.Clinic, south: make.Clinic
) -> None:
    user = north.admin.member.user
    Member.objects.create(user=user, organization=south.organization, rights=["admin"])
    browser = Browser(north.admin).open("/").press("/organization", organization_id=south.id)

    browser.http.cookies.pop(settings.SESSION_COOKIE_NAME)
    browser.http.force_login(user)
    here = browser.open("/").page
    elsewhere = Browser(north.admin).open("/").page

    assert "<h1>South Physio</h1>" in here
    assert "<h1>North Massage</h1>" in elsewhere


@pytest.mark.parametrize("left_on_the_device", ["of a stranger", "not-an-id", ""])
def test_a_choice_that_is_none_of_ones_clinics_counts_for_nothing(
    north: make.Clinic, outsider: make.Clinic, left_on_the_device: str
) -> None:
    browser = Browser(north.admin)
    browser.http.cookies["trialogue_clinic"] = left_on_the_device.replace("of a stranger", outsider.id)

    browser.open("/")

    assert "<h1>North Massage</h1>" in browser.page


def test_an_account_without_a_clinic_opens_one(db: None) -> None:
    browser = Browser()
    browser.http = make.signed_in(make.user("Dana Cole"))
    browser.open("/inbox")

    browser.press("", name="Elm Street Massage", time_zone="America/Denver")

    assert (browser.status, "Elm Street Massage" in browser.page) == (200, True)
