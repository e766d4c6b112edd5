"""Who may see a client, who did, and breaking the glass."""

from typing import Any

from rest_framework import serializers

from backend.clients.models import Access
from backend.lib.rest.fields import Label, Moment, PlainText, StrictSerializer


class BreakGlassInput(StrictSerializer):
    reason = PlainText(
        max_length=1000,
        help_text="What makes this an emergency; at least 10 characters.",
        error_messages={"blank": "Say in a sentence what makes this an emergency."},
    )


class AccessSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    organization = Label()
    why = serializers.ChoiceField(choices=Access.Why.choices)
    extent = serializers.ChoiceField(choices=Access.Extent.choices)
    until = Moment(allow_null=True)
    consent_id = serializers.UUIDField(allow_null=True)
    referral_id = serializers.UUIDField(allow_null=True)
    reason = serializers.CharField(allow_null=True, help_text="Of a broken glass.")

    def get_fields(self) -> dict[str, Any]:
        # "from" is a word of Python's and cannot be declared as the others
        return {**super().get_fields(), "from": Moment(help_text="Since when.")}


class LookSerializer(serializers.Serializer[Any]):
    at = Moment()
    action = serializers.CharField()
    organization = Label(allow_null=True)
    who = serializers.CharField()
    subject = serializers.DictField()
    why = serializers.CharField(allow_null=True)


class LookPageSerializer(serializers.Serializer[Any]):
    results = LookSerializer(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class WhoSeesSerializer(serializers.Serializer[Any]):
    may = AccessSerializer(many=True)
    did = LookPageSerializer()
