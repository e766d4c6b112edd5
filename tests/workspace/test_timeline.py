"""The timeline and the search on the client's page, in a browser without script."""

from datetime import UTC, datetime, time, timedelta

import pytest

from backend.lib import clock
from backend.lib.rest.fields import utc
from tests import make
from tests.notes.writing import share, signed
from tests.referrals.stories import move_to
from tests.workspace.browsing import Browser

pytestmark = pytest.mark.django_db


@pytest.fixture
def shared(north: make.Clinic, south: make.Clinic) -> str:
    client_id = str(make.client(north)["id"])
    share(north, client_id, south)
    return client_id


def test_the_clients_page_shows_what_happened_and_links_to_it(
    north: make.Clinic, south: make.Clinic, shared: str
) -> None:
    note = signed(south, shared, techniques=[], assessment="Nerve glides help.")

    browser = Browser(north.practitioner).open(f"/clients/{shared}")

    assert (
        f'<a href="/notes/{note["id"]}" hx-boost="false">Progress note: pain 5/10; Nerve glides help.</a>'
        in browser.page
    )
    assert "Search in the client's notes" in browser.page


@pytest.mark.parametrize(
    ("seen", "written", "is_late"),
    [(timedelta(minutes=-15), timedelta(minutes=10), False), (timedelta(hours=5.75), timedelta(hours=7.25), True)],
    ids=["over midnight in Greenwich", "over midnight at the clinic"],
)
def test_a_note_is_late_when_it_was_written_on_a_later_day_of_the_clinics(
    north: make.Clinic, shared: str, seen: timedelta, written: timedelta, is_late: bool
) -> None:
    midnight = datetime.combine(clock.now().date() + timedelta(days=2), time(), UTC)
    move_to(midnight + written)
    signed(north, shared, occurred_at=utc(midnight + seen))

    browser = Browser(north.practitioner).open(f"/clients/{shared}/timeline?show=notes")

    assert ("Progress note" in browser.page, "(written " in browser.page) == (True, is_late)


def test_filters_are_links_that_keep_each_other(north: make.Clinic, shared: str) -> None:
    signed(north, shared)
    browser = Browser(north.practitioner)

    browser.open(f"/clients/{shared}/timeline?show=notes&discipline=physical_therapy")

    assert "Nothing here with this filter." in browser.page
    assert f'href="/clients/{shared}/timeline?discipline=physical_therapy&show=plan"' in browser.page
    assert f'href="/clients/{shared}/timeline?show=notes"' in browser.page
    browser.open(f"/clients/{shared}/timeline?show=nonsense&discipline=magic")
    assert (browser.status, "Progress note" in browser.page) == (200, True)


def test_older_things_follow_by_a_link_and_a_cursor_of_somebody_else_does_not(
    north: make.Clinic, south: make.Clinic, shared: str
) -> None:
    for number in range(22):
        signed(north, shared, assessment=f"Day {number} was good.", asks=[])
    browser = Browser(north.practitioner).open(f"/clients/{shared}")
    assert ("Day 21" in browser.page, "Day 0 " in browser.page) == (True, False)
    older = browser.page.split('">Older</a>')[0].rsplit('href="', 1)[1].removeprefix("http://testserver")

    browser.open(older)

    assert ("Day 21" in browser.page, "Day 0 " in browser.page) == (False, True)
    assert Browser(south.practitioner).open(older).status == 400


def test_words_are_found_and_marked_as_text(north: make.Clinic, shared: str) -> None:
    signed(north, shared, plan="Heat <b>at</b> home & rest.")
    page = north.practitioner
    browser = Browser(page).open(f"/clients/{shared}")

    browser.press(f"/clients/{shared}/search", query="heat")

    assert "<mark>Heat</mark>" in browser.page
    raw = make.signed_in(page.member.user).post(f"/clients/{shared}/search", {"query": "heat"}).content.decode()
    assert ("home &amp; rest" in raw, "<b>at" in raw) == (True, False)
    browser.press(f"/clients/{shared}/search", query="zebra")
    assert "No note that you read holds all of these words." in browser.page


@pytest.mark.parametrize("words", ["", "x" * 201, "a\x00b", "&|!"])
def test_words_that_cannot_be_looked_for_are_refused_on_the_page(north: make.Clinic, shared: str, words: str) -> None:
    browser = Browser(north.practitioner).open(f"/clients/{shared}")

    browser.press(f"/clients/{shared}/search", query=words)

    assert browser.status == 400
    assert "Search in the client's notes" in browser.page


def test_a_coordinator_has_no_search_and_reads_no_text(north: make.Clinic, shared: str) -> None:
    signed(north, shared)

    browser = Browser(north.coordinator).open(f"/clients/{shared}")

    assert ("Progress note." in browser.page, "Search in the client's notes" in browser.page) == (True, False)
    assert "Findings fit" not in browser.page


def test_a_client_of_whom_nothing_is_known_yet(north: make.Clinic) -> None:
    client_id = make.client(north)["id"]

    browser = Browser(north.practitioner).open(f"/clients/{client_id}/timeline?show=notes")

    assert "Nothing here with this filter." in browser.page


def test_a_pools_referral_does_not_stand_on_the_page_of_a_client_whom_the_pool_knows_otherwise(
    north: make.Clinic, east: make.Clinic
) -> None:
    client_id = str(make.client(north)["id"])
    share(north, client_id, east)
    make.consent(north, client_id, pools=[{"discipline": "chiropractic"}])
    pooled = make.referral(north, {"discipline": "chiropractic"}, client_id=client_id)["id"]

    assert pooled in Browser(east.practitioner).open("/inbox").page
    assert pooled not in Browser(east.practitioner).open(f"/clients/{client_id}").page
    assert pooled in Browser(north.practitioner).open(f"/clients/{client_id}").page
