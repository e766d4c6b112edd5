"""One person, two records: links and merges; and what happens to a client."""

from typing import Any

from rest_framework import serializers

from backend.lib.rest.fields import Label, Moment, StrictSerializer


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
