"""JSON from strangers: everything that could harm later is refused here, in words the sender understands."""

import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from django.conf import settings
from rest_framework.parsers import JSONParser

MAX_BYTES = 1_000_000
MAX_DEPTH = 32
MAX_INTEGER_DIGITS = 20

TEXT_PROBLEMS: Mapping[str, str] = {
    "nul_character": "A text contains the NUL character (U+0000), which cannot be stored; remove it.",
    "lone_surrogate": "A text contains half of a surrogate pair (U+D800 to U+DFFF), which cannot be stored; remove it.",
}
"""What `text_problem` may find, and the sentence that explains it."""


class BadJson(Exception):
    """A body that is not acceptable JSON. `status` is 413 when it is too large, otherwise 400."""

    def __init__(self, code: str, detail: str, status: int = 400) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.status = status


class StrictJSONParser(JSONParser):
    """Reads a request body as `parse_json` does, at most `settings.MAX_JSON_BYTES` of it, and raises BadJson."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        max_bytes: int = getattr(settings, "MAX_JSON_BYTES", MAX_BYTES)
        return parse_json(_read_at_most(stream, max_bytes + 1), max_bytes=max_bytes)


class MergePatchParser(StrictJSONParser):
    """The same for a JSON merge patch (RFC 7396)."""

    media_type = "application/merge-patch+json"


def parse_json(body: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> Any:
    """The plain data in `body` (RFC 8259, UTF-8 only), or BadJson with one of these codes:

    body_too_large, byte_order_mark, bad_encoding, too_deep, duplicate_key, nul_character, lone_surrogate,
    bad_number, malformed_json. `max_depth` counts arrays and objects inside one another.
    """
    if len(body) > max_bytes:
        raise BadJson("body_too_large", f"The body is larger than {max_bytes:,} bytes; send less at a time.", 413)
    if body.startswith(_BYTE_ORDER_MARKS):
        raise BadJson("byte_order_mark", "The body begins with a byte-order mark; send UTF-8 without one.")
    if b"\0" in body:
        raise BadJson("nul_character", TEXT_PROBLEMS["nul_character"])
    text = _decoded(body)
    if _is_deeper_than(max_depth, body):
        raise BadJson("too_deep", f"The body nests arrays and objects more than {max_depth} levels deep.")
    data = _parsed(text)
    # Only an escape can still bring in a bad character: raw ones were refused with the bytes.
    if "\\u" in text:
        _refuse_bad_text(data)
    return data


def text_problem(value: str) -> str | None:
    """The code of what makes `value` impossible to store, a key of TEXT_PROBLEMS, or None when it is fine."""
    if "\0" in value:
        return "nul_character"
    if _SURROGATE.search(value):
        return "lone_surrogate"
    return None


def _read_at_most(stream: IO[Any], limit: int) -> bytes:
    """Up to `limit` bytes; asks again after a short read, which does not mean the end."""
    received = bytearray()
    while len(received) < limit and (chunk := stream.read(limit - len(received))):
        received += chunk
    return bytes(received)


def _decoded(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadJson("bad_encoding", f"The body is not valid UTF-8 (byte {error.start + 1}).") from None


def _is_deeper_than(max_depth: int, body: bytes) -> bool:
    """Whether brackets outside strings nest deeper, found by counting: a parser would recurse."""
    depth = 0
    for bracket in _STRING.sub(b"", body).translate(None, delete=_NOT_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        if depth > max_depth:
            return True
    return False


def _parsed(text: str) -> Any:
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        detail = f"The body is not valid JSON: see line {error.lineno}, column {error.colno}."
        raise BadJson("malformed_json", detail) from None


def _refuse_bad_text(data: Any) -> None:
    waiting = [data]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(value.keys())
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, str) and (code := text_problem(value)):
            raise BadJson(code, TEXT_PROBLEMS[code])


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise BadJson(
            "duplicate_key", f"{_twice(pairs)} appears twice in the same object; which one counts is unclear."
        )
    return found


def _twice(pairs: list[tuple[str, Any]]) -> str:
    repeated, _ = Counter(key for key, _ in pairs).most_common(1)[0]
    # A name that cannot be printed could not be sent back either.
    return f"The field “{repeated}”" if repeated.isprintable() and len(repeated) <= 60 else "A field"


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > MAX_INTEGER_DIGITS:
        raise BadJson("bad_number", f"A whole number has more than {MAX_INTEGER_DIGITS} digits.")
    return int(digits)


def _float(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise BadJson("bad_number", "A number is too large to be represented.")
    return value


def _constant(name: str) -> NoReturn:
    raise BadJson("bad_number", f"{name} is not a number that JSON knows.")


_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xfe\xff", b"\xff\xfe", b"\x00\x00\xfe\xff")
_SURROGATE = re.compile("[\ud800-\udfff]")
# Possessive, so that neither a long string nor one without an end makes the match go back.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant)
