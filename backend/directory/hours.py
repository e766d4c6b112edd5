"""When a clinic is open, for due times."""

from datetime import date, time
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import JSONObject

from backend.directory.models import Holiday, OpeningTime, Organization
from backend.lib.actor import ANONYMOUS, Actor
from backend.lib.prepared import Prepared
from backend.lib.worktime import OpeningHours

Span = tuple[time, time]
WEEKDAYS: dict[int, tuple[Span, ...]] = dict.fromkeys(range(5), ((time(9), time(17)),))


def hours_of(organization: Organization) -> OpeningHours:
    """When the clinic is open; Monday to Friday, nine to five, until it says so itself."""
    said = HOURS.rows(ANONYMOUS, pk=organization.pk)[0]
    weekly: dict[int, tuple[Span, ...]] = {}
    for stretch in said["stretches"]:
        span = time.fromisoformat(stretch["opens"]), time.fromisoformat(stretch["closes"])
        weekly[stretch["weekday"]] = (*weekly.get(stretch["weekday"], ()), span)
    days: list[date] = said["days"]
    if not weekly:
        return OpeningHours(time_zone=organization.time_zone, weekly=WEEKDAYS)
    return OpeningHours(time_zone=organization.time_zone, weekly=weekly, holidays=frozenset(days))


def _hours(actor: Actor, *, pk: UUID) -> QuerySet[Organization, dict[str, Any]]:
    stretches = OpeningTime.objects.filter(organization_id=OuterRef("pk")).order_by("weekday", "opens")
    days = Holiday.objects.filter(organization_id=OuterRef("pk"))
    return Organization.objects.filter(pk=pk).values(
        stretches=ArraySubquery(stretches.values(data=JSONObject(weekday="weekday", opens="opens", closes="closes"))),
        days=ArraySubquery(days.values("on_date")),
    )


HOURS = Prepared(_hours)
