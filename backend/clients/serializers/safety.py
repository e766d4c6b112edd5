"""Precautions, holds and representatives of a client."""

from typing import Any

from rest_framework import serializers

from backend.catalog.queries import catalog
from backend.catalog.serializers import CatalogCode
from backend.clients.models import Representative
from backend.lib.rest.fields import Label, Moment, PlainText, StrictSerializer


class RegionSerializer(StrictSerializer):
    region = CatalogCode("regions")
    side = serializers.ChoiceField(choices=["left", "right", "midline", "bilateral"])

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["side"] not in catalog().sides_of(attrs["region"]):
            raise serializers.ValidationError({"side": "This region does not have this side."})
        return attrs


class PrecautionInput(StrictSerializer):
    code = CatalogCode("precautions")
    regions = serializers.ListField(child=RegionSerializer(), required=False, max_length=20)
    note = PlainText(required=False, allow_blank=True, max_length=4000)
    is_sensitive = serializers.BooleanField(
        required=False, default=False, help_text="Shared only where a consent names `sensitive`."
    )


class InErrorInput(StrictSerializer):
    reason = serializers.ChoiceField(choices=["wrong_client", "wrong_entry", "duplicate", "other"])


class PrecautionSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    version = serializers.IntegerField()
    code = serializers.CharField()
    # DRF takes declared fields off the class, so this does not hide Serializer.label
    label = serializers.CharField()  # type: ignore[assignment]
    regions = RegionSerializer(many=True)
    note = serializers.CharField(allow_null=True, required=False, help_text="Not for coordinators.")
    is_sensitive = serializers.BooleanField()
    organization = Label()
    recorded_by = serializers.CharField()
    status = serializers.ChoiceField(choices=["active", "ended", "entered_in_error"])
    entered_in_error_reason = serializers.CharField(allow_null=True)
    created_at = Moment()
    ended_at = Moment(allow_null=True)
    withheld = serializers.ListField(child=serializers.CharField())


class ContactFirstSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    organization = Label()
    regions = RegionSerializer(many=True)
    display = serializers.CharField(help_text="“Contact … before treating this region.”")


class PrecautionListSerializer(serializers.Serializer[Any]):
    results = PrecautionSerializer(many=True)
    contact_first = ContactFirstSerializer(many=True, help_text="What a colleague keeps to themselves.")
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class HoldInput(StrictSerializer):
    regions = serializers.ListField(child=RegionSerializer(), min_length=1, max_length=20)
    because = serializers.ChoiceField(choices=["red_flag", "check_in", "adverse_response", "other"])


class ClearHoldInput(StrictSerializer):
    clearance = PlainText(min_length=10, max_length=2000, help_text="Why treatment may go on, in a sentence.")


class HoldSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    version = serializers.IntegerField()
    organization = Label()
    regions = RegionSerializer(many=True)
    because = serializers.CharField()
    created_at = Moment()
    cleared_at = Moment(allow_null=True)
    cleared_by = serializers.CharField(allow_null=True)
    clearance = serializers.CharField(allow_null=True, required=False, help_text="Not for coordinators.")
    withheld = serializers.ListField(child=serializers.CharField())


class RepresentativeInput(StrictSerializer):
    name = PlainText(max_length=200)
    relationship = serializers.ChoiceField(choices=Representative.Relationship.choices)
    email = serializers.EmailField(required=False, allow_blank=True)
    phone = PlainText(max_length=40, required=False, allow_blank=True)


class RepresentativeSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    relationship = serializers.ChoiceField(choices=Representative.Relationship.choices)
    email = serializers.EmailField(allow_null=True)
    phone = serializers.CharField(allow_null=True)
    created_at = Moment()
    ended_at = Moment(allow_null=True)
