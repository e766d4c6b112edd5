"""People who treat, and their credentials."""

from typing import Any

from rest_framework import serializers

from backend.catalog.serializers import CatalogCode
from backend.directory.fields import ChangedSinceQuery
from backend.directory.models import Credential, Practitioner
from backend.directory.serializers.rows import RowSerializer, row_body
from backend.lib.rest.fields import Changes, PlainText, StrictSerializer, day_or_none


class CredentialSerializer(RowSerializer):
    practitioner_id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=Credential.Kind.choices)
    discipline = serializers.CharField()
    name = serializers.CharField()
    number = serializers.CharField(allow_blank=True)
    jurisdiction = serializers.CharField(allow_blank=True)
    issuer = serializers.CharField(allow_blank=True)
    hours = serializers.IntegerField(allow_null=True)
    issued_on = serializers.DateField(allow_null=True)
    expires_on = serializers.DateField(allow_null=True, help_text="The last day on which it is in force.")
    status = serializers.ChoiceField(choices=Credential.Status.choices)
    verified_on = serializers.DateField(allow_null=True)


def credential_body(row: Credential) -> dict[str, Any]:
    return {
        **row_body(row),
        "practitioner_id": str(row.practitioner_id),
        **{name: getattr(row, name) for name in ("kind", "discipline", "name", "number", "jurisdiction", "issuer")},
        "hours": row.hours,
        "issued_on": day_or_none(row.issued_on),
        "expires_on": day_or_none(row.expires_on),
        "status": row.status,
        "verified_on": day_or_none(row.verified_on),
    }


class CredentialFields(serializers.Serializer[Any]):
    number = PlainText(required=False, allow_blank=True, max_length=60)
    jurisdiction = PlainText(required=False, allow_blank=True, max_length=60)
    issuer = PlainText(required=False, allow_blank=True, max_length=200)
    hours = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=100_000)
    issued_on = serializers.DateField(required=False, allow_null=True)
    expires_on = serializers.DateField(required=False, allow_null=True)


class NewCredentialSerializer(CredentialFields, StrictSerializer):
    kind = serializers.ChoiceField(choices=Credential.Kind.choices)
    discipline = CatalogCode("disciplines")
    name = PlainText(max_length=100)


class CredentialChanges(CredentialFields, Changes):
    name = PlainText(required=False, max_length=100)


class CredentialVerdictSerializer(StrictSerializer):
    status = serializers.ChoiceField(choices=Credential.Status.choices)


class PractitionerSerializer(RowSerializer):
    family_name = serializers.CharField()
    given_name = serializers.CharField()
    display = serializers.CharField()
    has_account = serializers.BooleanField()
    credentials = CredentialSerializer(many=True, help_text="The first hundred.")


def practitioner_body(row: Practitioner) -> dict[str, Any]:
    credentials = sorted(row.credentials.all(), key=lambda c: c.id)[:100]
    return {
        **row_body(row),
        "family_name": row.family_name,
        "given_name": row.given_name,
        "display": str(row),
        "has_account": row.user_id is not None,
        "credentials": [credential_body(credential) for credential in credentials],
    }


class NewPractitionerSerializer(StrictSerializer):
    family_name = PlainText(max_length=100)
    given_name = PlainText(max_length=100)
    member_id = serializers.UUIDField(required=False, help_text="The member of your organization that this is.")


class PractitionerChanges(Changes):
    family_name = PlainText(required=False, max_length=100)
    given_name = PlainText(required=False, max_length=100)


class PractitionerQuery(ChangedSinceQuery):
    organization_id = serializers.UUIDField(required=False, help_text="Works there now.")
