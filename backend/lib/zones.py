"""Time zones by their IANA names: which are known, and one for every name that was ever stored."""

from functools import cache
from zoneinfo import ZoneInfo, available_timezones


@cache
def known_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def zone_named(name: str) -> ZoneInfo:
    """The zone of this name, for showing a time; UTC for a name that is not known, so that no page fails over it."""
    return ZoneInfo(name if name in known_zones() else "UTC")
