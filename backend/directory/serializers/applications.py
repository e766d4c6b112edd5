"""A clinic's systems and tools."""

from typing import Any

from rest_framework import serializers

from backend.directory.models import Application
from backend.directory.oauth import known_scopes
from backend.lib.rest.fields import Changes, Moment, PlainText, StrictSerializer, utc, utc_or_none


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
        "ended_at": utc_or_none(row.ended_at),
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
