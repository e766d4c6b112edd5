"""Serializer parts that hold to the contract: zoned times, no unknown fields, read-only means unchanged."""

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, NoReturn
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from backend.lib.parsing import TEXT_PROBLEMS, text_problem
from backend.lib.zones import known_zones


@extend_schema_field(OpenApiTypes.DATETIME)
class Moment(serializers.DateTimeField):
    """RFC 3339 with an offset in, UTC with ``Z`` out, to the microsecond only when there is one."""

    default_error_messages = {"zone_required": "Say the time zone: end the time with Z or an offset such as +02:00."}
    TAKEN, YEARS = range(1900, 2201), "This has to be between the years 1900 and 2200."

    def enforce_timezone(self, value: datetime) -> datetime:
        if value.tzinfo is None:
            self.fail("zone_required")
        try:
            return value.astimezone(UTC)
        except OverflowError as error:
            raise serializers.ValidationError(self.YEARS, code="invalid") from error

    def to_internal_value(self, value: Any) -> datetime:
        moment = super().to_internal_value(value)
        if moment.year not in self.TAKEN:
            raise serializers.ValidationError(self.YEARS, code="invalid")
        return moment

    def to_representation(self, value: Any) -> str:
        return utc(value) if isinstance(value, datetime) else str(value)


def utc(moment: datetime) -> str:
    """A moment as the contract writes it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def utc_or_none(moment: datetime | None) -> str | None:
    return utc(moment) if moment else None


def day_or_none(day: date | None) -> str | None:
    return day.isoformat() if day else None


def id_or_none(row_id: UUID | str | None) -> str | None:
    return str(row_id) if row_id else None


class PlainText(serializers.CharField):
    """Text without NUL or broken characters."""

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        problem = text_problem(text)
        if problem:
            raise serializers.ValidationError(TEXT_PROBLEMS[problem], code=problem)
        return text


class Amount(serializers.FloatField):
    """A number that can be compared and counted: not NaN, not infinite."""

    def to_internal_value(self, data: Any) -> float:
        value = super().to_internal_value(data)
        if not math.isfinite(value):
            self.fail("invalid")
        return value


class ZoneName(PlainText):
    """An IANA time zone."""

    default_error_messages = {"unknown_zone": "“{zone}” is no IANA time zone such as America/Denver."}

    def to_internal_value(self, data: Any) -> str:
        zone = super().to_internal_value(data)
        if zone and zone not in known_zones():
            self.fail("unknown_zone", zone=zone)
        return zone


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses fields it does not know, and read-only fields that came back changed."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            self._refuse_unknown(data)
        return super().to_internal_value(data)

    def _refuse_unknown(self, data: dict[str, Any]) -> None:
        errors = {}
        for name, value in data.items():
            field = self.fields.get(name)
            if field is None:
                errors[name] = [serializers.ErrorDetail("This field is not known here.", code="unknown_field")]
            elif field.read_only and not self._is_unchanged(name, value):
                errors[name] = [serializers.ErrorDetail("This field cannot be changed.", code="read_only")]
        if errors:
            raise serializers.ValidationError(errors)

    def _is_unchanged(self, name: str, value: Any) -> bool:
        current = self.context.get("current")
        return isinstance(current, dict) and name in current and current[name] == value


class Changes(StrictSerializer):
    """The body of a PATCH: absent, or as it is, is unchanged. Other fields of the resource may come back, but not changed."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            data = {name: value for name, value in data.items() if not self._is_unchanged(name, value)}
        return super().to_internal_value(data)

    def _refuse_unknown(self, data: dict[str, Any]) -> None:
        changed = [name for name in data if name in self.context.get("current", {}) and name not in self.fields]
        if changed:
            raise serializers.ValidationError(
                {name: [serializers.ErrorDetail("This field cannot be changed.", code="read_only")] for name in changed}
            )
        super()._refuse_unknown(data)


class NoQuery(StrictSerializer):
    """An operation without parameters in its address."""


# How the schema names a word of an enumeration that may grow.
OPEN: dict[str, Any] = {"type": "string", "x-open": True}


@extend_schema_field(OPEN)
class OpenCode(serializers.CharField):
    """A word of an open enumeration, in answers: more may come, and readers ignore those they do not know."""


class CodedReason(serializers.ChoiceField):
    """A reason code; leaving it out is ``reason_required``."""

    default_error_messages = {"required": "Say why: choose a reason.", "null": "Say why: choose a reason."}

    def fail(self, key: str, **more: Any) -> NoReturn:
        if key in ("required", "null"):
            raise serializers.ValidationError(self.error_messages[key], code="reason_required")
        super().fail(key, **more)


@extend_schema_field(OPEN)
class KnownCode(serializers.CharField):
    """A word of an open enumeration, as a question: one that is not known finds nothing by mistake, so it is refused."""

    default_error_messages = {"unknown_value": "“{value}” is not known here. Known are {known}."}

    def __init__(self, known: Sequence[str], **options: Any) -> None:
        super().__init__(**options)
        self.known = known

    def to_internal_value(self, data: Any) -> str:
        value = str(super().to_internal_value(data))
        if value not in self.known:
            self.fail("unknown_value", value=value[:60], known=", ".join(self.known))
        return value


class Identifier(StrictSerializer):
    """Somebody's own number for something: unique within its system."""

    system = PlainText(max_length=200)
    value = PlainText(max_length=200)


class Label(serializers.Serializer[Any]):
    """A reference to another row: its id and what to call it."""

    id = serializers.UUIDField()
    display = serializers.CharField()
