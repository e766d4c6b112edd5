"""A real browser for tests marked ``browser``: skipped where there is none, except in CI, where it must be there."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from tests import make

CHROMIUM = Path("/usr/bin/chromium")
WIDTHS: dict[str, ViewportSize] = {"phone": {"width": 375, "height": 800}, "desktop": {"width": 1280, "height": 900}}
# A page's own pauses are up to five seconds long, and a busy machine adds to them; what holds does not wait.
PATIENCE = 15_000
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        missing = f"There is no browser at {CHROMIUM}; install Chromium to run the tests that drive one."
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    # The driver runs an event loop in this thread, and Django keeps other connections for a thread with one. What was
    # open before would be out of sight of every fixture that closes connections, and die with the database's next copy.
    connections.close_all()
    # What touches the database here is still not asynchronous.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield started
        started.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


Open = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, live_server: LiveServer) -> Iterator[Open]:
    """Opens a page in a window of its own, signed in as a person when one is given."""
    contexts: list[BrowserContext] = []

    def opened(who: make.Person | None = None, size: str = "desktop", **options: Any) -> Page:
        context = browser.new_context(base_url=live_server.url, viewport=WIDTHS[size], **options)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        if who is not None:
            session = make.signed_in(who.member.user).cookies["sessionid"].value
            context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
        return context.new_page()

    yield opened
    for context in contexts:
        context.close()
