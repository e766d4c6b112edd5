"""Where a list goes on: page positions sealed so that nobody can read, change, lend or reuse them elsewhere."""

import base64
import json
import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

MAX_LENGTH = 4_000
"""Characters a cursor may have; a longer one is not even decoded."""


class BadCursor(Exception):
    """Not a cursor that was sealed here for this purpose, this caller and these filters."""


def seal(values: list[Any], *, purpose: str, bound_to: str) -> str:
    """`values` as URL-safe text that only `open_cursor` with the same `purpose` and `bound_to` can read.

    Values are str, int, None, UUID or an aware datetime (comes back in UTC). The same input gives the same text.
    Raises TypeError for any other value and ValueError for a datetime without a zone or a cursor over MAX_LENGTH.
    """
    plain = json.dumps([_packed(value) for value in values], separators=(",", ":")).encode()
    sealed = _cipher(settings.SECRET_KEY).encrypt(plain, _associated(purpose, bound_to))
    text = base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()
    if len(text) > MAX_LENGTH:
        raise ValueError("The values are too long for a cursor.")
    return text


def open_cursor(text: str, *, purpose: str, bound_to: str) -> list[Any]:
    """The values given to `seal`. Raises BadCursor, and nothing else, for every other text.

    Cursors sealed with a key in `settings.SECRET_KEY_FALLBACKS` stay readable.
    """
    if len(text) > MAX_LENGTH or len(text) % 4 == 1 or not _URL_SAFE.fullmatch(text):
        raise BadCursor
    sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        try:
            plain = _cipher(secret).decrypt(sealed, _associated(purpose, bound_to))
        except InvalidTag:
            continue
        return [_unpacked(value) for value in json.loads(plain)]
    raise BadCursor


@lru_cache(maxsize=8)
def _cipher(secret: str | bytes) -> AESSIV:
    # SIV needs no nonce, so that a page has one address. The info names the format of the values too.
    key = HKDF(algorithm=SHA256(), length=64, salt=None, info=b"trialogue cursor 1")
    return AESSIV(key.derive(secret if isinstance(secret, bytes) else secret.encode()))


def _associated(purpose: str, bound_to: str) -> list[bytes]:
    # Never empty: some versions of OpenSSL skip empty associated data (CVE-2023-2975).
    return [f"purpose {purpose}".encode("utf-8", "surrogatepass"), f"bound {bound_to}".encode("utf-8", "surrogatepass")]


def _packed(value: Any) -> Any:
    match value:
        case None | str():
            return value
        case int() if not isinstance(value, bool):
            return value
        case UUID():
            return ["uuid", value.hex]
        case datetime():
            if value.tzinfo is None:
                raise ValueError("A datetime in a cursor needs a zone.")
            return ["at", value.astimezone(UTC).isoformat()]
    raise TypeError(f"A cursor cannot hold a {type(value).__name__}.")


def _unpacked(value: Any) -> Any:
    match value:
        case ["uuid", str(text)]:
            return UUID(text)
        case ["at", str(text)]:
            return datetime.fromisoformat(text)
    return value


_URL_SAFE = re.compile(r"[A-Za-z0-9_-]+")
