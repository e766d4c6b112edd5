"""What a note and each of its transitions take with them."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from backend.catalog.queries import catalog
from backend.catalog.serializers import CatalogCode
from backend.clients.serializers import AboutClient, RegionSerializer
from backend.lib.rest.fields import Identifier, Moment, PlainText, StrictSerializer
from backend.notes.models import Addendum, Ask, Finding, Note, SectionName

LONG, SHORT = 20_000, 500
ERROR_REASONS = ("wrong_client", "wrong_entry", "duplicate", "other")
COPIED_PARTS = (*SectionName.values, "findings", "techniques")


class Row(RegionSerializer):
    """A row of a list that is replaced whole: a row with its ``id`` stays the same row."""

    id = serializers.UUIDField(required=False, help_text="Of the row that this is; a new one when absent.")


class FindingInput(Row):
    kind = serializers.ChoiceField(Finding.Kind.choices)
    muscle = CatalogCode("muscles", required=False, allow_null=True)
    intensity = serializers.IntegerField(
        min_value=0, max_value=10, required=False, allow_null=True, help_text="Of pain, and only of pain: 0 to 10."
    )
    refers_to = serializers.ListField(
        child=CatalogCode("body_zones"),
        required=False,
        max_length=20,
        help_text="Where a trigger point refers to: codes of `/catalog/body-zones`.",
    )
    remark = PlainText(max_length=200, required=False, allow_blank=True, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        is_pain = attrs["kind"] == Finding.Kind.PAIN
        if is_pain != (attrs.get("intensity") is not None):
            sentence = "Say how strong the pain is, 0 to 10." if is_pain else "Only pain has an intensity."
            raise serializers.ValidationError({"intensity": [sentence]})
        if attrs.get("refers_to") and attrs["kind"] != Finding.Kind.TRIGGER_POINT:
            raise serializers.ValidationError({"refers_to": ["Only a trigger point refers."]})
        return attrs


class TechniqueInput(StrictSerializer):
    id = serializers.UUIDField(required=False, help_text="Of the row that this is; a new one when absent.")
    technique = CatalogCode("techniques")
    regions = serializers.ListField(child=RegionSerializer(), max_length=20)
    minutes = serializers.IntegerField(min_value=1, max_value=600, required=False, allow_null=True)


class AskInput(Row):
    kind = serializers.ChoiceField(Ask.Kind.choices)
    technique = CatalogCode("techniques", required=False, allow_null=True)
    sentence = PlainText(max_length=SHORT, help_text="Everybody in the client's circle reads it.")
    until = serializers.DateField(
        required=False, allow_null=True, help_text="The last day, in your clinic's time zone; until ended when absent."
    )

    ended_at = Moment(read_only=True)

    def _is_unchanged(self, name: str, value: Any) -> bool:
        """What a draft asks is not asked yet, and has not ended."""
        return value is None


class MeasureInput(StrictSerializer):
    measure = CatalogCode("measures")
    value = serializers.FloatField(help_text="From the measure's `minimum` to its `maximum`, in its `unit`.")
    remark = PlainText(max_length=200, required=False, allow_blank=True, help_text="Such as the joint and direction.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        known = catalog().measures[attrs["measure"]]
        if not known.minimum <= attrs["value"] <= known.maximum:
            sentence = f"{known.label} goes from {known.minimum} to {known.maximum}."
            raise serializers.ValidationError({"value": [sentence]})
        return attrs


class NoteFacts(StrictSerializer):
    """What is written in a note. Absent = unchanged, null = clear, lists are replaced whole."""

    kind = serializers.ChoiceField(Note.Kind.choices, required=False)
    visit_id = serializers.UUIDField(required=False, allow_null=True, help_text="Your visit of this client.")
    visibility = serializers.ChoiceField(
        Note.Visibility.choices,
        required=False,
        help_text="`care_team`: the circle's clinics, once signed. `clinic`: yours only. `author`: yourself only.",
    )
    shared_sections = serializers.ListField(
        child=serializers.ChoiceField(SectionName.choices),
        required=False,
        max_length=4,
        help_text="Which sections leave your clinic; findings and measures go with the objective, techniques with the plan.",
    )
    is_sensitive = serializers.BooleanField(
        required=False, help_text="Leaves your clinic only where a consent names `sensitive`."
    )
    subjective = PlainText(required=False, allow_blank=True, allow_null=True, max_length=LONG)
    objective = PlainText(required=False, allow_blank=True, allow_null=True, max_length=LONG)
    assessment = PlainText(required=False, allow_blank=True, allow_null=True, max_length=LONG)
    plan = PlainText(required=False, allow_blank=True, allow_null=True, max_length=LONG)
    measures = serializers.ListField(child=MeasureInput(), required=False, max_length=50)
    findings = serializers.ListField(child=FindingInput(), required=False, max_length=100)
    techniques = serializers.ListField(child=TechniqueInput(), required=False, max_length=50)
    asks = serializers.ListField(child=AskInput(), required=False, max_length=20)
    attachment_ids = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        max_length=20,
        help_text="Files you uploaded; one that is left out is gone. They leave your clinic with the objective.",
    )
    identifiers = serializers.ListField(child=Identifier(), required=False, max_length=20)
    occurred_at = Moment(
        required=False, help_text="When the client was seen: at most 7 days back; the visit's start when absent."
    )


class NoteAuthor(StrictSerializer):
    """The practitioner a system writes for: an attribution, not a signature."""

    practitioner_role_id = serializers.UUIDField()


class NoteSubject(AboutClient):
    """Whom a new note is about: the client, or who the note is about that it copies."""

    client_id = serializers.UUIDField(
        required=False, help_text="Needed unless `client` or `copy_from` says whom it is about."
    )
    copy_from = serializers.UUIDField(
        required=False,
        help_text=(
            "A note of yours about the same client: its parts are copied and marked untouched. Unless you say otherwise the "
            "copy has its `visibility`, `shared_sections` and `is_sensitive`, too."
        ),
    )


class NoteInput(NoteSubject, NoteFacts):
    practitioner_role_id = serializers.UUIDField(
        required=False, help_text="Which of your own roles you write as; needed when you have several."
    )
    on_behalf_of = NoteAuthor(required=False, help_text="Needed of a system: the practitioner whose note this is.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        needed = ["kind"] if "client" in attrs else ["client_id", "kind"]
        for name in needed:
            if name not in attrs and "copy_from" not in attrs:
                raise serializers.ValidationError({name: ["This field is required."]}, code="required")
        return super().validate(attrs)


class NoteSignedElsewhere(StrictSerializer):
    """What the named practitioner signed in their own software."""

    practitioner_role_id = serializers.UUIDField()
    signed_at = Moment()
    # DRF takes declared fields off the class, so this does not hide Field.source
    source = Identifier(help_text="Where the signed document is kept.")  # type: ignore[assignment]
    document_sha256 = serializers.RegexField(r"^[0-9a-f]{64}$", required=False)


class SignInput(StrictSerializer):
    signed_elsewhere = NoteSignedElsewhere(required=False, help_text="For a clinic's system only.")


class AmendInput(StrictSerializer):
    reason = serializers.ChoiceField(Addendum.Reason.choices)
    section = serializers.ChoiceField(
        SectionName.choices, required=False, help_text="What it amends; it is read where that section is read."
    )
    text = PlainText(max_length=LONG)
    occurred_at = Moment(
        required=False,
        help_text="A late fact: at most 7 days back, never in the future, not before the note was signed or last added to.",
    )
    signed_elsewhere = NoteSignedElsewhere(required=False, help_text="For a clinic's system only.")


class EnterInErrorInput(StrictSerializer):
    reason = serializers.ChoiceField(
        ERROR_REASONS, help_text="`wrong_client` takes the note away from the others at once."
    )
    note = PlainText(max_length=2_000, required=False, allow_blank=True)


class EndAskInput(StrictSerializer):
    reason = PlainText(max_length=SHORT, required=False, allow_blank=True)


class NoteFilter(StrictSerializer):
    limit = serializers.CharField(required=False, help_text="1 to 100, default 50.")
    cursor = serializers.CharField(required=False, help_text="From `next` or `previous` of an earlier page.")
    client_id = serializers.UUIDField(required=False)
    state = serializers.ChoiceField(Note.State.choices, required=False)
    mine = serializers.BooleanField(
        required=False, help_text="Only notes you wrote: with `state=draft` what is unsigned."
    )
    updated_since = Moment(required=False, help_text="Only notes changed at or after this time.")


def out_of_scope(discipline: str, techniques: list[Mapping[str, Any]]) -> list[str]:
    """The techniques among these that are outside the usual scope of a discipline, by name."""
    known = catalog().techniques
    return [
        known[row["technique"]].label for row in techniques if discipline not in known[row["technique"]].disciplines
    ]
