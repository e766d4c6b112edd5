"""How operations read in the OpenAPI document."""

import re
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from rest_framework.pagination import BasePagination

ADDRESS = {"type": ["string", "null"], "format": "uri", "example": None}
PAGING: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("limit", {"type": "integer", "minimum": 1, "maximum": 100, "default": 50}, "How many rows a page has at most."),
    ("cursor", {"type": "string"}, "From `next` or `previous` of a page."),
)
TRANSITION_NAME = re.compile(r"\b([A-Z]\w*Transition)Request\b")

PROBLEMS = {
    "400": "The request cannot be read, or a field is wrong.",
    "401": "No valid session or token.",
    "403": "Visible, but not yours to do.",
    "404": "Nothing here for you.",
    "409": "Right person, wrong moment; or a gate (consent, credential) is closed.",
}


class OperationSchema(AutoSchema):
    """What every operation shares; all else a view says with ``@extend_schema``."""

    def get_tags(self) -> list[str]:
        parts = self.path.removeprefix("/api/v1/").split("/")
        return [parts[0].replace("-", " ")]

    def get_description(self) -> str:  # type: ignore[override]  # as drf-spectacular has it, unlike DRF
        """Docstrings are for who reads the code; a description for integrators is written out."""
        return ""

    def _get_paginator(self) -> Any:
        return super()._get_paginator() or KeysetPages()  # type: ignore[no-untyped-call]  # ships no types


class KeysetPages(BasePagination):
    """How a list reads in the document; ``pages.page_of`` makes it."""

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["results", "next", "previous"],
            "properties": {"results": schema, "next": ADDRESS, "previous": ADDRESS},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return [
            {"name": name, "in": "query", "required": False, "schema": schema, "description": description}
            for name, schema, description in PAGING
        ]


class ActorScheme(OpenApiAuthenticationExtension):
    """A bearer token, or a person's session in the workspace."""

    target_class = "backend.lib.rest.authentication.RequestActorAuthentication"
    name = ["bearer", "session"]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        return [
            {"type": "http", "scheme": "bearer", "description": "An access token from `POST /oauth/token`."},
            {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": "With the CSRF token."},
        ]

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[str]]]:
        """Either of them, not both."""
        return [{name: []} for name in self.name]


def only_the_api(endpoints: list[Any], **_: Any) -> list[Any]:
    """The contract is what lies under /api/v1."""
    return [e for e in endpoints if e[0].startswith("/api/v1/") and not e[0].startswith("/api/v1/openapi")]


def name_transitions(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """``AcceptTransition`` and the like are only ever sent, so that they need no ``Request`` behind their name."""
    schemas = result["components"]["schemas"]
    result["components"]["schemas"] = {TRANSITION_NAME.sub(r"\1", name): schema for name, schema in schemas.items()}
    _rename_references(result)
    return result


def _rename_references(part: Any) -> None:
    if isinstance(part, list):
        for item in part:
            _rename_references(item)
    elif isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            part["$ref"] = TRANSITION_NAME.sub(r"\1", part["$ref"])
        for value in part.values():
            _rename_references(value)


def describe_problems(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Every operation can answer with a problem; said once as a component and referred to."""
    result["components"].setdefault("schemas", {})["Problem"] = PROBLEM_SCHEMA
    for path in result["paths"].values():
        for operation in path.values():
            for status, text in PROBLEMS.items():
                operation["responses"].setdefault(
                    status,
                    {
                        "description": text,
                        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
                    },
                )
    return result


PROBLEM_SCHEMA = {
    "type": "object",
    "description": "RFC 9457 problem details. `code` is stable; `detail` is a sentence a practitioner can read.",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "x-open": True, "description": "See /api/v1/catalog/problems."},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail", "code"],
                "properties": {
                    "pointer": {"type": "string", "description": "JSON pointer to the field."},
                    "detail": {"type": "string"},
                    "code": {"type": "string", "x-open": True},
                },
            },
        },
        "available": {
            "type": "array",
            "items": {"type": "string", "x-open": True},
            "description": "Transitions possible now.",
        },
        "state": {"type": "string", "x-open": True},
    },
    "additionalProperties": True,
}
