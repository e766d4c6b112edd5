"""The ribbon over the inbox: what is due on each of the next fourteen days, ours and theirs, and what is overdue."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Q
from django.db.models.functions import TruncDate

from backend.lib import clock
from backend.lib.actor import Actor
from backend.referrals import queries
from backend.referrals import workflow as w
from backend.referrals.models import Referral
from backend.workspace import words

DAYS, MOST_TICKS = 14, 6
# The picture, in its own units.
DAY_WIDTH, TICK, STEP, LEFT, TOP, UNDER = 40, 8, 11, 6, 14, 26


@dataclass(frozen=True, slots=True)
class Tick:
    """One referral at its due day."""

    x: int
    y: int
    is_ours: bool
    is_late: bool


@dataclass(frozen=True, slots=True)
class Day:
    """What is due on one day; ``on`` is None for everything that is overdue."""

    on: date | None
    ours: int
    theirs: int
    label: str
    short: str
    x: int
    href: str
    ticks: tuple[Tick, ...]

    @property
    def total(self) -> int:
        return self.ours + self.theirs

    @property
    def more(self) -> int:
        """How many are due besides those that are drawn."""
        return max(self.total - MOST_TICKS, 0)


@dataclass(frozen=True, slots=True)
class Ribbon:
    """Overdue, then day by day."""

    days: tuple[Day, ...]
    width: int
    base: int
    said: str

    @property
    def height(self) -> int:
        return self.base + UNDER

    @property
    def is_empty(self) -> bool:
        return not any(day.total for day in self.days)


def ribbon(actor: Actor, zone: str, narrowed: Q) -> Ribbon:
    """The ribbon of one reader's inbox, in two statements."""
    today = words.today(zone)
    last = datetime.combine(today + timedelta(days=DAYS), time(), ZoneInfo(zone))
    waiting = Referral.objects.visible_to(actor).filter(narrowed, due_at__lt=last)
    waiting = waiting.exclude(state__in=[w.DRAFT, *w.FINISHED])
    is_ours = queries.in_box(actor, "ours")
    ours, theirs = _by_day(waiting.filter(is_ours), zone), _by_day(waiting.filter(~is_ours), zone)
    columns: list[date | None] = [None, *(today + timedelta(days=n) for n in range(DAYS))]
    tallest = max(min(ours.get(on, 0) + theirs.get(on, 0), MOST_TICKS) for on in columns)
    base = TOP + tallest * STEP
    days = tuple(
        _day(on, LEFT + index * DAY_WIDTH, base, ours.get(on, 0), theirs.get(on, 0), today)
        for index, on in enumerate(columns)
    )
    return Ribbon(days, LEFT + len(days) * DAY_WIDTH, base, _said(days))


def _by_day(found: Any, zone: str) -> dict[date | None, int]:
    """How many are due on each day; what is overdue counts under None."""
    now = clock.now()
    counted: dict[date | None, int] = {None: found.filter(due_at__lt=now).count()}
    on_day = TruncDate("due_at", tzinfo=ZoneInfo(zone))
    rows = found.filter(due_at__gte=now).order_by().annotate(on=on_day).values("on").annotate(n=Count("pk"))
    return counted | {row["on"]: row["n"] for row in rows}


def _day(on: date | None, x: int, base: int, ours: int, theirs: int, today: date) -> Day:
    box = "ours" if ours or not theirs else "theirs"
    return Day(
        on=on,
        ours=ours,
        theirs=theirs,
        label="Overdue" if on is None else words.day(on, today),
        short="late" if on is None else f"{on.day}",
        x=x,
        href=f"/inbox?box={box}&filter=overdue" if on is None else f"/inbox?box={box}&due={on.isoformat()}",
        ticks=tuple(
            Tick(x + 8, base - (row + 1) * STEP, is_ours=row < ours, is_late=on is None)
            for row in range(min(ours + theirs, MOST_TICKS))
        ),
    )


def _said(days: tuple[Day, ...]) -> str:
    """What the picture shows, in a sentence."""
    late, *coming = days
    ours, theirs = sum(day.ours for day in coming), sum(day.theirs for day in coming)
    fullest = max(coming, key=lambda day: day.total)
    said = f"Within {DAYS} days {ours} of ours and {theirs} of theirs are due"
    said += f", most on {fullest.label}." if fullest.total > 1 else "."
    return f"{said} Overdue: {late.ours} of ours, {late.theirs} of theirs."
