"""What the brief and the body map take and give."""

import re
from typing import Any
from uuid import UUID

from rest_framework import serializers

from backend.lib.rest.fields import Label, Moment, OpenCode, PlainText, StrictSerializer
from backend.notes.models import Finding

LINE = re.compile(r"([a-z_]{1,20})\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([1-9][0-9]{0,8})")
MOST_MARKED = 100


class LineId(PlainText):
    """The id of a line as the brief gave it: which thing, and in which version."""

    default_error_messages = {"unknown_line": "Send the ids of lines as the brief gave them."}

    def to_internal_value(self, data: Any) -> Any:
        found = LINE.fullmatch(super().to_internal_value(data))
        if found is None:
            self.fail("unknown_line")
        kind, subject_id, version = found.groups()
        return kind, UUID(subject_id), int(version)


class BriefQuery(StrictSerializer):
    practitioner_role_id = serializers.UUIDField(
        required=False, help_text="Whose brief a clinic's system wants; of a signed-in person it is their own."
    )


class ReadInput(StrictSerializer):
    line_ids = serializers.ListField(
        child=LineId(max_length=100), min_length=1, max_length=MOST_MARKED, help_text="The lines that were shown."
    )


class LineSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(
        help_text="Opaque; names the thing and the version that is shown. Another version has another id."
    )
    kind = OpenCode(
        help_text="`note`, `ask`, `visit`, `report`, `plan_version`, `plan`, `plan_line`, `goal`, `proposal`, `agreement`, "
        "`precaution`, `hold`, `contact_first`. More may come."
    )
    at = Moment(allow_null=True, help_text="Since when it reads as it does; null where that is not told.")
    occurred_at = Moment(allow_null=True, help_text="When it took place.")
    author = serializers.CharField(allow_null=True)
    organization = Label(allow_null=True, help_text="Null for a guest's report.")
    discipline = serializers.CharField(allow_null=True)
    text = serializers.CharField(help_text="One sentence.")
    is_red = serializers.BooleanField(help_text="It limits what your hands may do, or it is an alarm.")
    is_pinned = serializers.BooleanField(help_text="Red and in force, or red and unread: always there, on top.")
    is_read = serializers.BooleanField(help_text="You marked this version as read.")
    href = serializers.CharField(allow_null=True, help_text="Where to read it whole.")


class BriefSerializer(serializers.Serializer[Any]):
    client = Label()
    last_visit_at = Moment(
        allow_null=True, help_text="Your last visit that was done, or last signed note; null before the first."
    )
    since = Moment(help_text="The last visit; before the first, when you began to see this client.")
    lines = LineSerializer(many=True, help_text="What is pinned, then at most five lines, oldest first.")
    more = serializers.IntegerField(
        help_text="Unread lines that wait until older ones were marked as read; counted up to about 200."
    )
    withheld = serializers.ListField(
        child=serializers.CharField(), help_text="The kinds of lines whose scope the token does not carry."
    )


class BodyMapQuery(StrictSerializer):
    since = Moment(required=False, help_text="Only what was found or treated since then, compared with how it stood.")


class MuscleSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    # DRF takes declared fields off the class, so this does not hide Serializer.label
    label = serializers.CharField()  # type: ignore[assignment]


class WrittenSerializer(serializers.Serializer[Any]):
    at = Moment(help_text="When the client was seen.")
    note_id = serializers.UUIDField()
    author = Label()
    organization = Label()
    discipline = serializers.CharField()


class BeforeSerializer(serializers.Serializer[Any]):
    intensity = serializers.IntegerField(allow_null=True)
    at = Moment()


class FoundSerializer(WrittenSerializer):
    kind = serializers.ChoiceField([kind for kind in Finding.Kind.values if kind != Finding.Kind.TREATED])
    muscle = MuscleSerializer(allow_null=True)
    intensity = serializers.IntegerField(allow_null=True, help_text="Of pain, 0 to 10.")
    refers_to = serializers.ListField(child=serializers.CharField())
    remark = serializers.CharField(allow_null=True)
    before = BeforeSerializer(allow_null=True, help_text="What the note before said of the same kind at this place.")
    change = OpenCode(help_text="`new`, `same`, `better` or `worse` against `before`.")


class TreatedSerializer(WrittenSerializer):
    techniques = serializers.ListField(child=serializers.CharField(), help_text="Codes of the catalog.")


class PlaceSerializer(serializers.Serializer[Any]):
    region = serializers.CharField()
    side = serializers.ChoiceField(["left", "right", "midline", "bilateral"])
    label = serializers.CharField()  # type: ignore[assignment]  # as above
    text = serializers.CharField(help_text="The place in one line.")
    pain = serializers.IntegerField(allow_null=True, help_text="The strongest pain found last here, 0 to 10.")
    findings = FoundSerializer(many=True)
    last_treated = TreatedSerializer(allow_null=True)


class BodyMapSerializer(serializers.Serializer[Any]):
    client = Label()
    since = Moment(allow_null=True)
    places = PlaceSerializer(many=True, help_text="From head to foot.")
