"""The first page: what the product is, or what waits for you."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from backend.lib import clock
from backend.lib.actor import ActorKind
from backend.lib.rest.authentication import actor_of
from backend.referrals import guests, queries
from backend.referrals.models import Referral
from backend.workspace import worklist

DRAFTS = 5


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
    queries.log_shown(actor, [*drafts, *next_up])
    return render(
        request,
        "workspace/home.html",
        {
            "counts": counts,
            "drafts": [worklist.line(row, actor, zone) for row in drafts],
            "next_up": [worklist.line(row, actor, zone) for row in next_up],
            "to_claim": guests.referrals_to_claim(actor),
        },
    )
