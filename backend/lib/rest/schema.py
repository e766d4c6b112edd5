"""How operations read in the OpenAPI document."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

PROBLEMS = {
    "400": "The request cannot be read, or a field is wrong.",
    "401": "No valid session or token.",
    "403": "Visible, but not yours to do.",
    "404": "Nothing here for you.",
    "409": "Right person, wrong moment; or a gate (consent, credential) is closed.",
}


class OperationSchema(AutoSchema):
    """Names operations by verb and noun; a view may say more with ``@extend_schema``."""

    def get_tags(self) -> list[str]:
        parts = self.path.removeprefix("/api/v1/").split("/")
        return [parts[0].replace("-", " ")]


class ActorScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself without types
    """A bearer token, or a person's session in the workspace."""

    target_class = "backend.lib.rest.authentication.RequestActorAuthentication"
    name = ["bearer", "session"]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        return [
            {"type": "http", "scheme": "bearer", "description": "An access token from `POST /oauth/token`."},
            {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": "With the CSRF token."},
        ]


def only_the_api(endpoints: list[Any], **_: Any) -> list[Any]:
    """The contract is what lies under /api/v1."""
    return [e for e in endpoints if e[0].startswith("/api/v1/") and not e[0].startswith("/api/v1/openapi")]


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
        "code": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail", "code"],
                "properties": {
                    "pointer": {"type": "string", "description": "JSON pointer to the field."},
                    "detail": {"type": "string"},
                    "code": {"type": "string"},
                },
            },
        },
        "available": {"type": "array", "items": {"type": "string"}, "description": "Transitions possible now."},
        "state": {"type": "string"},
    },
    "additionalProperties": True,
}
