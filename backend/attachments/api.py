"""Files over HTTP: the bytes as they are, in and out."""

from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from backend.attachments import examples, policies, rendering, services
from backend.attachments.models import Attachment
from backend.attachments.serializers import AttachmentOut, Upload
from backend.lib.problems import Forbidden
from backend.lib.rest.renderers import AsItIs
from backend.lib.rest.views import View


class Bytes(BaseParser):
    """Takes any body as it is; what it is decides the sniffing, not the header."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        return bytes(stream.read(settings.ATTACHMENT_MAX_BYTES + 1))  # one more is too large, and is told so


class FileView(View):
    scope_resource = ("referrals", "notes")
    named: ClassVar = {"attachment_id": Attachment}


class Attachments(FileView):
    parser_classes = [Bytes]

    @extend_schema(
        operation_id="upload_attachment",
        summary="Keep a file, to name it in attachment_ids",
        parameters=[Upload],
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses={201: AttachmentOut},
        examples=[examples.ATTACHMENT],
    )
    def post(self, request: Request) -> Response:
        if not policies.keeps_files(self.actor):
            raise Forbidden("Files are kept by practitioners and coordinators.", code="right_required")
        asked = self.query(Upload)
        body: Any = request.data  # bytes: see the parser
        kept = services.store_attachment(
            actor=self.actor, name=asked.get("name", "file"), content=body, sha256=asked.get("sha256")
        )
        return self.answer(rendering.attachment(kept), version=1, status=201, subject=kept)


class AttachmentContent(FileView):
    renderer_classes = [AsItIs]

    @extend_schema(
        operation_id="download_attachment",
        summary="The bytes, always as a download",
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
        parameters=[OpenApiParameter("attachment_id", OpenApiTypes.UUID, OpenApiParameter.PATH)],
    )
    def get(self, request: Request, attachment_id: UUID) -> HttpResponse:
        return services.download(services.open_file(attachment_id, actor=self.actor))
