"""The first block of a client's page: what is new, what it asks of one's hands, and the body map; by forms alone."""

import re
from typing import Any

from tests import make
from tests.notes.writing import NECK, share, signed
from tests.record.briefs import lines
from tests.workspace.browsing import Browser

QUIET: dict[str, Any] = {"asks": [], "measures": []}
ASKED = [{"kind": "avoid", **NECK, "technique": "hvla", "sentence": "No thrust for 48 hours."}]


def shared_client(north: make.Clinic, south: make.Clinic) -> str:
    client_id = str(make.client(north, given_name="Nora", family_name="Feld")["id"])
    share(north, client_id, south)
    return client_id


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def shown_lines(page: str) -> list[str]:
    return re.findall(r'name="line_ids" value="([^"]+)"', page)


def test_what_is_new_comes_first_and_is_marked_as_read_with_one_press(north: make.Clinic, south: make.Clinic) -> None:
    client_id = shared_client(north, south)
    signed(north, client_id, **QUIET)
    browser = Browser(south.practitioner).open(f"/clients/{client_id}")
    before = browser.page

    browser.press(f"/clients/{client_id}/brief/read", line_ids=shown_lines(before))

    said = text_of(before)
    assert "Since you began to see this client" in said
    assert "Trigger point therapy; Findings fit the referral pattern" in said
    assert before.index("brief-title") < min(before.index(f'id="{name}-title"') for name in ("refer", "referrals"))
    assert "Marked as read." in browser.page
    assert [line["is_read"] for line in lines(south, client_id)] == [True]
    assert "Mark as read" not in browser.page


def test_what_is_asked_stands_above_with_author_and_end(north: make.Clinic, south: make.Clinic) -> None:
    client_id = shared_client(north, south)
    signed(north, client_id, **{**QUIET, "asks": [{**ASKED[0], "until": "2031-12-02"}]})

    page = Browser(south.practitioner).open(f"/clients/{client_id}").page
    own = Browser(north.practitioner).open(f"/clients/{client_id}").page
    desk = text_of(Browser(south.coordinator).open(f"/clients/{client_id}").page)

    said = text_of(page)
    assert "Avoid HVLA adjustment (CMT, diversified): Neck, right No thrust for 48 hours." in said
    assert "North Practitioner, North Massage, until Tue 2 Dec 2031" in said
    assert page.index("Avoid HVLA") < page.index("brief-title")
    assert "<h2>Avoid" in page
    assert "<h2>Avoid" not in own
    assert "Avoid HVLA adjustment" in desk
    assert "No thrust for 48 hours." not in desk
    assert "Since you" not in desk
    assert "Body map" not in desk


def test_more_than_five_wait_until_the_older_ones_were_read(north: make.Clinic, south: make.Clinic) -> None:
    client_id = shared_client(north, south)
    for _ in range(7):
        signed(north, client_id, **QUIET)
    browser = Browser(south.practitioner).open(f"/clients/{client_id}")
    assert "And 2 more, newer than these" in browser.page

    browser.press(f"/clients/{client_id}/brief/read", line_ids=shown_lines(browser.page))

    assert len(shown_lines(browser.page)) == 2


def test_an_empty_block_says_so(north: make.Clinic) -> None:
    client_id = make.client(north)["id"]
    browser = Browser(north.practitioner).open(f"/clients/{client_id}")
    assert "What was written before stands further down." in browser.page

    signed(north, client_id, **{**QUIET, "findings": [], "techniques": []})
    said = text_of(browser.open(f"/clients/{client_id}").page)

    assert "Since your last visit (" in said
    assert "Nothing new from the others since then." in said
    assert "Nothing was found or treated yet in the notes that you can read." in said


def test_the_body_map_stands_on_the_page_as_a_list(north: make.Clinic, south: make.Clinic) -> None:
    client_id = shared_client(north, south)
    signed(north, client_id, **QUIET)

    said = text_of(Browser(south.practitioner).open(f"/clients/{client_id}").page)

    assert "Neck right: pain 5, trigger point (Suboccipitals); last treated" in said
    assert "Pain. North Practitioner, North Massage" in said


def test_a_line_that_is_not_ones_own_to_see_is_refused_as_a_page(north: make.Clinic, south: make.Clinic) -> None:
    client_id = shared_client(north, south)
    signed(north, client_id, **QUIET)
    browser = Browser(south.practitioner).open(f"/clients/{client_id}")

    browser.press(f"/clients/{client_id}/brief/read", line_ids=["note.01a2069e-1d13-75b3-86a4-4af3655234ab.1"])
    assert browser.status == 404
    browser.open(f"/clients/{client_id}").press(f"/clients/{client_id}/brief/read", line_ids=["nonsense"])

    assert browser.status == 400
    assert [line["is_read"] for line in lines(south, client_id)] == [False]
