"""The directory's answers and inputs, field by field. An answer is built by the function beside its serializer."""

from datetime import date
from typing import Any
from uuid import UUID

from rest_framework import serializers

from backend.catalog.serializers import CatalogCode
from backend.directory.eligibility import credential_problem, today_at
from backend.directory.fields import (
    ChangedSinceQuery,
    Changes,
    DueTimes,
    HolidaySerializer,
    Language,
    Near,
    OpeningTimeSerializer,
    ZoneName,
    codes,
    holiday_list,
    hour,
    label,
    language_list,
    opening_time_list,
)
from backend.directory.matching import Match
from backend.directory.models import (
    Application,
    Credential,
    DirectoryRow,
    Location,
    Member,
    Organization,
    Practitioner,
    PractitionerRole,
)
from backend.directory.oauth import known_scopes
from backend.lib.actor import Actor
from backend.lib.rest.fields import Label, Moment, PlainText, StrictSerializer, utc


class OnBehalfOf(StrictSerializer):
    """The practitioner a system acts for: an attribution, not a signature."""

    practitioner_role_id = serializers.UUIDField()


SETTINGS = ("break_glass_enabled", "coordinators_may_accept", "neuromuscular_hours", "due_times")


class RowSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    version = serializers.IntegerField()
    created_at = Moment()
    updated_at = Moment()


class WithheldSerializer(RowSerializer):
    withheld = serializers.ListField(
        child=serializers.CharField(), help_text="Fields left out, because only the organization itself reads them."
    )


# Organizations and locations


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
        **_row(row),
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
        **_row(row),
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


# Practitioners and credentials


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
        **_row(row),
        "practitioner_id": str(row.practitioner_id),
        **{name: getattr(row, name) for name in ("kind", "discipline", "name", "number", "jurisdiction", "issuer")},
        "hours": row.hours,
        "issued_on": _day(row.issued_on),
        "expires_on": _day(row.expires_on),
        "status": row.status,
        "verified_on": _day(row.verified_on),
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
        **_row(row),
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


# Roles


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
        **_row(row),
        "practitioner": label(row.practitioner),
        "organization": label(row.organization),
        "location": location,
        "discipline": row.discipline,
        "technique_ids": row.technique_ids,
        "regions": row.regions,
        "languages": row.languages,
        "capacity_per_week": row.capacity_per_week,
        "accepting": row.is_accepting,
        "away_until": _day(row.away_until),
        "credential_in_force": credential_problem(row, today_at(row.organization), row.practitioner.credentials.all())
        is None,
        "ended_at": utc(row.ended_at) if row.ended_at else None,
        **({"transmission_agreed_at": _moment(row.transmission_agreed_at)} if is_ours else {}),
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


# Matching


class NeedSerializer(StrictSerializer):
    discipline = CatalogCode("disciplines")
    technique_ids = codes("techniques", required=False)
    region = CatalogCode("regions", required=False)
    language = Language(required=False)
    near = Near(required=False)


class ReasonSerializer(serializers.Serializer[Any]):
    code = serializers.ChoiceField(
        choices=[
            "discipline",
            "technique",
            "certification",
            "region",
            "language",
            "distance",
            "answers_in",
            "worked_together",
            "accepting",
            "not_accepting",
            "away",
        ]
    )
    text = serializers.CharField(help_text="A sentence for the person who refers.")


class AnswersInSerializer(serializers.Serializer[Any]):
    minutes = serializers.IntegerField(help_text="Mean time from sent to answered, over all organizations.")
    answered = serializers.IntegerField(help_text="How many answers that was.")


class MatchSerializer(serializers.Serializer[Any]):
    practitioner_role = PractitionerRoleSerializer()
    practitioner_role_id = serializers.UUIDField()
    score = serializers.FloatField(help_text="Sum of what speaks for the colleague; for the order only.")
    reasons = ReasonSerializer(many=True)
    credential_in_force = serializers.BooleanField()
    available = serializers.BooleanField(help_text="Accepting and not away; others come last.")
    answers_in = AnswersInSerializer(allow_null=True, help_text="Null until a referral was answered.")


class MatchesSerializer(serializers.Serializer[Any]):
    results = MatchSerializer(many=True)


def match_body(match: Match, actor: Actor) -> dict[str, Any]:
    role = role_body(match.role, actor)
    minutes = match.answers.minutes
    return {
        "practitioner_role": role,
        "practitioner_role_id": role["id"],
        "score": match.score,
        "reasons": [{"code": reason.code, "text": reason.text} for reason in match.reasons],
        "credential_in_force": True,
        "available": match.is_available,
        "answers_in": None if minutes is None else {"minutes": minutes, "answered": match.answers.answered},
    }


# Members and applications


class MemberSerializer(RowSerializer):
    organization = Label()
    display = serializers.CharField()
    email = serializers.EmailField()
    rights = serializers.ListField(child=serializers.ChoiceField(choices=Member.Right.choices))
    quiet_from = serializers.TimeField()
    quiet_until = serializers.TimeField()
    daily_digest = serializers.BooleanField()
    ended_at = Moment(allow_null=True)


def member_body(row: Member) -> dict[str, Any]:
    return {
        **_row(row),
        "organization": label(row.organization),
        "display": str(row.user),
        "email": row.user.email,
        "rights": row.rights,
        "quiet_from": hour(row.quiet_from),
        "quiet_until": hour(row.quiet_until),
        "daily_digest": row.daily_digest,
        "ended_at": _moment(row.ended_at),
    }


class Rights(serializers.MultipleChoiceField):
    """One or more rights, in the order PRODUCT.md names them."""

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=Member.Right.choices, allow_empty=False, **options)

    def to_internal_value(self, data: Any) -> list[str]:  # type: ignore[override]  # the column is a list
        chosen = super().to_internal_value(data)
        return [right for right in Member.Right.values if right in chosen]


class NewMemberSerializer(StrictSerializer):
    email = serializers.EmailField()
    rights = Rights()
    given_name = PlainText(required=False, allow_blank=True, max_length=100)
    family_name = PlainText(required=False, allow_blank=True, max_length=100)


class MemberChanges(Changes):
    rights = Rights(required=False)
    quiet_from = serializers.TimeField(required=False)
    quiet_until = serializers.TimeField(required=False)
    daily_digest = serializers.BooleanField(required=False)


class ApplicationSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    version = serializers.IntegerField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=["system", "tool"])
    is_public = serializers.BooleanField()
    client_id = serializers.CharField(help_text="What `/oauth/*` calls the client.")
    scopes = serializers.ListField(child=serializers.CharField())
    redirect_uris = serializers.ListField(child=serializers.CharField())
    created_at = Moment()
    updated_at = Moment()
    ended_at = Moment(allow_null=True)


class ApplicationWithSecretSerializer(ApplicationSerializer):
    client_secret = serializers.CharField(
        allow_null=True, help_text="Shown this once; null for a public tool and when the answer is repeated."
    )


def application_body(row: Application) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "version": row.version,
        "name": row.name,
        "kind": "tool" if row.authorization_grant_type == Application.GRANT_AUTHORIZATION_CODE else "system",
        "is_public": row.client_type == Application.CLIENT_PUBLIC,
        "client_id": row.client_id,
        "scopes": row.allowed_scopes.split(),
        "redirect_uris": row.redirect_uris.split(),
        "created_at": utc(row.created),
        "updated_at": utc(row.updated),
        "ended_at": _moment(row.ended_at),
    }


class Scopes(serializers.ListField):
    """Scopes that this service knows."""

    default_error_messages = {"unknown_scope": "There is no scope “{scope}”; see /api/docs."}

    def __init__(self, **options: Any) -> None:
        super().__init__(child=PlainText(max_length=40), max_length=50, allow_empty=False, **options)

    def to_internal_value(self, data: Any) -> list[str]:
        scopes: list[str] = list(dict.fromkeys(super().to_internal_value(data)))
        for scope in scopes:
            if scope not in known_scopes():
                self.fail("unknown_scope", scope=scope)
        return scopes


class Addresses(serializers.ListField):
    def __init__(self, **options: Any) -> None:
        super().__init__(child=serializers.RegexField(r"\A\S+\Z", max_length=500), max_length=10, **options)


class NewApplicationSerializer(StrictSerializer):
    name = PlainText(max_length=200)
    kind = serializers.ChoiceField(
        choices=["system", "tool"],
        default="system",
        help_text="`system` acts for the organization, `tool` for the person who signs in (authorization code, PKCE).",
    )
    scopes = Scopes()
    redirect_uris = Addresses(required=False, help_text="Of a tool.")
    is_public = serializers.BooleanField(default=False, help_text="A tool that cannot keep a secret.")

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        is_tool = values["kind"] == "tool"
        if is_tool != bool(values.get("redirect_uris")):
            detail = "A tool needs at least one." if is_tool else "Only a tool has some."
            raise serializers.ValidationError({"redirect_uris": detail})
        if values["is_public"] and not is_tool:
            raise serializers.ValidationError({"is_public": "A system keeps a secret."})
        return values


class ApplicationChanges(Changes):
    name = PlainText(required=False, max_length=200)
    scopes = Scopes(required=False)
    redirect_uris = Addresses(required=False)


# Me


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


def _row(row: DirectoryRow) -> dict[str, Any]:
    identity: UUID = row.id
    return {
        "id": str(identity),
        "version": row.version,
        "created_at": utc(row.created_at),
        "updated_at": utc(row.updated_at),
    }


def _day(value: date | None) -> str | None:
    return value.isoformat() if value else None


def _moment(value: Any) -> str | None:
    return utc(value) if value else None
