"""The examples of the OpenAPI document."""

from typing import Any

from drf_spectacular.utils import OpenApiExample

FILE: dict[str, Any] = {
    "id": "019a9f00-0000-7000-8000-000000000008",
    "name": "letter.pdf",
    "media_type": "application/pdf",
    "size": 48211,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "scan_state": "clean",
}
ATTACHMENT = OpenApiExample("A letter", value=FILE, response_only=True)
