"""Addresses under /oauth/: authorization code with PKCE, client credentials, refresh. Nothing else is mounted."""

from django.urls import path

from backend.directory.oauth_views import Authorize, Revoke, Token

urlpatterns = [
    path("authorize", Authorize.as_view(), name="oauth-authorize"),
    path("token", Token.as_view(), name="oauth-token"),
    path("revoke", Revoke.as_view(), name="oauth-revoke"),
]
