"""The day on which a plan is looked at again: who leads it is told when that day has come."""

from datetime import datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from backend.audit import work
from backend.careplans.models import CarePlan
from backend.careplans.services.taking import tell
from backend.lib.actor import Actor

REVIEW = "care_plan.review"


def watch_review(plan: CarePlan) -> None:
    """Asks for word on the morning of the review, by the clock of who leads; of no day, for none.

    Asked for again when the lead passes and when an ended plan goes on: a day that came meanwhile is told at once.
    """
    if plan.review_on is None:
        work.drop([REVIEW], plan.pk)
        return
    begins = datetime.combine(plan.review_on, time(), ZoneInfo(plan.lead_organization.time_zone))
    work.queue(REVIEW, plan.pk, organization_id=plan.lead_organization_id, due_at=begins)


def say_review_is_due(plan_id: UUID, *, actor: Actor) -> None:
    """Unless the plan has ended meanwhile."""
    plan = CarePlan.objects.visible_to(actor).filter(pk=plan_id, review_on__isnull=False).first()
    if plan is not None and not plan.is_finished:
        tell("care_plan.review_due", plan, actor)
