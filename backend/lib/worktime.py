"""When something is due: arithmetic with opening hours, holidays and nights, safe across changes of the clock.

Every function takes aware datetimes and returns them in UTC; a datetime without a zone is a ValueError. So is a
search that finds MAX_CLOSED_DAYS closed days in a row.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MAX_CLOSED_DAYS = 400
MIDNIGHT = time(0)
MORNING_AFTER = (time(21), time(8))

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class OpeningHours:
    """When a clinic is open, by its own wall clock.

    `weekly` maps a weekday (0 is Monday) to spans in order that do not overlap; an end of 00:00 is midnight at the
    end of that day. On `holidays` it is closed. Raises ValueError for anything else, and for a clinic that never opens.
    """

    time_zone: str
    weekly: Mapping[int, tuple[tuple[time, time], ...]]
    holidays: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        _zone(self.time_zone)
        if not any(self.weekly.values()):
            raise ValueError("A clinic without opening hours has no due times.")
        for weekday, spans in self.weekly.items():
            if weekday not in range(7):
                raise ValueError(f"{weekday} is not a weekday; 0 is Monday and 6 is Sunday.")
            _refuse_disorder(spans)


def add_business_days(start: datetime, days: int, hours: OpeningHours) -> datetime:
    """Closing time on the `days`-th opening day after the local day of `start`.

    The day of `start` never counts, whether the clinic is open then or not, so that there are always `days` whole
    opening days: 3 days from Friday 10:00, Friday 23:00 or Saturday are all Wednesday at closing (Monday to Friday).
    """
    _refuse_less_than_one(days)
    opening_days = _opening_days(_local_day(start, hours) + timedelta(days=1), hours)
    for _ in range(days - 1):
        next(opening_days)
    return _closing(next(opening_days))


def add_opening_hours(start: datetime, hours_count: float, hours: OpeningHours) -> datetime:
    """The moment `hours_count` hours of open time have gone by; 4 hours may end at closing, never at opening."""
    if hours_count <= 0:
        raise ValueError("A number of opening hours must be more than 0.")
    return add_open_time(start, timedelta(hours=hours_count), hours)


def add_calendar_days(start: datetime, days: int, hours: OpeningHours) -> datetime:
    """Closing time on the local day of `start` plus `days`, or on the next opening day when that day is closed."""
    _refuse_less_than_one(days)
    return _closing(next(_opening_days(_local_day(start, hours) + timedelta(days=days), hours)))


def remaining_business(start: datetime, due: datetime, hours: OpeningHours) -> timedelta:
    """Open time between `start` and `due`, zero when `due` has passed: what a paused clock has left."""
    start, due = _utc(start), _utc(due)
    left = timedelta()
    if due <= start:
        return left
    for opens, closes in _spans_from(start, hours):
        if opens >= due:
            break
        left += min(closes, due) - max(opens, start)
    return left


def add_open_time(start: datetime, delta: timedelta, hours: OpeningHours) -> datetime:
    """The moment `delta` of open time has gone by: when a clock that resumes at `start` runs out.

    With nothing left that is `start` itself. Raises ValueError for a negative `delta`.
    """
    start = _utc(start)
    if delta < timedelta():
        raise ValueError("Open time cannot be added backwards.")
    if not delta:
        return start
    for opens, closes in _spans_from(start, hours):
        begins = max(opens, start)
        if begins + delta <= closes:
            return begins + delta
        delta -= closes - begins
    raise AssertionError("unreachable: spans go on until a search gives up")


def is_open(moment: datetime, hours: OpeningHours) -> bool:
    """Whether the clinic is open at `moment`; at the moment of closing it no longer is."""
    moment = _utc(moment)
    return any(opens <= moment < closes for opens, closes in _spans_of(_local_day(moment, hours), hours))


def outside_night(moment: datetime, time_zone: str, quiet: tuple[time, time] = MORNING_AFTER) -> datetime:
    """`moment`, or the end of the night it falls into: from `quiet[0]` until just before `quiet[1]`, local time."""
    moment, zone = _utc(moment), _zone(time_zone)
    local = moment.astimezone(zone)
    begins, ends = quiet
    if begins <= ends:
        is_night, is_evening = begins <= local.time() < ends, False
    else:
        is_evening = local.time() >= begins
        is_night = is_evening or local.time() < ends
    if not is_night:
        return moment
    # The later of two equal wall times, or the morning could lie before the moment.
    return _instant(local.date() + timedelta(days=int(is_evening)), ends, zone, fold=1)


def _spans_from(start: datetime, hours: OpeningHours) -> Iterator[Span]:
    """What is open after `start`, in order; the first span may have begun before it."""
    for spans in _opening_days(_local_day(start, hours), hours):
        yield from (span for span in spans if span[1] > start)


def _opening_days(first: date, hours: OpeningHours) -> Iterator[list[Span]]:
    """The spans of each day from `first` on that has any, without end."""
    day, closed = first, 0
    while closed < MAX_CLOSED_DAYS:
        if spans := _spans_of(day, hours):
            closed = 0
            yield spans
        else:
            closed += 1
        day += timedelta(days=1)
    raise ValueError(f"The clinic is closed for {MAX_CLOSED_DAYS} days in a row.")


def _spans_of(day: date, hours: OpeningHours) -> list[Span]:
    if day in hours.holidays:
        return []
    zone = _zone(hours.time_zone)
    spans = []
    for begins, ends in hours.weekly.get(day.weekday(), ()):
        last_day = day + timedelta(days=1) if ends == MIDNIGHT else day
        opens, closes = _instant(day, begins, zone), _instant(last_day, ends, zone)
        # A span can vanish when the clock is put forward.
        if opens < closes:
            spans.append((opens, closes))
    return spans


def _closing(spans: list[Span]) -> datetime:
    return spans[-1][1]


def _instant(day: date, wall: time, zone: ZoneInfo, fold: int = 0) -> datetime:
    """The UTC moment of a wall time; one that the clock skips is the moment of the change.

    `fold` chooses between two equal wall times when the clock is put back. Later wall times are never earlier moments.
    """
    local = datetime.combine(day, wall, tzinfo=zone).replace(fold=fold)
    moment = local.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return moment
    before, after = sorted(local.replace(microsecond=0, fold=fold).astimezone(UTC) for fold in (0, 1))
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        before, after = (middle, after) if middle.astimezone(zone).utcoffset() == offset else (before, middle)
    return after


def _local_day(moment: datetime, hours: OpeningHours) -> date:
    return _utc(moment).astimezone(_zone(hours.time_zone)).date()


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("A moment needs a time zone.")
    return moment.astimezone(UTC)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    # ZoneInfo lets the file system's own errors through for names such as "Europe".
    except (KeyError, OSError, ValueError):
        raise ValueError(f"{name!r} is not an IANA time zone.") from None


def _refuse_less_than_one(days: int) -> None:
    if days < 1:
        raise ValueError("A number of days must be at least 1.")


def _refuse_disorder(spans: tuple[tuple[time, time], ...]) -> None:
    previous = MIDNIGHT
    for index, (begins, ends) in enumerate(spans):
        if (index and previous == MIDNIGHT) or begins < previous or (ends != MIDNIGHT and ends <= begins):
            raise ValueError("Opening hours must be in order, end after they begin and not overlap.")
        previous = ends
