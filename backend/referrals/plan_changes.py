"""Which version of the sender's plan a report led to."""

from uuid import UUID

from django.db.models import Q, QuerySet

from backend.careplans.models import CarePlan, PlanVersion
from backend.careplans.queries import about
from backend.careplans.workflow import FINISHED
from backend.lib.actor import Actor
from backend.lib.problems import invalid
from backend.referrals.models import PlanChange, Report
from backend.referrals.move import Move


def keep_plan_change(move: Move, report: Report | None) -> None:
    """The version that came of a report, when the sender names one."""
    version = named_version(move)
    if version is None:
        return
    PlanChange(
        referral=move.referral, report=report, version=version, organization_id=move.actor.clinic_id, by=move.by
    ).save(force_insert=True)


def named_version(move: Move) -> PlanVersion | None:
    """A published version of a plan of this client that the sender works on; 400 for any other."""
    said = move.details
    if "plan_version_id" in said:
        pointer, wanted = "/plan_version_id", Q(pk=said["plan_version_id"])
    elif "version" in said:
        pointer, wanted = "/version", Q(plan_id=said["care_plan_id"], number=said["version"])
    else:
        return None
    found = plan_versions(move.client_id, move.actor).filter(wanted).first() if move.referral.client_id else None
    if found is None:
        raise invalid(
            pointer, "There is no such version of a plan of this client that you work on.", code="unknown_version"
        )
    return found


def plan_versions(client_id: UUID, actor: Actor) -> "QuerySet[PlanVersion]":
    """Versions of the client's plans whose team the caller is on now."""
    plans = CarePlan.objects.worked_on_by(actor).filter(about(client_id, actor))
    found: QuerySet[PlanVersion] = PlanVersion.objects.visible_to(actor).named().filter(plan__in=plans.values("pk"))
    return found


def open_plans(client_id: UUID, actor: Actor) -> "QuerySet[CarePlan]":
    """The client's plans that the caller works from now."""
    found: QuerySet[CarePlan] = CarePlan.objects.worked_on_by(actor).filter(about(client_id, actor))
    return found.exclude(state__in=FINISHED)
