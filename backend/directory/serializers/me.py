"""Who the caller is here."""

from typing import Any

from rest_framework import serializers

from backend.directory.models import Member
from backend.lib.rest.fields import Label, Moment


class LimitsSerializer(serializers.Serializer[Any]):
    requests_per_minute = serializers.IntegerField()


class MeApplicationSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()


class MeOrganizationSerializer(Label):
    time_zone = serializers.CharField()


class MeSerializer(serializers.Serializer[Any]):
    mode = serializers.ChoiceField(choices=["sandbox", "live"])
    now = Moment(help_text="The service's now; a sandbox can move it.")
    application = MeApplicationSerializer(allow_null=True)
    organization = MeOrganizationSerializer(allow_null=True)
    member = Label(allow_null=True)
    roles = serializers.ListField(child=serializers.ChoiceField(choices=Member.Right.choices))
    practitioner_role_ids = serializers.ListField(child=serializers.UUIDField())
    scopes = serializers.ListField(child=serializers.CharField())
    limits = LimitsSerializer()
