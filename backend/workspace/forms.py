"""An input serializer as a form: what is asked, what was typed, what is wrong with it, and the data to check.

The serializer stays the only description of the input. A nested field is named with dots (``report.answer``). What was
left empty is absent from the data.

A form of something that is there already carries what it showed (``read``). What nobody touched since is no part of the
data, and the form shown again says of it what stands there now: so nobody sends back what somebody else changed.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import MAXYEAR, timedelta
from typing import Any

from django.http import QueryDict
from django.utils.dateparse import parse_datetime
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from backend.catalog.queries import catalog
from backend.catalog.serializers import CatalogCode
from backend.clients.serializers import RegionSerializer
from backend.lib.parsing import BadJson, parse_json
from backend.lib.problems import invalid
from backend.lib.rest.fields import Moment, ZoneName
from backend.referrals.inputs import RegionSide, TimeSpan, To
from backend.workspace import words
from backend.workspace.labels import LABELS, choice_label
from backend.workspace.pickers import places_in, recipient_in

Choices = list[tuple[str, str]]
MOST_CHIPS, LONG_TEXT, TIMES_OFFERED = 14, 500, 3
VISIT_MINUTES, LONGEST_VISIT, MOST_ROWS = "50", 24 * 60, 20
# What the picker of regions asks; a part that says more than the place is asked in fields of its own.
PLACES = (RegionSide, RegionSerializer)


@dataclass(slots=True)
class Field:
    """One thing a form asks."""

    name: str
    label: str
    kind: str
    required: bool
    help: str = ""
    choices: Choices = field(default_factory=list)
    value: Any = ""
    error: str = ""
    rows: list["Field"] = field(default_factory=list)
    id: str = ""
    step: str = ""
    first: str = ""

    @property
    def values(self) -> list[str]:
        return self.value if isinstance(self.value, list) else [self.value]


class Form:
    """A form for one serializer. ``choices`` fills fields that name rows, ``leave_out`` are names not asked."""

    def __init__(
        self,
        serializer: type[serializers.Serializer[Any]],
        *,
        zone: str,
        key: str = "",
        typed: QueryDict | None = None,
        initial: Mapping[str, Any] | None = None,
        choices: Mapping[str, Choices] | None = None,
        labels: Mapping[str, str] | None = None,
        required: tuple[str, ...] = (),
        leave_out: tuple[str, ...] = (),
        errors: Mapping[str, str] | None = None,
    ) -> None:
        self.serializer, self.zone, self.typed = serializer, zone, typed
        self.key = key
        self.initial, self.choices, self.labels = initial or {}, choices or {}, labels or {}
        self.required, self.leave_out, self.errors = required, leave_out, errors or {}
        self.touched: frozenset[str] | None = None  # None: everything that was typed counts
        self.touched = self._touched_since_read()
        self.fields = list(self._fields(serializer(), ""))

    def validated(self, **context: Any) -> dict[str, Any]:
        """What was typed, checked by the serializer; raises ValidationError."""
        checked = self.serializer(data=self.data(), context=context)
        checked.is_valid(raise_exception=True)
        values: dict[str, Any] = checked.validated_data
        return values

    def data(self) -> dict[str, Any]:
        """What was typed, in the shape of the contract."""
        assert self.typed is not None
        said = _collect(self._data(self.serializer(), ""))
        return said if self.touched is None else {name: said[name] for name in said if name in self.touched}

    @property
    def read(self) -> str:
        """What the form shows before anything is typed, for its field ``read``."""
        asked = set(self.serializer().fields).difference(self.leave_out)
        shown = {name: value for name, value in self.initial.items() if name in asked}
        return json.dumps(shown, default=str)

    @property
    def more(self) -> bool:
        """Whether something was typed or is wrong, so that it should be open."""
        return bool(self.errors) or self.typed is not None

    # --- what is asked

    def _fields(
        self, serializer: serializers.Serializer[Any], prefix: str, *, is_needed: bool = True
    ) -> Iterator[Field]:
        for name, each in serializer.fields.items():
            full = f"{prefix}{name}"
            if full in self.leave_out or each.read_only:
                continue
            if isinstance(each, TimeSpan):
                yield self._span(full, each)
            elif isinstance(each, To):
                yield self._recipient(full, each)
            elif isinstance(_child(each), serializers.Serializer):
                yield from self._list(full, each)
            elif isinstance(each, serializers.Serializer):
                yield from self._fields(each, f"{full}.", is_needed=is_needed and each.required)
            elif (asked := self._field(full, each)) is not None:
                asked.required = asked.required and (is_needed or full in self.required)
                yield asked

    def _field(self, name: str, each: Any) -> Field | None:
        kind, choices = self._kind(name, each)
        if kind is None:
            return None
        label = self.labels.get(name) or LABELS.get(name) or LABELS.get(name.split(".")[-1])
        return Field(
            name=name,
            label=label or words.spoken(name.split(".")[-1]),
            kind=kind,
            required=(each.required and each.default is serializers.empty) or name in self.required,
            help=str(each.help_text or ""),
            choices=choices,
            value=self._value(name, each, kind),
            error=self.errors.get(name, ""),
            id=f"{self.key}{name}",
            step="any" if isinstance(each, serializers.FloatField) else "",
        )

    def _span(self, name: str, each: Any) -> Field:
        starts = Field(f"{name}.starts_at", "Starts", "moment", each.required, id=f"{self.key}{name}.starts_at")
        minutes = Field(f"{name}.minutes", "Minutes", "number", False, id=f"{self.key}{name}.minutes")
        starts.value, minutes.value = self._typed(starts.name), self._typed(minutes.name) or VISIT_MINUTES
        starts.error = self.errors.get(starts.name, "") or self.errors.get(name, "")
        minutes.error = self.errors.get(minutes.name, "")
        return Field(name, LABELS.get(name, words.spoken(name)), "rows", each.required, rows=[starts, minutes])

    def _recipient(self, name: str, each: Any) -> Field:
        found = next((text for key, text in self.errors.items() if key.split(".")[0] == name), "")
        chosen = self._typed(name)
        return Field(
            name, "To", "to", each.required, choices=self.choices.get(name, []), value=chosen, error=found, id=self.key
        )

    def _list(self, name: str, each: Any) -> Iterator[Field]:
        child = _child(each)
        if isinstance(child, TimeSpan):
            rows = [self._span(f"{name}.{index}", child) for index in range(TIMES_OFFERED)]
            for index, row in enumerate(rows):
                row.label = f"Time {index + 1}"
                row.rows[0].required = index == 0
            yield from rows
        elif type(child) in PLACES:
            yield self._regions(name, each)
        else:
            yield from self._rows(name, child)

    def _rows(self, name: str, child: Any) -> Iterator[Field]:
        """One group of fields for each part there is, and one more to fill in."""
        for index in range(self._count(name) + 1):
            prefix = f"{name}.{index}"
            rows = list(self._fields(child, f"{prefix}.", is_needed=False))
            for row in rows:
                row.label = self.labels.get(f"{name}.{row.name.split('.')[-1]}", row.label)
            label = self.labels.get(name) or LABELS.get(name) or words.spoken(name)
            yield Field(prefix, f"{label} {index + 1}", "rows", False, rows=rows)

    def _count(self, name: str) -> int:
        """How many parts of a list were filled in, or stood there before."""
        typed = self._counted(name)
        said = self.initial if typed is None else typed
        found = [key.split(".")[1] for key in said if key.startswith(f"{name}.") and said[key]]
        return min(
            max((int(index) + 1 for index in found if index.isdecimal() and len(index) < 4), default=0), MOST_ROWS
        )

    def _regions(self, name: str, each: Any) -> Field:
        typed = self._counted(name)
        chosen = self.initial.get(name, []) if typed is None else places_in(typed)
        return Field(name, "Region", "regions", each.required, value=chosen, error=self.errors.get(name, ""))

    def _kind(self, name: str, each: Any) -> tuple[str | None, Choices]:
        own = self.choices.get(name)
        many = isinstance(each, serializers.ListField | serializers.MultipleChoiceField)
        if own is not None:
            return ("checks" if many else "chips" if len(own) <= 8 else "select"), own
        if isinstance(each, serializers.ListField):
            inner = self._kind(name, each.child)
            return ("checks", inner[1]) if inner[1] else ("lines", []) if _is_text(each.child) else (None, [])
        if isinstance(each, serializers.ChoiceField):
            found = [(str(code), choice_label(name, str(code), str(label))) for code, label in each.choices.items()]
            return ("checks" if many else "chips" if len(found) <= MOST_CHIPS else "select"), found
        if isinstance(each, CatalogCode):
            rows = getattr(catalog(), each.kind)
            return ("select", [(code, row.label) for code, row in rows.items()])
        if isinstance(each, ZoneName):
            return "text", []
        for kind_class, kind in KINDS:
            if isinstance(each, kind_class):
                return kind, []
        if _is_text(each):
            return ("long" if (each.max_length or 0) > LONG_TEXT else "text"), []
        return None, []

    # --- what was typed

    def _touched_since_read(self) -> frozenset[str] | None:
        """The fields that differ from what the form showed when it was opened; None where it did not say."""
        read = shown_in(self.typed) if self.typed is not None else None
        if read is None:
            return None
        said, fields = self.data(), self.serializer().fields.items()
        return frozenset(name for name, each in fields if differs(each, said.get(name), read.get(name)))

    def _counted(self, name: str) -> QueryDict | None:
        """What was typed, for a field that somebody touched."""
        return self.typed if self.touched is None or name.split(".")[0] in self.touched else None

    def _typed(self, name: str) -> str:
        if (typed := self._counted(name)) is not None:
            return str(typed.get(name, ""))
        return str(self.initial.get(name, "") or "")

    def _value(self, name: str, each: Any, kind: str) -> Any:
        if (typed := self._counted(name)) is not None:
            return typed.getlist(name) if kind == "checks" else typed.get(name, "")
        if name in self.initial:
            return self.initial[name]
        default = getattr(each, "default", serializers.empty)
        if default is serializers.empty or callable(default):
            return [] if kind == "checks" else ""
        return default

    def _data(self, serializer: serializers.Serializer[Any], prefix: str) -> Iterator[tuple[str, Any]]:
        for name, each in serializer.fields.items():
            full = f"{prefix}{name}"
            if full in self.leave_out or each.read_only:
                continue
            if isinstance(each, TimeSpan):
                if span := self._typed_span(full):
                    yield name, span
            elif isinstance(each, To):
                if to := recipient_in(self.typed):
                    yield name, to
            elif isinstance(child := _child(each), serializers.Serializer):
                if isinstance(child, TimeSpan):
                    spans = [self._typed_span(f"{full}.{index}") for index in range(TIMES_OFFERED)]
                    yield name, [span for span in spans if span]
                elif type(child) in PLACES:
                    yield name, places_in(self.typed)
                else:
                    rows = [_collect(self._data(child, f"{name}.{index}.")) for index in range(self._count(name))]
                    yield name, [row for row in rows if row]
            elif isinstance(each, serializers.Serializer):
                inner = _collect(self._data(each, f"{full}."))
                if each.required or _says_something(inner, each):
                    yield name, inner
            else:
                yield from self._typed_field(name, full, each)

    def _typed_field(self, name: str, full: str, each: Any) -> Iterator[tuple[str, Any]]:
        assert self.typed is not None
        kind, _ = self._kind(full, each)
        if kind is None:
            return
        if kind == "check":
            if f"{full}.asked" in self.typed or full in self.typed:
                yield name, full in self.typed
        elif kind == "checks":
            if f"{full}.asked" in self.typed or full in self.typed:
                yield name, [value for value in self.typed.getlist(full) if value]
        elif kind == "lines":
            lines = [line.strip() for line in self.typed.get(full, "").replace(",", "\n").splitlines()]
            if any(lines) or each.required:
                yield name, [line for line in lines if line]
        elif text := self.typed.get(full, "").strip().replace("\r\n", "\n"):
            yield name, words.utc_of(text, self.zone) if kind == "moment" else text
        elif full in self.typed and full in self.initial and getattr(each, "allow_blank", False):
            yield name, ""
        elif full in self.typed and full in self.initial and getattr(each, "allow_null", False):
            yield name, None

    def _typed_span(self, name: str) -> dict[str, str] | None:
        typed = self._typed(f"{name}.starts_at").strip()
        if not typed:
            return None
        length = self._typed_minutes(name)
        starts = words.utc_of(typed, self.zone)
        begins = parse_datetime(starts) if starts != typed else None
        if begins is None or begins.year == MAXYEAR:  # the serializer says what is wrong with it
            return {"starts_at": starts, "ends_at": starts}
        return {"starts_at": starts, "ends_at": (begins + length).isoformat()}

    def _typed_minutes(self, name: str) -> timedelta:
        typed = self._typed(f"{name}.minutes").strip() or VISIT_MINUTES
        if not typed.isdecimal() or len(typed) > 4 or not 0 < int(typed) <= LONGEST_VISIT:
            pointer = f"/{name.replace('.', '/')}/minutes"
            raise invalid(pointer, "Say how many minutes it takes: 1 to 1,440, which is a whole day.")
        return timedelta(minutes=int(typed))


KINDS: tuple[tuple[type[Any], str], ...] = (
    (serializers.BooleanField, "check"),
    (Moment, "moment"),
    (serializers.DateField, "date"),
    (serializers.TimeField, "time"),
    (serializers.IntegerField, "number"),
    (serializers.FloatField, "number"),
    (serializers.EmailField, "email"),
)


def differs(field: Any, typed: Any, shown: Any) -> bool:
    """Whether a typed value says something else than one that was shown; the order of what is ticked says nothing."""
    return bool(_comparable(as_shown(field, typed)) != _comparable(shown))


def as_shown(field: Any, typed: Any) -> Any:
    """A typed value as a row holds it; what is wrong stays as it is, to be refused."""
    if typed is None:
        return None
    try:
        checked = field.run_validation(typed)
    except ValidationError:
        return typed
    return None if checked is None else field.to_representation(checked)


def _comparable(value: Any) -> Any:
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return sorted(value) or None
    return None if value == "" else value


def shown_in(typed: QueryDict) -> dict[str, Any] | None:
    """What the page says that it showed; None where it does not say."""
    try:
        found = parse_json(str(typed.get("read", "")).encode())
    except BadJson:
        return None
    return found if isinstance(found, dict) else None


def _child(each: Any) -> Any:
    """What a list holds; None when it is no list."""
    return getattr(each, "child", None)


def _is_text(each: Any) -> bool:
    return isinstance(each, serializers.CharField)


def _collect(pairs: Iterator[tuple[str, Any]]) -> dict[str, Any]:
    return dict(pairs)


def _says_something(inner: dict[str, Any], serializer: serializers.Serializer[Any]) -> bool:
    """Whether more was typed than what stands there anyway."""
    return any(value and value != serializer.fields[name].default for name, value in inner.items())
