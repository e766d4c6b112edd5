"""What a search in one client's notes takes, and how what it finds reads."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from backend.lib.rest.fields import Label, Moment, OpenCode, PlainText, StrictSerializer, utc
from backend.notes.models import Note, SectionName
from backend.record.queries.search import matches_in

SHORTEST, LONGEST = 2, 200


class Words(PlainText):
    default_error_messages = {"no_words": "Type at least one word to look for."}

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if not any(letter.isalnum() for letter in text):
            self.fail("no_words")
        return text


class NoteSearch(StrictSerializer):
    query = Words(
        min_length=SHORTEST,
        max_length=LONGEST,
        help_text="Words, all of which are looked for; “in quotes” as a phrase, OR, and a minus before what must not be there.",
    )
    kinds = serializers.ListField(
        child=serializers.ChoiceField(Note.Kind.choices),
        required=False,
        max_length=5,
        help_text="Only notes of these kinds.",
    )


class SegmentSerializer(serializers.Serializer[Any]):
    text = serializers.CharField()
    hit = serializers.BooleanField(help_text="Whether this is what was looked for.")


class PlaceFoundSerializer(serializers.Serializer[Any]):
    part = OpenCode(help_text="`text`, `measure`, `finding`, `technique`, `ask` or `addendum`. More may come.")
    section = serializers.ChoiceField(SectionName.choices, allow_null=True, help_text="Null for what belongs to none.")
    snippet = SegmentSerializer(many=True)


class FoundNoteSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(help_text="Of the note.")
    kind = serializers.ChoiceField(Note.Kind.choices)
    state = serializers.ChoiceField(Note.State.choices)
    occurred_at = Moment(help_text="When the client was seen.")
    recorded_at = Moment()
    author = Label()
    discipline = OpenCode()
    organization = Label()
    matches = PlaceFoundSerializer(many=True, help_text="Where it was found; empty when only a minus was asked for.")
    href = serializers.CharField()


def found_data(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": str(row["id"]),
        "kind": row["kind"],
        "state": row["state"],
        "occurred_at": utc(row["occurred_at"]),
        "recorded_at": utc(row["recorded_at"]),
        "author": {"id": str(row["author_role_id"]), "display": row["author_name"]},
        "discipline": row["discipline"],
        "organization": {"id": str(row["organization_id"]), "display": row["organization_name"]},
        "matches": matches_in(row),
        "href": f"/api/v1/notes/{row['id']}",
    }
