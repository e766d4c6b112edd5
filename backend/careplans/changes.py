"""What changed between two versions of a plan: as data, and as sentences a practitioner can read."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from backend.careplans import words
from backend.catalog.words import places
from backend.lib.zones import day_in_words

Body = Mapping[str, Any]
Change = dict[str, Any]
EMPTY: Body = {
    "title": None,
    "review_on": None,
    "problems": [],
    "goals": [],
    "interventions": [],
    "phases": [],
    "team": [],
}

# What a row of each kind is called, the field that names it, and the fields that are compared.
KINDS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "problems": ("problem", "text", ("text", "icd10", "state")),
    "goals": ("goal", "words", ("words", "measure", "unit", "baseline", "target", "due_on", "state")),
    "interventions": (
        "line",
        "focus",
        (
            "focus", "technique_ids", "regions", "times_per_week", "weeks", "minutes", "load", "avoid", "home_programme",
            "visit_budget", "state", "ended_reason",
        ),
    ),
    "phases": ("phase", "name", ("name", "position", "from_on", "until_on")),
    "team": ("member", "role", ("role",)),
}  # fmt: skip
HEADER = ("title", "review_on")
FIELD_WORDS = {
    "times_per_week": "times per week", "technique_ids": "techniques", "icd10": "ICD-10-CM code", "due_on": "due date",
    "review_on": "review date", "home_programme": "home programme", "visit_budget": "visit budget", "from_on": "first day",
    "until_on": "last day", "ended_reason": "reason to end", "words": "wording",
}  # fmt: skip
LONG = 80


def difference(before: Body | None, after: Body) -> list[Change]:
    """Every row that came, went or changed, and the header's fields, in the order of the plan."""
    earlier = before or EMPTY
    changes = [
        {"what": "plan", "change": "changed", "field": name, "before": earlier[name], "after": after[name]}
        for name in HEADER
        if earlier[name] != after[name] and before is not None
    ]
    for kind in KINDS:
        changes += _of_rows(kind, earlier[kind], after[kind])
    return changes


def sentences(changes: Sequence[Change]) -> list[str]:
    """One sentence for each change."""
    return [_sentence(change) for change in changes]


def field_sentences(kind: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What is different between two states of one row, field by field, without naming the row."""
    whole = {name: after.get(name, before[name]) for name in KINDS[kind][2]}
    changes = _of_fields(kind, before, {**before, **whole})
    return [f"{_field(change)} {_from_to(change)}" for change in changes]


def _of_rows(kind: str, before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> Iterator[Change]:
    earlier, now = {row["id"]: row for row in before}, {row["id"]: row for row in after}
    for row_id, row in now.items():
        if row_id not in earlier:
            yield {**_named(kind, row), "change": "added"}
        else:
            yield from _of_fields(kind, earlier[row_id], row)
    for row_id, row in earlier.items():
        if row_id not in now:
            yield {**_named(kind, row), "change": "removed"}


def _of_fields(kind: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for name in KINDS[kind][2]:
        if before[name] != after[name]:
            yield {
                **_named(kind, before), "change": "changed", "field": name, "before": before[name], "after": after[name],
            }  # fmt: skip


def _named(kind: str, row: Mapping[str, Any]) -> Change:
    what, name, _ = KINDS[kind]
    return {"what": what, "id": row["id"], "organization": row["organization"]["display"], "name": row[name]}


def _sentence(change: Change) -> str:
    if change["what"] == "plan":
        return f"The plan's {_field(change)} {_from_to(change)}."
    if change["what"] == "member":
        return _of_member(change)
    subject = f"{change['organization']}, {change['what']} “{change['name']}”"
    if change["change"] != "changed":
        return f"{subject}: {change['change']}."
    return f"{subject}: {_field(change)} {_from_to(change)}."


def _of_member(change: Change) -> str:
    became = {"added": "joined the team", "removed": "left the team"}
    return f"{change['organization']} {became.get(change['change']) or 'is now ' + str(change.get('after'))}."


def suggested(changes: Body) -> str:
    """What a proposal would change, in a line: times per week: 2; minutes: 30."""
    return "; ".join(f"{_field({'field': name})}: {_spoken(name, value)}" for name, value in changes.items())


def _field(change: Change) -> str:
    name: str = change["field"]
    return FIELD_WORDS.get(name, name.replace("_", " "))


def _from_to(change: Change) -> str:
    before, after = (_spoken(change["field"], change[side]) for side in ("before", "after"))
    if len(before) + len(after) > LONG:
        return "rewritten"
    return f"from {before} to {after}"


def _spoken(field: str, value: Any) -> str:
    if value in (None, "", []):
        return "nothing"
    if field in IN_WORDS:
        return IN_WORDS[field](value)
    if isinstance(value, float):
        return f"{value:g}"
    return str(value).replace("_", " ").rstrip(".")


def _day(value: str) -> str:
    return day_in_words(date.fromisoformat(value))


IN_WORDS: Mapping[str, Callable[[Any], str]] = {
    "technique_ids": words.techniques, "regions": places, "avoid": words.avoided, "review_on": _day, "due_on": _day,
    "from_on": _day, "until_on": _day,
}  # fmt: skip
