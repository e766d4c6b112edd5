"""What everybody's eyes find on a page in a real browser: the checker's findings, and what is wider than the window."""

import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import WIDTHS

both_widths = pytest.mark.parametrize("size", list(WIDTHS))
# The narrowest window that a page must fit: WCAG 2.2, 1.4.10, "reflow".
NARROWEST = 320
OPEN_EVERYTHING = """() => document.querySelectorAll("details").forEach(each => {
  each.removeAttribute("name"); each.open = true; })"""
WIDEST = """() => document.documentElement.scrollWidth <= document.documentElement.clientWidth ? []
  : [...document.querySelectorAll("body *")]
  .filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .slice(0, 5).map(e => e.outerHTML.slice(0, 160)).concat("the page")"""


def faults(page: Page) -> list[str]:
    """What the checker and the narrowest window find on a page that has come whole, with all that it folds away open.

    A press returns when the next page begins to come, and the checker fails on one without a first element yet. The
    page is open with ``bypass_csp``: its policy lets no checker in.
    """
    page.wait_for_load_state()
    page.evaluate(OPEN_EVERYTHING)
    found = [
        f"{each['id']}: {node['html'][:200]} {node.get('failureSummary', '')[:300]}"
        for each in Axe().run(page).response["violations"]
        for node in each["nodes"][:3]
    ]
    window = page.viewport_size
    assert window is not None
    found += too_wide(page)
    page.set_viewport_size({"width": NARROWEST, "height": window["height"]})
    found += too_wide(page)
    page.set_viewport_size(window)
    return found


def too_wide(page: Page) -> list[str]:
    """What reaches over the right edge of the window."""
    width = page.evaluate("window.innerWidth")
    return [f"wider than {width} px: {each}" for each in page.evaluate(WIDEST)]


def keep_picture(page: Page, name: str) -> None:
    """For a look at the pages: PICTURES=<folder> keeps one of each."""
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)
