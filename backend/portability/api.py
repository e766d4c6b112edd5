"""Exports over HTTP: asking for one, looking how far it is, taking its files away."""

from typing import Any, ClassVar

from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from backend.clients.policies import READS, reads_clients, refuse_unless
from backend.lib.rest.fields import NoQuery
from backend.lib.rest.pages import page_of
from backend.lib.rest.renderers import AsItIs
from backend.lib.rest.views import View
from backend.portability import examples, files, services
from backend.portability import serializers as s
from backend.portability.models import Export

HELD = (
    "Everything is asked for again first: when something in it is not yours to read any more, the answer is 409 "
    "`export_outdated`, and the export has to be made anew. 410 `export_expired` after a day."
)


class ExportView(View):
    scope_resource: str | None = "clients"
    named: ClassVar = {"export_id": Export}

    def one(self, export: Export, *, status: int = 200) -> Response:
        data = s.export_data(export, s.names_of_clients(self.actor, {export.client_id}))
        return self.answer(data, version=export.version, status=status, subject=export)


class ExportOfClient(ExportView):
    scope_resource = None  # making one changes nothing about the client: the service asks for clients:read

    @extend_schema(
        operation_id="export_client",
        summary="Export one client",
        description=(
            "Everything you may read of this client, or with `to_hand_on` what others may have of it: as JSON, as a PDF with "
            "an index, and as a ZIP with both and all files. Made by a job with your rights and scopes; look at `state` until "
            "it is `done`. Also for a client who is not open to you any more, as long as your clinic has something of its own "
            "about them. Asked again while one is being made, the answer is that one."
        ),
        request=s.ExportInput,
        responses={202: s.ExportSerializer},
        examples=[examples.ASK, examples.HAND_ON, examples.ACCEPTED],
    )
    def post(self, request: Request, client_id: str) -> Response:
        self.read_body()
        services.check_is_there(client_id, actor=self.actor)
        include = self.validated(s.ExportInput)["include"]
        export = services.request_export(client_id, actor=self.actor, include=include)
        response = self.one(export, status=202)
        response["Location"] = f"/api/v1/exports/{export.pk}"
        return response


class Exports(ExportView):
    @extend_schema(
        operation_id="list_exports",
        summary="The exports you asked for, newest first",
        parameters=[s.PageQuery],
        responses=s.ExportSerializer(many=True),
        examples=[examples.FINISHED],
    )
    def get(self, request: Request) -> Response:
        refuse_unless(reads_clients(self.actor), READS)
        asked: dict[str, Any] = self.query(s.PageQuery)
        narrowed = {"client_id": asked["client_id"]} if "client_id" in asked else {}
        found = Export.objects.visible_to(self.actor).filter(**narrowed)
        page = page_of(found, request, filters={name: str(value) for name, value in narrowed.items()})
        names = s.names_of_clients(self.actor, {export.client_id for export in page.rows})
        return page.response(lambda export: s.export_data(export, names))


class OneExport(ExportView):
    @extend_schema(
        operation_id="read_export",
        summary="How far an export is, and its files",
        responses=s.ExportSerializer,
        examples=[examples.FINISHED],
    )
    def get(self, request: Request, export_id: str) -> Response:
        return self.one(Export.objects.visible_to(self.actor).one(export_id))


class ExportedFile(ExportView):
    renderer_classes = [AsItIs]
    kind = ""

    def get(self, request: Request, export_id: str) -> FileResponse:
        self.query(NoQuery)
        later: list[Any] = request._request.after_refusal  # type: ignore[attr-defined]  # set by OneTransactionMiddleware
        export = services.take_away(export_id, actor=self.actor, kind=self.kind, after_refusal=later)
        return files.download(export, self.kind, self.actor)


def described(kind: str, summary: str) -> Any:
    """How the download of one format reads in the OpenAPI document."""
    return extend_schema_view(
        get=extend_schema(
            operation_id=f"download_export_{kind}",
            summary=summary,
            description=HELD,
            responses={(200, files.MEDIA_TYPES[kind]): OpenApiTypes.OBJECT if kind == "json" else OpenApiTypes.BINARY},
            examples=[examples.THE_RECORD] if kind == "json" else None,
        )
    )


@described("json", "The record as JSON")
class ExportedJson(ExportedFile):
    kind = "json"


@described("pdf", "The record as pages with an index")
class ExportedPdf(ExportedFile):
    kind = "pdf"


@described("zip", "Both of them and every file")
class ExportedZip(ExportedFile):
    kind = "zip"
