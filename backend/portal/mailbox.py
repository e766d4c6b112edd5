"""The sandbox's mailbox as a page: every mail with links that can be pressed."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse

from backend.notifications.models import SandboxMail
from backend.portal.doors import quiet, show

MOST = 50


def mailbox(request: HttpRequest) -> HttpResponse:
    """Only in a sandbox; anybody running it may look."""
    if not settings.SANDBOX:
        raise Http404
    return quiet(show(request, "mailbox.html", {"mails": SandboxMail.objects.order_by("-id")[:MOST]}))
