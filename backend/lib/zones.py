"""Time zones by their IANA names: which are known, one for every name that was ever stored, and times in words."""

from datetime import date, datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones


@cache
def known_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def zone_named(name: str) -> ZoneInfo:
    """The zone of this name, for showing a time; UTC for a name that is not known, so that no page fails over it."""
    return ZoneInfo(name if name in known_zones() else "UTC")


def day_in_words(day: date) -> str:
    """27 November 2026."""
    return f"{day.day} {day:%B %Y}"


def moment_in_words(moment: datetime | None, zone: str) -> str:
    """Friday, 27 November 2026, 18:00 (Denver time)."""
    if moment is None:
        return ""
    there = moment.astimezone(zone_named(zone))
    place = zone if zone == "UTC" else f"{zone.rsplit('/', 1)[-1].replace('_', ' ')} time"
    return f"{there:%A}, {day_in_words(there.date())}, {there:%H:%M} ({place})"
