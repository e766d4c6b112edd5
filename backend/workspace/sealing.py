"""The keys that words of a draft are sealed with while they wait on a device for the server.

A key belongs to one device, person and draft, and comes with the page. It is made of two secrets: the server's own and
the device's, a signed cookie of one person that outlives a session which ended by itself, for a day, and ends when they
sign out. So whoever signs in again in time opens their words; without a session the device opens nothing, because it has
no key, and without the device neither does the server, because it keeps no words.
"""

import base64
from dataclasses import dataclass
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.crypto import salted_hmac

from backend.lib.actor import Actor

COOKIE = "trialogue_words"
A_DAY = 24 * 60 * 60
KEY_BYTES, NAME_BYTES = 32, 16


@dataclass(frozen=True, slots=True)
class Seal:
    """Under which name sealed words lie on the device, and the AES key that opens them. The name says nothing either."""

    name: str
    key: str


def seal_for(request: HttpRequest, actor: Actor, row_id: UUID | str) -> Seal:
    """The seal of one draft, or of the note that is about to be begun for one client."""
    made = _derived(request, f"draft on a device:{actor.user_id}:{actor.member_id}:{row_id}", KEY_BYTES + NAME_BYTES)
    return Seal(
        name=f"{_owner(request)}-{made[KEY_BYTES:].hex()}",
        key=base64.b64encode(made[:KEY_BYTES]).decode(),
    )


def owner_of_words(request: HttpRequest) -> str | None:
    """How the names begin of all words on this device that can still be opened here; the device drops the others.

    Empty: none can. None: that shows when somebody signs in, for the session ended and nobody signed out.
    """
    if request.user.is_authenticated:
        return _owner(request)
    return None if request.COOKIES.get(COOKIE) else ""


def person_on_device(request: HttpRequest) -> str:
    """By what a page that stayed open knows whether it is still its writer who is signed in."""
    return _hash("person on a device", request.user.pk) if request.user.is_authenticated else ""


def keep_secret(request: HttpRequest, response: HttpResponseBase) -> None:
    """Words that are sealed with keys of this page can be opened for a day, also in a later session."""
    response.set_signed_cookie(
        COOKIE,
        _secret(request),
        salt=_salt(request),
        max_age=A_DAY,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def renew_secret(request: HttpRequest, response: HttpResponseBase) -> None:
    """The day begins anew. A secret that was dropped since, in another tab, does not come back."""
    if _kept(request):
        keep_secret(request, response)


def drop_secret(response: HttpResponseBase) -> None:
    """Nothing that was sealed on this device is ever opened again."""
    response.delete_cookie(COOKIE, samesite="Lax")


def _owner(request: HttpRequest) -> str:
    return _derived(request, f"owner of words on a device:{request.user.pk}", NAME_BYTES).hex()


def _derived(request: HttpRequest, what_for: str, length: int) -> bytes:
    made = HKDF(algorithm=SHA256(), length=length, salt=_secret(request).encode(), info=what_for.encode())
    return made.derive(settings.SECRET_KEY.encode())


def _secret(request: HttpRequest) -> str:
    """What the device has for this person. At first it comes from the session, so that two tabs begin with the same."""
    return _kept(request) or _hash("first secret of a device", request.session.session_key)


def _hash(purpose: str, value: object) -> str:
    return salted_hmac(purpose, str(value), algorithm="sha256").hexdigest()


def _kept(request: HttpRequest) -> str:
    return request.get_signed_cookie(COOKIE, "", salt=_salt(request), max_age=A_DAY) or ""


def _salt(request: HttpRequest) -> str:
    """Another person's cookie is none."""
    return f"words of {request.user.pk}"
