"""Notes of every visibility, label, sharing and fate about one client, and everybody who may ask for them.

Whatever shows notes (lists, timeline, search, brief, export, print) is held against this: write them with ``write_everything``,
read as each of ``people``, and compare ``words_in`` what was shown. Every part of every note has a word of its own, and every
part of a kind one word in common, so that a word found in an answer says which part of which note leaked.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from tests import make
from tests.notes.writing import NECK, SECTIONS, sign

FATES = ("draft", "amended", "wrong_entry", "wrong_client")
SHARED = (SECTIONS, ("plan",))
# Parts of a note that hold words, and the section with which each leaves its clinic; an addendum here has none.
PARTS: Mapping[str, str] = {
    **{name: name for name in SECTIONS},
    "measured": "objective",
    "remark": "objective",
    "sentence": "",
    "added": "",
}
WORD = re.compile(r"zq(\d+)([a-z]+)")
Words = frozenset[tuple[int, str]]


@dataclass(frozen=True)
class Written:
    """A note as it was written: what a test needs to say who may read what of it."""

    id: str
    number: int
    visibility: str
    is_sensitive: bool
    shared: tuple[str, ...]
    fate: str

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts it has: only what was signed is amended, and a note for its author alone asks nothing."""
        without = {"sentence"} if self.visibility == "author" else set()
        return tuple(part for part in PARTS if part not in without | (set() if self.fate == "amended" else {"added"}))

    @property
    def is_out(self) -> bool:
        """Whether it leaves its clinic at all, for whom the consent opens it."""
        return self.visibility == "care_team" and self.fate not in ("draft", "wrong_client")

    def words(self, *, elsewhere: bool) -> Words:
        """Its words for a reader of the note: at its own clinic all of them, elsewhere what goes with what is shared."""
        goes = {"", *self.shared} if elsewhere else {"", *SECTIONS}
        return frozenset((self.number, part) for part in self.parts if PARTS[part] in goes)

    def is_open_to(self, *, elsewhere: bool, is_author: bool, categories: tuple[str, ...]) -> bool:
        """Who sees that it is there, by the sentences of the product; a second opinion, not the querysets' own."""
        if not elsewhere:
            return self.visibility != "author" or is_author
        return self.is_out and "notes" in categories and self._label_allows(categories)

    def asks(self, *, elsewhere: bool, categories: tuple[str, ...]) -> bool:
        """Whether what it asks reaches a reader: everybody in the circle, with or without the note."""
        if "sentence" not in self.parts or self.fate == "draft":
            return False
        return not elsewhere or (self.fate != "wrong_client" and self._label_allows(categories))

    def _label_allows(self, categories: tuple[str, ...]) -> bool:
        return not self.is_sensitive or "sensitive" in categories


def write_everything(clinic: make.Clinic, client_id: str) -> list[Written]:
    """One note of each kind there is, by the clinic's practitioner. What never leaves the clinic shares all or nothing."""
    every = product(("care_team", "clinic", "author"), (False, True), SHARED, FATES)
    kinds = [kind for kind in every if kind[2] == SECTIONS or kind[3] in ("amended", "wrong_entry")]
    return [_write(clinic, client_id, number, *kind) for number, kind in enumerate(kinds)]


def _write(
    clinic: make.Clinic,
    client_id: str,
    number: int,
    visibility: str,
    is_sensitive: bool,
    shared: tuple[str, ...],
    fate: str,
) -> Written:
    def said(part: str) -> str:
        return f"Zq{part} zq{number}{part}."

    asks = [] if visibility == "author" else [{"kind": "avoid", **NECK, "sentence": said("sentence")}]
    body = {
        "client_id": client_id,
        "kind": "progress",
        "visibility": visibility,
        "is_sensitive": is_sensitive,
        "shared_sections": shared,
        **{name: said(name) for name in SECTIONS},
        "measures": [{"measure": "nprs", "value": 5, "remark": said("measured")}],
        "findings": [{"kind": "numbness", **NECK, "remark": said("remark")}],
        "asks": asks,
    }
    answer = clinic.http.send("POST", "notes", body)
    assert answer.status_code == 201, answer.content
    note_id = answer.json()["id"]
    if fate != "draft":
        sign(clinic.http, note_id)
    if fate == "amended":
        added = {"reason": "other", "text": said("added")}
        assert clinic.http.send("POST", f"notes/{note_id}/addenda", added).status_code == 201
    if fate.startswith("wrong"):
        assert clinic.http.send("POST", f"notes/{note_id}/entered-in-error", {"reason": fate}).status_code == 200
    return Written(note_id, number, visibility, is_sensitive, shared, fate)


@dataclass(frozen=True)
class Reader:
    """Somebody who asks, and what they are to the clinic that wrote."""

    name: str
    http: make.Api
    elsewhere: bool
    is_author: bool = False
    reads_text: bool = True
    reads_clients: bool = True


def people(author: make.Clinic, *others: make.Clinic) -> Iterator[Reader]:
    """Everybody of the clinic that wrote, and of the others: all who may ask, whatever the answer is."""
    for clinic in (author, *others):
        elsewhere = clinic is not author
        role = clinic.practitioner.role
        assert role is not None
        colleague = make.person(clinic.organization, "practitioner", discipline=role.discipline)
        yield Reader(f"{clinic.organization} practitioner", clinic.http, elsewhere, is_author=not elsewhere)
        yield Reader(f"{clinic.organization} colleague", colleague.http, elsewhere)
        yield Reader(f"{clinic.organization} auditor", clinic.auditor.http, elsewhere)
        yield Reader(f"{clinic.organization} system", clinic.system, elsewhere)
        yield Reader(f"{clinic.organization} coordinator", clinic.coordinator.http, elsewhere, reads_text=False)
        yield Reader(
            f"{clinic.organization} admin", clinic.admin.http, elsewhere, reads_text=False, reads_clients=False
        )


def words_in(text: str | bytes) -> Words:
    """Which parts of which notes stand in an answer, a page or a document."""
    found = text.decode() if isinstance(text, bytes) else text
    return frozenset((int(number), part) for number, part in WORD.findall(found))


def pages(http: make.Api, path: str) -> list[Any]:
    """Every row of a list, page after page."""
    rows, address = [], path
    while address:
        answer = http.send("GET", address.removeprefix("http://testserver"))
        assert answer.status_code == 200, (address, answer.content)
        rows += answer.json()["results"]
        address = answer.json()["next"]
    return rows
