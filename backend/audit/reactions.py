"""What happens because of an event, later: registered by apps, run by the worker, at least once, idempotent."""

from collections.abc import Callable
from fnmatch import fnmatchcase

from backend.audit.models import Event

Reaction = Callable[[Event], None]
_registered: list[tuple[str, Reaction]] = []


def on(pattern: str) -> Callable[[Reaction], Reaction]:
    """Registers a reaction to events whose type matches, such as ``referral.*``.

    It runs as the system of the organization whose copy the event is, in a transaction of its own.
    """

    def register(reaction: Reaction) -> Reaction:
        _registered.append((pattern, reaction))
        return reaction

    return register


def wanted(type: str) -> bool:
    return any(fnmatchcase(type, pattern) for pattern, _ in _registered)


def run(event: Event) -> None:
    for pattern, reaction in _registered:
        if fnmatchcase(event.type, pattern):
            reaction(event)
