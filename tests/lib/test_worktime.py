"""Due times: opening days, holidays, nights, and the two nights a year when the clock changes."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.lib.worktime import (
    OpeningHours,
    add_business_days,
    add_calendar_days,
    add_open_time,
    add_opening_hours,
    is_open,
    outside_night,
    remaining_business,
)

BERLIN, DENVER = "Europe/Berlin", "America/Denver"
DAY = ((time(8), time(12)), (time(13), time(18)))
WEEK = dict.fromkeys(range(5), DAY)
ROUND_THE_CLOCK = dict.fromkeys(range(7), ((time(0), time(0)),))

# January 2026: the 1st is a Thursday and a holiday; the 9th is a Friday.
berlin = OpeningHours(BERLIN, WEEK, frozenset({date(2026, 1, 1), date(2026, 4, 3), date(2026, 4, 6)}))
denver = OpeningHours(DENVER, WEEK)
always = OpeningHours(BERLIN, ROUND_THE_CLOCK)


def at(text: str, zone: str = BERLIN, fold: int = 0) -> datetime:
    """The moment of a wall time such as 2026-01-09 10:00."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


walls = st.integers(0, 24 * 4 - 1).map(lambda quarter: time(quarter // 4, quarter % 4 * 15))


@st.composite
def days(draw: st.DrawFn) -> tuple[tuple[time, time], ...]:
    edges = sorted(draw(st.sets(walls, max_size=6)))
    spans = list(zip(edges[::2], edges[1::2], strict=False))
    if len(edges) % 2:
        spans.append((edges[-1], time(0)))
    return tuple(spans)


clinics = st.builds(
    OpeningHours,
    st.sampled_from([BERLIN, DENVER, "Australia/Lord_Howe", "America/Havana", "Asia/Kathmandu"]),
    st.dictionaries(st.integers(0, 6), days(), min_size=1).filter(lambda week: any(week.values())),
    st.frozensets(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=30),
)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001  # bounds of moments in UTC
lengths = st.timedeltas(timedelta(microseconds=1), timedelta(hours=60))


def is_open_or_closing(moment: datetime, hours: OpeningHours) -> bool:
    return is_open(moment - timedelta(microseconds=1), hours)


def end_of_day(closing: datetime, hours: OpeningHours) -> datetime:
    """Midnight after the local day that ends with, or contains, `closing`."""
    zone = ZoneInfo(hours.time_zone)
    day = (closing - timedelta(microseconds=1)).astimezone(zone).date()
    return datetime.combine(day + timedelta(days=1), time(0), tzinfo=zone)


class TestBusinessDays:
    @pytest.mark.parametrize(
        ("received", "count", "due"),
        [
            ("2026-01-09 10:00", 3, "2026-01-14 18:00"),
            ("2026-01-09 00:00", 3, "2026-01-14 18:00"),
            ("2026-01-09 23:59", 3, "2026-01-14 18:00"),
            ("2026-01-10 10:00", 3, "2026-01-14 18:00"),
            ("2026-01-11 23:59", 3, "2026-01-14 18:00"),
            ("2026-01-12 00:00", 3, "2026-01-15 18:00"),
            ("2026-01-12 07:00", 1, "2026-01-13 18:00"),
            ("2026-01-09 17:59", 1, "2026-01-12 18:00"),
        ],
    )
    def test_the_day_of_receipt_does_not_count(self, received: str, count: int, due: str) -> None:
        assert add_business_days(at(received), count, berlin) == at(due)

    def test_holidays_are_skipped(self) -> None:
        assert add_business_days(at("2025-12-31 10:00"), 1, berlin) == at("2026-01-02 18:00")
        # Good Friday and Easter Monday around a weekend.
        assert add_business_days(at("2026-04-02 10:00"), 2, berlin) == at("2026-04-08 18:00")

    def test_the_day_is_the_day_at_the_clinic(self) -> None:
        # 23:30 on Sunday in Denver, already Monday in UTC.
        assert add_business_days(datetime(2026, 1, 12, 6, 30, tzinfo=UTC), 1, denver) == at("2026-01-12 18:00", DENVER)

    def test_a_clinic_open_one_day_a_week_counts_weeks(self) -> None:
        tuesdays = OpeningHours(BERLIN, {1: DAY})

        assert add_business_days(at("2026-01-06 09:00"), 5, tuesdays) == at("2026-02-10 18:00")

    @pytest.mark.parametrize(
        ("received", "due", "zone", "utc"),
        [
            ("2026-03-27 10:00", "2026-03-30 18:00", BERLIN, datetime(2026, 3, 30, 16, tzinfo=UTC)),
            ("2026-10-23 10:00", "2026-10-26 18:00", BERLIN, datetime(2026, 10, 26, 17, tzinfo=UTC)),
            ("2026-03-06 10:00", "2026-03-09 18:00", DENVER, datetime(2026, 3, 10, 0, tzinfo=UTC)),
            ("2026-10-30 10:00", "2026-11-02 18:00", DENVER, datetime(2026, 11, 3, 1, tzinfo=UTC)),
        ],
    )
    def test_closing_keeps_its_wall_time_when_the_clock_changes(
        self, received: str, due: str, zone: str, utc: datetime
    ) -> None:
        answer = add_business_days(at(received, zone), 1, OpeningHours(zone, WEEK))

        assert answer == at(due, zone) == utc
        assert answer.tzinfo is UTC

    @pytest.mark.parametrize("count", [0, -1])
    def test_at_least_one_day_is_added(self, count: int) -> None:
        with pytest.raises(ValueError, match="at least 1"):
            add_business_days(at("2026-01-09 10:00"), count, berlin)

    @given(moments, st.integers(1, 10), clinics)
    def test_it_is_due_later_and_at_closing(self, start: datetime, count: int, hours: OpeningHours) -> None:
        due = add_business_days(start, count, hours)

        assert due > start
        assert is_open_or_closing(due, hours)
        assert remaining_business(due, end_of_day(due, hours), hours) == timedelta(0)

    @given(moments, moments, st.integers(1, 10), clinics)
    def test_what_comes_later_is_never_due_earlier(
        self, one: datetime, other: datetime, count: int, hours: OpeningHours
    ) -> None:
        first, second = sorted([one, other])

        assert add_business_days(first, count, hours) <= add_business_days(second, count, hours)
        assert add_business_days(first, count, hours) < add_business_days(first, count + 1, hours)


class TestOpeningHoursOfAClinic:
    @pytest.mark.parametrize(
        ("received", "count", "due"),
        [
            ("2026-01-09 08:00", 4, "2026-01-09 12:00"),
            ("2026-01-09 10:00", 4, "2026-01-09 15:00"),
            ("2026-01-09 12:30", 4, "2026-01-09 17:00"),
            ("2026-01-09 16:00", 4, "2026-01-12 10:00"),
            ("2026-01-09 18:00", 4, "2026-01-12 12:00"),
            ("2026-01-10 10:00", 4, "2026-01-12 12:00"),
            ("2026-01-12 05:00", 0.5, "2026-01-12 08:30"),
            ("2026-01-09 08:00", 9, "2026-01-09 18:00"),
            ("2026-01-09 08:00", 20, "2026-01-13 10:00"),
        ],
    )
    def test_only_open_time_is_used_up(self, received: str, count: float, due: str) -> None:
        assert add_opening_hours(at(received), count, berlin) == at(due)

    def test_a_holiday_has_no_open_time(self) -> None:
        assert add_opening_hours(at("2025-12-31 17:00"), 2, berlin) == at("2026-01-02 09:00")

    @pytest.mark.parametrize(
        ("start", "count", "due", "zone"),
        [
            ("2026-03-28 23:00", 4, "2026-03-29 04:00", BERLIN),
            ("2026-10-24 23:00", 4, "2026-10-25 02:00", BERLIN),
            ("2026-03-07 23:00", 4, "2026-03-08 04:00", DENVER),
            ("2026-10-31 23:00", 4, "2026-11-01 02:00", DENVER),
        ],
    )
    def test_an_hour_is_an_hour_when_the_clock_changes(self, start: str, count: float, due: str, zone: str) -> None:
        fold = 1 if due == "2026-10-25 02:00" else 0

        assert add_opening_hours(at(start, zone), count, OpeningHours(zone, ROUND_THE_CLOCK)) == at(due, zone, fold)

    @pytest.mark.parametrize(("zone", "day", "weekday"), [(BERLIN, "2026-03-29", 6), (DENVER, "2026-03-08", 6)])
    def test_hours_the_clock_skips_are_not_open(self, zone: str, day: str, weekday: int) -> None:
        night = OpeningHours(zone, {weekday: ((time(1), time(2, 50)), (time(2, 55), time(3, 30)))})
        midnight = at(f"{day} 00:00", zone)

        assert remaining_business(midnight, midnight + timedelta(days=1), night) == timedelta(minutes=90)
        assert add_opening_hours(midnight, 1, night) == at(f"{day} 03:00", zone)

    @pytest.mark.parametrize(("zone", "day"), [(BERLIN, "2026-10-25"), (DENVER, "2026-11-01")])
    def test_hours_that_come_twice_are_counted_in_one_piece(self, zone: str, day: str) -> None:
        night = OpeningHours(zone, {6: ((time(0), time(1)), (time(1), time(2)), (time(2), time(4)))})
        midnight = at(f"{day} 00:00", zone)

        assert remaining_business(midnight, midnight + timedelta(days=1), night) == timedelta(hours=5)

    @pytest.mark.parametrize("count", [0, -4])
    def test_more_than_no_time_is_added(self, count: float) -> None:
        with pytest.raises(ValueError, match="more than 0"):
            add_opening_hours(at("2026-01-09 10:00"), count, berlin)

    @given(moments, st.floats(0.01, 60), clinics)
    def test_it_is_due_later_and_while_open_or_at_closing(
        self, start: datetime, count: float, hours: OpeningHours
    ) -> None:
        due = add_opening_hours(start, count, hours)

        assert due > start
        assert is_open_or_closing(due, hours)

    @given(moments, moments, st.floats(0.01, 60), clinics)
    def test_what_comes_later_is_never_due_earlier(
        self, one: datetime, other: datetime, count: float, hours: OpeningHours
    ) -> None:
        first, second = sorted([one, other])

        assert add_opening_hours(first, count, hours) <= add_opening_hours(second, count, hours)


class TestCalendarDays:
    @pytest.mark.parametrize(
        ("start", "count", "due"),
        [
            ("2026-01-09 10:00", 14, "2026-01-23 18:00"),
            ("2026-01-09 10:00", 1, "2026-01-12 18:00"),
            ("2026-01-09 10:00", 2, "2026-01-12 18:00"),
            ("2026-01-08 23:59", 1, "2026-01-09 18:00"),
            ("2025-12-31 10:00", 1, "2026-01-02 18:00"),
            ("2026-04-02 10:00", 1, "2026-04-07 18:00"),
            ("2026-03-23 10:00", 7, "2026-03-30 18:00"),
            ("2026-10-19 10:00", 7, "2026-10-26 18:00"),
        ],
    )
    def test_it_is_due_at_closing_on_that_day_or_the_next_opening_day(self, start: str, count: int, due: str) -> None:
        assert add_calendar_days(at(start), count, berlin) == at(due)

    @pytest.mark.parametrize(
        ("start", "due"), [("2026-03-05 10:00", "2026-03-09 18:00"), ("2026-10-29 10:00", "2026-11-02 18:00")]
    )
    def test_it_keeps_the_wall_time_of_denver(self, start: str, due: str) -> None:
        assert add_calendar_days(at(start, DENVER), 4, denver) == at(due, DENVER)

    def test_a_clinic_that_never_closes_closes_at_midnight(self) -> None:
        assert add_calendar_days(at("2026-03-28 10:00"), 1, always) == at("2026-03-30 00:00")

    @given(moments, moments, st.integers(1, 40), clinics)
    def test_it_is_due_later_at_closing_and_in_order(
        self, one: datetime, other: datetime, count: int, hours: OpeningHours
    ) -> None:
        first, second = sorted([one, other])

        due = add_calendar_days(first, count, hours)

        assert due > first
        assert is_open_or_closing(due, hours)
        assert due <= add_calendar_days(second, count, hours)
        assert due <= add_business_days(first, count, hours)


class TestPause:
    def test_a_paused_clock_gives_back_the_open_time_that_was_left(self) -> None:
        due = add_business_days(at("2026-01-09 10:00"), 3, berlin)

        left = remaining_business(at("2026-01-13 12:30"), due, berlin)
        resumed = add_open_time(at("2026-01-15 17:00"), left, berlin)

        assert left == timedelta(hours=14)
        assert resumed == at("2026-01-19 12:00")

    def test_a_pause_over_a_closed_time_costs_nothing(self) -> None:
        due = at("2026-01-14 18:00")

        left = remaining_business(at("2026-01-09 18:30"), due, berlin)

        assert add_open_time(at("2026-01-11 20:00"), left, berlin) == due

    @pytest.mark.parametrize("due", ["2026-01-09 10:00", "2026-01-08 10:00", "2020-01-08 10:00"])
    def test_what_is_overdue_has_nothing_left_and_stays_due_at_once(self, due: str) -> None:
        left = remaining_business(at("2026-01-09 10:00"), at(due), berlin)

        assert left == timedelta(0)
        assert add_open_time(at("2026-01-10 10:00"), left, berlin) == at("2026-01-10 10:00")

    def test_open_time_is_never_added_backwards(self) -> None:
        with pytest.raises(ValueError, match="backwards"):
            add_open_time(at("2026-01-09 10:00"), timedelta(seconds=-1), berlin)

    @given(moments, lengths, clinics)
    def test_resuming_keeps_the_same_open_time(self, start: datetime, left: timedelta, hours: OpeningHours) -> None:
        assert remaining_business(start, add_open_time(start, left, hours), hours) == left

    @given(moments, lengths, st.timedeltas(timedelta(0), timedelta(days=30)), clinics)
    def test_open_time_adds_up(self, start: datetime, left: timedelta, later: timedelta, hours: OpeningHours) -> None:
        due = add_open_time(start, left, hours)
        middle = min(start + later, due)

        assert remaining_business(start, middle, hours) + remaining_business(middle, due, hours) == left

    @given(moments, lengths, lengths, clinics)
    def test_adding_twice_is_adding_once(
        self, start: datetime, one: timedelta, other: timedelta, hours: OpeningHours
    ) -> None:
        assert add_open_time(add_open_time(start, one, hours), other, hours) == add_open_time(start, one + other, hours)


class TestOpen:
    @pytest.mark.parametrize(
        ("moment", "answer"),
        [
            ("2026-01-09 07:59", False),
            ("2026-01-09 08:00", True),
            ("2026-01-09 11:59", True),
            ("2026-01-09 12:00", False),
            ("2026-01-09 13:00", True),
            ("2026-01-09 18:00", False),
            ("2026-01-10 10:00", False),
            ("2026-01-01 10:00", False),
        ],
    )
    def test_a_clinic_is_open_from_opening_until_just_before_closing(self, moment: str, answer: bool) -> None:
        assert is_open(at(moment), berlin) is answer

    @given(moments)
    def test_a_clinic_that_never_closes_is_always_open(self, moment: datetime) -> None:
        assert is_open(moment, always)


class TestNight:
    @pytest.mark.parametrize(
        ("moment", "moved"),
        [
            ("2026-01-09 20:59", "2026-01-09 20:59"),
            ("2026-01-09 21:00", "2026-01-10 08:00"),
            ("2026-01-09 23:59", "2026-01-10 08:00"),
            ("2026-01-10 00:00", "2026-01-10 08:00"),
            ("2026-01-10 07:59", "2026-01-10 08:00"),
            ("2026-01-10 08:00", "2026-01-10 08:00"),
            ("2026-03-28 22:00", "2026-03-29 08:00"),
            ("2026-03-29 03:00", "2026-03-29 08:00"),
            ("2026-10-24 22:00", "2026-10-25 08:00"),
        ],
    )
    def test_a_moment_at_night_waits_for_the_morning(self, moment: str, moved: str) -> None:
        assert outside_night(at(moment), BERLIN) == at(moved)

    @pytest.mark.parametrize(
        ("moment", "moved"), [("2026-03-07 22:00", "2026-03-08 08:00"), ("2026-11-01 01:30", "2026-11-01 08:00")]
    )
    def test_the_morning_is_the_morning_in_denver(self, moment: str, moved: str) -> None:
        assert outside_night(at(moment, DENVER), DENVER) == at(moved, DENVER)

    def test_a_night_may_begin_after_midnight(self) -> None:
        quiet = (time(1), time(6))

        assert outside_night(at("2026-01-09 00:59"), BERLIN, quiet) == at("2026-01-09 00:59")
        assert outside_night(at("2026-01-09 01:00"), BERLIN, quiet) == at("2026-01-09 06:00")

    def test_a_night_without_length_is_no_night(self) -> None:
        assert outside_night(at("2026-01-09 03:00"), BERLIN, (time(3), time(3))) == at("2026-01-09 03:00")

    def test_a_night_that_ends_in_a_repeated_hour_ends_with_the_second_one(self) -> None:
        quiet = (time(21), time(2, 30))

        assert outside_night(at("2026-10-25 02:10", fold=1), BERLIN, quiet) == at("2026-10-25 02:30", fold=1)

    def test_a_night_that_ends_in_a_skipped_hour_ends_when_the_clock_changes(self) -> None:
        quiet = (time(21), time(2, 30))

        assert outside_night(at("2026-03-29 01:10"), BERLIN, quiet) == at("2026-03-29 03:00")

    @given(moments, st.sampled_from([BERLIN, DENVER, "America/Havana", "Asia/Kathmandu"]), walls, st.integers(0, 80))
    def test_it_is_never_earlier_never_at_night_and_moves_once(
        self, moment: datetime, zone: str, begins: time, quarters: int
    ) -> None:
        ends = (datetime.combine(date(2026, 1, 1), begins) + timedelta(minutes=15 * quarters)).time()

        moved = outside_night(moment, zone, (begins, ends))

        assert moment <= moved < moment + timedelta(hours=22)
        assert outside_night(moved, zone, (begins, ends)) == moved


class TestRefusals:
    @pytest.mark.parametrize("weekly", [{}, {0: ()}, {0: (), 3: ()}])
    def test_a_clinic_that_never_opens_is_refused(self, weekly: dict[int, tuple[tuple[time, time], ...]]) -> None:
        with pytest.raises(ValueError, match="without opening hours"):
            OpeningHours(BERLIN, weekly)

    @pytest.mark.parametrize("zone", ["", "Europe", "Mars/Olympus", "../etc/passwd", "/etc/passwd", "a\0b", "x" * 500])
    def test_an_unknown_time_zone_is_refused(self, zone: str) -> None:
        with pytest.raises(ValueError, match="IANA"):
            OpeningHours(zone, WEEK)
        with pytest.raises(ValueError, match="IANA"):
            outside_night(at("2026-01-09 03:00"), zone)

    @pytest.mark.parametrize("weekday", [-1, 7])
    def test_an_unknown_weekday_is_refused(self, weekday: int) -> None:
        with pytest.raises(ValueError, match="not a weekday"):
            OpeningHours(BERLIN, {weekday: DAY})

    @pytest.mark.parametrize(
        "spans",
        [
            ((time(18), time(8)),),
            ((time(8), time(8)),),
            ((time(13), time(18)), (time(8), time(12))),
            ((time(8), time(12)), (time(11), time(18))),
            ((time(8), time(0)), (time(9), time(10))),
            ((time(0), time(0)), (time(0), time(0))),
        ],
    )
    def test_spans_in_disorder_are_refused(self, spans: tuple[tuple[time, time], ...]) -> None:
        with pytest.raises(ValueError, match="in order"):
            OpeningHours(BERLIN, {0: spans})

    def test_a_clinic_closed_for_more_than_a_year_ends_the_search(self) -> None:
        holidays = frozenset(date(2026, 1, 1) + timedelta(days=number) for number in range(500))
        closed = OpeningHours(BERLIN, WEEK, holidays)
        start = at("2026-01-01 10:00")

        for search in (
            lambda: add_business_days(start, 1, closed),
            lambda: add_opening_hours(start, 1, closed),
            lambda: add_calendar_days(start, 1, closed),
            lambda: remaining_business(start, start + timedelta(days=1), closed),
        ):
            with pytest.raises(ValueError, match="400 days in a row"):
                search()

    def test_a_moment_without_a_zone_is_refused(self) -> None:
        naive = datetime(2026, 1, 9, 10)  # noqa: DTZ001  # the missing zone is the point

        for question in (
            lambda: add_business_days(naive, 1, berlin),
            lambda: add_open_time(naive, timedelta(hours=1), berlin),
            lambda: remaining_business(at("2026-01-09 10:00"), naive, berlin),
            lambda: is_open(naive, berlin),
            lambda: outside_night(naive, BERLIN),
        ):
            with pytest.raises(ValueError, match="zone"):
                question()
