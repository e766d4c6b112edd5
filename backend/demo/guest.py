"""A colleague without an account, as a browser without script would be them: mail, link, code, forms."""

import re
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from datetime import timedelta
from http.cookiejar import CookieJar
from typing import Any

from backend.demo.api import Service

LINK, CODE = re.compile(r"/g/[A-Za-z0-9_-]+"), re.compile(r"\b\d{6}\b")
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
HELD = timedelta(seconds=61)  # mails wait so long before they leave
PATIENCE = 40  # looks into the mailbox, a quarter of a second apart


class Guest:
    """Answers one referral through the pages that a secure link opens."""

    def __init__(self, service: Service, token: str, email: str) -> None:
        self.service, self.token, self.email = service, token, email
        self.browser = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(CookieJar())
        )

    def come_in(self, *, name: str, clinic: str, license_kind: str, license_number: str, place: str) -> None:
        """From the invitation to the referral: link, one-time code, who they are."""
        self.link = waited_for(self._invitation, what=f"a mail to {self.email}")
        self._press("/code")
        code = self._in_newest_mail(CODE)
        self._press("/enter", code=code)
        self._press(
            "/who",
            name=name,
            clinic=clinic,
            license_kind=license_kind,
            license_number=license_number,
            place=place,
            is_true="yes",
        )

    def move(self, name: str, **form: str) -> None:
        self._press("/move", name=name, **form)

    def _press(self, step: str, **form: str) -> None:
        """Opens the page, as people do, and sends its form with the page's own token."""
        page = self._open(self.link)
        found = TOKEN.search(page)
        data = urllib.parse.urlencode({**form, "csrfmiddlewaretoken": found[1] if found else ""}).encode()
        self._open(f"{self.link}{step}", data)

    def _open(self, path: str, data: bytes | None = None) -> str:
        request = urllib.request.Request(f"{self.service.base_url}{path}", data=data)  # noqa: S310 - the demo's own address
        request.add_header("Origin", self.service.base_url)
        with self.browser.open(request, timeout=60) as answer:
            return str(answer.read().decode())

    def _invitation(self) -> str | None:
        """Time passes until the mail has left: it is held from when the worker wrote it, which may be after we asked."""
        found = self._found(LINK)
        if found is None:
            self._let_mails_leave()
        return found

    def _let_mails_leave(self) -> None:
        advance = {"advance": f"PT{int(HELD.total_seconds())}S"}
        self.service.call("POST", "/api/v1/sandbox/clock", advance, token=self.token)

    def _in_newest_mail(self, pattern: re.Pattern[str]) -> str:
        return waited_for(lambda: self._found(pattern), what=f"a mail to {self.email}")

    def _found(self, pattern: re.Pattern[str]) -> str | None:
        mails: list[dict[str, Any]] = self.service.call("GET", "/api/v1/sandbox/mails", token=self.token)["results"]
        mine = [pattern.search(mail["text"]) for mail in mails if self.email in mail["to"]]
        found = mine[0] if mine else None
        return found[0] if found else None


def waited_for(look: Callable[[], str | None], *, what: str, patience: int = PATIENCE) -> str:
    """What a look finds, within ten seconds unless more is said: the worker works beside us."""
    for _ in range(patience):
        if (found := look()) is not None:
            return found
        time.sleep(0.25)
    raise TimeoutError(f"The worker did not deliver {what}.")
