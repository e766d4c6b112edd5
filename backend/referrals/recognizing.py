"""What in a question without a client would say who it is about.

Recognized are e-mail addresses, telephone numbers, a full date beside a word of birth, and the full name of a client whom
the caller sees, in either order, whatever its case and accents. Not recognized: initials, nicknames, a first or a last name
alone, misspelled names, names of clients whom the caller does not see, and whatever points to one person in other words.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from unicodedata import combining, normalize

from django.db.models import Q
from django.db.models.functions import Lower

from backend.clients.models import Client
from backend.lib.actor import Actor
from backend.lib.problems import BadRequest, FieldError

MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
DAY = r"\d{1,2}(?:st|nd|rd|th)?"
DATES = (
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}",
    r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}",
    rf"{DAY}\s+{MONTH},?\s+\d{{4}}",
    rf"{MONTH}\s+{DAY},?\s+\d{{4}}",
)
DATE = f"(?:{'|'.join(DATES)})"
BIRTH = r"(?:\bborn\b|\bd\.?\s?o\.?\s?b\b|\bbirth\s?(?:date|day)\b|\bdate\s+of\s+birth\b)"
PATTERNS = {
    "a date of birth": re.compile(
        rf"{BIRTH}\W{{0,3}}(?:on|is|was|:)?\W{{0,3}}{DATE}|{DATE}\W{{0,3}}{BIRTH}", re.IGNORECASE
    ),
    "an e-mail address": re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    "a telephone number": re.compile(r"(?<![\w.-])(?!\d{4}-\d\d?-\d\d?)(?:\+|\()?\d(?:[ ()./-]{0,2}\d){8,14}(?![\w-])"),
}


def refuse_who_it_is_about(texts: Mapping[str, str], *, actor: Actor) -> None:
    """400 with an error at each field (by its pointer) that says who the client is."""
    errors = [
        FieldError(pointer, f"A question without a client holds no names: this has {what}. Leave it out, or name the client.", "client_required")
        for pointer, text in texts.items()
        for what in _found_in(text, actor)
    ]  # fmt: skip
    if errors:
        raise BadRequest(errors[0].detail, code="client_required", errors=errors)


def sentences_of(fields: Mapping[str, Any], names: Iterable[str]) -> dict[str, str]:
    """What somebody typed, by pointer; also inside an object."""
    typed: dict[str, str] = {}
    for name in names:
        value = fields.get(name)
        if isinstance(value, Mapping):
            typed |= {f"/{name}/{key}": text for key, text in value.items() if isinstance(text, str)}
        elif isinstance(value, str):
            typed[f"/{name}"] = value
    return typed


def _found_in(text: str, actor: Actor) -> list[str]:
    found = [what for what, pattern in PATTERNS.items() if pattern.search(text)]
    return [*found, "a client's name"] if _names_a_client(text, actor) else found


def _names_a_client(text: str, actor: Actor) -> bool:
    spoken = f" {plain(text)} "
    # A name of one plain word is looked up; the few that are written otherwise are compared one by one.
    worth_a_look = Q(lowered__in=set(spoken.split())) | Q(family_name__regex=r"[^A-Za-z]")
    clients = Client.objects.visible_to(actor).annotate(lowered=Lower("family_name")).filter(worth_a_look)
    for given, family in clients.exclude(given_name="").values_list("given_name", "family_name").iterator():
        if any(f" {plain(name)} " in spoken for name in (f"{given} {family}", f"{family} {given}")):
            return True
    return False


def plain(text: str) -> str:
    """Words in small letters without accents, one space between them."""
    bare = "".join(c for c in normalize("NFKD", text.casefold()) if not combining(c))
    return " ".join(re.findall(r"\w+", bare))
