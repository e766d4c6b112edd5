"""A form that was sent when the session had ended by itself: nothing is done, and the answer carries what was typed.

It is for browsers without a script, and for forms that do not keep themselves. The words are in hidden fields, so that
nobody who passes reads them, and on this page only. Whoever signs in again, in another tab, sends them from here.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from backend.lib.rest.authentication import actor_of
from backend.workspace.once import WRITER
from backend.workspace.sealing import owner_of_words


def is_held(request: HttpRequest) -> bool:
    """Whether what a page was sent with is carried on. A script asks for itself; who signed out wants nothing kept."""
    return request.method == "POST" and not request.htmx and owner_of_words(request) is None  # type: ignore[attr-defined]  # set by HtmxMiddleware


def is_held_though_old(request: HttpRequest) -> bool:
    """The same of a form that is older than the signing in, and so has a token that holds no more.

    The browser itself must say that the form was on a page of this service: else any site could put words here that
    wait for a press. And nobody's words are sent by another person.
    """
    view = request.resolver_match and request.resolver_match.func
    is_page = getattr(view, "is_page_of_members", False)
    is_ours = request.headers.get("Origin") == f"{request.scheme}://{request.get_host()}"
    if not is_page or not is_ours or request.htmx:  # type: ignore[attr-defined]  # see above
        return False
    return is_held(request) or (WRITER in request.POST and not is_anothers(request))


def is_anothers(request: HttpRequest) -> bool:
    """Whether a form was made for another member than is signed in now: what somebody typed is sent in their name only."""
    writer = request.POST.get(WRITER)
    return writer is not None and writer != str(actor_of(request).member_id)


def held(request: HttpRequest, *, status: int) -> HttpResponse:
    """The page that says so and carries what was typed. Files are not carried: they have to be chosen again."""
    words = [(name, said) for name, all_said in request.POST.lists() for said in all_said]
    minutes = settings.SESSION_IDLE_SECONDS // 60
    context = {
        "words": [(name, said) for name, said in words if name != "csrfmiddlewaretoken"],
        "files": [(name, [file.name for file in files]) for name, files in request.FILES.lists()],
        "after": f"{minutes} minutes" if minutes < 120 else f"{minutes // 60} hours",
    }
    return render(request, "workspace/held.html", context, status=status)
