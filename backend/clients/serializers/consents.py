"""What the client allows: recorded, renewed, withdrawn."""

from typing import Any

from rest_framework import serializers

from backend.catalog.serializers import CatalogCode
from backend.clients.models import Consent, Representative
from backend.lib.rest.fields import Label, Moment, PlainText, StrictSerializer


class PoolSerializer(StrictSerializer):
    discipline = CatalogCode("disciplines")
    near = PlainText(required=False, max_length=100, help_text="City or postal code; anywhere when absent.")


class GuestSerializer(StrictSerializer):
    email = serializers.EmailField()


class GivenBySerializer(StrictSerializer):
    name = PlainText(max_length=200)
    relationship = serializers.ChoiceField(
        choices=[("self", "self"), *Representative.Relationship.choices], required=False, default="self"
    )


class AnswerInput(StrictSerializer):
    method = serializers.ChoiceField(
        choices=Consent.Method.choices, help_text="How the client told you; `link` is answered by the client only."
    )
    given_by = GivenBySerializer(required=False, help_text="The client when absent.")
    expires_on = serializers.DateField(
        required=False, allow_null=True, help_text="The last day, in your clinic's time zone; no end when absent."
    )


class ConsentInput(AnswerInput):
    organization_ids = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=50)
    guests = serializers.ListField(child=GuestSerializer(), required=False, max_length=20)
    pools = serializers.ListField(child=PoolSerializer(), required=False, max_length=20)
    categories = serializers.ListField(child=serializers.ChoiceField(choices=Consent.Category.choices), max_length=10)
    excluded_practitioner_ids = serializers.ListField(
        child=serializers.UUIDField(), required=False, max_length=50, help_text="“Not this person.”"
    )
    occurred_at = Moment(required=False, help_text="When the client said so, at most 7 days back.")


class RenewInput(AnswerInput):
    method = serializers.ChoiceField(choices=Consent.Method.choices, required=False, default=Consent.Method.IN_PERSON)


class WithdrawInput(StrictSerializer):
    reason = PlainText(required=False, allow_blank=True, max_length=1000, help_text="Kept by the home clinic only.")


class ConsentSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    version = serializers.IntegerField()
    client = Label()
    organization = Label(help_text="Who recorded it.")
    organizations = Label(many=True, help_text="The circle: they share with each other.")
    guests = GuestSerializer(many=True)
    pools = PoolSerializer(many=True)
    categories = serializers.ListField(
        child=serializers.ChoiceField(choices=Consent.Category.choices),
        help_text="Beside `safety`, which every circle shares: precautions, holds, asks and times of visits.",
    )
    excluded_practitioner_ids = serializers.ListField(child=serializers.UUIDField())
    method = serializers.ChoiceField(choices=Consent.Method.choices)
    given_by = GivenBySerializer()
    recorded_by = serializers.CharField()
    status = serializers.ChoiceField(choices=["given", "expired", "withdrawn", "refused"])
    is_in_force = serializers.BooleanField()
    given_at = Moment()
    occurred_at = Moment(allow_null=True)
    expires_on = serializers.DateField(allow_null=True)
    ends_at = Moment(allow_null=True)
    withdrawn_at = Moment(allow_null=True)
    withdrawn_reason = serializers.CharField(allow_null=True, required=False, help_text="For the home clinic only.")
    earlier = serializers.ListField(child=serializers.DictField(), help_text="The answers before the last renewal.")
    withheld = serializers.ListField(child=serializers.CharField())
    created_at = Moment()
