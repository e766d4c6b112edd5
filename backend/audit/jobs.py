"""Runs the reactions to an event, as the system of the organization whose copy it is."""

from backend.audit import reactions, work
from backend.audit.models import Event
from backend.lib.actor import system_of


@work.handles("react")
def react(claim: work.Claim) -> None:
    def act() -> None:
        assert claim.organization_id is not None
        event = Event.objects.visible_to(system_of(claim.organization_id)).filter(pk=claim.subject_id).first()
        if event is not None:
            reactions.run(event)

    work.do_in_organization(claim, act)
