"""What this device remembers, and the keys that work on it."""

from django.http import HttpRequest, HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme

from backend.lib.problems import BadRequest
from backend.workspace import device, keys
from backend.workspace.pages import page, see_other, show


@page("GET", "POST")
def this_device(request: HttpRequest) -> HttpResponse:
    """The switches of this device; by POST one of them is set, and the reader stays where they were."""
    if request.method == "GET":
        return show(request, "settings/device.html")
    name = next((name for name in device.SWITCHES if name in request.POST), None)
    if name is None:
        raise BadRequest("There is no such switch.", code="unknown_switch")
    response = see_other(_back(request))
    device.remember(response, name, is_on=request.POST[name] == "on")
    return response


@page("GET")
def all_keys(request: HttpRequest) -> HttpResponse:
    return show(request, "keys.html", {"groups": keys.LETTERS, "always": keys.ALWAYS})


def _back(request: HttpRequest) -> str:
    back = request.POST.get("back", "")
    return back if url_has_allowed_host_and_scheme(back, allowed_hosts=None) else "/settings/device"
