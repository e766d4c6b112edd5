"""The sandbox's clock moves forward for everybody, wakes the worker, and does not exist on a live instance."""

import select
from datetime import datetime, timedelta
from typing import Any

import psycopg2
import pytest

from backend.audit.models import MovedClock
from backend.lib import clock
from tests import make
from tests.make import Clinic

CLOCK = "sandbox/clock"


def advance(http: make.Api, by: object) -> Any:
    return http.send("POST", CLOCK, {"advance": by})


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "by"),
    [
        ("P3D", timedelta(days=3)),
        ("PT2H", timedelta(hours=2)),
        ("P2W", timedelta(weeks=2)),
        ("P1DT1H30M5S", timedelta(days=1, hours=1, minutes=30, seconds=5)),
    ],
)
def test_the_clock_moves_forward(north: Clinic, text: str, by: timedelta) -> None:
    before = clock.real_now()

    response = advance(north.http, text)

    assert response.status_code == 200
    moved = datetime.fromisoformat(response.json()["now"])
    assert timedelta() <= moved - before - by < timedelta(seconds=30)
    assert MovedClock.objects.get().moved_by == by


@pytest.mark.django_db
def test_moves_add_up_and_everybody_sees_the_new_time(north: Clinic, south: Clinic) -> None:
    advance(north.http, "P1D")
    advance(south.http, "P2D")

    now = datetime.fromisoformat(north.http.send("GET", CLOCK).json()["now"])

    assert timedelta(days=3) <= now - clock.real_now() + timedelta(seconds=30) < timedelta(days=3, seconds=31)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("-P3D", "not_forward"),
        ("PT0S", "not_forward"),
        ("P1M", "invalid_duration"),
        ("P", "invalid_duration"),
        ("PT", "invalid_duration"),
        ("P1DT", "invalid_duration"),
        ("3 days", "invalid_duration"),
        ("P1.5D", "invalid_duration"),
        ("P9999D", "too_far"),
        ("", "blank"),
        (3, "invalid_duration"),
        (None, "null"),
        ({}, "invalid"),
    ],
)
def test_what_is_no_way_forward_is_refused_and_moves_nothing(north: Clinic, text: object, code: str) -> None:
    response = advance(north.http, text)

    assert (response.status_code, response.json()["code"]) == (400, code)
    assert not MovedClock.objects.exists()


@pytest.mark.django_db
def test_the_clock_does_not_move_out_of_sight(north: Clinic) -> None:
    assert advance(north.http, "P3000D").status_code == 200

    refused = advance(north.http, "P1000D")

    assert (refused.status_code, refused.json()["code"]) == (400, "too_far")
    assert MovedClock.objects.get().moved_by == timedelta(days=3000)


@pytest.mark.django_db
def test_a_live_instance_has_no_such_clock(north: Clinic, settings: Any) -> None:
    settings.SANDBOX = False

    for response in (advance(north.http, "P3D"), advance(make.Api(), "P3D"), north.http.send("GET", CLOCK)):
        assert (response.status_code, response.json()["code"]) == (404, "not_found")
    assert not MovedClock.objects.exists()


@pytest.mark.django_db
def test_a_stranger_does_not_move_the_clock(north: Clinic) -> None:
    assert advance(make.Api(), "P3D").status_code == 401
    assert not MovedClock.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_worker_is_woken(north: Clinic, app_url: str) -> None:
    listener = psycopg2.connect(app_url)
    listener.autocommit = True
    listener.cursor().execute("LISTEN work")

    advance(north.http, "P3D")

    assert select.select([listener], [], [], 10)[0]
    listener.poll()
    assert [notice.channel for notice in listener.notifies] == ["work"]
    listener.close()
