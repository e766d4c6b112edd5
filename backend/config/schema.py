"""Puts an example beside every answer and body of the OpenAPI document that names none of its own."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

EXAMPLES = Path(__file__).with_name("schema_examples.yaml")
PREFIX = "#/components/schemas/"
Json = dict[str, Any]


def add_examples(result: Json, generator: Any, request: Any, public: bool) -> Json:
    """Examples are kept once per component, in ``schema_examples.yaml``; a page shows one row of its component."""
    schemas = result["components"]["schemas"]
    for path in result["paths"].values():
        for operation in path.values():
            contents = [operation.get("requestBody", {}), *operation["responses"].values()]
            for media in (media for content in contents for media in content.get("content", {}).values()):
                example = _example_of(media["schema"].get("$ref", ""), schemas)
                if "examples" not in media and example is not None:
                    media["examples"] = {"Example": {"value": example}}
    return result


def _example_of(reference: str, schemas: Json) -> Any:
    name = reference.removeprefix(PREFIX)
    if name in _examples():
        return _examples()[name]
    rows = schemas.get(name, {}).get("properties", {}).get("results", {}).get("items", {}).get("$ref", "")
    row = _examples().get(rows.removeprefix(PREFIX)) if rows else None
    return None if row is None else {"results": [row], "next": None, "previous": None}


@cache
def _examples() -> Json:
    found: Json = yaml.safe_load(EXAMPLES.read_text())
    return found
