"""One change of a row, as histories tell it."""

from typing import Any

from rest_framework import serializers

from backend.lib.rest.fields import Label, Moment, OpenCode


class ChangedRowSerializer(serializers.Serializer[Any]):
    type = OpenCode()
    id = serializers.UUIDField()


class ChangedFieldSerializer(serializers.Serializer[Any]):
    """From what to what; null for nothing, and where the reader may not know what was before."""

    name = serializers.CharField()
    to = serializers.JSONField()

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        return {"name": fields["name"], "from": serializers.JSONField(), "to": fields["to"]}


class ChangeSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    at = Moment(help_text="When it counts as done.")
    recorded_at = Moment(help_text="When it was written, in real time; the order of the list.")
    by = serializers.CharField(allow_null=True, help_text="The person, or the system; null when nobody is known.")
    organization = Label(allow_null=True, help_text="For whom they acted.")
    actor = OpenCode(allow_null=True, help_text="How they came in: `member`, `system`, `client` …")
    request_id = serializers.CharField(allow_null=True)
    what = ChangedRowSerializer()
    action = serializers.ChoiceField(["created", "changed", "removed"])
    fields = ChangedFieldSerializer(many=True)  # type: ignore[assignment]  # declared fields are taken off the class
    label = serializers.CharField(help_text="The change in one line.")  # type: ignore[assignment]
