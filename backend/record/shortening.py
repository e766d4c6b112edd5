"""What somebody wrote, in short: its first sentence, and never more than fits on a line."""

import re

LONGEST = 160
MARKS = re.compile(r"[*_]{1,2}|^\s*[-•]\s+", re.MULTILINE)
SENTENCE = re.compile(r".{10,}?[.!?](?=\s|$)")


def gist(text: str) -> str:
    return shortened(first_sentence(text))


def first_sentence(text: str) -> str:
    """The first sentence, on one line and without marks."""
    plain = " ".join(MARKS.sub("", text).split())
    found = SENTENCE.match(plain)
    return found[0] if found else plain


def shortened(text: str) -> str:
    """As much as fits, cut between words."""
    return text if len(text) <= LONGEST else text[: LONGEST - 1].rsplit(" ", 1)[0].rstrip(",;:") + "…"
