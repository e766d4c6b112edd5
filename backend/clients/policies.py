"""Who may do what with a client inside a clinic (PRODUCT.md §5); which clients, the querysets say."""

from backend.lib.actor import Actor, ActorKind
from backend.lib.problems import Forbidden

WRONG_CLIENT = "wrong_client"
"""The reason that takes what is in error away from the others."""


def reads_clients(actor: Actor) -> bool:
    """Contact data: whoever works with clients, the auditor, the client. An admin needs another role."""
    return actor.kind in (ActorKind.SYSTEM, ActorKind.CLIENT) or actor.has_right(
        "practitioner", "coordinator", "auditor"
    )


def works_with_clients(actor: Actor) -> bool:
    """Registers, changes, records consent: practitioners, coordinators, the clinic's system."""
    if actor.kind == ActorKind.SYSTEM:
        return actor.allows("clients:write")
    return actor.has_right("practitioner", "coordinator")


def reads_notes_of_precautions(actor: Actor) -> bool:
    """A coordinator reads precautions in one line."""
    return actor.kind in (ActorKind.SYSTEM, ActorKind.CLIENT) or actor.has_right("practitioner", "auditor")


def records_precautions(actor: Actor) -> bool:
    return actor.treats or (actor.kind == ActorKind.SYSTEM and actor.allows("clients:write"))


def answers_for_consent(actor: Actor) -> bool:
    """The client by a link of their own, or a member or system that records the answer."""
    return actor.kind == ActorKind.CLIENT or works_with_clients(actor)


def says_more(reason: str, before: str) -> bool:
    """Whether this can still be said of what is in error ``before``: that it is about a wrong client, once."""
    return reason == WRONG_CLIENT != before


def refuse_unless(allowed: bool, detail: str, *, code: str = "forbidden") -> None:
    if not allowed:
        raise Forbidden(detail, code=code)


READS = "Clients are read by practitioners, coordinators and auditors; ask your admin for one of these roles."
WORKS = "Practitioners and coordinators do this; ask one of them."
TREATS = "Only a practitioner does this; ask one of them."
SAID_ALREADY = "This was entered in error; of that only “wrong client” can still be said, once."
