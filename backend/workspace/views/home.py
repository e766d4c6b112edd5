"""The first page: what the product is, or today: who comes, and what waits for you."""

from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from backend.careplans import queries as plan_queries
from backend.lib import clock
from backend.lib.actor import Actor, ActorKind
from backend.lib.rest.authentication import actor_of
from backend.notes.queries import to_cosign
from backend.referrals import guests, queries
from backend.referrals.models import Referral, ReferralVisit
from backend.visits.models import Visit
from backend.workspace import words, worklist
from backend.workspace.plans import plans_that_wait, with_steps

DRAFTS, PLANS, MOST_VISITS = 5, 5, 30


def home(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    if actor.kind != ActorKind.MEMBER:
        return render(request, "workspace/welcome.html")
    visible = Referral.objects.visible_to(actor)
    ours = visible.filter(queries.in_box(actor, "ours"))
    counts = {
        "ours": ours.count(),
        "overdue": ours.filter(due_at__lt=clock.now()).count(),
        "theirs": visible.filter(queries.in_box(actor, "theirs")).count(),
    }
    zone = worklist.zone_of(actor)
    drafts = list(queries.rows(actor).filter(queries.in_box(actor, "drafts")).order_by("-updated_at")[:DRAFTS])
    next_up = list(queries.rows(actor).filter(queries.in_box(actor, "ours")).order_by("due_at", "id")[:DRAFTS])
    visits = _visits_today(actor, zone)
    coming = {row["id"]: row for row in queries.rows(actor).filter(pk__in=[pk for _, pk in visits])}
    waiting = plans_that_wait(actor)
    queries.log_shown(actor, [*drafts, *next_up, *coming.values()])
    plan_queries.log_looks_at(actor, waiting[:PLANS])
    return render(
        request,
        "workspace/home.html",
        {
            "counts": counts,
            "today": words.day(words.today(zone), words.today(zone)),
            "visits": [(at, worklist.line(coming[pk], actor, zone)) for at, pk in visits if pk in coming],
            "drafts": [worklist.line(row, actor, zone) for row in drafts],
            "next_up": [worklist.line(row, actor, zone) for row in next_up],
            "to_cosign": to_cosign(actor).count(),
            "plans": with_steps(waiting[:PLANS], actor),
            "more_plans": len(waiting) - PLANS,
            "to_claim": guests.referrals_to_claim(actor),
        },
    )


def _visits_today(actor: Actor, zone: str) -> list[tuple[datetime, UUID]]:
    """When today's visits of the clinic's referrals begin, and which referral each belongs to."""
    begins = datetime.combine(words.today(zone), time(), ZoneInfo(zone))
    own = Visit.objects.visible_to(actor).filter(starts_at__gte=begins, starts_at__lt=begins + timedelta(days=1))
    going_on = own.filter(state__in=[Visit.State.BOOKED, Visit.State.DONE])
    found = ReferralVisit.objects.visible_to(actor).filter(is_current=True, visit__in=going_on)
    return list(found.order_by("visit__starts_at", "id").values_list("visit__starts_at", "referral_id")[:MOST_VISITS])
