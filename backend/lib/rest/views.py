"""What every API view shares: the actor, versions with ETag and If-Match, answers."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models
from django.urls import is_valid_path
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from backend.lib.actor import Actor
from backend.lib.parsing import MergePatchParser
from backend.lib.problems import BadRequest, Stale, VersionNeeded
from backend.lib.rest.authentication import actor_of
from backend.lib.rest.renderers import as_json
from backend.lib.rest.transitions import asked_for
from backend.lib.workflow import Workflow

# The version of no row: what an If-Match names that this service did not make.
NOT_OURS = 0


class View(APIView):
    """A view wires: input serializer in, service, output serializer out.

    ``named`` holds, for each part of the address that names a row, the model of that row.
    """

    scope_resource: str | tuple[str, ...] | None = None
    named: ClassVar[Mapping[str, type[models.Model]]] = {}
    reads_by_post = False
    schema_is_list = False

    @property
    def actor(self) -> Actor:
        return actor_of(self.request)

    def read_body(self) -> None:
        """400 for a body that cannot be read, before anybody looks for what the address names."""
        _ = self.request.data

    @property
    def sent(self) -> dict[str, Any]:
        """The body, which is an object and not checked any further."""
        body = self.request.data
        if not isinstance(body, dict):
            raise BadRequest("Send one JSON object.", code="malformed_json")
        return {str(name): value for name, value in body.items()}

    def find_named(self) -> None:
        """404 unless the caller may see all that the address names. For refusals that would otherwise come first."""
        for part, model in self.named.items():
            if part in self.kwargs:
                rows: Any = model._default_manager
                rows.visible_to(self.actor).one(self.kwargs[part])

    def validated(self, serializer: type[BaseSerializer[Any]], *, data: Any = None, **context: Any) -> dict[str, Any]:
        """The request's body, or 400 with a field error for each thing that is wrong."""
        checked = serializer(
            data=self.request.data if data is None else data,
            context={"actor": self.actor, "request": self.request, **context},
        )
        checked.is_valid(raise_exception=True)
        values: dict[str, Any] = checked.validated_data
        return values

    def get_parsers(self) -> list[BaseParser]:
        """What changes a part of a resource may call itself a merge patch, which it is."""
        patches = [MergePatchParser()] if getattr(self.request, "method", "") == "PATCH" else []
        return [*super().get_parsers(), *patches]

    def query(self, serializer: type[BaseSerializer[Any]]) -> dict[str, Any]:
        """The query string, checked; parameters that are not documented are an error."""
        return self.validated(serializer, data=dict(self.request.query_params.items()))

    def answer(
        self, data: dict[str, Any], *, version: int, status: int = 200, subject: models.Model | None = None
    ) -> Response:
        """One resource with its strong ETag; 304 when the reader has it already."""
        tag = etag(version, data)
        if status == 200 and self.request.method == "GET" and _has_already(self.request, tag):
            return Response(status=304, headers={"ETag": tag})
        response = Response(data, status=status, headers={"ETag": tag, "Vary": "Authorization, Cookie"})
        if status == 201 and (location := _address_of_new(self.request, data)):
            response["Location"] = location
        if subject is not None:
            remember_subject(self.request, subject)
        return response

    def expected_version(self, *, required: bool) -> int | None:
        """The version the caller read, from If-Match; None for ``*``: whichever it is. 428 when it is needed and missing.

        One that cannot be read is ``NOT_OURS``: ``check_version`` refuses it, after what is not visible and not theirs.
        """
        tags = _tags(self.request, "If-Match")
        if tags == ["*"]:
            return None
        if not tags:
            if required:
                self.find_named()
                raise VersionNeeded("Send If-Match with the ETag you read, so that no change of a colleague is lost.")
            return None
        version = tags[0].strip('"').split(".", maxsplit=1)[0]
        return int(version) if version.isdecimal() and len(version) <= 9 else NOT_OURS


class TransitionView(View):
    """Moves a row. A body that names no transition of the table cannot be read: 400, whoever asks and whatever the address."""

    workflow: ClassVar[Workflow[Any]]

    def read_body(self) -> None:
        name, _ = asked_for(self.sent)
        self.workflow.known(name)


def check_made_here(expected: int | None) -> None:
    if expected == NOT_OURS:
        raise Stale("This If-Match was not made by this service.")


def check_version(current: int, expected: int | None) -> None:
    check_made_here(expected)
    if expected is not None and expected != current:
        raise Stale("Somebody changed this since you read it. Load it again, then decide.", current_version=current)


def etag(version: int, data: Any) -> str:
    """``"<version>.<hash>"``: the version of the row, the hash of what this reader was shown."""
    body = data if isinstance(data, bytes | str) else as_json(data)
    text = body.encode() if isinstance(body, str) else body
    return f'"{version}.{hashlib.sha256(text).hexdigest()[:16]}"'


def _address_of_new(request: Request, data: dict[str, Any]) -> str | None:
    """Where something new is found from now on; None for what has no address of its own."""
    address = f"{request.path}/{data.get('id')}"
    return address if is_valid_path(address) else None


def _has_already(request: Request, tag: str) -> bool:
    """If-None-Match compares weakly, and ``*`` stands for whatever there is (RFC 9110, 13.1.2)."""
    tags = _tags(request, "If-None-Match")
    return tags == ["*"] or tag in [each.removeprefix("W/") for each in tags]


def remember_subject(request: Request, subject: models.Model) -> None:
    """Names the row an answer is about, so that a replayed answer is only given to who may still see it."""
    request._request.answer_subject = subject  # type: ignore[attr-defined]  # read by IdempotencyMiddleware


def _tags(request: Request, header: str) -> list[str]:
    return [tag.strip() for tag in request.headers.get(header, "").split(",") if tag.strip()]


def canonical(data: Any) -> str:
    """JSON with sorted keys and no spare space: what hashes and comparisons are made over."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), default=str)
