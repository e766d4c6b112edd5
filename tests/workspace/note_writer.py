"""Writing notes in a browser without script, as the tests of their pages need it."""

from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

from backend.lib import clock
from backend.lib.unit_of_work import acting_as
from backend.visits.models import Visit
from tests import make
from tests.notes.writing import ids_listed, read
from tests.workspace.browsing import Browser

Typed = dict[str, list[str]]


class Fields(HTMLParser):
    """What a browser would send of the editor: hidden, typed, ticked and chosen."""

    def __init__(self) -> None:
        super().__init__()
        self.typed: Typed = {}
        self.is_inside = False
        self.area = self.select = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "form":
            self.is_inside = given.get("class") == "note-editor"
        if not self.is_inside:
            return
        name = given.get("name", "")
        if tag == "input" and (given.get("type") not in ("radio", "checkbox") or "checked" in given):
            self._add(name, given.get("value", ""))
        elif tag == "textarea":
            self.area = name
            self.typed[name] = [""]
        elif tag == "select":
            self.select = name
        elif tag == "option" and (self.select not in self.typed or "selected" in given):
            self.typed[self.select] = [given.get("value", "")]

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.area = ""
        elif tag == "form":
            self.is_inside = False

    def handle_data(self, data: str) -> None:
        if self.area:
            self.typed[self.area] = [(self.typed[self.area][0] + data).removeprefix("\n")]

    def _add(self, name: str, value: str) -> None:
        self.typed.setdefault(name, []).append(value)


class Writer(Browser):
    """A person who writes notes without script."""

    def begin(self, client_id: str, query: str = "") -> "Writer":
        self.open(f"/notes/new?client={client_id}&sure=1{query}")
        return self

    def fields(self) -> Typed:
        parser = Fields()
        parser.feed(self.html)
        assert parser.typed, self.page
        return parser.typed

    def write(self, press: str = "draft", **typed: Any) -> "Writer":
        """Presses a button of the editor with everything that stands in it, changed as typed."""
        fields = {**self.fields(), **typed}
        at = self.path
        answer: Any = self.http.post(at, {**fields, "press": press}, follow=True)
        self._read(answer)
        return self


def writer(who: make.Clinic) -> Writer:
    return Writer(who.practitioner)


def only_note(clinic: make.Clinic) -> Any:
    (pk,) = ids_listed(clinic.http)
    return read(clinic.http, pk).json()


def only_draft(clinic: make.Clinic) -> Any:
    (draft,) = clinic.http.send("GET", "notes?state=draft").json()["results"]
    return draft


def visit(clinic: make.Clinic, client_id: str, *, starts_in: int = 0, name: str = "Nora Feld") -> str:
    role = clinic.practitioner.role
    assert role is not None
    starts_at = clock.now() + timedelta(minutes=starts_in)
    with acting_as(clinic.practitioner.actor):
        made = Visit.objects.create(
            client_id=client_id, client_name=name, organization_id=clinic.id, practitioner_role=role,
            starts_at=starts_at, ends_at=starts_at + timedelta(minutes=50), time_zone="America/Denver",
        )  # fmt: skip
    return str(made.pk)
