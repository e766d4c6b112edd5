"""The visits of care: what took place under a referral, the next one, and how each went."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.dateparse import parse_datetime
from rest_framework import serializers

from backend.careplans.models import Intervention
from backend.clients.queries import merged_with
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
from backend.visits import services as calendar
from backend.visits import workflow as w
from backend.visits.inputs import LineIds, VisitChange
from backend.visits.models import Visit
from backend.visits.queries import lines_counted
from backend.workspace import visit_lines
from backend.workspace.forms import Field, Form
from backend.workspace.pages import field_errors, page, show, submit
from backend.workspace.worklist import zone_of

DONE, COUNTS_FOR = "done", "counts_for"
HOW = [(DONE, "It took place"), ("booked", "It is booked")]
# What is pressed for a visit that has begun, and for one that is still to come.
BEGUN = {DONE: "Took place", "missed": "Did not come"}
TO_COME = {"client_cancels": "The client cancels", "clinic_cancels": "We cancel"}
MEANT: dict[str, dict[str, str]] = {
    DONE: {"name": "record_done"},
    "missed": {"name": "record_no_show"},
    "client_cancels": {"name": "cancel", "by": "client"},
    "clinic_cancels": {"name": "cancel", "by": "clinic"},
}


class VisitOfCare(StrictSerializer):
    """What the page asks of a visit."""

    visit = TimeSpan()
    state = serializers.ChoiceField(HOW)
    line_ids = LineIds(help_text="")


@dataclass(frozen=True)
class Line:
    """A visit with what can be pressed for it now; whether the reader held it, and the note they signed of it.

    ``lines`` are the lines of plans it may count for, when there are several.
    """

    visit: dict[str, Any]
    presses: dict[str, str]
    is_readers_own: bool
    note_id: UUID | None
    lines: Field | None

    @property
    def counts_for(self) -> list[str]:
        """What it counts for, in words."""
        return [label for line_id, label in self.lines.choices if line_id in self.lines.values] if self.lines else []


def visits_of_care(body: dict[str, Any], actor: Actor, zone: str) -> dict[str, Any] | None:
    """What the clinic that sees the client reads and does about its visits in care; None for everybody else."""
    clinic = body["recipient"]["organization"]
    is_ours = clinic is not None and clinic["id"] == str(actor.organization_id)
    if not is_ours or body["state"] not in care.UNDER_A_REFERRAL or not actor.has_right("practitioner", "coordinator"):
        return None
    visits = body["visits"]
    own = _held_by_reader(body, actor)
    signed = _signed_of(own, body, actor)
    client_id: str = (body.get("client") or {}).get("id", "")
    open_lines = visit_lines.lines_open(client_id, actor)
    asked = _lines_asked(visits, open_lines, client_id, actor)
    lines = [
        Line(visit, _presses(visit), visit["id"] in own, signed.get(visit["id"]), asked.get(visit["id"]))
        for visit in visits
    ]
    assigned = (body["recipient"]["practitioner_role"] or {}).get("id")
    return {"lines": lines, "form": _form(zone, _choosing(open_lines, client_id, assigned and UUID(assigned), actor))}


@page("POST")
def enter(request: HttpRequest, referral_id: UUID) -> HttpResponse:
    actor = actor_of(request)
    row = queries.one_row(referral_id, actor)
    assigned, zone = row["recipient_role_id"], zone_of(actor)
    lines = _choosing(visit_lines.lines_open(row["client_id"], actor), row["client_id"], assigned, actor)

    def act() -> str:
        typed = _form(zone, lines, typed=request.POST).validated()
        with_whom = {"practitioner_role_id": _who_sees_the_client(assigned, actor)}
        chosen = {"line_ids": typed["line_ids"]} if visit_lines.is_named(request.POST) else {}
        fields = {"referral_id": referral_id, "state": typed["state"], **typed["visit"], **with_whom, **chosen}
        care.enter_visit(actor=actor, fields=fields)
        return f"/referrals/{referral_id}#visits"

    result = submit(request, act, said="The visit is entered.")
    if isinstance(result, Problem):
        form = _form(zone, lines, typed=request.POST, errors=field_errors(result))
        return show(request, "visit.html", {"r": {"id": referral_id}, "form": form}, problem=result)
    return result


@page("POST")
def move(request: HttpRequest, referral_id: UUID, visit_id: UUID) -> HttpResponse:
    actor = actor_of(request)
    queries.one_row(referral_id, actor)
    under = ReferralVisit.objects.visible_to(actor).filter(referral_id=referral_id).values("visit_id")
    Visit.objects.visible_to(actor).filter(pk__in=under).one(visit_id)

    def act() -> str:
        press, chosen = request.POST.get("press", ""), visit_lines.named(request.POST)
        if press == COUNTS_FOR:
            said = VisitChange(data=chosen)
            said.is_valid(raise_exception=True)
            calendar.change_visit(visit_id, actor=actor, fields=said.validated_data)
        else:
            meant: dict[str, Any] = {"name": None, **MEANT.get(press, {})}
            care.move_visit(visit_id, actor=actor, **meant, **(chosen if press == DONE else {}))
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
    notes = signed_by(actor).filter(
        client_id__in=merged_with(UUID(body["client"]["id"]), actor), visit_id__in=visit_ids
    )
    return {str(visit_id): pk for visit_id, pk in notes.values_list("visit_id", "pk")}


def _presses(visit: dict[str, Any]) -> dict[str, str]:
    """The visit that is booked on the referral is moved with it, further up on the page."""
    begins = parse_datetime(visit["starts_at"])
    if visit["is_current"] or visit["state"] not in w.COMING or begins is None:
        return {}
    return BEGUN if begins <= clock.now() else TO_COME


def _lines_asked(
    visits: list[dict[str, Any]], lines: list[Intervention], client_id: str, actor: Actor
) -> dict[str, Field]:
    """For each visit that counts, the lines to choose from, ticked as it counts now: the open ones and its own."""
    held = [visit["id"] for visit in visits if visit["state"] not in Visit.NOT_HELD]
    if not lines or not held:
        return {}
    found = lines_counted(UUID(pk) for pk in held)
    counted = {pk: {line.line_id for line in found.get(UUID(pk), [])} for pk in held}
    every = visit_lines.with_those_counted(lines, set().union(*counted.values()), client_id, actor)
    asked = {}
    for pk in held:
        own = [line for line in every if line in lines or line.pk in counted[pk]]
        asked[pk] = visit_lines.asked(visit_lines.choices_of(own, actor), counted[pk], key=f"{pk}-")
    return asked


def _choosing(lines: list[Intervention], client_id: str, assigned: UUID | None, actor: Actor) -> dict[str, Any]:
    """What the form of a new visit asks of lines, and what it ticks."""
    if not lines:
        return {"leave_out": (visit_lines.NAME,)}
    guess = visit_lines.guessed_for(lines, client_id, _who_sees_the_client(assigned, actor), actor)
    choices = {visit_lines.NAME: visit_lines.choices_of(lines, actor)}
    return {"choices": choices, "initial": {visit_lines.NAME: guess}}


def _form(zone: str, lines: dict[str, Any], **more: Any) -> Form:
    choices = {"state": HOW, **lines.get("choices", {})}
    labels = {"state": "How it stands", visit_lines.NAME: "Counts for"}
    return Form(VisitOfCare, zone=zone, key="visit-", labels=labels, **{**lines, "choices": choices}, **more)
