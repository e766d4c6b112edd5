"""OAuth 2 as this service means it: a system's token carries only scopes its application was given."""

import hashlib
from typing import Any

from oauth2_provider.oauth2_validators import OAuth2Validator
from oauth2_provider.settings import oauth2_settings

from backend.directory.models import RefreshToken


def known_scopes() -> list[str]:
    """Every scope a token can carry."""
    return list(oauth2_settings.SCOPES)


def end_family_of(refresh_token: str) -> None:
    """A refresh token that was used before came again: whoever has a copy, every token made from it ends.

    For the transaction after the refusal, which takes back what the toolkit wrote.
    """
    checksum = hashlib.sha256(refresh_token.encode("utf-8", "surrogateescape")).hexdigest()
    used = RefreshToken.objects.filter(token_checksum=checksum, revoked__isnull=False).first()
    if used is not None and used.token_family:
        RefreshToken.revoke_family(used.token_family)


class Validator(OAuth2Validator):  # type: ignore[misc]  # the toolkit ships no types
    """Limits scopes to the application's own; ties a person's token to their membership."""

    def get_default_scopes(self, client_id: str, request: Any, *args: Any, **kwargs: Any) -> list[str]:
        return str(request.client.allowed_scopes).split()

    def validate_scopes(
        self, client_id: str, scopes: list[str], client: Any, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        return set(scopes) <= set(str(client.allowed_scopes).split())

    def _create_access_token(self, expires: Any, request: Any, token: Any, source_refresh_token: Any = None) -> Any:
        access_token = super()._create_access_token(expires, request, token, source_refresh_token)
        if request.user:
            organization_id = request.client.organization_id
            members = request.user.memberships.filter(ended_at=None)
            if organization_id:
                members = members.filter(organization_id=organization_id)
            access_token.member = members.order_by("created_at").first()
            access_token.save(update_fields=["member"])
        return access_token
