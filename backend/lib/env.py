"""Reads the process environment, with errors that say what to set.

A variable that is empty counts as not set, because compose files and shells pass on empty ones.
"""

import os
from collections.abc import Sequence

from django.core.exceptions import ImproperlyConfigured

TRUE = ("1", "true", "yes", "on")
FALSE = ("0", "false", "no", "off")


def text(name: str, *, default: str | None = None) -> str:
    """The variable's text. Without a default it has to be set, or ImproperlyConfigured names it."""
    value = os.environ.get(name, "").strip() or default
    if value is None:
        raise ImproperlyConfigured(f"The environment variable {name} is not set.")
    return value


def secret(name: str, *, fallback: str | None = None) -> str:
    """A secret of at least 32 characters; a None fallback makes it required."""
    value = text(name, default=fallback)
    if len(value) < 32:
        raise ImproperlyConfigured(f"The environment variable {name} needs at least 32 characters.")
    return value


def choice(name: str, options: Sequence[str], *, default: str) -> str:
    """One of the options, compared without regard to case."""
    value = text(name, default=default).lower()
    if value not in options:
        raise ImproperlyConfigured(f"The environment variable {name} is {value!r}; it can be {', '.join(options)}.")
    return value


def boolean(name: str, *, default: bool) -> bool:
    """True for 1, true, yes or on; False for 0, false, no or off."""
    return choice(name, (*TRUE, *FALSE), default=TRUE[0] if default else FALSE[0]) in TRUE


def integer(name: str, *, default: int) -> int:
    """A whole number of zero or more."""
    value = text(name, default=str(default))
    if not value.isdecimal():
        raise ImproperlyConfigured(f"The environment variable {name} is {value!r}; it takes a whole number.")
    return int(value)


def words(name: str, *, default: Sequence[str]) -> list[str]:
    """A list that is written with commas, each word stripped of spaces."""
    value = text(name, default=",".join(default))
    return [word for word in (part.strip() for part in value.split(",")) if word]
