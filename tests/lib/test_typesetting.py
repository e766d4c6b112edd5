"""Nothing a person wrote is run by what sets the page."""

from typing import Any

import pytest

from backend.lib import clock
from backend.lib.typesetting import UNPRINTABLE, Block, Document, Section, as_data, pdf_of


def page(text: str, **more: Any) -> Document:
    sections = [Section("Findings", text)]
    shape = {"title": "Letter", "sender": Block("Clinic", []), "blocks": [Block("To", ["Sam Ito"])], "facts": []}
    return Document(**{**shape, "sections": sections, "footer": "", **more})


HOSTILE = {
    "an import": '#import "@preview/x:1.0.0"',
    "a function that stops the page": '#panic("ran") ] ) } #panic("ran")',
    "a file": '#read("/etc/passwd") #include "document.typ"',
    "math": "$ sum_(i=0)^n x $ unclosed $",
    "backslashes": "\\ \\u{41} \\# \\\\ \\",
    "quotes and JSON": '"}, {"title": "x"} \' ` ``` ',
    "comments": "// nothing after /* this",
    "references": "@nobody <label> = Heading\n- item\n+ item\n/ term: x",
    "one very long word": "w" * 10_000,
    "many lines": "line\n" * 2_000,
    "right to left": "مرحبا بالعالم and שלום",
    "controls": "a\x00\x07\x1b\u202eb\u2066c\ufeff",
    "only spaces": " \n \n\t",
    "nothing": "",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_people_wrote_is_never_run(text: str) -> None:
    """Anything read as markup would stop the page or leave it short of the standard."""
    pdf = pdf_of(
        page(text, title=text or "x", facts=[("Order", text)], blocks=[Block("To", [text])], footer=text[:200]),
        printed_at=clock.now(),
    )

    assert b"<pdfuaid:part>1" in pdf


def test_the_words_reach_the_page_as_they_were_written() -> None:
    text = '#panic("ran") $x$ \\ "quoted"\nsecond line\n\nsecond paragraph'

    (section,) = as_data(page(text))["sections"]

    assert section["paragraphs"] == [
        {"lines": ['#panic("ran") $x$ \\ "quoted"', "second line"], "rtl": False},
        {"lines": ["second paragraph"], "rtl": False},
    ]


def test_signs_that_turn_the_direction_are_left_out_and_a_paragraph_runs_as_its_first_letter() -> None:
    (section,) = as_data(page("12 \u202eabc\n\n1. שלום"))["sections"]

    assert section["paragraphs"] == [{"lines": ["12 abc"], "rtl": False}, {"lines": ["1. שלום"], "rtl": True}]


def test_a_letter_that_no_font_has_is_owned_up_to(monkeypatch: pytest.MonkeyPatch) -> None:
    banners: list[Any] = []
    from backend.lib import typesetting

    compiled = typesetting._compiled

    def keep(shown: dict[str, Any], *more: Any) -> bytes:
        banners.append(shown["banner"])
        return compiled(shown, *more)

    monkeypatch.setattr(typesetting, "_compiled", keep)

    pdf = pdf_of(page("a sign of private use: \U0010fffd", banner="Draft."), printed_at=clock.now())

    assert pdf.startswith(b"%PDF-")
    assert b"/Marked true" in pdf
    assert banners == ["Draft.", f"Draft. {UNPRINTABLE}"]
