"""The visits of care: what took place under a referral, the next one, and how each went."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.dateparse import parse_datetime
from rest_framework import serializers

from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.problems import Problem
from backend.lib.rest.authentication import actor_of
from backend.lib.rest.fields import StrictSerializer
from backend.referrals import care, queries
from backend.referrals.inputs import TimeSpan
from backend.referrals.models import ReferralVisit
from backend.visits import workflow as w
from backend.visits.models import Visit
from backend.workspace.forms import Form
from backend.workspace.pages import field_errors, page, show, submit
from backend.workspace.worklist import zone_of

HOW = [("done", "It took place"), ("booked", "It is booked")]
# What is pressed for a visit that has begun, and for one that is still to come.
BEGUN = {"done": "Took place", "missed": "Did not come"}
TO_COME = {"client_cancels": "The client cancels", "clinic_cancels": "We cancel"}
MEANT: dict[str, dict[str, str]] = {
    "done": {"name": "record_done"},
    "missed": {"name": "record_no_show"},
    "client_cancels": {"name": "cancel", "by": "client"},
    "clinic_cancels": {"name": "cancel", "by": "clinic"},
}


class VisitOfCare(StrictSerializer):
    """What the page asks of a visit."""

    visit = TimeSpan()
    state = serializers.ChoiceField(HOW)


@dataclass(frozen=True)
class Line:
    """A visit with what can be pressed for it now."""

    visit: dict[str, Any]
    presses: dict[str, str]


def visits_of_care(body: dict[str, Any], actor: Actor, zone: str) -> dict[str, Any] | None:
    """What the clinic that sees the client reads and does about its visits in care; None for everybody else."""
    clinic = body["recipient"]["organization"]
    is_ours = clinic is not None and clinic["id"] == str(actor.organization_id)
    if not is_ours or body["state"] not in care.UNDER_A_REFERRAL or not actor.has_right("practitioner", "coordinator"):
        return None
    return {"lines": [Line(visit, _presses(visit)) for visit in body["visits"]], "form": _form(zone)}


@page("POST")
def enter(request: HttpRequest, referral_id: UUID) -> HttpResponse:
    actor = actor_of(request)
    queries.one_row(referral_id, actor)
    zone = zone_of(actor)

    def act() -> str:
        typed = Form(VisitOfCare, zone=zone, typed=request.POST).validated()
        fields = {"referral_id": referral_id, "state": typed["state"], **typed["visit"]}
        care.enter_visit(actor=actor, fields=fields)
        return f"/referrals/{referral_id}#visits"

    result = submit(request, act, said="The visit is entered.")
    if isinstance(result, Problem):
        form = _form(zone, typed=request.POST, errors=field_errors(result))
        return show(request, "visit.html", {"r": {"id": referral_id}, "form": form}, problem=result)
    return result


@page("POST")
def move(request: HttpRequest, referral_id: UUID, visit_id: UUID) -> HttpResponse:
    actor = actor_of(request)
    queries.one_row(referral_id, actor)
    under = ReferralVisit.objects.visible_to(actor).filter(referral_id=referral_id).values("visit_id")
    Visit.objects.visible_to(actor).filter(pk__in=under).one(visit_id)

    def act() -> str:
        meant: dict[str, Any] = {"name": None, **MEANT.get(request.POST.get("press", ""), {})}
        care.move_visit(visit_id, actor=actor, **meant)
        return f"/referrals/{referral_id}#visits"

    result = submit(request, act, said="Noted.")
    if isinstance(result, Problem):
        return show(request, "visit.html", {"r": {"id": referral_id}}, problem=result)
    return result


def _presses(visit: dict[str, Any]) -> dict[str, str]:
    """The visit that is booked on the referral is moved with it, further up on the page."""
    begins = parse_datetime(visit["starts_at"])
    if visit["is_current"] or visit["state"] not in w.COMING or begins is None:
        return {}
    return BEGUN if begins <= clock.now() else TO_COME


def _form(zone: str, **more: Any) -> Form:
    return Form(VisitOfCare, zone=zone, key="visit-", choices={"state": HOW}, labels={"state": "How it stands"}, **more)
