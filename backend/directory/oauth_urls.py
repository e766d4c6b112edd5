"""Addresses under /oauth/: authorization code with PKCE, client credentials, refresh. Nothing else is mounted."""

from django.urls import path
from oauth2_provider.views import RevokeTokenView

from backend.directory.oauth_views import Authorize, Token

urlpatterns = [
    path("authorize", Authorize.as_view(), name="oauth-authorize"),
    path("token", Token.as_view(), name="oauth-token"),
    path("revoke", RevokeTokenView.as_view(), name="oauth-revoke"),
]
