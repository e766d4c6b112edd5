"""Notes of every visibility, label, sharing and fate about one client, and everybody of a clinic who may ask for them.

Whatever shows notes (lists, timeline, search, brief, export, print) is held against this: write them with ``write_everything``,
read as each of ``people``, and compare ``words_in`` what was shown. Every part of every note has a word of its own, and every
part of a kind one word in common, so that a word found in an answer says which part of which note leaked.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from backend.directory.models import Organization, User
from tests import make
from tests.notes.writing import NECK, SECTIONS, enroll, sign

FATES = ("draft", "amended", "wrong_entry", "wrong_client")
# Of a student who waits for a colleague, and of somebody who left before signing: whatever they say stays in the clinic.
UNFINISHED = ("awaiting_cosignature", "closed_unsigned")
NEVER_OUT = ("draft", *UNFINISHED)
SHARED = (SECTIONS, ("plan",))
# Parts of a note that hold words, and the section with which each leaves its clinic; an addendum here has none.
PARTS: Mapping[str, str] = {
    **{name: name for name in SECTIONS},
    "measured": "objective",
    "remark": "objective",
    "sentence": "",
    "added": "",
}
EVENTS: Mapping[str, tuple[str, ...]] = {
    "draft": (),
    "amended": ("note.signed", "note.amended"),
    "wrong_entry": ("note.signed", "note.entered_in_error"),
    "wrong_client": ("note.signed", "note.entered_in_error"),
    "awaiting_cosignature": ("note.signed",),
    "closed_unsigned": ("note.closed_unsigned",),
}
WORD = re.compile(r"\bzq(\d+)([a-z]+)\b")  # whole words: a page's tokens hold anything
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
        return self.was_out and self.fate != "wrong_client"

    @property
    def was_out(self) -> bool:
        """Whether it ever left its clinic."""
        return self.visibility == "care_team" and self.fate not in NEVER_OUT

    @property
    def is_by_the_practitioner(self) -> bool:
        """Or by a student, or by somebody who has left."""
        return self.fate not in UNFINISHED

    def words(self, *, elsewhere: bool) -> Words:
        """Its words for a reader of the note: at its own clinic all of them, elsewhere what goes with what is shared."""
        goes = {"", *self.shared} if elsewhere else {"", *SECTIONS}
        return frozenset((self.number, part) for part in self.parts if PARTS[part] in goes)

    def is_open_to(self, reader: "Reader", categories: tuple[str, ...]) -> bool:
        """Who sees that it is there, by the sentences of the product; a second opinion, not the querysets' own."""
        if reader.is_kept_out:
            return False
        if reader.elsewhere:
            return self.is_out and self._goes_to(reader.circle or categories)
        if self.visibility != "author":
            return True
        return reader.is_author if self.is_by_the_practitioner else reader.oversees

    def asks(self, *, elsewhere: bool, categories: tuple[str, ...]) -> bool:
        """Whether what it asks reaches a reader: everybody in the circle, with or without the note."""
        if "sentence" not in self.parts or self.fate in NEVER_OUT:
            return False
        return not elsewhere or (self.fate != "wrong_client" and self._label_allows(categories))

    def told(self, reader: "Reader", categories: tuple[str, ...]) -> set[str]:
        """The events of it in the feed of a reader's clinic, for this reader, when it was read as now all the time.

        That it was a mistake is told also to who reads it no more, and never of a private one to who does not read it.
        """
        types = set(EVENTS[self.fate]) if self.is_open_to(reader, categories) else set()
        reached = self.was_out and self._goes_to(categories) if reader.elsewhere else self.visibility != "author"
        if self.fate.startswith("wrong") and reached:
            types.add("note.entered_in_error")
        return types

    def _goes_to(self, categories: tuple[str, ...]) -> bool:
        return "notes" in categories and self._label_allows(categories)

    def _label_allows(self, categories: tuple[str, ...]) -> bool:
        return not self.is_sensitive or "sensitive" in categories


def write_everything(clinic: make.Clinic, client_id: str) -> list[Written]:
    """One note of each kind there is. What never leaves the clinic shares all, and is not labeled when nobody signed it."""
    every = product(("care_team", "clinic", "author"), (False, True), SHARED, FATES)
    kinds = [kind for kind in every if kind[2] == SECTIONS or kind[3] in ("amended", "wrong_entry")]
    unfinished = list(product(("care_team", "clinic", "author"), (False,), (SECTIONS,), UNFINISHED))
    unfinished.remove(("author", False, SECTIONS, "awaiting_cosignature"))  # a colleague reads what they co-sign
    leaving = make.person(clinic.organization, "practitioner", discipline="massage_therapy", name="Lea Ving")
    writers = {"awaiting_cosignature": enroll(clinic).http, "closed_unsigned": leaving.http}
    notes = [
        _write(clinic, client_id, writers.get(kind[3], clinic.http), number, *kind)
        for number, kind in enumerate((*kinds, *unfinished))
    ]
    _close_what_is_left(clinic, leaving, notes)
    return notes


def _close_what_is_left(clinic: make.Clinic, leaving: make.Person, notes: list[Written]) -> None:
    assert leaving.role is not None
    assert clinic.admin.http.send("POST", f"practitioner-roles/{leaving.role.id}/end", {}).status_code == 200
    for note in notes:
        if note.fate == "closed_unsigned":
            assert clinic.admin.http.send("POST", f"notes/{note.id}/close-unsigned", {}).status_code == 200


def _write(
    clinic: make.Clinic,
    client_id: str,
    writer: make.Api,
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
    answer = writer.send("POST", "notes", body)
    assert answer.status_code == 201, answer.content
    note_id = answer.json()["id"]
    if fate not in ("draft", "closed_unsigned"):
        sign(writer, note_id)
    if fate == "amended":
        added = {"reason": "other", "text": said("added")}
        assert clinic.http.send("POST", f"notes/{note_id}/addenda", added).status_code == 201
    if fate.startswith("wrong"):
        assert clinic.http.send("POST", f"notes/{note_id}/entered-in-error", {"reason": fate}).status_code == 200
    return Written(note_id, number, visibility, is_sensitive, shared, fate)


@dataclass(frozen=True)
class Reader:
    """Somebody who asks, and what they are to the clinic that wrote.

    ``oversees`` says that they look after what somebody left behind, ``circle`` what is open to them whatever their clinic
    shares, ``is_kept_out`` that the client excludes them; ``user`` opens pages.
    """

    name: str
    http: make.Api
    elsewhere: bool
    is_author: bool = False
    reads_text: bool = True
    reads_clients: bool = True
    oversees: bool = False
    treats: bool = False
    is_kept_out: bool = False
    circle: tuple[str, ...] = ()
    user: User | None = None


def people(author: make.Clinic, *others: make.Clinic) -> Iterator[Reader]:
    """Everybody of the clinic that wrote, and of the others: all who may ask, whatever the answer is."""
    for clinic in (author, *others):
        elsewhere = clinic is not author
        role = clinic.practitioner.role
        assert role is not None
        colleague = make.person(clinic.organization, "practitioner", discipline=role.discipline)
        name, at = str(clinic.organization), {"elsewhere": elsewhere}
        yield _reader(f"{name} practitioner", clinic.practitioner, **at, is_author=not elsewhere, treats=True)
        yield _reader(f"{name} colleague", colleague, **at, treats=True)
        yield _reader(f"{name} auditor", clinic.auditor, **at, oversees=True)
        yield Reader(f"{name} system", clinic.system, elsewhere)
        yield _reader(f"{name} coordinator", clinic.coordinator, **at, reads_text=False)
        yield _reader(f"{name} admin", clinic.admin, **at, reads_text=False, reads_clients=False, oversees=True)


def kept_out(who: make.Person) -> Reader:
    """A practitioner of another clinic whom the client excludes."""
    return _reader("kept out", who, elsewhere=True, is_kept_out=True, treats=True)


def behind_the_glass(clinic: make.Clinic, home: make.Clinic, client_id: str) -> Reader:
    """A practitioner whose clinic was in a circle, and who broke the glass: what is shared and not sensitive is open."""
    given = make.consent(home, client_id, clinic, categories=["plan"])
    withdrawn = home.http.send("POST", f"clients/{client_id}/consents/{given['id']}/withdraw", {})
    assert withdrawn.status_code == 200, withdrawn.content
    Organization.objects.filter(pk=clinic.id).update(break_glass_enabled=True)
    reason = {"reason": "Collapsed in the waiting room."}
    assert clinic.http.send("POST", f"clients/{client_id}/break-glass", reason).status_code == 201
    return _reader("behind the glass", clinic.practitioner, elsewhere=True, circle=("notes",), treats=True)


def _reader(name: str, who: make.Person, **more: Any) -> Reader:
    return Reader(name, who.http, user=who.member.user, **more)


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
