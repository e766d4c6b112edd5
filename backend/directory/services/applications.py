"""A clinic's systems and people's tools: their scopes and secrets, in the hands of admins only."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from oauth2_provider.generators import generate_client_secret

from backend.audit import events
from backend.directory import policies, queries
from backend.directory.models import AccessToken, Application, RefreshToken
from backend.directory.services import versions
from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.problems import Conflict, invalid
from backend.lib.rest.views import check_version


def add_application(
    *, actor: Actor, name: str, kind: str, scopes: Sequence[str], redirect_uris: Sequence[str] = (), is_public: bool
) -> tuple[Application, str]:
    """An application of the organization and its secret, which is never shown again; a public tool has none ("").

    A ``system`` acts for the organization (client_credentials); a ``tool`` for the person who signs in
    (authorization code with PKCE).
    """
    policies.require_admin(actor)
    secret = "" if is_public else generate_client_secret()
    is_tool = kind == "tool"
    made = Application(
        organization_id=actor.organization_id,
        name=name,
        client_type=Application.CLIENT_PUBLIC if is_public else Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=(
            Application.GRANT_AUTHORIZATION_CODE if is_tool else Application.GRANT_CLIENT_CREDENTIALS
        ),
        allowed_scopes=" ".join(scopes),
        redirect_uris=" ".join(redirect_uris),
        client_secret=secret,
    )
    _check_addresses(made)
    made.save()
    _record("application.added", made, actor)
    return made, secret


def change_application(
    application_id: UUID, *, actor: Actor, version: int | None = None, **changes: Any
) -> Application:
    """A new name, scopes or addresses. Tokens made for the former scopes end at once."""
    application = _taken(application_id, actor)
    check_version(application.version, version)
    changed = versions.set_fields(application, changes)
    if not changed:
        return application
    _check_addresses(application)
    _save(application, *changed)
    if "allowed_scopes" in changed:
        _end_tokens(application)
    _record("application.changed", application, actor)
    return application


def rotate_secret(application_id: UUID, *, actor: Actor) -> tuple[Application, str]:
    """A new secret, never shown again; the former one and the tokens made with it end at once."""
    application = _taken(application_id, actor)
    if application.client_type == Application.CLIENT_PUBLIC:
        raise Conflict("A public tool has no secret.", code="no_secret")
    secret = generate_client_secret()
    application.client_secret = secret
    _save(application, "client_secret")
    _end_tokens(application)
    _record("application.secret_rotated", application, actor)
    return application, secret


def end_application(application_id: UUID, *, actor: Actor) -> Application:
    application = _taken(application_id, actor)
    application.ended_at = clock.now()
    _save(application, "ended_at")
    _end_tokens(application)
    _record("application.ended", application, actor)
    return application


def _taken(application_id: UUID, actor: Actor) -> Application:
    found = queries.application(actor, application_id)
    policies.require_admin(actor)
    locked: Application = Application.objects.select_for_update().get(pk=found.pk)
    return locked


def _save(application: Application, *changed: str) -> None:
    application.version += 1
    application.save(update_fields=[*changed, "version", "updated"])


def _end_tokens(application: Application) -> None:
    RefreshToken.objects.filter(application=application, revoked=None).update(revoked=clock.real_now())
    AccessToken.objects.filter(application=application).delete()


def _check_addresses(application: Application) -> None:
    try:
        application.clean()
    except ValidationError as error:
        raise invalid("/redirect_uris", error.messages[0], code="bad_redirect_uri") from error


def _record(type: str, application: Application, actor: Actor) -> None:
    events.record(type, subject=application, actor=actor, organizations=[actor.organization_id])
