"""A PATCH, in the order the contract gives its checks: 404, 403, 412, then the fields."""

from collections.abc import Callable
from typing import Any, TypeVar

from backend.lib.actor import Actor
from backend.lib.rest.fields import Changes
from backend.lib.rest.views import View, check_version

R = TypeVar("R")


def checked_changes(
    view: View,
    row: R,
    *,
    may: Callable[[Actor, R], object],
    serializer: type[Changes],
    body: dict[str, Any],
    version: int,
) -> dict[str, Any]:
    """The changes to pass to a service, with the version the caller read."""
    may(view.actor, row)
    expected = view.expected_version(required=True)
    check_version(version, expected)
    return {**view.validated(serializer, current=body), "version": expected}
