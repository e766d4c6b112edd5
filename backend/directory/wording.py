"""A change as a person tells it: Signed. Goal “Carry my son”: unit and target changed. Line “Neck” ended: no effect."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Field = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wording:
    """The words for one table. What is not named here is said by its own name.

    ``named`` says in words what names a row. ``states`` are what a state means, by itself or by ``before>after``; ``events``
    what a field means that was set, with its value as ``{to}``; ``reasons`` the words of the codes that say why. With one of
    these said, the fields in ``implied`` go without saying. ``first`` is the first change of a reader who was not there before.
    """

    begun: str = "added"
    first: str = "changed"
    named: Callable[[str], str] = str
    fields: Mapping[str, str] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)
    events: Mapping[str, str] = field(default_factory=dict)
    reasons: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    implied: Sequence[str] = ()


def sentence(wording: Wording, subject: str, action: str, fields: Sequence[Field], *, was_seen: bool) -> str:
    """One change in a line; without a subject it is the whole that changed."""
    happened, changed = _said(wording, action, fields, was_seen=was_seen)
    said = "; ".join(filter(None, [happened, changed]))
    if not subject:
        return said[:1].upper() + said[1:]
    return f"{subject} {said}" if happened else f"{subject}: {said}"


def _said(wording: Wording, action: str, fields: Sequence[Field], *, was_seen: bool) -> tuple[str, str]:
    """What happened, and which fields were changed besides."""
    if action != "changed":
        return (wording.begun if action == "created" else "removed"), ""
    if not was_seen:
        return wording.first, ""
    events = {one["name"]: said for one in fields if (said := _event(wording, one))}
    if not events:
        return "", f"{_listed(_names(wording, fields))} changed"
    why = [wording.reasons[one["name"]].get(one["to"], "") for one in fields if one["name"] in wording.reasons]
    known = {*events, *wording.implied, *wording.reasons}
    others = _names(wording, (one for one in fields if one["name"] not in known))
    happened = _listed([*dict.fromkeys(events.values())]) + (f": {why[0]}" if any(why) else "")
    return happened, f"{_listed(others)} changed" if others else ""


def _event(wording: Wording, one: Field) -> str:
    """What it means that this field has this value now; empty when it is a field like others."""
    if one["name"] == "state":
        usual = str(one["to"]).replace("_", " ")
        return wording.states.get(f"{one['from']}>{one['to']}") or wording.states.get(str(one["to"]), usual)
    return wording.events.get(one["name"], "").format(to=one["to"]) if one["to"] is not None else ""


def _names(wording: Wording, fields: Iterable[Field]) -> list[str]:
    """What the fields are called, each once: a place is a region and a side."""
    return list(dict.fromkeys(wording.fields.get(one["name"], one["name"].replace("_", " ")) for one in fields))


def _listed(parts: Sequence[str]) -> str:
    """Unit, target and due date."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]])) if parts else ""
