"""How answers become bytes."""

from decimal import Decimal
from typing import Any

import orjson
from django.utils.functional import Promise
from rest_framework.renderers import BaseRenderer


class Json(BaseRenderer):
    """JSON as the contract writes it, by an encoder that knows ids and times itself."""

    media_type = "application/json"
    format = "json"
    charset = None  # JSON is UTF-8 (RFC 8259)

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        return b"" if data is None else as_json(data)


def as_json(data: Any) -> bytes:
    return orjson.dumps(data, default=_as_text, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)


def _as_text(value: Any) -> str:
    """Numbers of measures keep their digits; words that wait for a language are said now."""
    if isinstance(value, Decimal | Promise):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in an answer")


class AsItIs(BaseRenderer):
    """Agrees to whatever the caller accepts: the answer is bytes of its own kind or a problem, and both say so themselves."""

    media_type = "*/*"
    format = "bytes"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> Any:
        return data
