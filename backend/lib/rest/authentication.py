"""DRF's view of the actor that the middleware found."""

from typing import Any

from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.request import Request

from backend.lib.actor import ANONYMOUS, Actor
from backend.lib.problems import NotSignedIn


def actor_of(request: HttpRequest | Request) -> Actor:
    """The caller. The middleware finds it; views and authentication only read it."""
    actor = getattr(getattr(request, "_request", request), "actor", ANONYMOUS)
    assert isinstance(actor, Actor)
    return actor


class RequestActorAuthentication(BaseAuthentication):
    """Hands DRF what ``ActorMiddleware`` found; the token or session was checked there, once."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        actor = actor_of(request)
        if getattr(request._request, "token_refused", False):
            raise NotSignedIn("This token is unknown, expired or revoked.", code="authentication_failed")
        if not actor.is_known:
            return None
        self._enforce_csrf(request)
        return actor, None

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="trialogue"'

    def _enforce_csrf(self, request: Request) -> None:
        """A browser's cookie alone never changes anything: sessions need the CSRF token too."""
        has_token = request.headers.get("Authorization", "")[:7].lower() == "bearer "
        if not has_token and request.method not in ("GET", "HEAD", "OPTIONS"):
            SessionAuthentication().enforce_csrf(request)
