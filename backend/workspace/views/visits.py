"""The visits of care: what took place under a referral, the next one, and how each went."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.dateparse import parse_datetime
from rest_framework import serializers

from backend.directory.models import PractitionerRole
from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.problems import Problem
from backend.lib.rest.authentication import actor_of
from backend.lib.rest.fields import StrictSerializer
from backend.notes.queries import signed_by
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
    """A visit with what can be pressed for it now; whether the reader held it, and the note they signed of it."""

    visit: dict[str, Any]
    presses: dict[str, str]
    is_readers_own: bool
    note_id: UUID | None


def visits_of_care(body: dict[str, Any], actor: Actor, zone: str) -> dict[str, Any] | None:
    """What the clinic that sees the client reads and does about its visits in care; None for everybody else."""
    clinic = body["recipient"]["organization"]
    is_ours = clinic is not None and clinic["id"] == str(actor.organization_id)
    if not is_ours or body["state"] not in care.UNDER_A_REFERRAL or not actor.has_right("practitioner", "coordinator"):
        return None
    visits = body["visits"]
    own = _held_by_reader(body, actor)
    signed = _signed_of(own, body, actor)
    lines = [Line(visit, _presses(visit), visit["id"] in own, signed.get(visit["id"])) for visit in visits]
    return {"lines": lines, "form": _form(zone)}


@page("POST")
def enter(request: HttpRequest, referral_id: UUID) -> HttpResponse:
    actor = actor_of(request)
    assigned = queries.one_row(referral_id, actor)["recipient_role_id"]
    zone = zone_of(actor)

    def act() -> str:
        typed = Form(VisitOfCare, zone=zone, typed=request.POST).validated()
        with_whom = {"practitioner_role_id": _who_sees_the_client(assigned, actor)}
        fields = {"referral_id": referral_id, "state": typed["state"], **typed["visit"], **with_whom}
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


def _who_sees_the_client(assigned: UUID | None, actor: Actor) -> UUID | None:
    """Whoever treats and enters it, in their one role; else the colleague who has the referral, as with a booking."""
    if actor.treats and assigned not in actor.role_ids:
        return next(iter(actor.role_ids)) if len(actor.role_ids) == 1 else None
    live = PractitionerRole.objects.filter(organization_id=actor.clinic_id, ended_at=None).values_list("pk", flat=True)
    return live.filter(pk=assigned).first() if assigned else None


def _held_by_reader(body: dict[str, Any], actor: Actor) -> set[str]:
    """The visits that have begun with the reader: theirs to write about."""
    ids = [visit["id"] for visit in body["visits"]]
    if not ids or not actor.treats or not body.get("client"):
        return set()
    begun = Visit.objects.visible_to(actor).filter(pk__in=ids, starts_at__lte=clock.now())
    own = begun.filter(practitioner_role_id__in=actor.role_ids).exclude(state__in=Visit.NOT_HELD)
    return {str(pk) for pk in own.values_list("pk", flat=True)}


def _signed_of(visit_ids: set[str], body: dict[str, Any], actor: Actor) -> dict[str, UUID]:
    """The notes that the reader signed of these visits, by the visit."""
    if not visit_ids:
        return {}
    notes = signed_by(actor).filter(client_id=body["client"]["id"], visit_id__in=visit_ids)
    return {str(visit_id): pk for visit_id, pk in notes.values_list("visit_id", "pk")}


def _presses(visit: dict[str, Any]) -> dict[str, str]:
    """The visit that is booked on the referral is moved with it, further up on the page."""
    begins = parse_datetime(visit["starts_at"])
    if visit["is_current"] or visit["state"] not in w.COMING or begins is None:
        return {}
    return BEGUN if begins <= clock.now() else TO_COME


def _form(zone: str, **more: Any) -> Form:
    return Form(VisitOfCare, zone=zone, key="visit-", choices={"state": HOW}, labels={"state": "How it stands"}, **more)
