"""The keys that words of a draft are sealed with while they wait on a device for the network.

A key belongs to one session, person and draft. The device never keeps it: it comes with the page, and is gone with the session.
"""

import base64
from dataclasses import dataclass
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.http import HttpRequest

from backend.lib.actor import Actor

KEY_BYTES, NAME_BYTES = 32, 16


@dataclass(frozen=True, slots=True)
class Seal:
    """Under which name sealed words lie on the device, and the AES key that opens them. The name says nothing either."""

    name: str
    key: str


def seal_for(request: HttpRequest, actor: Actor, row_id: UUID | str) -> Seal:
    """The seal of one draft, or of the note that is about to be begun for one client."""
    made = HKDF(
        algorithm=SHA256(),
        length=KEY_BYTES + NAME_BYTES,
        salt=(request.session.session_key or "").encode(),
        info=f"draft on a device:{actor.member_id}:{row_id}".encode(),
    ).derive(settings.SECRET_KEY.encode())
    return Seal(name=made[KEY_BYTES:].hex(), key=base64.b64encode(made[:KEY_BYTES]).decode())
