"""Who reads and who writes what of a plan inside a clinic (PRODUCT.md §5), and which side of it a caller is on."""

from backend.careplans.models import CarePlan, Proposal
from backend.careplans.workflow import ADMINS, LEAD, OWNER, PROPOSER, SYSTEM, TREATS
from backend.clients.policies import refuse_unless
from backend.lib.actor import Actor, ActorKind

NOT_ON_TEAM = "Your clinic is not on this plan's team now; what it wrote stays readable."


def reads(actor: Actor) -> bool:
    """Whoever works with clients, the auditor, the client. An admin needs another role."""
    return actor.kind != ActorKind.MEMBER or actor.has_right("practitioner", "coordinator", "auditor")


def check_reads(actor: Actor) -> None:
    refuse_unless(
        reads(actor),
        "Care plans are read by practitioners, coordinators and auditors; ask your admin for one of these roles.",
        code="right_required",
    )


def check_reads_clinical(actor: Actor) -> None:
    """Problems, goals, techniques, regions, what people wrote: not for a coordinator, who plans times."""
    check_reads(actor)
    refuse_unless(actor.reads_clinical, "This part of a plan is read by practitioners.", code="right_required")


def check_writes(actor: Actor, on_behalf_of: object = None) -> None:
    """A practitioner, or a system that names one."""
    if actor.kind == ActorKind.SYSTEM and actor.application_id is not None:
        refuse_unless(
            on_behalf_of is not None,
            "A system names the practitioner it acts for: on_behalf_of.",
            code="practitioner_required",
        )
        return
    refuse_unless(
        actor.kind == ActorKind.MEMBER and bool(TREATS & actor.rights),
        "Care plans are written by practitioners.",
        code="right_required",
    )


def check_enters_in_error(actor: Actor, on_behalf_of: object = None) -> None:
    """Whoever writes plans; and an admin, who reads none."""
    if not (actor.kind == ActorKind.MEMBER and actor.has_right(*ADMINS)):
        check_writes(actor, on_behalf_of)


def sides_of(actor: Actor, plan: CarePlan) -> set[str]:
    """The lead's organization leads; inside it any practitioner may act."""
    return {LEAD} if actor.is_staff and plan.lead_organization_id == actor.organization_id else set()


def sides_of_proposal(actor: Actor, proposal: Proposal) -> set[str]:
    """Who proposed, who was asked; or the service itself."""
    if not actor.is_staff:
        return set()
    if actor.kind == ActorKind.SYSTEM and actor.application_id is None:
        return {SYSTEM}
    sides = {PROPOSER: proposal.organization_id, OWNER: proposal.owner_id}
    return {side for side, organization_id in sides.items() if organization_id == actor.organization_id}
