"""Care plans by what an admin may know of them, who reads none: to say that one, or a row of it, was a mistake."""

import re
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, QueryDict

from backend.careplans import queries, services
from backend.careplans.changes import KINDS
from backend.careplans.models import WRONG_CLIENT, CarePlan, ErrorReason
from backend.directory import policies
from backend.lib.actor import Actor
from backend.lib.ids import short_id
from backend.lib.problems import NotFound, Problem
from backend.lib.rest.authentication import actor_of
from backend.workspace.pages import id_in, page, show, submit, version_in
from backend.workspace.staleness import who_changed
from backend.workspace.views.clients import Tried

MOST = 50
NUMBER = re.compile("[0-9a-f]{8}")
Row = Mapping[str, Any]


@page("GET")
def plans(request: HttpRequest) -> HttpResponse:
    """The plans the clinic is or was on, newest first; or the one with the number that a practitioner read out."""
    actor = actor_of(request)
    policies.require_admin(actor)
    number, before = request.GET.get("number", "").strip().lower(), request.GET.get("before", "")
    found = queries.without_words(actor)
    if number:
        found = found.filter(pk__endswith=number) if NUMBER.fullmatch(number) else found.none()
    if before:
        found = found.filter(pk__lt=id_in(before))
    shown = [_shown(row) for row in found[: MOST + 1]]
    earlier = shown[MOST - 1]["id"] if len(shown) > MOST else ""
    return show(request, "settings/plans.html", {"plans": shown[:MOST], "number": number, "earlier": earlier})


@page("GET", "POST")
def one_plan(request: HttpRequest, plan_id: UUID) -> HttpResponse:
    """What may be known of one; by POST, that it should not have been written."""
    if request.method == "GET":
        return _plan_page(request, plan_id)

    def say(actor: Actor, sent: dict[str, str], expected: int | None) -> None:
        services.enter_plan_in_error(plan_id, actor=actor, sent=sent, expected=expected)

    return _said(request, plan_id, plan_id, say)


@page("POST")
def row(request: HttpRequest, plan_id: UUID, kind: str, row_id: UUID) -> HttpResponse:
    """That a row the clinic wrote should not have been written."""
    services.ROWS[kind].model.objects.visible_to(actor_of(request)).filter(plan_id=plan_id).one(row_id)

    def say(actor: Actor, sent: dict[str, str], expected: int | None) -> None:
        services.enter_row_in_error(plan_id, kind, row_id, actor=actor, sent=sent, expected=expected)

    return _said(request, plan_id, row_id, say)


def _said(
    request: HttpRequest, plan_id: UUID, about: UUID, say: Callable[[Actor, dict[str, str], int | None], None]
) -> HttpResponse:
    """Says it and goes back to the page, or shows that page with the refusal."""
    actor = actor_of(request)
    CarePlan.objects.visible_to(actor).one(plan_id)
    policies.require_admin(actor)
    sent = {name: text for name in ("reason", "note") if (text := request.POST.get(name, "").strip())}

    def act() -> str:
        say(actor, sent, version_in(request))
        return f"/settings/care-plans/{plan_id}"

    result = submit(request, act, said="Marked as entered in error.")
    if isinstance(result, Problem):
        return _plan_page(request, plan_id, Tried(f"error-{about}", request.POST, result))
    return result


def _plan_page(request: HttpRequest, plan_id: UUID, tried: Tried | None = None) -> HttpResponse:
    actor = actor_of(request)
    CarePlan.objects.visible_to(actor).one(plan_id)
    policies.require_admin(actor)
    header = queries.without_words(actor).filter(pk=plan_id).first()
    if header is None:
        raise NotFound
    plan = _shown(header)
    rows = {
        kind: [_shown(each) for each in found] for kind, found in queries.own_rows_without_words(actor, plan_id).items()
    }
    own = [plan] if header["lead_organization_id"] == actor.organization_id else []
    sayable = [*own, *(each for found in rows.values() for each in found)]
    context = {
        "p": plan,
        "kinds": [(kind, KINDS[kind][0], found) for kind, found in rows.items() if found],
        "can_err": {each["id"] for each in sayable if each["reason"] != WRONG_CLIENT},
        "error_reasons": ErrorReason.choices,
        "tried": tried.form if tried else "",
        "typed": tried.typed if tried else QueryDict(),
    }
    problem = who_changed(tried.problem, plan_id, actor=actor) if tried else None
    return show(request, "settings/plan.html", context, problem=problem)


def _shown(row: Row) -> dict[str, Any]:
    """What the pages show; the sentence that was said with an error is for who reads the plan."""
    reason = row["entered_in_error_reason"]
    error = {"by": row["entered_in_error_by"], "at": row["entered_in_error_at"]} if reason else None
    said = f"entered in error: {ErrorReason(reason).label.lower()}" if reason else ""
    return {
        **row,
        "id": str(row["id"]),
        "number": short_id(row["id"]),
        "reason": reason,
        "entered_in_error": error,
        "said": said,
    }
