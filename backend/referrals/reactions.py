"""What follows from the loop in the apps below it. Run by the worker, at least once, idempotent."""

from uuid import UUID

from backend.audit import reactions
from backend.audit.models import Event
from backend.careplans import services as careplans
from backend.clients.queries import ask_guard
from backend.lib.actor import Actor, system_of
from backend.referrals import services
from backend.referrals.models import Referral, ReportQuote


@reactions.on("referral.accepted")
def join_the_team(event: Event) -> None:
    """Who accepted works from the plans that a lead in one circle with them works from; with a transfer it leads the sender's."""
    actor = system_of(event.organization_id)
    referral = Referral.objects.visible_to(actor).filter(pk=event.subject_id).first()
    if referral is None or referral.client_id is None or referral.recipient_organization_id != event.organization_id:
        return
    careplans.join_team(
        referral.client_id, role_id=referral.recipient_role_id, accepted_at=event.recorded_at, actor=actor
    )
    if referral.transfer:
        _pass_leads(referral.id, actor)


def _pass_leads(referral_id: UUID, actor: Actor) -> None:
    """The plans of the client that the sender leads, where both are on the team. Does nothing the second time."""
    for (plan_id,) in ask_guard("SELECT pass_leads(%s)", [referral_id]):
        careplans.tell_lead_passed(plan_id, actor=actor)


@reactions.on("note.entered_in_error")
def say_that_a_quote_fell(event: Event) -> None:
    """The report stays as it was signed; both sides hear that a note it was written from no longer stands."""
    actor = system_of(event.organization_id)
    quotes = ReportQuote.objects.visible_to(actor).filter(
        note_id=event.subject_id, organization_id=event.organization_id
    )
    for report_id, referral_id in quotes.values_list("report_id", "report__referral_id"):
        referral = services.locked(referral_id, actor)
        services.touch(referral)
        related = {"report_id": str(report_id), "note_id": str(event.subject_id)}
        services.record("referral.quoted_note_in_error", referral, actor, related=related)
