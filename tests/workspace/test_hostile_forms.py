"""What nobody types into a form is refused with a sentence, and never ends in an error of the service."""

import pytest

from backend.directory.models import Organization
from tests import make
from tests.notes.writing import read, signed
from tests.referrals.stories import in_state
from tests.workspace.browsing import Browser

pytestmark = pytest.mark.django_db
NUL = "contains the NUL character"
TIME = "2031-05-24T10:00"


@pytest.mark.parametrize(("reason", "sentence"), [("Over.\0", NUL), ("x" * 501, "no more than 500 characters")])
def test_why_an_ask_ends_is_a_short_text(north: make.Clinic, client_id: str, reason: str, sentence: str) -> None:
    note = signed(north, client_id)
    page = Browser(north.practitioner).open(f"/notes/{note['id']}")

    page.press(f"/notes/{note['id']}/asks/{note['asks'][0]['id']}/end", reason=reason)

    assert (page.status, sentence in page.page) == (400, True)
    assert f'value="{reason}"' in page.page
    assert read(north.http, note["id"]).json()["asks"] == note["asks"]


@pytest.mark.parametrize("key", ["\0", "a\0b", "", "x" * 65])
def test_a_form_whose_key_no_page_made_is_not_complete(north: make.Clinic, client_id: str, key: str) -> None:
    note = signed(north, client_id)
    browser = Browser(north.practitioner)
    forms = {
        "/clients/new": {"family_name": "Feld"},
        f"/clients/{client_id}/edit": {"family_name": "Other"},
        "/notes/new": {"client": client_id, "kind": "phone", "subjective": "A word."},
        f"/notes/{note['id']}/move": {"name": "amend", "reason": "other", "text": "A word."},
        f"/notes/{note['id']}/asks/{note['asks'][0]['id']}/end": {},
    }

    answers = [browser.http.post(action, {**typed, "once": key}) for action, typed in forms.items()]

    assert {answer.status_code for answer in answers} == {400}
    assert [
        answer for answer in answers if "Load the page again; nothing was changed." not in answer.content.decode()
    ] == []
    assert read(north.http, note["id"]).json()["version"] == note["version"]


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [("Fe\0ld", NUL), ("\0", NUL), ("x" * 201, "no more than 200 characters"), ("a " * 10_000, "no more than 200")],
)
def test_a_client_is_looked_for_by_a_short_text(north: make.Clinic, client_id: str, asked: str, sentence: str) -> None:
    browser = Browser(north.coordinator).send("/clients", query=asked)

    assert (browser.status, sentence in browser.page) == (400, True)
    assert "Nothing was looked for" in browser.page
    assert client_id not in browser.page


def test_a_client_is_still_found_by_one_letter_or_a_long_number(north: make.Clinic, client_id: str) -> None:
    numbered = make.client(north, family_name="Moreno", local_identifier="7" * 120)["id"]

    found = [Browser(north.coordinator).send("/clients", query=asked).page for asked in ("F", "7" * 120)]

    assert [(client_id in page, numbered in page) for page in found] == [(True, False), (False, True)]


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        ("Collapsed in the\0waiting room.", NUL),
        ("x" * 1_001, "no more than 1000 characters"),
        (" ", "Say in a sentence what makes this an emergency."),
        ("Help", "Say in a sentence what makes this an emergency."),
    ],
)
def test_the_reason_for_emergency_access_is_a_sentence(
    north: make.Clinic, client_id: str, reason: str, sentence: str
) -> None:
    Organization.objects.filter(pk=north.id).update(break_glass_enabled=True)
    address = f"/clients/{client_id}/break-glass"
    page = Browser(north.practitioner).open(address)

    page.press("", reason=reason)

    assert (page.status, sentence in page.page) == (400, True)
    assert f"{reason}</textarea>" in page.page


@pytest.mark.parametrize("minutes", ["9" * 5_000, "0", "-5", "1441", "a while", "\0", "1e3"])
def test_a_visit_takes_from_one_minute_to_a_day(north: make.Clinic, south: make.Clinic, minutes: str) -> None:
    care, accepted = in_state("in_care", north, south), in_state("accepted", north, south)
    browser = Browser(south.practitioner)

    for sent, form, name in (
        (care, "visits", "visit"), (accepted, "move", "visit"), (accepted, "move", "times.1"),
    ):  # fmt: skip
        page = browser.open(f"/referrals/{sent['id']}")
        step = "book" if name == "visit" else "offer_times"
        typed = {f"{name}.starts_at": TIME, f"{name}.minutes": minutes}
        page.press(f"/referrals/{sent['id']}/{form}", move="" if form == "visits" else step, state="booked", **typed)
        assert (page.status, "Say how many minutes it takes: 1 to 1,440" in page.page) == (400, True), (form, name)
        assert TIME in page.page, (form, name)


@pytest.mark.parametrize("starts_at", ["9999-12-31T16:00", "9999-12-31T23:59", "0001-01-01T00:00", "2201-01-01T10:00"])
def test_a_visit_is_in_a_year_that_somebody_may_mean(north: make.Clinic, south: make.Clinic, starts_at: str) -> None:
    care = in_state("in_care", north, south)
    page = Browser(south.practitioner).open(f"/referrals/{care['id']}")
    typed = {"visit.starts_at": starts_at, "visit.minutes": "1440"}

    page.press(f"/referrals/{care['id']}/visits", **typed, state="booked")

    assert (page.status, "This has to be between the years 1900 and 2200." in page.page) == (400, True)
    assert starts_at in page.page


@pytest.mark.parametrize(("reason", "sentence"), [("Left.\0", NUL), ("x" * 201, "no more than 200 characters")])
def test_why_a_role_ends_is_a_short_text(north: make.Clinic, reason: str, sentence: str) -> None:
    role = make.person(north.organization, "practitioner", discipline="massage_therapy").role
    assert role is not None
    page = Browser(north.admin).open(f"/settings/practitioners/{role.practitioner_id}")

    page.press("", form="end_role", row=str(role.pk), reason=reason)

    assert (page.status, sentence in page.page) == (400, True)
    assert north.http.send("GET", f"practitioner-roles/{role.pk}").json()["ended_at"] is None
