"""What a clinic keeps about a person, how it finds them, and many at once."""

from typing import Any
from uuid import UUID

from rest_framework import serializers

from backend.clients.models import Client
from backend.clients.services.people import local_system
from backend.lib.rest.fields import Identifier, Label, Moment, PlainText, StrictSerializer, ZoneName

MOST = 100


class ClientFacts(StrictSerializer):
    """What a clinic keeps about a person. Absent = unchanged, null = clear."""

    family_name = PlainText(max_length=100, required=False)
    given_name = PlainText(max_length=100, required=False, allow_null=True, allow_blank=True)
    birth_date = serializers.DateField(required=False, allow_null=True)
    gender = serializers.ChoiceField(choices=Client.Gender.choices, required=False)
    email = serializers.EmailField(required=False, allow_null=True, allow_blank=True)
    phone = PlainText(max_length=40, required=False, allow_null=True, allow_blank=True)
    address = PlainText(max_length=200, required=False, allow_null=True, allow_blank=True)
    city = PlainText(max_length=100, required=False, allow_null=True, allow_blank=True)
    region = PlainText(max_length=60, required=False, allow_null=True, allow_blank=True, help_text="State or province.")
    postal_code = PlainText(max_length=20, required=False, allow_null=True, allow_blank=True)
    country = PlainText(
        max_length=2, required=False, allow_null=True, allow_blank=True, help_text="ISO 3166, two letters."
    )
    language = PlainText(max_length=10, required=False, allow_null=True, allow_blank=True, help_text="BCP 47.")
    time_zone = ZoneName(required=False, allow_null=True, allow_blank=True, help_text="IANA name.")
    local_identifier = PlainText(
        max_length=200, required=False, allow_null=True, help_text="Your own number for this client; only you see it."
    )
    identifiers = serializers.ListField(
        child=Identifier(),
        required=False,
        max_length=20,
        help_text="Your own identifiers; replaced whole; only you see them.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return {name: "" if value is None and name in Client.MAY_BE_BLANK else value for name, value in attrs.items()}


class ClientInput(ClientFacts):
    family_name = PlainText(max_length=100)


class ClientPatch(ClientFacts):
    """A JSON merge patch. ``status`` is active or inactive; death and moving have addresses of their own."""

    status = serializers.ChoiceField(choices=["active", "inactive"], required=False)
    id = serializers.UUIDField(read_only=True)
    version = serializers.IntegerField(read_only=True)
    display = serializers.CharField(read_only=True)
    relation = serializers.CharField(read_only=True)
    deceased_on = serializers.DateField(read_only=True)
    created_at = Moment(read_only=True)
    updated_at = Moment(read_only=True)
    possible_duplicates = Label(many=True, read_only=True)


def facts_of(
    checked: dict[str, Any], organization_id: UUID | None, *, shown: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The checked fields with ``local_identifier`` turned into one of the identifiers.

    Of the two only what was sent is replaced; the other stays as it is shown.
    """
    facts = {name: value for name, value in checked.items() if name not in ("identifiers", "local_identifier")}
    if "identifiers" not in checked and "local_identifier" not in checked:
        return facts
    before = shown or {"identifiers": [], "local_identifier": None}
    others = checked.get("identifiers", before["identifiers"])
    local = checked.get("local_identifier", before["local_identifier"])
    pairs = [(local_system(organization_id), local)] if local else []
    return {**facts, "identifiers": [*pairs, *((row["system"], row["value"]) for row in others)]}


class ClientSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    version = serializers.IntegerField()
    display = serializers.CharField()
    relation = serializers.ChoiceField(
        choices=["home", "shared"], help_text="Registered by your clinic, or shared with it by a consent."
    )
    family_name = serializers.CharField()
    given_name = serializers.CharField(allow_null=True)
    birth_date = serializers.DateField(allow_null=True)
    gender = serializers.ChoiceField(choices=Client.Gender.choices)
    email = serializers.EmailField(allow_null=True)
    phone = serializers.CharField(allow_null=True)
    address = serializers.CharField(allow_null=True)
    city = serializers.CharField(allow_null=True)
    region = serializers.CharField(allow_null=True)
    postal_code = serializers.CharField(allow_null=True)
    country = serializers.CharField(allow_null=True)
    language = serializers.CharField(allow_null=True)
    time_zone = serializers.CharField(allow_null=True)
    status = serializers.ChoiceField(choices=Client.Status.choices)
    deceased_on = serializers.DateField(allow_null=True)
    local_identifier = serializers.CharField(allow_null=True)
    identifiers = Identifier(many=True)
    created_at = Moment()
    updated_at = Moment()


class ClientDetailSerializer(ClientSerializer):
    possible_duplicates = Label(many=True, help_text="Of your own clinic only; merge them, or leave them.")


class IdentifierAsked(serializers.JSONField):
    """A value under any system, or ``{"system", "value"}``."""

    default_error_messages = {"invalid": 'Send the value as text, or {"system", "value"}.'}

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, str):
            return "", PlainText(max_length=200).run_validation(data)
        checked = Identifier(data=data)
        checked.is_valid(raise_exception=True)
        return checked.validated_data["system"], checked.validated_data["value"]


class ClientSearch(StrictSerializer):
    """Exactly one of them."""

    query = PlainText(
        min_length=2, max_length=100, required=False, help_text="Words of the name, an e-mail or a phone."
    )
    birth_date = serializers.DateField(required=False)
    identifier = IdentifierAsked(required=False, help_text='One of yours: the value, or `{"system", "value"}`.')

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1:
            raise serializers.ValidationError("Send exactly one of query, birth_date, identifier.", code="one_of")
        return attrs


class ClientReference(StrictSerializer):
    """A client by your organization's own number for them."""

    identifier = Identifier()


class AboutClient(StrictSerializer):
    """Whom something new is about: the client's id, or your own number for them."""

    client_id = serializers.UUIDField(required=False)
    client = ClientReference(required=False, help_text="In place of `client_id`: your own number for the client.")

    def validate(self, said: dict[str, Any]) -> dict[str, Any]:
        if {"client_id", "client"} <= set(said):
            raise serializers.ValidationError({"client": ["Name the client once: client_id or client."]}, code="one_of")
        return said


class ClientBatch(StrictSerializer):
    clients = serializers.ListField(
        child=serializers.JSONField(),
        min_length=1,
        max_length=MOST,
        help_text="Each a client with `local_identifier` or `identifiers`; the first identifier finds the client.",
    )


class BatchResultSerializer(serializers.Serializer[Any]):
    index = serializers.IntegerField(help_text="Place in the request, from 0.")
    status = serializers.IntegerField(help_text="201 registered, 200 changed, else the status of the problem.")
    id = serializers.UUIDField(allow_null=True)
    problem = serializers.DictField(allow_null=True, help_text="As `Problem`; null when the row was taken.")


class BatchSerializer(serializers.Serializer[Any]):
    results = BatchResultSerializer(many=True)
