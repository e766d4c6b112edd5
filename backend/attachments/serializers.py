"""What the API takes with an upload and gives of a file."""

from typing import Any

from rest_framework import serializers

from backend.attachments.models import Attachment
from backend.lib.rest.fields import PlainText, StrictSerializer


class Upload(StrictSerializer):
    name = PlainText(max_length=200, required=False, help_text="What to call the file.")
    sha256 = serializers.RegexField(r"^[0-9a-fA-F]{64}$", required=False, help_text="Refused when it differs.")


class AttachmentOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    media_type = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes.")
    sha256 = serializers.CharField()
    scan_state = serializers.ChoiceField(
        Attachment.ScanState.choices,
        help_text="`waiting`: only its uploader can open it yet. `refused`: nobody can. `not_scanned`: there is no scanner.",
    )
