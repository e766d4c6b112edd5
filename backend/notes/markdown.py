"""Renders the text of a note: paragraphs, line breaks, bullets, **strong** and *emphasis*. Everything else stays text.

Nothing in it can become an element or an address: it is escaped first, and only what is written here is added.
"""

import re
from collections.abc import Iterator
from html import escape
from itertools import groupby

BULLET = re.compile(r"\s{0,3}[-*•]\s+(?=\S)")
STRONG = re.compile(r"\*\*(?=\S)([^*\n]+?)(?<=\S)\*\*")
EMPHASIS = re.compile(r"(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])")


def rendered(text: str) -> str:
    """The text as HTML that is safe to show as it is."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(_blocks(lines))


def _blocks(lines: list[str]) -> Iterator[str]:
    for kind, block in groupby(lines, key=_kind_of):
        if kind == "bullet":
            items = (f"<li>{_inline(BULLET.sub('', line, count=1))}</li>" for line in block)
            yield f"<ul>{''.join(items)}</ul>"
        elif kind == "text":
            yield f"<p>{'<br>'.join(_inline(line) for line in block)}</p>"


def _kind_of(line: str) -> str:
    if not line.strip():
        return "blank"
    return "bullet" if BULLET.match(line) else "text"


def _inline(line: str) -> str:
    safe = escape(line.strip())
    return EMPHASIS.sub(r"<em>\1</em>", STRONG.sub(r"<strong>\1</strong>", safe))
