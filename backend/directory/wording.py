"""A change as a person tells it: Signed. Goal “Carry my son”: unit and target changed. Line “Neck” ended: no effect."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Field = Mapping[str, Any]
LONG, IN_COMMON = 160, 40
"""Characters of a value that are shown, and of what it has in common with the other one before they part."""
SIDES = ("from", "to")


@dataclass(frozen=True, slots=True)
class Wording:
    """The words for one table. What is not named here is said by its own name.

    ``named`` says in words what names a row. ``states`` are what a state means, by itself or by ``before>after``; ``events``
    what a field means that was set, with its value as ``{to}``; ``reasons`` the words of the codes that say why. With one of
    these said, the fields in ``implied`` go without saying. ``first`` is the first change of a reader who was not there before.
    ``values`` say in words what a field holds; nothing is said of one whose value is for programs only.
    """

    begun: str = "added"
    first: str = "changed"
    named: Callable[[str], str] = str
    fields: Mapping[str, str] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)
    events: Mapping[str, str] = field(default_factory=dict)
    reasons: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    implied: Sequence[str] = ()
    values: Mapping[str, Callable[[Any], str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Difference:
    """What something was and what it is, in words; empty for what was not known, or is not any more."""

    label: str
    before: str
    after: str


def sentence(wording: Wording, subject: str, action: str, fields: Sequence[Field], *, was_seen: bool) -> str:
    """One change in a line; without a subject it is the whole that changed."""
    happened, changed = _said(wording, action, fields, was_seen=was_seen)
    said = "; ".join(filter(None, [happened, changed]))
    if not subject:
        return said[:1].upper() + said[1:]
    return f"{subject} {said}" if happened else f"{subject}: {said}"


def differences(wording: Wording, fields: Sequence[Field]) -> list[Difference]:
    """Each thing that changed, as it was and as it is; fields of one name together: a place is a region and a side."""
    found = []
    for name in _names(wording, fields):
        together = [one for one in fields if _name(wording, one) == name]
        before, after = (", ".join(filter(None, (_spoken(wording, one, side) for one in together))) for side in SIDES)
        if before != after:
            found.append(Difference(name[:1].upper() + name[1:], *_shortened(before, after)))
    return found


def _spoken(wording: Wording, one: Field, side: str) -> str:
    """The value of a field in words; the words of what says why are the same as in the sentence."""
    name, value = one["name"], one[side]
    if value is None:
        return ""
    if name in wording.values:
        return wording.values[name](value)
    if name in wording.reasons:
        return wording.reasons[name].get(value, in_words(value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _shortened(before: str, after: str) -> tuple[str, str]:
    """Of what is long, the place where the two part."""
    if max(len(before), len(after)) <= LONG:
        return before, after
    parted = (place for place, (old, new) in enumerate(zip(before, after, strict=False)) if old != new)
    same = next(parted, min(len(before), len(after)))
    start = before.rfind(" ", 0, max(same - IN_COMMON, 0)) + 1
    return _cut(before, start), _cut(after, start)


def _cut(text: str, start: int) -> str:
    return ("… " if start else "") + text[start : start + LONG].rstrip() + ("…" if len(text) > start + LONG else "")


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
        usual = in_words(str(one["to"]))
        return wording.states.get(f"{one['from']}>{one['to']}") or wording.states.get(str(one["to"]), usual)
    return wording.events.get(one["name"], "").format(to=one["to"]) if one["to"] is not None else ""


def _names(wording: Wording, fields: Iterable[Field]) -> list[str]:
    """What the fields are called, each once: a place is a region and a side."""
    return list(dict.fromkeys(_name(wording, one) for one in fields))


def _name(wording: Wording, one: Field) -> str:
    return wording.fields.get(one["name"]) or in_words(one["name"])


def _listed(parts: Sequence[str]) -> str:
    """Unit, target and due date."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]])) if parts else ""


def in_words(code: str) -> str:
    """A code as a person says it."""
    return code.replace("_", " ")
