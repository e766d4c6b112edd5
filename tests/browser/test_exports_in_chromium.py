"""A record is asked for, waited for and taken along in a real browser, at both widths, and axe finds nothing."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from backend.audit.work import run_due
from tests import make
from tests.browser.conftest import Open
from tests.browser.looking import both_widths, faults, keep_picture
from tests.notes.writing import signed
from tests.portability.exporting import unzipped

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@both_widths
def test_a_record_is_taken_along(open_page: Open, north: make.Clinic, size: str) -> None:
    client_id = make.client(north, family_name="Moreno", given_name="Ana")["id"]
    signed(north, client_id)
    page = open_page(north.practitioner, size, accept_downloads=True, bypass_csp=True)
    page.goto(f"/clients/{client_id}")
    block = page.locator("#export")

    block.get_by_text("Export this client").click()
    keep_picture(page, f"export-asked-{size}")
    block.get_by_role("button", name="Export everything").click()
    expect(block.get_by_role("status")).to_contain_text("Your export is being made: 0 % is done.")
    run_due()
    page.reload()
    with page.expect_download() as taken:
        block.get_by_role("link", name="Everything, with all files (ZIP)").click()

    assert taken.value.suggested_filename.startswith("export-")
    assert {"record.json", "record.pdf"} <= unzipped(Path(taken.value.path()).read_bytes()).keys()
    block.scroll_into_view_if_needed()
    keep_picture(page, f"export-{size}")
    assert faults(page) == []
