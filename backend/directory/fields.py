"""What several of the directory's inputs and answers are made of."""

from collections.abc import Mapping
from datetime import time
from itertools import pairwise
from typing import Any

from drf_spectacular.utils import extend_schema_field, inline_serializer
from rest_framework import serializers

from backend.catalog.serializers import CatalogCode
from backend.lib.rest.fields import Moment, PlainText, StrictSerializer

PRIORITIES = ("routine", "urgent", "asap")


class Language(serializers.RegexField):
    """A language tag (BCP 47), such as ``en`` or ``pt-BR``."""

    def __init__(self, **options: Any) -> None:
        super().__init__(r"\A[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})?\Z", max_length=10, **options)


def codes(kind: str, **options: Any) -> serializers.ListField:
    """A list of codes of the catalog."""
    return serializers.ListField(child=CatalogCode(kind), max_length=100, **options)


def language_list(**options: Any) -> serializers.ListField:
    return serializers.ListField(child=Language(), max_length=20, **options)


class OpeningTimeSerializer(StrictSerializer):
    weekday = serializers.IntegerField(min_value=0, max_value=6, help_text="0 is Monday.")
    opens = serializers.TimeField()
    closes = serializers.TimeField(help_text="Later than `opens`, on the same day.")

    def validate(self, stretch: dict[str, Any]) -> dict[str, Any]:
        if stretch["opens"] >= stretch["closes"]:
            raise serializers.ValidationError({"closes": "Closing comes after opening, on the same day."})
        return stretch


class OpeningTimes(serializers.ListSerializer[Any]):
    """At least one stretch, none over another: a clinic that is never open has no due times."""

    def validate(self, stretches: list[dict[str, Any]]) -> list[dict[str, Any]]:
        in_order = sorted(stretches, key=lambda s: (s["weekday"], s["opens"]))
        for one, following in pairwise(in_order):
            if one["weekday"] == following["weekday"] and following["opens"] < one["closes"]:
                raise serializers.ValidationError("Two opening times of one day lie over each other.", code="overlap")
        return in_order


class HolidaySerializer(StrictSerializer):
    on = serializers.DateField()
    name = PlainText(required=False, allow_blank=True, max_length=100)


class Holidays(serializers.ListSerializer[Any]):
    def validate(self, days: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len({day["on"] for day in days}) < len(days):
            raise serializers.ValidationError("A day can be a holiday once.", code="twice")
        return days


def opening_time_list(**options: Any) -> OpeningTimes:
    return OpeningTimes(child=OpeningTimeSerializer(), max_length=50, allow_empty=False, **options)


def holiday_list(**options: Any) -> Holidays:
    return Holidays(child=HolidaySerializer(), max_length=400, **options)


@extend_schema_field(
    {
        "type": "object",
        "additionalProperties": {"type": "object", "additionalProperties": {"type": "number", "exclusiveMinimum": 0}},
        "example": {"sent": {"routine": 2}},
    }
)
class DueTimes(serializers.JSONField):
    """``{state: {priority: number}}``, in the units of the default due times."""

    default_error_messages = {
        "shape": 'Due times look like {{"sent": {{"routine": 2}}}}: a state, a priority, a number above 0.'
    }

    def to_internal_value(self, data: Any) -> dict[str, dict[str, float]]:
        if not isinstance(data, dict) or not all(_is_row(state, row) for state, row in data.items()):
            self.fail("shape")
        return dict(data)


def _is_row(state: str, row: Any) -> bool:
    if not isinstance(row, dict) or not 0 < len(state) <= 40:
        return False
    return all(
        priority in PRIORITIES
        and isinstance(number, int | float)
        and not isinstance(number, bool)
        and 0 < number <= 10_000
        for priority, number in row.items()
    )


class ListQuery(StrictSerializer):
    """What every list takes."""

    limit = serializers.CharField(required=False, help_text="1 to 100; 50 when absent.")
    cursor = serializers.CharField(required=False, help_text="From `next` or `previous` of a page.")

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        values = super().to_internal_value(data)
        return {name: value for name, value in values.items() if name not in ("limit", "cursor")}


class UpdatedSinceQuery(ListQuery):
    updated_since = Moment(required=False, help_text="Rows changed at or after this moment.")


class ChangedSinceQuery(UpdatedSinceQuery):
    q = PlainText(required=False, max_length=100, help_text="Words that are part of the name.")


def page_schema(row: type[serializers.Serializer[Any]]) -> serializers.Serializer[Any]:
    """How a page of these rows reads in the OpenAPI document."""
    found: serializers.Serializer[Any] = inline_serializer(
        row.__name__.removesuffix("Serializer") + "Page",
        {
            "results": row(many=True),
            "next": serializers.URLField(allow_null=True),
            "previous": serializers.URLField(allow_null=True),
        },
    )
    return found


def label(row: Any) -> dict[str, str] | None:
    """A reference in an answer; null without one."""
    return None if row is None else {"id": str(row.pk), "display": str(row)}


def coordinates(value: Mapping[str, float]) -> tuple[float, float]:
    return value["latitude"], value["longitude"]


def hour(value: time) -> str:
    return value.isoformat(timespec="minutes")


class CoordinatesSerializer(StrictSerializer):
    latitude = serializers.FloatField(min_value=-90, max_value=90)
    longitude = serializers.FloatField(min_value=-180, max_value=180)


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string", "description": "A city or postal code."},
            {
                "type": "object",
                "properties": {"latitude": {"type": "number"}, "longitude": {"type": "number"}},
                "required": ["latitude", "longitude"],
                "additionalProperties": False,
            },
        ]
    }
)
class Near(serializers.Field[Any, Any, Any, Any]):
    """A city or postal code, or coordinates (WGS 84)."""

    def to_internal_value(self, data: Any) -> str | tuple[float, float]:
        if isinstance(data, dict):
            checked = CoordinatesSerializer(data=data)
            checked.is_valid(raise_exception=True)
            return coordinates(checked.validated_data)
        place: str = PlainText(allow_blank=True, max_length=100).run_validation(data)
        return place

    def to_representation(self, value: Any) -> Any:
        return value
