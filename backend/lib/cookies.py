"""What a device remembers for itself, longer than any session: read by the server, never by a script."""

from django.conf import settings
from django.http import HttpResponse

A_YEAR = 365 * 24 * 60 * 60


def remember_on_device(response: HttpResponse, name: str, value: str) -> None:
    """Keeps a cookie for a year."""
    response.set_cookie(
        name, value, max_age=A_YEAR, secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax"
    )
