"""From events of care plans to mails: a clinic is told that a plan waits for its step, and nothing of what it says."""

from django.db.models import Q, QuerySet

from backend.audit import reactions
from backend.audit.models import Event
from backend.careplans.models import Intervention, TeamMember
from backend.careplans.waiting import WaitsFor, for_any, for_step
from backend.directory.actors import actor_of_member
from backend.directory.models import Member, PractitionerRole
from backend.lib.actor import system_of
from backend.notifications import words
from backend.notifications.reactions import is_by, mail_of_what_waits

PLANS = "plans"


TOLD_OF = {
    "care_plan.published": WaitsFor.ANSWER,
    "care_plan.member_joined": WaitsFor.ANSWER,
    "care_plan.objected": WaitsFor.OBJECTION,
    "care_plan.lines_to_decide": WaitsFor.DECISION,
    "care_plan.review_due": WaitsFor.REVIEW,
    "care_plan.row_added": WaitsFor.PUBLICATION,
    "care_plan.row_changed": WaitsFor.PUBLICATION,
    "proposal.made": WaitsFor.PROPOSAL,
}


@reactions.on("care_plan.*")
@reactions.on("proposal.made")
def tell_of_plan_that_waits(event: Event) -> None:
    """Whoever of this clinic treats by the plan; each of its practitioners when it names nobody. Not who did it."""
    step = TOLD_OF.get(event.type)
    if step is None or _concerns_others(event, step):
        return
    found = for_step(system_of(event.organization_id), step).filter(pk=event.related["care_plan_id"])
    if not found.exists():
        return
    here = Member.objects.filter(
        organization_id=event.organization_id, ended_at=None, rights__contains=["practitioner"]
    ).select_related("user", "organization")
    told = list(here.filter(user_id__in=_named(event).values("practitioner__user_id"))) or list(here)
    for member in told:
        if member.pk != event.actor_member_id:
            mail_of_what_waits(member, PLANS, "A care plan waits for your clinic")


def _concerns_others(event: Event, step: WaitsFor) -> bool:
    """Who was asked before is not asked anew when another joins; who changed something knows that it is not published."""
    if event.type == "care_plan.member_joined":
        return bool(event.related["organization_id"] != str(event.organization_id))
    return step == WaitsFor.PUBLICATION and is_by(event, event.organization_id)


def _named(event: Event) -> QuerySet[PractitionerRole]:
    """Whom the clinic's place on the team and its lines name."""
    plan_id, organization_id = event.related["care_plan_id"], event.organization_id
    places = TeamMember.objects.filter(plan_id=plan_id, organization_id=organization_id, until=None)
    lines = Intervention.objects.filter(plan_id=plan_id, organization_id=organization_id).exclude(state="ended")
    named = [found.values("practitioner_role_id") for found in (places, lines)]
    return PractitionerRole.objects.filter(Q(pk__in=named[0]) | Q(pk__in=named[1]), ended_at=None)


def plans_waited_for(member: Member) -> list[tuple[str, str]]:
    """A line about how many plans wait for a step of this member's clinic, for who can make it."""
    reader = actor_of_member(member.pk)
    if reader is None or not reader.treats:
        return []
    number = for_any(reader).count()
    return [(words.plans_line(number), words.plans_address())] if number else []
