"""Who may call an operation at all; what a caller may see or do is decided by querysets and services."""

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from backend.lib.problems import Forbidden
from backend.lib.rest.authentication import actor_of

if TYPE_CHECKING:
    from rest_framework.views import APIView


class CallerIsKnown(BasePermission):
    """A signed-in person or a system's token, with the scope of the resource when the token has scopes.

    A view names its resource in ``scope_resource``; reading needs ``<resource>:read``, all else ``<resource>:write``.
    A read that is sent by POST says so in ``reads_by_post``.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        actor = actor_of(request)
        if not actor.is_known:
            return False
        resource = getattr(view, "scope_resource", None)
        if resource and not actor.allows(f"{resource}:{_right(request, view)}"):
            raise Forbidden(
                f"This token does not carry the scope {resource}:{_right(request, view)}.", code="insufficient_scope"
            )
        return True


def _right(request: Request, view: "APIView") -> str:
    reads = request.method in ("GET", "HEAD", "OPTIONS") or getattr(view, "reads_by_post", False)
    return "read" if reads else "write"
