"""Who reads and who keeps visits inside a clinic (PRODUCT.md §5); which visits, the queryset says."""

from backend.clients.policies import reads_clients, refuse_unless
from backend.lib.actor import Actor, ActorKind

READS = "Visits are read by practitioners, coordinators and auditors; ask your admin for one of these roles."
KEEPS = "Practitioners and coordinators keep the calendar; ask one of them."


def check_reads(actor: Actor) -> None:
    refuse_unless(reads_clients(actor), READS, code="right_required")


def keeps_calendar(actor: Actor) -> bool:
    return actor.kind == ActorKind.SYSTEM or actor.has_right("practitioner", "coordinator")


def check_keeps(actor: Actor) -> None:
    """403 for an admin or auditor without another role."""
    refuse_unless(keeps_calendar(actor), KEEPS, code="right_required")
