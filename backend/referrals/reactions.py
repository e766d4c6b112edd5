"""What follows from the loop in the apps below it. Run by the worker, at least once, idempotent."""

from backend.audit import reactions
from backend.audit.models import Event
from backend.careplans import services as careplans
from backend.lib.actor import system_of
from backend.referrals.models import Referral


@reactions.on("referral.accepted")
def join_the_team(event: Event) -> None:
    """Who accepted works from the plans that a lead in one circle with them works from."""
    actor = system_of(event.organization_id)
    referral = Referral.objects.visible_to(actor).filter(pk=event.subject_id).first()
    if referral is None or referral.client_id is None or referral.recipient_organization_id != event.organization_id:
        return
    careplans.join_team(referral.client_id, role_id=referral.recipient_role_id, actor=actor)
