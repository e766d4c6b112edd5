"""Turns a page made of data into a PDF that screen readers can read."""

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

import typst

TEMPLATES = Path(__file__).parent / "typst"
# Tagged, with a title and a language. Source: ISO 14289-1 (PDF/UA-1); the compiler refuses a page that breaks it.
ACCESSIBLE: "list[typst.PDFStandard]" = ["ua-1"]
MOST_IN_INDEX = 300
UNPRINTABLE = "Some characters of this page could not be printed and appear as boxes. Read them in Trialogue."
BREAKS = re.compile(r"\r\n|[\r\v\f\x85\u2028\u2029]")
# Controls, and the signs that turn the direction of what follows them: a page shows words in the order they were written.
NEVER_PRINTED = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


@dataclass(frozen=True, slots=True)
class Block:
    """A short group of lines under a label: an address, a person."""

    label: str
    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what somebody wrote under it."""

    title: str
    text: str
    framed: bool = False
    struck: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """Everything on the page. ``title`` also stands in the file's metadata: it names nobody."""

    title: str
    sender: Block
    blocks: Sequence[Block]
    facts: Sequence[tuple[str, str]]
    sections: Sequence[Section]
    footer: str
    banner: str | None = None
    paper: Literal["a4", "us-letter"] = "a4"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in a chapter: what it is, what is known about it, and what somebody wrote.

    ``is_struck``: it was a mistake; the words stay, struck through.
    """

    title: str
    facts: Sequence[tuple[str, str]]
    texts: Sequence[tuple[str, str]] = ()
    is_struck: bool = False


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of a book: entries, or short rows of two columns."""

    title: str
    entries: Sequence[Entry] = ()
    rows: Sequence[tuple[str, str]] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Book:
    """Many pages with an index of their numbers. ``title`` also stands in the file's metadata: it names nobody."""

    title: str
    sender: Block
    facts: Sequence[tuple[str, str]]
    chapters: Sequence[Chapter]
    footer: str
    banner: str | None = None
    paper: Literal["a4", "us-letter"] = "a4"


def pdf_of(document: Document | Book, *, printed_at: datetime) -> bytes:
    """The document as PDF/UA-1.

    When a character is in no font at hand, the page is printed all the same, tagged but without the claim, and says so.
    """
    page = as_data(document) if isinstance(document, Document) else book_as_data(document)
    try:
        return _compiled(page, printed_at, ACCESSIBLE)
    except typst.TypstError as error:
        if "could not be displayed with font" not in error.message:
            raise
    page["banner"] = " ".join(filter(None, [page["banner"], UNPRINTABLE]))
    return _compiled(page, printed_at, [])


def as_data(document: Document) -> dict[str, Any]:
    """What the template reads: plain text cleaned of what cannot be printed, in paragraphs and lines."""
    page: dict[str, Any] = _cleaned(asdict(document))
    page["sender"] = {"name": page["sender"]["label"], "lines": page["sender"]["lines"]}
    page["sections"] = [{**each, "paragraphs": paragraphs(each["text"])} for each in page["sections"]]
    return page


def book_as_data(book: Book) -> dict[str, Any]:
    """The same for a book. The index names every entry as long as it stays short enough to be of use."""
    page: dict[str, Any] = _cleaned(asdict(book))
    entries = [entry for chapter in page["chapters"] for entry in chapter["entries"]]
    for entry in entries:
        entry["texts"] = [{"title": title, "paragraphs": paragraphs(text)} for title, text in entry["texts"]]
    return {
        **page,
        "template": "book.typ",
        "sender": {"name": page["sender"]["label"], "lines": page["sender"]["lines"]},
        "index_depth": 2 if len(entries) <= MOST_IN_INDEX else 1,
    }


def paragraphs(text: str) -> list[dict[str, Any]]:
    """Paragraphs end at an empty line; each runs in the direction of its first letter."""
    found = [part.strip("\n").split("\n") for part in re.split(r"\n[ \n]*\n", text) if part.strip()]
    return [{"lines": lines, "rtl": _is_right_to_left("".join(lines))} for lines in found]


def said(parts: Iterable[str | None]) -> list[str]:
    """The parts that say something."""
    return [part.strip() for part in parts if part and part.strip()]


def _is_right_to_left(text: str) -> bool:
    strong = (unicodedata.bidirectional(letter) for letter in text)
    return next((way for way in strong if way in ("L", "R", "AL")), "L") != "L"


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return NEVER_PRINTED.sub("", BREAKS.sub("\n", value.replace("\t", " ")))
    if isinstance(value, dict):
        return {key: _cleaned(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(each) for each in value]
    return value


def _compiled(page: dict[str, Any], printed_at: datetime, standards: "list[typst.PDFStandard]") -> bytes:
    compiler = typst.Compiler(
        TEMPLATES / page.get("template", "document.typ"),
        root=TEMPLATES,
        font_paths=_fonts(),
        sys_inputs={"document": json.dumps(page)},
    )
    made = compiler.compile(format="pdf", pdf_standards=standards, timestamp=int(printed_at.timestamp()))
    assert isinstance(made, bytes)
    return made


@cache
def _fonts() -> typst.Fonts:
    """The fonts that come with the compiler; the machine's own only for letters those do not have."""
    return typst.Fonts()
