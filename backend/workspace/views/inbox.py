"""The inbox: tabs by whose move it is, filters in the address, several given to a colleague at once."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Min, Q
from django.http import HttpRequest, HttpResponse
from django.utils.dateparse import parse_date
from django.utils.http import url_has_allowed_host_and_scheme

from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.problems import Problem, invalid
from backend.lib.rest.authentication import actor_of
from backend.referrals import queries
from backend.referrals.models import Referral
from backend.workspace import words, worklist
from backend.workspace.batch import give_all
from backend.workspace.colleagues import colleagues_here
from backend.workspace.pages import id_in, page, show, submit
from backend.workspace.ribbon import ribbon

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
    return _shown(request, request.GET.get("box", "ours"))


@page("POST")
def give(request: HttpRequest) -> HttpResponse:
    """Several referrals go to one colleague; what cannot is said, and stays as it was."""
    actor, back = actor_of(request), request.POST.get("back", "")
    back = back if url_has_allowed_host_and_scheme(back, allowed_hosts=None) else "/inbox"

    def act() -> str:
        if not request.POST.getlist("referral"):
            raise invalid("/referral", "Select at least one referral first.")
        if not request.POST.get("practitioner_role_id"):
            raise invalid("/practitioner_role_id", "Choose a colleague first.")
        given = give_all(_chosen(request), id_in(request.POST["practitioner_role_id"]), actor=actor)
        if not given.count:
            raise given.refusals[0]
        messages.success(request, f"{given.count} given.")
        for refusal in given.refusals:
            messages.warning(request, f"One was not given: {refusal.detail}")
        return back

    result = submit(request, act)
    return _shown(request, "ours", problem=result) if isinstance(result, Problem) else result


def _chosen(request: HttpRequest) -> dict[Any, int | None]:
    """The selected referrals with the version each was shown at."""
    found = {}
    for value in request.POST.getlist("referral")[:PER_PAGE]:
        pk, _, version = value.partition(":")
        found[id_in(pk)] = int(version) if version.isdecimal() and len(version) < 9 else None
    return found


def _shown(request: HttpRequest, box: str, *, problem: Problem | None = None) -> HttpResponse:
    actor = actor_of(request)
    tab = box if box in TABS else "ours"
    chosen = request.GET.get("filter", "clinic")
    chosen = chosen if chosen in FILTERS else "clinic"
    zone, due_on = worklist.zone_of(actor), _date_in(request.GET.get("due", ""))
    narrowed = _narrowed(actor, chosen)
    visible = Referral.objects.visible_to(actor).filter(narrowed)
    counts = {name: visible.filter(queries.in_box(actor, name)).count() for name in TABS if name != "closed"}
    order = ("due_at", "id") if tab in BY_DUE else ("-updated_at", "-id")
    found: Any = queries.rows(actor).filter(queries.in_box(actor, tab)).filter(narrowed & _due_on(due_on, zone))
    shown = Paginator(found.order_by(*order), PER_PAGE).get_page(request.GET.get("page"))
    rows = list(shown.object_list)
    queries.log_shown(actor, rows)
    lines = [(row, worklist.line(row, actor, zone)) for row in rows]
    next_due = visible.filter(queries.in_box(actor, "theirs")).aggregate(at=Min("due_at"))["at"] if not lines else None
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
            "due_on": due_on,
            "due_words": words.day(due_on, words.today(zone)) if due_on else "",
            "next_due": words.due(next_due, zone),
            "ribbon": ribbon(actor, zone, narrowed),
            "sections": worklist.sections(lines, zone) if tab in BY_DUE else [("", [found for _, found in lines])],
            "is_empty": not lines,
            "shown": shown,
            "colleagues": colleagues_here(actor) if any(line.may_be_given for _, line in lines) else [],
        },
        problem=problem,
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


def _date_in(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


def _due_on(day: date | None, zone: str) -> Q:
    """What is due on one day of the clinic."""
    if day is None:
        return Q()
    begins = datetime.combine(day, time(), ZoneInfo(zone))
    return Q(due_at__gte=begins, due_at__lt=datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone)))
