"""The visits of care: each takes place under a referral, and the tenth since the last report makes the next one due."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Q

from backend.clients.queries import client_id_named
from backend.clients.services.taking import named_client
from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.problems import Conflict, Forbidden, invalid
from backend.referrals import deadlines, gates, policies, services
from backend.referrals import workflow as w
from backend.referrals.models import Referral, ReferralVisit
from backend.referrals.workflow import WORKFLOW
from backend.visits import services as visits
from backend.visits.models import Visit
from backend.visits.policies import check_keeps, keeps_calendar
from backend.visits.queries import lines_counted
from backend.visits.serializers import visit_data

UNDER_A_REFERRAL = (w.BOOKED, w.IN_CARE)


def enter_visit(*, actor: Actor, fields: Mapping[str, Any]) -> Visit:
    """A visit of the caller's clinic, under a referral when one is named."""
    if "referral_id" in fields:
        return _enter_under_referral(fields["referral_id"], actor=actor, fields=fields)
    client = named_client(actor, fields)
    check_keeps(actor)
    return visits.enter_visit(client.pk, actor=actor, fields=fields)


def move_visit(
    visit_id: UUID | str, name: object, *, actor: Actor, expected_version: int | None = None, **details: Any
) -> Visit:
    """Makes one transition of a visit.

    The visit that is booked on a referral is moved there, with the referral: 409 ``booked_on_referral``.
    """
    referral = _locked_referral_of(visit_id, actor)
    row, visit = visits.take(visit_id, name, actor=actor, expected_version=expected_version)
    if referral is not None and referral.visits.filter(visit=visit, is_current=True).exists():
        raise Conflict(
            "This visit is booked on a referral; say there how it went.",
            code="booked_on_referral",
            referral_id=str(referral.id),
            available=[step.name for step in WORKFLOW.available(referral, {w.RECIPIENT})],
        )
    visits.carry_out(row, visit, actor=actor, details=details)
    if referral is not None:
        _count(referral, visit, actor)
    return visit


def visits_data(visits: Sequence[Visit], actor: Actor) -> list[dict[str, Any]]:
    """Visits of the caller's clinic as answers show them, each with the referral under which it takes place."""
    ties = ReferralVisit.objects.visible_to(actor).filter(visit__in=visits)
    is_gone = ~Q(referral__content_gone_because="")
    tied = {row["visit_id"]: row for row in ties.values("visit_id", "referral_id", "is_current", is_gone=is_gone)}
    counted, may_keep = lines_counted(visit.pk for visit in visits), keeps_calendar(actor)
    return [
        visit_data(visit, tied=tied.get(visit.pk), counted=counted.get(visit.pk, []), may_keep=may_keep)
        for visit in visits
    ]


def _enter_under_referral(referral_id: UUID, *, actor: Actor, fields: Mapping[str, Any]) -> Visit:
    referral = services.locked(referral_id, actor)
    if w.RECIPIENT not in policies.parties_of(actor, referral):
        raise Forbidden("The clinic that sees the client enters the visits of a referral.", code="wrong_party")
    check_keeps(actor)
    if referral.state not in UNDER_A_REFERRAL or referral.client_id is None:
        raise Conflict(
            "A visit takes place under a referral once it is booked or in care.",
            code="wrong_state",
            state=referral.state,
            available=[step.name for step in WORKFLOW.available(referral, {w.RECIPIENT})],
        )
    if client_id_named(fields, actor) not in (None, referral.client_id):
        pointer = "/client" if "client" in fields else "/client_id"
        raise invalid(pointer, "This referral is about another client.", code="another_client")
    gates.check_client_allows(referral)
    visit = visits.enter_visit(referral.client_id, actor=actor, fields=fields)
    ReferralVisit(referral=referral, visit=visit, is_current=False).save(force_insert=True)
    _count(referral, visit, actor)
    return visit


def _locked_referral_of(visit_id: UUID | str, actor: Actor) -> Referral | None:
    """The referral under which a visit takes place, locked before the visit."""
    tied = ReferralVisit.objects.visible_to(actor).filter(visit_id=visit_id).first()
    return services.locked(tied.referral_id, actor) if tied else None


def _count(referral: Referral, visit: Visit, actor: Actor) -> None:
    """The referral has changed with its visit; a report is due when this was the tenth since the last one."""
    makes_report_due = (
        visit.state == Visit.State.DONE
        and referral.state == w.IN_CARE
        and deadlines.visits_since_report(referral) == deadlines.REPORT_EVERY_VISITS
    )
    if makes_report_due:
        referral.due_at = deadlines.report_due_after_visits(referral, stands=referral.due_at)
    referral.version += 1
    referral.updated_at = clock.now()
    referral.save(update_fields=["due_at", "version", "updated_at"])
    if makes_report_due:
        services.set_clock(referral)
        services.record("referral.report_due", referral, actor, related={"visit_id": str(visit.pk)})
