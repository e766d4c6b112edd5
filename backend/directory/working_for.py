"""Which clinic a person of several works for: the one chosen in this session, else the last one chosen on this device.

The choice only orders the person's own memberships: a stranger's clinic in it counts for nothing.
"""

from contextlib import suppress
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from backend.lib.cookies import remember_on_device

IN_SESSION = "organization_id"
COOKIE = "trialogue_clinic"


def chosen_clinic(request: HttpRequest) -> UUID | None:
    """None when nothing was chosen yet, or what came is no clinic's id."""
    with suppress(ValueError, TypeError):
        return UUID(request.session.get(IN_SESSION) or request.COOKIES.get(COOKIE, ""))
    return None


def choose_clinic(request: HttpRequest, response: HttpResponse, organization_id: UUID) -> None:
    """From now on this session works for that clinic, and so does the next one on this device."""
    request.session[IN_SESSION] = str(organization_id)
    remember_on_device(response, COOKIE, str(organization_id))
