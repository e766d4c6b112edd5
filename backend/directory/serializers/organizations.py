"""Clinics and their places."""

from typing import Any

from rest_framework import serializers

from backend.directory.fields import (
    ChangedSinceQuery,
    DueTimes,
    HolidaySerializer,
    OpeningTimeSerializer,
    holiday_list,
    hour,
    label,
    opening_time_list,
)
from backend.directory.models import Location, Organization
from backend.directory.serializers.rows import RowSerializer, WithheldSerializer, row_body
from backend.lib.actor import Actor
from backend.lib.rest.fields import Changes, Label, PlainText, StrictSerializer, ZoneName

SETTINGS = ("break_glass_enabled", "coordinators_may_accept", "neuromuscular_hours", "due_times")


class OrganizationSerializer(WithheldSerializer):
    name = serializers.CharField()
    email = serializers.CharField(allow_blank=True)
    phone = serializers.CharField(allow_blank=True)
    time_zone = serializers.CharField(help_text="IANA time zone.")
    opening_times = OpeningTimeSerializer(many=True)
    holidays = HolidaySerializer(many=True)
    break_glass_enabled = serializers.BooleanField(required=False)
    coordinators_may_accept = serializers.BooleanField(required=False)
    neuromuscular_hours = serializers.IntegerField(
        required=False, help_text="Hours this clinic asks of a neuromuscular therapy certificate."
    )
    due_times = DueTimes(required=False, help_text="This clinic's own due times, never looser than the defaults.")


def organization_body(row: Organization, actor: Actor) -> dict[str, Any]:
    is_ours = row.id == actor.organization_id
    return {
        **row_body(row),
        "name": row.name,
        "email": row.email,
        "phone": row.phone,
        "time_zone": row.time_zone,
        "opening_times": [
            {"weekday": t.weekday, "opens": hour(t.opens), "closes": hour(t.closes)}
            for t in sorted(row.opening_times.all(), key=lambda t: (t.weekday, t.opens))
        ],
        "holidays": [
            {"on": day.on_date.isoformat(), "name": day.name}
            for day in sorted(row.holidays.all(), key=lambda day: day.on_date)
        ],
        **({name: getattr(row, name) for name in SETTINGS} if is_ours else {}),
        "withheld": [] if is_ours else list(SETTINGS),
    }


class NewOrganizationSerializer(StrictSerializer):
    name = PlainText(max_length=200)
    time_zone = ZoneName()
    email = serializers.EmailField(required=False, allow_blank=True)
    phone = PlainText(required=False, allow_blank=True, max_length=40)
    opening_times = opening_time_list(required=False)
    holidays = holiday_list(required=False)


class OrganizationChanges(Changes):
    name = PlainText(required=False, max_length=200)
    email = serializers.EmailField(required=False, allow_blank=True)
    phone = PlainText(required=False, allow_blank=True, max_length=40)
    time_zone = ZoneName(required=False)
    opening_times = opening_time_list(required=False)
    holidays = holiday_list(required=False)
    break_glass_enabled = serializers.BooleanField(required=False)
    coordinators_may_accept = serializers.BooleanField(required=False)
    neuromuscular_hours = serializers.IntegerField(required=False, min_value=0, max_value=10_000)
    due_times = DueTimes(required=False)


class LocationSerializer(RowSerializer):
    organization = Label()
    name = serializers.CharField()
    address = serializers.CharField(allow_blank=True)
    city = serializers.CharField(allow_blank=True)
    postal_code = serializers.CharField(allow_blank=True)
    country = serializers.CharField(help_text="ISO 3166-1, two letters.")
    latitude = serializers.FloatField(allow_null=True)
    longitude = serializers.FloatField(allow_null=True)


def location_body(row: Location) -> dict[str, Any]:
    return {
        **row_body(row),
        "organization": label(row.organization),
        "name": row.name,
        "address": row.address,
        "city": row.city,
        "postal_code": row.postal_code,
        "country": row.country,
        "latitude": row.latitude,
        "longitude": row.longitude,
    }


class PlaceFields(serializers.Serializer[Any]):
    address = PlainText(required=False, allow_blank=True, max_length=200)
    city = PlainText(required=False, allow_blank=True, max_length=100)
    postal_code = PlainText(required=False, allow_blank=True, max_length=20)
    country = serializers.RegexField(r"\A[A-Z]{2}\Z", required=False)
    latitude = serializers.FloatField(required=False, allow_null=True, min_value=-90, max_value=90)
    longitude = serializers.FloatField(required=False, allow_null=True, min_value=-180, max_value=180)


class NewLocationSerializer(PlaceFields, StrictSerializer):
    name = PlainText(max_length=200)


class LocationChanges(PlaceFields, Changes):
    name = PlainText(required=False, max_length=200)


class LocationQuery(ChangedSinceQuery):
    organization_id = serializers.UUIDField(required=False)
    near = PlainText(required=False, max_length=100, help_text="A city or postal code.")
