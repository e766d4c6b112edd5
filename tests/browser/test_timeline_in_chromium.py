"""What happened to a client across clinics, read and narrowed in a real browser, and words found in their notes."""

import pytest
from playwright.sync_api import Page, expect

from tests import make
from tests.browser.conftest import Open
from tests.browser.looking import both_widths, faults, keep_picture
from tests.notes.writing import draft, share, signed

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def shared_client(north: make.Clinic, south: make.Clinic) -> str:
    """A client with something of every kind, from two clinics."""
    client_id = str(make.client(north, given_name="Lee")["id"])
    share(north, client_id, south)
    for number in range(14):
        signed(north, client_id, plan=f"Week {number}: heat at home, C5/6 free.")
    theirs = signed(south, client_id, techniques=[], assessment="Nerve glides help; the arm settles.")
    south.http.send("POST", f"notes/{theirs['id']}/addenda", {"reason": "correction", "text": "Right, not left."})
    mistaken = signed(north, client_id, asks=[])
    north.http.send("POST", f"notes/{mistaken['id']}/entered-in-error", {"reason": "wrong_entry"})
    draft(north, client_id, asks=[])
    north.http.send("POST", f"clients/{client_id}/precautions", {"code": "anticoag", "regions": []})
    hold = {"regions": [{"region": "cervical", "side": "left"}], "because": "red_flag"}
    north.http.send("POST", f"clients/{client_id}/holds", hold)
    return client_id


def is_clean(page: Page, name: str, size: str) -> None:
    """Nothing is wrong with the page; a picture where somebody wants to look."""
    assert faults(page) == [], name
    keep_picture(page, f"{name}-{size}")


@both_widths
def test_the_timeline_is_read_narrowed_and_followed_to_what_is_older(
    open_page: Open, north: make.Clinic, south: make.Clinic, size: str
) -> None:
    client_id = shared_client(north, south)
    page = open_page(north.practitioner, size, bypass_csp=True)
    page.goto(f"/clients/{client_id}")
    block = page.locator("#timeline")

    expect(block.get_by_role("listitem").first).to_contain_text("Do not treat: Neck, left")
    is_clean(page, "client", size)
    block.get_by_role("link", name="Notes", exact=True).click()
    expect(block.get_by_role("link", name="Notes", exact=True)).to_have_attribute("aria-current", "true")
    assert page.url.endswith("/timeline?show=notes")
    block.get_by_role("link", name="Physical therapy").click()
    expect(block.get_by_role("listitem")).to_have_count(1)
    expect(block.get_by_role("listitem")).to_contain_text("Nerve glides help")
    expect(block.get_by_role("listitem")).to_contain_text("Amended")
    block.get_by_role("link", name="All", exact=True).click()
    expect(block.get_by_role("link", name="All", exact=True)).to_have_attribute("aria-current", "true")
    block.get_by_role("link", name="Everything").click()
    expect(block.get_by_role("link", name="Everything")).to_have_attribute("aria-current", "true")
    newest = block.get_by_role("listitem").first.inner_text()
    block.get_by_role("link", name="Older").click()

    expect(block.get_by_role("link", name="Newer")).to_be_visible()
    assert block.get_by_role("listitem").first.inner_text() != newest
    page.reload()
    expect(block.get_by_role("link", name="Newer")).to_be_visible()
    is_clean(page, "timeline", size)


@both_widths
def test_words_are_found_in_a_clients_notes(open_page: Open, north: make.Clinic, south: make.Clinic, size: str) -> None:
    client_id = shared_client(north, south)
    page = open_page(south.practitioner, size, bypass_csp=True)
    page.goto(f"/clients/{client_id}")

    page.get_by_label("Search in the client's notes").fill("nerve")
    page.get_by_role("button", name="Search").click()

    expect(page.get_by_role("heading", name="Found")).to_be_visible()
    expect(page.locator("mark").first).to_have_text("Nerve")
    assert "nerve" not in page.url
    is_clean(page, "found", size)
    page.get_by_label("Search in the client's notes").fill("zebra")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()
    is_clean(page, "nothing-found", size)
