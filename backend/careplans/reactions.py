"""What happens to teams when an access, a consent or a role ends. Run by the worker, at least once, idempotent."""

from backend.audit import reactions, work
from backend.audit.models import Event
from backend.careplans import services
from backend.careplans.services.ending import ACCESS_ENDS
from backend.careplans.services.reviewing import REVIEW, say_review_is_due
from backend.lib.actor import system_of
from backend.lib.unit_of_work import current_actor


@reactions.on("access.ended")
@reactions.on("consent.withdrawn")
@reactions.on("consent.expired")
def leave_with_access(event: Event) -> None:
    """The organization whose copy this is leaves the teams that nothing holds it on any more.

    Who counts on a team is asked of access itself, so that nobody waits for this.
    """
    if event.client_id is not None:
        services.leave_teams(event.client_id, actor=system_of(event.organization_id))


@work.handles(ACCESS_ENDS)
def thirty_days_are_over(claim: work.Claim) -> None:
    work.do_in_organization(claim, lambda: services.end_access(claim.subject_id, actor=current_actor()))


@work.handles(REVIEW)
def the_day_of_the_review_has_come(claim: work.Claim) -> None:
    work.do_in_organization(claim, lambda: say_review_is_due(claim.subject_id, actor=current_actor()))


@reactions.on("practitioner_role.ended")
def hand_over(event: Event) -> None:
    """A practitioner left their clinic, which goes on or leaves."""
    services.hand_over_role(event.subject_id, actor=system_of(event.organization_id))
