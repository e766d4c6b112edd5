"""The secret part of a link's address: made from the link's id and the secret key, so that no secret is stored."""

import base64
import re
from uuid import UUID

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from backend.links.models import Link

ID_BYTES, MAC_BYTES = 16, 20
TOKEN = re.compile(r"[A-Za-z0-9_-]{48}")  # 36 bytes fill 48 characters exactly: a token has one spelling


def token_of(link: Link) -> str:
    """The text that stands in the address. The same as long as the secret key is."""
    return base64.urlsafe_b64encode(link.id.bytes + _mac(link.id.bytes, settings.SECRET_KEY)).decode()


def path_of(link: Link) -> str:
    """Where the link leads on this service."""
    return f"/{'g' if link.purpose == Link.Purpose.GUEST else 'c'}/{token_of(link)}"


def link_id_in(token: str) -> UUID | None:
    """The id of the link a token was made for; None for every other text. Keys in SECRET_KEY_FALLBACKS still count."""
    if not TOKEN.fullmatch(token):
        return None
    raw = base64.urlsafe_b64decode(token)
    link_id, mac = raw[:ID_BYTES], raw[ID_BYTES:]
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    genuine = [constant_time_compare(mac, _mac(link_id, key)) for key in keys]  # a list: every key is tried
    return UUID(bytes=link_id) if any(genuine) else None


def _mac(link_id: bytes, key: str | bytes) -> bytes:
    return salted_hmac("trialogue.links.token", link_id, secret=key, algorithm="sha256").digest()[:MAC_BYTES]
