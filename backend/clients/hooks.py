"""What must happen in the same transaction as a death or the end of a consent: higher apps register here."""

from collections.abc import Callable

from backend.clients.models import Client, Consent
from backend.lib.actor import Actor

on_death: list[Callable[[Client, Actor], None]] = []
on_consent_ended: list[Callable[[Consent, Actor], None]] = []


def tell_of_death(client: Client, actor: Actor) -> None:
    for react in on_death:
        react(client, actor)


def tell_of_consent_ended(consent: Consent, actor: Actor) -> None:
    """Called after a consent was withdrawn or ran out, when its access has ended already."""
    for react in on_consent_ended:
        react(consent, actor)
