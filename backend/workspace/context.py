"""What every page of the workspace knows."""

from django.conf import settings
from django.http import HttpRequest

from backend.lib.actor import ANONYMOUS


def workspace(request: HttpRequest) -> dict[str, object]:
    return {"actor": getattr(request, "actor", ANONYMOUS), "is_sandbox": settings.SANDBOX}
