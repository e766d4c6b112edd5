"""A clinic's systems and tools. For its admins, as people."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from backend.directory import policies, queries, services
from backend.directory.api.changes import checked_changes
from backend.directory.fields import UpdatedSinceQuery, page_schema
from backend.directory.models import Application
from backend.directory.serializers import (
    ApplicationChanges,
    ApplicationSerializer,
    ApplicationWithSecretSerializer,
    NewApplicationSerializer,
    application_body,
)
from backend.lib.rest.pages import page_of
from backend.lib.rest.renderers import as_json
from backend.lib.rest.views import View, check_version


class ApplicationView(View):
    scope_resource = "directory"

    def find_named(self) -> None:
        if "pk" in self.kwargs:
            queries.application(self.actor, self.kwargs["pk"])

    def application(self, pk: UUID) -> Application:
        row = queries.application(self.actor, pk)
        policies.require_admin(self.actor)
        return row

    def with_secret(self, row: Application, secret: str, *, status: int) -> Response:
        """Shows the secret once: what is kept for a repeated request does not hold it."""
        body = application_body(row)
        kept: Any = as_json({**body, "client_secret": None})
        self.request._request.answer_to_keep = kept  # type: ignore[attr-defined]  # read by IdempotencyMiddleware
        return self.answer({**body, "client_secret": secret or None}, version=row.version, status=status)


class Applications(ApplicationView):
    @extend_schema(
        operation_id="list_applications",
        summary="Systems and tools of your organization",
        parameters=[UpdatedSinceQuery],
        responses=page_schema(ApplicationSerializer),
    )
    def get(self, request: Request) -> Response:
        policies.require_admin(self.actor)
        filters = self.query(UpdatedSinceQuery)
        rows = queries.applications(self.actor, filters.get("updated_since"))
        return page_of(rows, request, order=("-created", "-id"), filters=filters).response(application_body)

    @extend_schema(
        operation_id="add_application",
        summary="Connect a system or a tool",
        description="The secret is in this answer and nowhere else.",
        request=NewApplicationSerializer,
        responses={201: ApplicationWithSecretSerializer},
        examples=[
            OpenApiExample(
                "The clinic's calendar",
                value={"name": "Calendar", "scopes": ["referrals:read", "visits:write"]},
                request_only=True,
            )
        ],
    )
    def post(self, request: Request) -> Response:
        policies.require_admin(self.actor)
        row, secret = services.add_application(actor=self.actor, **self.validated(NewApplicationSerializer))
        return self.with_secret(row, secret, status=201)


class OneApplication(ApplicationView):
    @extend_schema(operation_id="get_application", summary="One application", responses=ApplicationSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        row = self.application(pk)
        return self.answer(application_body(row), version=row.version)

    @extend_schema(
        operation_id="change_application",
        summary="Change an application's name, scopes or addresses",
        description="Tokens made for the former scopes end at once.",
        request=ApplicationChanges,
        responses=ApplicationSerializer,
    )
    def patch(self, request: Request, pk: UUID) -> Response:
        row = self.application(pk)
        changes = checked_changes(
            self,
            row,
            may=lambda actor, _: policies.require_admin(actor),
            serializer=ApplicationChanges,
            body=application_body(row),
            version=row.version,
        )
        row = services.change_application(pk, actor=self.actor, **_columns(changes))
        return self.answer(application_body(row), version=row.version)


class ApplicationSecret(ApplicationView):
    @extend_schema(
        operation_id="rotate_application_secret",
        summary="Replace a secret",
        description="The former secret and its tokens end at once; the new one is in this answer and nowhere else.",
        request=None,
        responses=ApplicationWithSecretSerializer,
    )
    def post(self, request: Request, pk: UUID) -> Response:
        check_version(self.application(pk).version, self.expected_version(required=False))
        row, secret = services.rotate_secret(pk, actor=self.actor)
        return self.with_secret(row, secret, status=200)


class ApplicationEnd(ApplicationView):
    @extend_schema(
        operation_id="end_application",
        summary="Disconnect an application",
        request=None,
        responses=ApplicationSerializer,
    )
    def post(self, request: Request, pk: UUID) -> Response:
        check_version(self.application(pk).version, self.expected_version(required=False))
        row = services.end_application(pk, actor=self.actor)
        return self.answer(application_body(row), version=row.version)


def _columns(changes: dict[str, Any]) -> dict[str, Any]:
    """Lists as the toolkit keeps them: words with a space between."""
    columns = {"scopes": "allowed_scopes", "redirect_uris": "redirect_uris"}
    return {columns.get(name, name): " ".join(value) if name in columns else value for name, value in changes.items()}
