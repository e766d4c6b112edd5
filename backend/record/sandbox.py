"""The sandbox's clock, for integrators who cannot wait three days for a reminder. Live instances have no such thing."""

import re
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backend.audit import work
from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.problems import NotFound, invalid
from backend.lib.rest.fields import Moment, PlainText, StrictSerializer, utc
from backend.lib.rest.views import View
from backend.lib.unit_of_work import introduce

# Weeks to seconds of ISO 8601. Years and months have no fixed length.
DURATION = re.compile(
    r"P(?:(?P<weeks>\d{1,4})W)?(?:(?P<days>\d{1,4})D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d{1,5})H)?(?:(?P<minutes>\d{1,6})M)?(?:(?P<seconds>\d{1,7})S)?)?"
)
LONGEST = timedelta(days=3_660)
TOO_FAR = f"The clock moves {LONGEST.days} days at most."

MOVE = """
INSERT INTO audit_movedclock (id, moved_by) VALUES (1, %(by)s * interval '1 second')
ON CONFLICT (id) DO UPDATE SET moved_by = audit_movedclock.moved_by + EXCLUDED.moved_by
 WHERE audit_movedclock.moved_by + EXCLUDED.moved_by <= %(longest)s * interval '1 second'
"""


class DurationField(PlainText):
    """An ISO 8601 duration in weeks, days, hours, minutes and seconds, more than nothing."""

    default_error_messages = {
        "invalid_duration": "Write a duration such as P3D, P2W or PT2H30M; years and months have no fixed length.",
        "not_forward": "The clock only moves forward.",
        "too_far": TOO_FAR,
    }

    def to_internal_value(self, data: Any) -> timedelta:  # type: ignore[override]  # text in, a span out
        text = super().to_internal_value(data)
        found = DURATION.fullmatch(text)
        if text.startswith("-"):
            self.fail("not_forward")
        if not found or not any(found.groups()):
            self.fail("invalid_duration")
        span = timedelta(**{unit: int(amount) for unit, amount in found.groupdict().items() if amount})
        if not span:
            self.fail("not_forward")
        if span > LONGEST:
            self.fail("too_far")
        return span


class ClockMoveSerializer(StrictSerializer):
    advance = DurationField(help_text="How far to move on, as an ISO 8601 duration: `P3D`, `PT2H`.")


class ClockSerializer(serializers.Serializer[Any]):
    now = Moment(help_text="What the service takes for now.")


class Clock(View):
    """Due times, reminders, consents and links follow this clock; tokens, sessions, signatures and logs never do."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if not settings.SANDBOX:
            raise NotFound
        super().initial(request, *args, **kwargs)

    @extend_schema(
        operation_id="get_sandbox_clock",
        summary="The sandbox's time",
        description="Only in a sandbox; 404 on a live instance.",
        responses=ClockSerializer,
        examples=[OpenApiExample("Now", value={"now": "2026-03-02T16:20:00Z"})],
    )
    def get(self, request: Request) -> Response:
        return Response({"now": utc(clock.now())})

    @extend_schema(
        operation_id="move_sandbox_clock",
        summary="Move the sandbox's clock forward",
        description=(
            "For everybody in this sandbox. What becomes due is done right after, in the order of the due times. "
            "Only in a sandbox; 404 on a live instance."
        ),
        request=ClockMoveSerializer,
        responses=ClockSerializer,
        examples=[
            OpenApiExample("Three days on", value={"advance": "P3D"}, request_only=True),
            OpenApiExample("The new now", value={"now": "2026-03-05T16:20:00Z"}, response_only=True),
        ],
    )
    def post(self, request: Request) -> Response:
        by = self.validated(ClockMoveSerializer)["advance"]
        return Response({"now": utc(advance_clock(by, actor=self.actor))})


def advance_clock(by: timedelta, *, actor: Actor) -> datetime:
    """Moves the clock of the sandbox and wakes the worker when this transaction ends. Returns the new now."""
    with connection.cursor() as cursor:
        cursor.execute(MOVE, {"by": by.total_seconds(), "longest": LONGEST.total_seconds()})
        if not cursor.rowcount:
            raise invalid("/advance", TOO_FAR, code="too_far")
        cursor.execute(f"NOTIFY {work.CHANNEL}")
    return introduce(actor)
