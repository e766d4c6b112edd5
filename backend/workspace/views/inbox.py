"""The inbox: tabs by whose move it is, filters in the address."""

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse

from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.rest.authentication import actor_of
from backend.referrals import queries
from backend.referrals.models import Referral
from backend.workspace import worklist
from backend.workspace.pages import page, show

TABS = {
    "ours": "Ours to move",
    "theirs": "Waiting on others",
    "client": "Client's move",
    "deciding": "To decide",
    "drafts": "Drafts",
    "closed": "Closed",
}
FILTERS = {"clinic": "Whole clinic", "me": "Mine", "urgent": "Urgent", "overdue": "Overdue"}
BY_DUE = ("ours", "theirs", "client", "deciding")
PER_PAGE = 50


@page("GET")
def inbox(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    tab = request.GET.get("box", "ours")
    tab = tab if tab in TABS else "ours"
    chosen = request.GET.get("filter", "clinic")
    chosen = chosen if chosen in FILTERS else "clinic"
    zone = worklist.zone_of(actor)
    narrowed = _narrowed(actor, chosen)
    visible = Referral.objects.visible_to(actor).filter(narrowed)
    counts = {name: visible.filter(queries.in_box(actor, name)).count() for name in TABS if name != "closed"}
    order = ("due_at", "id") if tab in BY_DUE else ("-updated_at", "-id")
    found: Any = queries.rows(actor).filter(queries.in_box(actor, tab)).filter(narrowed).order_by(*order)
    shown = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    rows = list(shown.object_list)
    queries.log_shown(actor, rows)
    lines = [(row, worklist.line(row, actor, zone)) for row in rows]
    by_due = tab in BY_DUE
    return show(
        request,
        "inbox.html",
        {
            "tabs": [(name, label, counts.get(name)) for name, label in TABS.items()],
            "tab": tab,
            "tab_label": TABS[tab],
            "filters": list(FILTERS.items()),
            "chosen": chosen,
            "counts": counts,
            "sections": worklist.sections(lines, zone) if by_due else [("", [found for _, found in lines])],
            "is_empty": not lines,
            "shown": shown,
        },
    )


def _narrowed(actor: Actor, chosen: str) -> Q:
    match chosen:
        case "me":
            return Q(sender_role_id__in=actor.role_ids) | Q(recipient_role_id__in=actor.role_ids)
        case "urgent":
            return Q(priority__in=["urgent", "asap"])
        case "overdue":
            return Q(due_at__lt=clock.now())
    return Q()
