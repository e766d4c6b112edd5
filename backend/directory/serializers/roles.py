"""Who works where and what they offer."""

from typing import Any

from rest_framework import serializers

from backend.catalog.serializers import CatalogCode
from backend.directory.eligibility import credential_problem, today_at
from backend.directory.fields import ChangedSinceQuery, Language, codes, label, language_list
from backend.directory.models import PractitionerRole
from backend.directory.serializers.organizations import LocationSerializer, location_body
from backend.directory.serializers.rows import WithheldSerializer, row_body
from backend.lib.actor import Actor
from backend.lib.rest.fields import Changes, Label, Moment, PlainText, StrictSerializer, day_or_none, utc_or_none


class OnBehalfOf(StrictSerializer):
    """The practitioner a system acts for: an attribution, not a signature."""

    practitioner_role_id = serializers.UUIDField()


class PractitionerRoleSerializer(WithheldSerializer):
    practitioner = Label()
    organization = Label()
    location = LocationSerializer(allow_null=True)
    discipline = serializers.CharField()
    technique_ids = serializers.ListField(child=serializers.CharField())
    regions = serializers.ListField(child=serializers.CharField())
    languages = serializers.ListField(child=serializers.CharField())
    capacity_per_week = serializers.IntegerField(allow_null=True)
    accepting = serializers.BooleanField()
    away_until = serializers.DateField(allow_null=True, help_text="The last day away.")
    credential_in_force = serializers.BooleanField()
    ended_at = Moment(allow_null=True)
    transmission_agreed_at = Moment(
        required=False,
        allow_null=True,
        help_text="Since when the clinic's system may deliver what this person signed in their own software.",
    )


def role_body(row: PractitionerRole, actor: Actor) -> dict[str, Any]:
    is_ours = row.organization_id == actor.organization_id
    location = None
    if row.location is not None:
        row.location.organization = row.organization  # a location of the role's own clinic: nothing to look up
        location = location_body(row.location)
    return {
        **row_body(row),
        "practitioner": label(row.practitioner),
        "organization": label(row.organization),
        "location": location,
        "discipline": row.discipline,
        "technique_ids": row.technique_ids,
        "regions": row.regions,
        "languages": row.languages,
        "capacity_per_week": row.capacity_per_week,
        "accepting": row.is_accepting,
        "away_until": day_or_none(row.away_until),
        "credential_in_force": credential_problem(row, today_at(row.organization), row.practitioner.credentials.all())
        is None,
        "ended_at": utc_or_none(row.ended_at),
        **({"transmission_agreed_at": utc_or_none(row.transmission_agreed_at)} if is_ours else {}),
        "withheld": [] if is_ours else ["transmission_agreed_at"],
    }


class RoleFields(serializers.Serializer[Any]):
    technique_ids = codes("techniques", required=False)
    regions = codes("regions", required=False)
    languages = language_list(required=False)
    capacity_per_week = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=1_000)
    accepting = serializers.BooleanField(required=False, source="is_accepting")
    away_until = serializers.DateField(required=False, allow_null=True)
    location_id = serializers.UUIDField(required=False, allow_null=True)


class NewRoleSerializer(RoleFields, StrictSerializer):
    practitioner_id = serializers.UUIDField()
    discipline = CatalogCode("disciplines")


class RoleChanges(RoleFields, Changes):
    """What is offered in a role; the discipline stays, because the credential belongs to it."""


class RoleQuery(ChangedSinceQuery):
    discipline = CatalogCode("disciplines", required=False)
    organization_id = serializers.UUIDField(required=False)
    accepting = serializers.BooleanField(required=False)
    language = Language(required=False)
    technique = CatalogCode("techniques", required=False)
    region = CatalogCode("regions", required=False)
    state = serializers.ChoiceField(
        choices=["current", "ended", "any"], required=False, help_text="`current` when absent."
    )


class RoleEndSerializer(StrictSerializer):
    reason = PlainText(required=False, allow_blank=True, max_length=200)


class TransmissionAgreementSerializer(StrictSerializer):
    agreed = serializers.BooleanField(default=True, help_text="False takes the agreement back.")
