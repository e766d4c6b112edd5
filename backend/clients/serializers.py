"""What the API takes and gives for clients, consents, precautions, holds, access."""

from typing import Any
from uuid import UUID

from rest_framework import serializers

from backend.catalog.queries import catalog
from backend.catalog.serializers import CatalogCode
from backend.clients.models import Access, Client, Consent, Representative
from backend.clients.services.people import local_system
from backend.lib.rest.fields import Identifier, Label, Moment, PlainText, StrictSerializer, ZoneName

MOST = 100


class PageQuery(StrictSerializer):
    limit = serializers.CharField(required=False, help_text="1 to 100, default 50.")
    cursor = serializers.CharField(required=False, help_text="From `next` or `previous` of an earlier page.")


class UpdatedSinceQuery(PageQuery):
    updated_since = Moment(required=False, help_text="Only rows changed at or after this time.")


class SearchedQuery(PageQuery):
    search = serializers.CharField(help_text="The sealed question of the search, as `next` carries it.")


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
        return {name: "" if value is None and name in BLANK_WHEN_UNKNOWN else value for name, value in attrs.items()}


BLANK_WHEN_UNKNOWN = frozenset(
    ("given_name", "email", "phone", "address", "city", "region", "postal_code", "country", "language", "time_zone")
)


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
    clearance = serializers.CharField(allow_null=True)


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


class LinkInput(StrictSerializer):
    own_client_id = serializers.UUIDField(help_text="A client that your clinic registered.")


class UndoLinkInput(StrictSerializer):
    organization_id = serializers.UUIDField(
        required=False, help_text="As the home clinic: whose link to take back. Your own when absent."
    )


class RegistrationSerializer(serializers.Serializer[Any]):
    client = Label()
    kind = serializers.ChoiceField(choices=["home", "linked", "none"])
    own_client = Label(allow_null=True, help_text="Your own record of the same person.")
    linked_at = Moment(allow_null=True)
    links = serializers.ListField(
        child=serializers.UUIDField(), help_text="Shared clients that are linked to this one of yours."
    )


class MergeInput(StrictSerializer):
    into = serializers.UUIDField(help_text="The record that survives.")
    preview = serializers.BooleanField(required=False, default=False, help_text="Look, and change nothing.")


class MergePreviewSerializer(serializers.Serializer[Any]):
    client = Label()
    into = Label()
    comes_along = serializers.DictField(child=serializers.IntegerField())
    differences = serializers.DictField(help_text="Field → `[of this record, of the surviving one, which stays]`.")


class DeathInput(StrictSerializer):
    deceased_on = serializers.DateField(required=False, allow_null=True)


class EmptyInput(StrictSerializer):
    """Nothing to say."""


class BreakGlassInput(StrictSerializer):
    reason = PlainText(max_length=1000, help_text="What makes this an emergency; at least 10 characters.")


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
