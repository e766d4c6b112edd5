"""Signing out: nothing that was typed stays on the device."""

from allauth.account.views import logout
from django.http import HttpRequest, HttpResponseBase

from backend.workspace.sealing import drop_secret


def sign_out(request: HttpRequest) -> HttpResponseBase:
    """The account pages' own sign-out; with it the browser drops what notes kept there, and what could open it."""
    response: HttpResponseBase = logout(request)
    if request.method == "POST":
        response["Clear-Site-Data"] = '"storage"'
        drop_secret(response)
    return response
