"""Times, visits, the wait list, and attempts to reach the client."""

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q

from backend.directory.eligibility import today_at
from backend.lib import clock
from backend.lib.problems import Conflict, invalid
from backend.referrals import deadlines
from backend.referrals import workflow as w
from backend.referrals.effects.registry import of
from backend.referrals.models import (
    ContactAttempt,
    OfferedTime,
    ReferralVisit,
)
from backend.referrals.move import Move
from backend.visits import services as visits
from backend.visits.models import Visit
from backend.visits.workflow import COMING

ATTEMPTS_BEFORE_GIVING_UP = 3


@of("offer_times")
def offer_times(move: Move) -> None:
    zone = deadlines.clinic_that_counts(move.referral, w.RECIPIENT).time_zone
    for index, span in enumerate(move.details["times"]):
        if span["starts_at"] <= clock.now():
            raise invalid(f"/times/{index}/starts_at", "Offer times that are still to come.", code="in_the_past")
        OfferedTime(
            referral=move.referral,
            starts_at=span["starts_at"],
            ends_at=span["ends_at"],
            time_zone=span.get("time_zone") or zone,
        ).save(force_insert=True)


@of("choose_time")
def choose_time(move: Move) -> None:
    if move.party == w.RECIPIENT and not move.details.get("recorded"):
        raise invalid(
            "/recorded", "Say who chose this time for the client, and how they told you.", code="recorded_required"
        )
    offer = move.referral.offered_times.filter(pk=move.details["time_id"], is_open=True).first()
    if offer is None:
        raise invalid("/time_id", "This time is not on offer any more.", code="unknown_time")
    if offer.starts_at <= clock.now():
        raise Conflict("This time has passed; choose another one.", code="time_passed")
    book_time(move, offer.starts_at, offer.ends_at, offer.time_zone)


@of("times_lapsed")
def times_lapsed(move: Move) -> None:
    move.comes_back = True


@of("waitlist")
def waitlist(move: Move) -> None:
    referral, review_on = move.referral, move.details["review_on"]
    if review_on <= today_at(deadlines.clinic_that_counts(referral, w.RECIPIENT)):
        raise invalid("/review_on", "Promise a day that is still to come.", code="in_the_past")
    if referral.waitlist_count and not move.details.get("detail"):
        raise invalid(
            "/detail", "From the second time on, say in a sentence why it takes longer.", code="detail_required"
        )
    referral.review_on = review_on
    referral.waitlist_count += 1
    move.restarts_state = True
    move.say("waitlist", move.details.get("detail"))


@of("book")
def book(move: Move) -> None:
    if visit_id := move.details.get("visit_id"):
        visit = clients_visit(move, visit_id)
        cancel_current_visit(move)
        attach_visit(move, visit)
        return
    span = move.details["visit"]
    zone = span.get("time_zone") or deadlines.clinic_that_counts(move.referral, w.RECIPIENT).time_zone
    cancel_current_visit(move)
    book_time(move, span["starts_at"], span["ends_at"], zone)


def clients_visit(move: Move, visit_id: UUID) -> Visit:
    """A coming visit of the client, that is not booked on this referral already and belongs to no other."""
    taken = ReferralVisit.objects.filter(~Q(referral=move.referral) | Q(is_current=True), visit_id=OuterRef("pk"))
    coming = Visit.objects.visible_to(move.actor).filter(~Exists(taken), client_id=move.client_id, state__in=COMING)
    visit = coming.filter(pk=visit_id).locked().first()
    if visit is None:
        raise invalid("/visit_id", "There is no such coming visit of this client.", code="unknown_visit")
    return visit


def book_time(move: Move, starts_at: datetime, ends_at: datetime, time_zone: str) -> None:
    referral = move.referral
    visit = visits.book_visit(
        client_id=referral.client_id,
        organization_id=referral.recipient_organization_id,
        practitioner_role_id=referral.recipient_role_id,
        starts_at=starts_at,
        ends_at=ends_at,
        time_zone=time_zone,
        actor=move.actor,
        parties=referral.party_ids,
    )
    attach_visit(move, visit)


def attach_visit(move: Move, visit: Visit) -> None:
    """Makes it the one that is booked, also when it was tied to this referral before."""
    tied = move.referral.visits.filter(visit=visit)
    if not tied.update(is_current=True):
        ReferralVisit(referral=move.referral, visit=visit).save(force_insert=True)
    if visit.state == Visit.State.PLANNED:
        visits.enter_state(visit, Visit.State.BOOKED, actor=move.actor)
    move.related["visit_id"] = str(visit.id)
    move.restarts_state = True


def cancel_current_visit(move: Move, *, by: str = "") -> None:
    """The visit that was booked will not take place; nothing is deleted."""
    end_current_visit(move, state="cancelled", by=by)


def cancel_coming_visits(move: Move) -> None:
    """Nothing of what was to come under this referral will take place."""
    cancel_current_visit(move)
    coming = move.referral.visits.filter(visit__state__in=COMING, visit__starts_at__gt=clock.now())
    for tied in coming.select_related("visit").select_for_update(of=("visit",), no_key=True).order_by("visit_id"):
        visits.enter_state(tied.visit, Visit.State.CANCELLED, actor=move.actor)


def end_current_visit(move: Move, *, state: str, by: str = "") -> None:
    current = move.referral.visits.filter(is_current=True).select_related("visit").first()
    if current is None:
        return
    if current.visit.state in COMING:
        visits.enter_state(current.visit, state, actor=move.actor, by=by, parties=move.referral.party_ids)
    current.is_current = False
    current.save(update_fields=["is_current"])
    move.related["visit_id"] = str(current.visit_id)


@of("cancel_visit")
def cancel_visit(move: Move) -> None:
    by = "client" if move.party == w.CLIENT else move.details["by"]
    cancel_current_visit(move, by=by)
    move.comes_back = True
    move.say("visit_cancelled", move.details.get("detail"))


@of("record_no_show")
def record_no_show(move: Move) -> None:
    current = move.referral.visits.select_related("visit").get(is_current=True)
    if current.visit.starts_at > clock.now():
        raise Conflict("The visit has not begun yet.", code="visit_not_begun")
    end_current_visit(move, state="missed")
    move.referral.no_show_count += 1
    move.comes_back = True
    move.say("no_show", move.details.get("detail"))


@of("log_contact")
def log_contact(move: Move) -> None:
    ContactAttempt(
        referral=move.referral, channel=move.details["channel"], outcome=move.details["outcome"], by=move.by
    ).save(force_insert=True)


@of("give_up_contact")
def give_up_contact(move: Move) -> None:
    zone = ZoneInfo(deadlines.clinic_that_counts(move.referral, w.RECIPIENT).time_zone)
    tried = move.referral.contact_attempts.exclude(outcome="reached")
    days = {attempt.at.astimezone(zone).date() for attempt in tried}
    if len(days) < ATTEMPTS_BEFORE_GIVING_UP:
        raise Conflict(
            f"Try to reach the client on three different days first; {len(days)} noted so far.", code="too_few_attempts"
        )
