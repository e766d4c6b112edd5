"""A worker that dies at any moment loses nothing: what it had begun is done again, what it had done stays done."""

import os
import signal
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, connections

from backend.audit import work
from backend.referrals import services
from tests import make
from tests.faults.crowds import wait_until
from tests.referrals.stories import event_types, row

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
KILLS, REFERRALS = 20, 40


def start_worker() -> BaseProcess:
    """The command ``work`` in a process of its own, forked so that it works at once."""
    connections.close_all()
    worker = get_context("fork").Process(target=call_command, args=("work",), kwargs={"poll": 0.05})
    worker.start()
    return worker


def waiting() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM audit_work WHERE kind = 'react'")
        count: int = cursor.fetchone()[0]
    return count


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_twenty_kills_lose_no_delivery(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)
    make.consent(north, client["id"], south)
    sent = [make.referral(north, south, client_id=client["id"]) for _ in range(REFERRALS)]

    for _ in range(KILLS):
        before = claims()
        worker = start_worker()
        wait_until(lambda before=before: claims() != before)  # type: ignore[misc]  # mypy cannot infer the default's type
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGKILL)
        worker.join()
        assert worker.exitcode == -signal.SIGKILL
    let_leases_run_out()
    work.run_due()

    assert waiting() == 0
    assert all(row(referral["id"], north).delivered_at for referral in sent)
    for referral in sent:
        assert event_types(north, referral["id"]).count("referral.delivered") == 1


def claims() -> tuple[Any, ...]:
    """Changes as soon as a worker has claimed something."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), sum(attempts), max(lease_until) FROM audit_work")
        found: tuple[Any, ...] = cursor.fetchone()
    return found


def let_leases_run_out() -> None:
    """What a killed worker had claimed is free again after a minute; the minute is over."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE audit_work SET lease_until = clock_timestamp() - interval '1 second'")


def test_what_fails_is_put_back_and_tried_again(
    north: make.Clinic, south: make.Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = make.sent(north, south)
    real = services.record
    failed: list[Any] = []

    def fail_once(*args: Any, **more: Any) -> None:
        if args[0] == "referral.delivered" and not failed:
            failed.append(args)
            raise RuntimeError("the light went out")
        real(*args, **more)

    monkeypatch.setattr(services, "record", fail_once)
    work.run_due()
    assert row(sent["id"], north).delivered_at is None
    let_leases_run_out()
    work.run_due()

    assert len(failed) == 1
    assert row(sent["id"], north).delivered_at is not None
