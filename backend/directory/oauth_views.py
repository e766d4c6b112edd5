"""Tokens for systems and people's tools: the grants in use, and the documents that describe them."""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from oauth2_provider.views import AuthorizationView, RevokeTokenView, TokenView

from backend.directory.oauth import end_family_of, known_scopes
from backend.directory.sign_in import check_secrets, count_secret
from backend.lib.problems import NotSignedIn, TooMany

View = Callable[..., HttpResponse]
GRANTS = ["authorization_code", "client_credentials", "refresh_token"]


def guess_slowly(view: View) -> View:
    """Wrong secrets of applications are counted, and too many from one address make the next try wait."""

    @wraps(view)
    def answer(self: Any, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            check_secrets(request)
        except TooMany as problem:
            body = {"error": "temporarily_unavailable", "error_description": problem.detail}
            return JsonResponse(body, status=problem.status, headers=problem.headers)
        response = view(self, request, *args, **kwargs)
        if response.status_code == NotSignedIn.status:
            request.after_refusal.append(partial(count_secret, request))  # type: ignore[attr-defined]  # set by OneTransactionMiddleware
        return response

    return answer


class Token(TokenView):  # type: ignore[misc]  # the toolkit ships no types
    """Gives tokens by the grants in use; the toolkit knows others, which are refused as RFC 6749 says."""

    @guess_slowly
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.POST.get("grant_type") not in GRANTS:
            return JsonResponse({"error": "unsupported_grant_type"}, status=400)
        response: HttpResponse = super().post(request, *args, **kwargs)
        if response.status_code >= 400 and (used := request.POST.get("refresh_token")):
            request.after_refusal.append(partial(end_family_of, used))  # type: ignore[attr-defined]  # set by OneTransactionMiddleware
        return response


class Revoke(RevokeTokenView):  # type: ignore[misc]  # the toolkit ships no types
    """Ends a token of the application that asks."""

    @guess_slowly
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post(request, *args, **kwargs)
        return response


class Authorize(AuthorizationView):  # type: ignore[misc]  # the toolkit ships no types
    """Asks the signed-in person whether a tool may act for them."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().get(request, *args, **kwargs)
        if address := self.oauth2_data.get("redirect_uri"):
            # Browsers hold form-action against the redirect after the form, too.
            parts = urlsplit(address)
            response._csp_update = {"form-action": [f"{parts.scheme}://{parts.netloc}"]}  # type: ignore[attr-defined]  # read by django-csp
        return response


@require_safe
def server_metadata(request: HttpRequest) -> JsonResponse:
    """RFC 8414: what this authorization server can do."""
    return JsonResponse(
        {
            "issuer": settings.BASE_URL,
            **_endpoints(),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": GRANTS,
            "scopes_supported": known_scopes(),
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "code_challenge_methods_supported": ["S256"],
            "service_documentation": f"{settings.BASE_URL}/api/docs",
        }
    )


@require_safe
def smart_configuration(request: HttpRequest) -> JsonResponse:
    """SMART App Launch: only what is true of this server."""
    return JsonResponse(
        {
            **_endpoints(),
            "response_types_supported": ["code"],
            "grant_types_supported": GRANTS,
            "scopes_supported": known_scopes(),
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
            "capabilities": ["client-public", "client-confidential-symmetric"],
        }
    )


def _endpoints() -> dict[str, str]:
    return {
        "authorization_endpoint": f"{settings.BASE_URL}/oauth/authorize",
        "token_endpoint": f"{settings.BASE_URL}/oauth/token",
        "revocation_endpoint": f"{settings.BASE_URL}/oauth/revoke",
    }
