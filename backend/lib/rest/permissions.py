"""Who may call an operation at all; what a caller may see or do is decided by querysets and services."""

from typing import TYPE_CHECKING, cast

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from backend.lib.problems import Forbidden
from backend.lib.rest.authentication import actor_of

if TYPE_CHECKING:
    from rest_framework.views import APIView

    from backend.lib.rest.views import View


SAFE = ("GET", "HEAD", "OPTIONS")


class CallerIsKnown(BasePermission):
    """A signed-in person or a system's token, with the scope of the resource when the token has scopes.

    A view names its resource in ``scope_resource``; reading needs ``<resource>:read``, all else ``<resource>:write``.
    Of several resources one is enough.
    A read that is sent by POST says so in ``reads_by_post``. Before that: 401 for a stranger, 400 for a body that
    cannot be read, 404 for what the caller could not see with the scope either.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        actor = actor_of(request)
        if not actor.is_known:
            return False
        if getattr(view, "scope_resource", None):
            _check_scope(cast("View", view))
        return True


def _check_scope(view: "View") -> None:
    is_read = view.request.method in SAFE or view.reads_by_post
    if view.request.method not in SAFE:
        view.read_body()
    named = view.scope_resource
    resources = (named,) if isinstance(named, str) else named or ()
    scopes = [f"{resource}:{'read' if is_read else 'write'}" for resource in resources]
    if not any(view.actor.allows(scope) for scope in scopes):
        view.find_named()
        raise Forbidden(f"This token does not carry the scope {' or '.join(scopes)}.", code="insufficient_scope")
