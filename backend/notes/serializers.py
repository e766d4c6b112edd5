"""What the API gives for notes, addenda and asks, and what a change of a draft takes."""

from typing import Any

from rest_framework import serializers

from backend.attachments.serializers import AttachmentOut
from backend.clients.serializers import ContactFirstSerializer, RegionSerializer
from backend.lib.rest.fields import Identifier, Label, Moment
from backend.notes.inputs import COPIED_PARTS, ERROR_REASONS, NoteFacts
from backend.notes.models import Addendum, Ask, Finding, Note, SectionName, Signature


class FindingSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(Finding.Kind.choices)
    region = serializers.CharField()
    side = serializers.CharField()
    muscle = serializers.CharField(allow_null=True)
    intensity = serializers.IntegerField(allow_null=True, help_text="Of pain: 0 to 10.")
    refers_to = serializers.ListField(child=serializers.CharField(), help_text="Body zones a trigger point refers to.")
    remark = serializers.CharField(allow_null=True)


class TechniqueDoneSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    technique = serializers.CharField()
    regions = RegionSerializer(many=True)
    minutes = serializers.IntegerField(allow_null=True)


class MeasuredSerializer(serializers.Serializer[Any]):
    measure = serializers.CharField()
    value = serializers.FloatField()
    remark = serializers.CharField(required=False)


class NoteAskSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(Ask.Kind.choices)
    region = serializers.CharField()
    side = serializers.CharField()
    technique = serializers.CharField(allow_null=True)
    sentence = serializers.CharField()
    until = serializers.DateField(allow_null=True)
    ended_at = Moment(allow_null=True)


class NoteSignatureSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(
        Signature.Kind.choices, help_text="`elsewhere`: signed in the clinic's own software, sent by that system."
    )
    practitioner = serializers.CharField()
    license = serializers.CharField(allow_null=True, help_text="As it stood when the note was signed.")
    signed_at = Moment()
    received_at = Moment()
    application = serializers.UUIDField(allow_null=True)
    # DRF takes declared fields off the class, so this does not hide Field.source
    source = Identifier(allow_null=True, help_text="Where the signed document is kept.")  # type: ignore[assignment]
    document_sha256 = serializers.CharField(allow_null=True)


class CosignatureSerializer(serializers.Serializer[Any]):
    practitioner = serializers.CharField()
    license = serializers.CharField(allow_null=True)
    signed_at = Moment()


class NoteInErrorSerializer(serializers.Serializer[Any]):
    reason = serializers.ChoiceField(ERROR_REASONS)
    note = serializers.CharField(allow_null=True, required=False, help_text="For the clinic that wrote it only.")
    by = serializers.CharField()
    at = Moment()


class ClosedUnsignedSerializer(serializers.Serializer[Any]):
    by = serializers.CharField()
    at = Moment()


class AddendumSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    reason = serializers.ChoiceField(Addendum.Reason.choices)
    section = serializers.ChoiceField(SectionName.choices, allow_null=True)
    text = serializers.CharField()
    occurred_at = Moment(allow_null=True)
    recorded_at = Moment()
    signature = NoteSignatureSerializer()
    content_hash = serializers.CharField(
        help_text="SHA-256 of what was added, and of what was signed before it: `signed_hash` in the event `note.amended`."
    )


class NoteSerializer(serializers.Serializer[Any]):
    """A note. What a reader may not read is absent and named in ``withheld``."""

    id = serializers.UUIDField()
    version = serializers.IntegerField()
    state = serializers.ChoiceField(Note.State.choices)
    kind = serializers.ChoiceField(Note.Kind.choices)
    discipline = serializers.CharField()
    visibility = serializers.ChoiceField(Note.Visibility.choices)
    shared_sections = serializers.ListField(child=serializers.ChoiceField(SectionName.choices))
    is_sensitive = serializers.BooleanField()
    client = Label(required=False, help_text="By the name as it stood.")
    organization = Label(help_text="The clinic that wrote it.")
    author = Label(help_text="The practitioner role it was written in.")
    visit_id = serializers.UUIDField(allow_null=True)
    occurred_at = Moment(help_text="When the client was seen.")
    recorded_at = Moment()
    updated_at = Moment()
    subjective = serializers.CharField(required=False, allow_blank=True)
    objective = serializers.CharField(required=False, allow_blank=True)
    assessment = serializers.CharField(required=False, allow_blank=True)
    plan = serializers.CharField(required=False, allow_blank=True)
    measures = MeasuredSerializer(many=True, required=False)
    findings = FindingSerializer(many=True, required=False)
    techniques = TechniqueDoneSerializer(many=True, required=False)
    asks = NoteAskSerializer(many=True, required=False)
    attachments = AttachmentOut(many=True, required=False)
    addenda = AddendumSerializer(many=True, required=False, help_text="At most 100; the rest in the note's own list.")
    signature = NoteSignatureSerializer(allow_null=True)
    cosignature = CosignatureSerializer(allow_null=True, help_text="Of a student's note.")
    content_hash = serializers.CharField(
        allow_null=True, help_text="SHA-256 of what was signed; the same as `signed_hash` in the event `note.signed`."
    )
    integrity = serializers.ChoiceField(
        ["intact", "changed"],
        allow_null=True,
        required=False,
        help_text="Whether text, addenda and signatures still are what was signed, and what the events say was; null before.",
    )
    copied_from_id = serializers.UUIDField(
        allow_null=True, required=False, help_text="For whoever sees that note, too."
    )
    copied_parts = serializers.ListField(child=serializers.ChoiceField(COPIED_PARTS))
    untouched = serializers.ListField(
        child=serializers.ChoiceField(COPIED_PARTS), help_text="Copied, and neither changed nor confirmed."
    )
    entered_in_error = NoteInErrorSerializer(allow_null=True, help_text="Show the text struck through.")
    closed_unsigned = ClosedUnsignedSerializer(allow_null=True)
    identifiers = Identifier(many=True, required=False, help_text="Your own; nobody else sees them.")
    available_transitions = serializers.ListField(child=serializers.CharField())
    withheld = serializers.ListField(child=serializers.CharField())


READ_ONLY = (
    "id", "version", "state", "discipline", "client", "organization", "author", "recorded_at", "updated_at", "attachments", "addenda", "signature",
    "cosignature", "content_hash", "integrity", "copied_from_id", "copied_parts", "untouched", "entered_in_error", "closed_unsigned",
    "available_transitions", "withheld",
)  # fmt: skip


class NotePatch(NoteFacts):
    """A JSON merge patch of a draft."""

    confirmed = serializers.ListField(
        child=serializers.ChoiceField(COPIED_PARTS),
        required=False,
        max_length=10,
        help_text="Copied parts that still hold as they are.",
    )

    def get_fields(self) -> dict[str, Any]:
        """What a draft is read with may be sent back as it was."""
        shown = NoteSerializer().get_fields()
        sent_back = {name: shown[name] for name in READ_ONLY}
        for field in sent_back.values():
            field.read_only, field.required = True, False
        return {**super().get_fields(), **sent_back}


class AskSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    note_id = serializers.UUIDField(help_text="The note that asks; whoever is asked need not be able to read it.")
    kind = serializers.ChoiceField(Ask.Kind.choices)
    region = serializers.CharField()
    side = serializers.CharField()
    technique = serializers.CharField(allow_null=True)
    sentence = serializers.CharField(required=False, help_text="Not for coordinators.")
    until = serializers.DateField(allow_null=True)
    organization = Label()
    author = Label()
    asked_at = Moment()
    ended_at = Moment(allow_null=True)
    withheld = serializers.ListField(child=serializers.CharField())


class AskListSerializer(serializers.Serializer[Any]):
    results = AskSerializer(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    contact_first = ContactFirstSerializer(many=True, help_text="Something sensitive is asked: whom to contact first.")
