"""A browser without script, and what stands on its pages."""

import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

from tests import make


class Browser:
    """A person's browser without script: follows forms as they stand on the page."""

    def __init__(self, who: make.Person | None = None) -> None:
        self.http = make.signed_in(who.member.user) if who else make.Api()
        self.html = self.path = ""
        self.status = 0

    @property
    def page(self) -> str:
        """What a reader reads of it."""
        return unescape(self.html)

    def open(self, path: str) -> "Browser":
        answer: Any = self.http.get(path, follow=True)
        return self._read(answer)

    def follow(self, words: str) -> "Browser":
        """The link that says this."""
        found = re.search(rf'<a [^>]*href="([^"]+)"[^>]*>{re.escape(words)}</a>', self.page)
        assert found, f"no link “{words}”"
        return self.open(found.group(1))

    def press(self, action: str, *, move: str = "", **typed: Any) -> "Browser":
        """Sends the form with this action (of a referral's moves, this one), with what was typed."""
        forms = [form for form in forms_in(self.html) if form[0] == action and move in ("", form[1].get("name"))]
        assert forms, f"no form for {action} {move}"
        answer: Any = self.http.post(action or self.path, {**forms[0][1], **typed}, follow=True)
        return self._read(answer)

    def send(self, action: str, **typed: Any) -> "Browser":
        """Sends the form with everything that stands in its fields, and what was typed over it."""
        answer: Any = self.http.post(action or self.path, {**shown_in(self.html, action), **typed}, follow=True)
        return self._read(answer)

    def _read(self, answer: Any) -> "Browser":
        self.html, self.status = answer.content.decode(), answer.status_code
        self.path = answer.request["PATH_INFO"]
        return self


def forms_in(page: str) -> list[tuple[str, dict[str, str]]]:
    """The forms of a page that are posted: where to, and what they carry hidden or chosen."""
    found = []
    for attributes, body in re.findall(r'<form([^>]*method="post"[^>]*)>(.*?)</form>', page, flags=re.DOTALL):
        action = re.search(r'action="([^"]*)"', attributes)
        hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', body)
        fields = {name: unescape(value) for name, value in hidden}
        fields.update(re.findall(r'<input type="(?:radio|checkbox)" name="([^"]+)" value="([^"]*)"[^>]* checked', body))
        found.append((action.group(1) if action else "", fields))
    return found


def buttons(page: str) -> set[str]:
    return set(re.findall(r'id="move-(\w+)"', page))


class _Shown(HTMLParser):
    """Every field of the form with one action, as a browser would send it."""

    def __init__(self, action: str) -> None:
        super().__init__()
        self.action, self.is_inside, self.values = action, False, dict[str, list[str]]()
        self.area = self.select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name, value = given.get("name") or "", given.get("value") or ""
        if tag == "form":
            self.is_inside = (given.get("action") or "") == self.action
        if not self.is_inside:
            return
        if tag == "textarea":
            self.area, self.values[name] = name, [""]
        elif tag == "select":
            self.select = name
        elif tag == "option" and "selected" in given:
            self.values[self.select] = [value]
        elif tag == "input" and (given.get("type") not in ("radio", "checkbox") or "checked" in given):
            self.values.setdefault(name, []).append(value)

    def handle_data(self, data: str) -> None:
        if self.area:
            self.values[self.area][0] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.area = ""


def shown_in(page: str, action: str) -> dict[str, Any]:
    shown = _Shown(action)
    shown.feed(page)
    return shown.values
