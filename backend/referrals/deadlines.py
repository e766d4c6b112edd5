"""When the party that has the move is due, when it is reminded, and what happens when it stays silent.

Sources: PRODUCT.md §4 (the product's own defaults). A clinic's own due times may only be tighter.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import count, islice
from typing import Literal
from zoneinfo import ZoneInfo

from backend.directory.hours import hours_of
from backend.directory.models import Organization
from backend.lib import clock
from backend.lib.worktime import (
    OpeningHours,
    add_business_days,
    add_calendar_days,
    add_open_time,
    add_opening_hours,
    outside_night,
    remaining_business,
)
from backend.referrals import workflow as w
from backend.referrals.models import Referral

Unit = Literal["business_days", "opening_hours", "calendar_days"]
CONSENT_ANSWER, TIMES_ANSWER = timedelta(hours=48), timedelta(hours=48)
CONSENT_REMINDER = timedelta(hours=24)
REPORT_EVERY_DAYS, REPORT_EVERY_VISITS = 30, 10
CLOSES_UNACKNOWLEDGED = timedelta(days=14)
REMIND_AGAIN, WEEKLY_REMINDERS = timedelta(days=7), 8
REMIND_MONTHLY, DRAGS_ON = timedelta(days=30), WEEKLY_REMINDERS * REMIND_AGAIN
RELEASE_DAYS = 1
SHORTEST_REST = 60


@dataclass(frozen=True, slots=True)
class Due:
    """An amount of time: business days and opening hours of the party that has the move, or calendar days."""

    amount: int
    unit: Unit

    def after(self, start: datetime, hours: OpeningHours) -> datetime:
        if self.unit == "business_days":
            return add_business_days(start, self.amount, hours)
        if self.unit == "opening_hours":
            return add_opening_hours(start, self.amount, hours)
        return add_calendar_days(start, self.amount, hours)

    def tightened(self, own: int | None) -> "Due":
        return Due(min(self.amount, own), self.unit) if own else self


def same(due: Due) -> dict[str, Due]:
    return dict.fromkeys(("routine", "urgent", "asap"), due)


URGENT = Due(4, "opening_hours")
DEFAULTS: dict[str, dict[str, Due]] = {
    w.SENT: {"routine": Due(3, "business_days"), "urgent": Due(1, "business_days"), "asap": URGENT},
    w.NEEDS_INFORMATION: same(Due(2, "business_days")),
    w.ACCEPTED: {
        "routine": Due(14, "calendar_days"),
        "urgent": Due(2, "calendar_days"),
        "asap": Due(1, "calendar_days"),
    },
    "back_to_accepted": same(Due(3, "business_days")),
    w.BOOKED: same(Due(1, "business_days")),
    w.IN_CARE: {"routine": Due(7, "calendar_days"), "urgent": Due(1, "calendar_days"), "asap": Due(1, "calendar_days")},
    "next_report": same(Due(REPORT_EVERY_DAYS, "calendar_days")),
    "report_after_visits": same(Due(5, "business_days")),
    "report_returned": same(Due(5, "business_days")),
    w.CANCELLATION_REQUESTED: same(Due(2, "business_days")),
    w.REPORTED: same(Due(5, "business_days")),
    "deciding": same(Due(2, "business_days")),
}


def looser_than_defaults(due_times: dict[str, dict[str, float]]) -> list[str]:
    """Sentences about a clinic's own due times that are unknown or looser than the defaults."""
    complaints = []
    for state, by_priority in due_times.items():
        for priority, amount in by_priority.items():
            default = DEFAULTS.get(state, {}).get(priority)
            if default is None:
                complaints.append(f"There is no due time for {state}, {priority}.")
            elif not 1 <= amount <= default.amount:
                unit = default.unit.replace("_", " ")
                words = state.replace("_", " ")
                complaints.append(f"For “{words}”, {priority}, it is 1 to {default.amount} {unit}, never looser.")
    return complaints


def clinic_that_counts(referral: Referral, mover: str | None) -> Organization:
    """Whose opening days count: the party that has the move; the sender where a client, guest or pool has it."""
    if mover == w.RECIPIENT and referral.recipient_organization is not None:
        return referral.recipient_organization
    return referral.sender_organization


def amount_at(clinic: Organization, kind: str, priority: str) -> Due:
    """The default, or the clinic's own when that is tighter."""
    return DEFAULTS[kind][priority].tightened(clinic.due_times.get(kind, {}).get(priority))


def due_for(referral: Referral, state: str, *, back: bool = False, returned: bool = False) -> datetime | None:
    """When the party that has the move in this state is due, counted from now. ``None`` for drafts and finished ones."""
    now = clock.now()
    mover = w.STATES[state].mover
    clinic = clinic_that_counts(referral, mover)
    hours = hours_of(clinic)

    def amount(kind: str) -> Due:
        return amount_at(clinic, kind, referral.priority)

    if state == w.DRAFT or mover is None:
        return None
    if state == w.AWAITING_CONSENT:
        return now + CONSENT_ANSWER
    if state == w.SENT and referral.paused_minutes is not None:
        return add_open_time(now, timedelta(minutes=referral.paused_minutes), hours)
    if state == w.ACCEPTED and referral.is_advice:
        return amount(w.SENT).after(now, hours)
    if state == w.ACCEPTED:
        return amount("back_to_accepted" if back else w.ACCEPTED).after(now, hours)
    if state == w.TIMES_OFFERED:
        return min([now + TIMES_ANSWER, *_open_offers(referral)])
    if state == w.WAITLISTED and referral.review_on is not None:
        day_before = datetime.combine(referral.review_on - timedelta(days=1), time(12), ZoneInfo(hours.time_zone))
        return max(add_calendar_days(day_before, 1, hours), now)
    if state == w.BOOKED:
        visit = referral.visits.select_related("visit").get(is_current=True).visit
        return amount(w.BOOKED).after(max(visit.ends_at, now), hours)
    if state == w.IN_CARE and returned:
        return amount("report_returned").after(now, hours)
    if state == w.IN_CARE:
        return max(amount(w.IN_CARE).after(referral.first_seen_at or now, hours), now)
    if state == w.REPORTED and is_alarming(referral):
        return URGENT.after(now, hours)
    if state in w.DECIDING:
        return (URGENT if referral.has_red_flag else amount("deciding")).after(now, hours)
    return amount(state).after(now, hours)


def next_report_due(referral: Referral) -> datetime:
    """After an interim report the next one is due in 30 days."""
    clinic = clinic_that_counts(referral, w.RECIPIENT)
    return amount_at(clinic, "next_report", referral.priority).after(clock.now(), hours_of(clinic))


def visits_since_report(referral: Referral) -> int:
    """How many visits took place that no report tells of yet."""
    done = referral.visits.filter(visit__state="done")
    last = referral.reports.order_by("-received_at", "-id").first()
    return (done if last is None else done.filter(visit__ends_at__gt=last.signed_at)).count()


def report_due_after_visits(referral: Referral, *, stands: datetime | None) -> datetime:
    """When ten visits call for a report: within some business days, and never later than it is due anyway."""
    clinic = clinic_that_counts(referral, w.RECIPIENT)
    due = amount_at(clinic, "report_after_visits", referral.priority).after(clock.now(), hours_of(clinic))
    return min(due, stands or due)


def report_due_again(referral: Referral) -> datetime | None:
    """When care goes on although the sender had asked to stop."""
    due = next_report_due(referral) if referral.reports.valid().exists() else due_for(referral, w.IN_CARE)
    if visits_since_report(referral) < REPORT_EVERY_VISITS:
        return due
    return report_due_after_visits(referral, stands=due)


def report_read_due(referral: Referral, *, alarming: bool) -> datetime:
    """When a report has to be read by the sender."""
    clinic = referral.sender_organization
    due = URGENT if alarming else amount_at(clinic, w.REPORTED, referral.priority)
    return due.after(clock.now(), hours_of(clinic))


def due_after_release(referral: Referral) -> datetime:
    """The pool's answer time goes on where it stood, for a business day at least, and never beyond the whole of it."""
    now, hours = clock.now(), hours_of(referral.sender_organization)
    rest = add_open_time(now, timedelta(minutes=referral.paused_minutes or 0), hours)
    whole = amount_at(referral.sender_organization, w.SENT, referral.priority).after(now, hours)
    return min(whole, max(rest, add_business_days(now, RELEASE_DAYS, hours)))


def release_until(referral: Referral) -> datetime:
    return add_business_days(clock.now(), RELEASE_DAYS, hours_of(clinic_that_counts(referral, w.RECIPIENT)))


def open_minutes_left(referral: Referral) -> int:
    """How much of the recipient's answer time is left, in whole minutes and an hour at least, while somebody else has the move."""
    if referral.due_at is None:
        return 0
    now, hours = clock.now(), hours_of(clinic_that_counts(referral, w.RECIPIENT))
    left = remaining_business(now, referral.due_at, hours) if now < referral.due_at else timedelta(0)
    return max(left // timedelta(minutes=1), SHORTEST_REST)  # a minute more could end on the next opening day


def is_alarming(referral: Referral) -> bool:
    """Whether the last report carries a red flag or a new precaution: read at once, never closed in silence."""
    last = referral.reports.valid().order_by("-received_at", "-id").first()
    return last is not None and (last.has_red_flag or bool(last.new_precautions))


@dataclass(frozen=True, slots=True)
class Timer:
    """Something the service does at a time: a reminder, or a transition of its own."""

    at: datetime
    action: str


def next_timer(referral: Referral) -> Timer | None:
    """What the clock does next with this referral, given how often it reminded already."""
    reminders = list(islice(_reminders(referral), referral.reminders, referral.reminders + 1))
    lapse = _lapse(referral)
    timers = [*reminders, *([lapse] if lapse and not (reminders and reminders[0].at < lapse.at) else [])]
    return min(timers, key=lambda timer: timer.at, default=None)


def _reminders(referral: Referral) -> Iterable[Timer]:
    entered, due = referral.state_entered_at, referral.due_at
    if due is None or w.STATES[referral.state].mover is None:
        return
    if referral.state == w.AWAITING_CONSENT:
        yield Timer(outside_night(entered + CONSENT_REMINDER, referral.sender_organization.time_zone), "remind")
    elif referral.state in (w.SENT, w.NEEDS_INFORMATION, w.CANCELLATION_REQUESTED, w.REPORTED):
        yield Timer(entered + (due - entered) / 2, "remind")
    yield Timer(due, "overdue")
    for week in range(1, WEEKLY_REMINDERS + 1):
        yield Timer(due + week * REMIND_AGAIN, "remind")
    for month in count(1):
        yield Timer(due + DRAGS_ON + month * REMIND_MONTHLY, "overdue")


def drags_on(referral: Referral) -> bool:
    """Overdue for longer than the weekly reminders go: from then on both sides' desks and admins hear of it."""
    return referral.due_at is not None and clock.now() > referral.due_at + DRAGS_ON


LAPSES: dict[str, tuple[str, Callable[[Referral], datetime | None]]] = {
    w.SENT: ("expire", lambda r: _twice(r)),
    w.AWAITING_CONSENT: ("expire", lambda r: _twice(r)),
    w.NEEDS_INFORMATION: ("expire", lambda r: _twice(r)),
    w.TIMES_OFFERED: ("times_lapsed", lambda r: r.due_at),
    w.CANCELLATION_REQUESTED: ("agree", lambda r: _twice(r)),
    w.REPORTED: (
        "close_unacknowledged",
        # Never before the second reminder, which is the one at the due time.
        lambda r: None if is_alarming(r) else max(r.state_entered_at + CLOSES_UNACKNOWLEDGED, r.due_at or clock.now()),
    ),
}


def _lapse(referral: Referral) -> Timer | None:
    action, moment = LAPSES.get(referral.state, ("", lambda _: None))
    at = moment(referral)
    return Timer(at, action) if at else None


def _twice(referral: Referral) -> datetime | None:
    """Twice the due time since the state was entered."""
    span = referral.due_span
    return referral.state_entered_at + 2 * span if span else None


def _open_offers(referral: Referral) -> list[datetime]:
    return [offer.starts_at for offer in referral.offered_times.all() if offer.is_open]
