"""What happens to teams when an access, a consent or a role ends. Run by the worker, at least once, idempotent."""

from backend.audit import reactions
from backend.audit.models import Event
from backend.careplans import services
from backend.lib.actor import system_of


@reactions.on("access.ended")
@reactions.on("consent.withdrawn")
@reactions.on("consent.expired")
def leave_with_access(event: Event) -> None:
    """The organization whose copy this is leaves the teams that nothing holds it on any more.

    Who counts on a team is asked of access itself, so that nobody waits for this.
    """
    if event.client_id is not None:
        services.leave_teams(event.client_id, actor=system_of(event.organization_id))


@reactions.on("practitioner_role.ended")
def hand_over(event: Event) -> None:
    """A practitioner left their clinic, which goes on or leaves."""
    services.hand_over_role(event.subject_id, actor=system_of(event.organization_id))
