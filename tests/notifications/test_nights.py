"""Clients and guests are not woken: what nobody pressed waits for the morning of the sender's clinic."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core import mail

from backend.lib import clock
from backend.lib.actor import ANONYMOUS
from backend.lib.unit_of_work import acting_as
from tests import make
from tests.portal.browsing import GUEST, do_work, guest_referral, move_clock

pytestmark = pytest.mark.django_db(transaction=True)

THERE = ZoneInfo("America/Denver")
CLIENT = "ana@example.org"


def go_on_to(hour: int) -> None:
    """Moves the clock to this hour of the clinic's day, today or tomorrow."""
    now = now_there()
    then = datetime.combine(now.date(), time(hour), THERE)
    then += timedelta(days=0 if then > now else 1)
    move_clock(seconds=(then - now).total_seconds())


def now_there() -> datetime:
    """By the moved clock, which is read once for each piece of work."""
    with acting_as(ANONYMOUS):
        return clock.now().astimezone(THERE)


def subjects(to: str, mails: list[Any]) -> list[str]:
    return [m.subject for m in mails if m.to == [to]]


def asked(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north, email=CLIENT)
    make.referral(north, south, client_id=client["id"], send=False, ask_consent=True)


def test_the_question_itself_leaves_at_night_when_somebody_pressed(north: make.Clinic, south: make.Clinic) -> None:
    go_on_to(23)
    asked(north, south)

    assert subjects(CLIENT, do_work()) == ["North Massage asks you something"]


def test_a_client_is_reminded_in_the_morning(north: make.Clinic, south: make.Clinic) -> None:
    go_on_to(23)
    asked(north, south)
    do_work()

    by_night = do_work(hours=25)
    in_the_morning = do_work(hours=9)

    assert subjects(CLIENT, by_night) == []
    assert subjects(CLIENT, in_the_morning) == ["A reminder from North Massage"]


def test_a_guest_hears_in_the_morning_of_what_ended_by_itself_at_night(north: make.Clinic) -> None:
    go_on_to(23)
    guest_referral(north, priority="asap")
    assert subjects(GUEST, do_work()) == ["Can you see a client?"]
    go_on_to(12)
    do_work()

    seen: dict[int, list[str]] = {}
    for _ in range(96):
        mail.outbox.clear()
        for subject in subjects(GUEST, do_work(minutes=30)):
            seen.setdefault(now_there().hour, []).append(subject)

    assert "The time to answer is over" in [subject for hour in seen.values() for subject in hour]
    assert [hour for hour in seen if not 8 <= hour < 21] == []
