"""Work that fails is tried again for three days, and what is given up is seen and can be raised."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.test import Client as Browser

from backend.audit import work
from backend.audit.models import Work
from backend.lib.actor import WORKER
from backend.lib.unit_of_work import acting_as
from tests import make
from tests.portal.browsing import GUEST, do_work, guest_referral

pytestmark = pytest.mark.django_db(transaction=True)


class NoMailServer:
    """A mail server that is away."""

    def __init__(self, **options: Any) -> None:
        pass

    def send_messages(self, messages: list[Any]) -> int:
        raise ConnectionRefusedError("nobody listens")


@pytest.fixture
def no_mail_server(settings: Any) -> Any:
    settings.EMAIL_BACKEND = f"{__name__}.NoMailServer"
    return settings


def let_pauses_end(attempts: int | None = None) -> None:
    """As if what waits for its next try had waited long enough; perhaps after so many tries."""
    with acting_as(WORKER), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE audit_work SET lease_until = clock_timestamp() - interval '1 second', attempts = coalesce(%s, attempts)"
            " WHERE kind = 'mail.send'",
            [attempts],
        )


def invitation_given_up(sender: make.Clinic) -> None:
    guest_referral(sender)
    do_work()
    let_pauses_end(work.MOST_ATTEMPTS - 1)
    work.run_due()


def test_tries_go_on_for_three_days() -> None:
    pauses = [work.pause_after(tried) for tried in range(1, work.MOST_ATTEMPTS)]

    assert pauses[:4] == [timedelta(seconds=seconds) for seconds in (2, 4, 8, 16)]
    assert max(pauses) == timedelta(hours=1)
    assert timedelta(hours=72) <= sum(pauses, timedelta()) <= timedelta(hours=73)


def test_an_invitation_leaves_when_the_mail_server_is_back(north: make.Clinic, no_mail_server: Any) -> None:
    guest_referral(north)
    do_work()
    for _ in range(20):
        let_pauses_end()
        work.run_due()
    assert mail.outbox == []

    no_mail_server.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    let_pauses_end()
    work.run_due()

    assert [message.to for message in mail.outbox] == [[GUEST]]


def test_what_is_given_up_is_seen_by_operator_and_admin(north: make.Clinic, no_mail_server: Any) -> None:
    invitation_given_up(north)

    health = Browser().get("/health/work")
    pages = [make.signed_in(who.member.user).get("/settings") for who in (north.admin, north.practitioner)]

    assert (health.status_code, health.json()["code"]) == (503, "work_given_up")
    assert (health.json()["failing"], health.json()["dead"]) == (0, 1)
    assert Browser().get("/health/ready").status_code == 200
    assert ["1 waiting thing could not be done" in page.content.decode() for page in pages] == [True, False]


def test_other_clinics_read_nothing_of_it(north: make.Clinic, south: make.Clinic, no_mail_server: Any) -> None:
    invitation_given_up(north)

    page = make.signed_in(south.admin.member.user).get("/settings")

    assert "could not be done" not in page.content.decode()


def test_what_fails_for_now_is_no_alarm(north: make.Clinic, no_mail_server: Any) -> None:
    guest_referral(north)
    do_work()
    let_pauses_end()
    work.run_due()

    health = Browser().get("/health/work")

    assert (health.status_code, health.json()) == (200, {"status": "working", "failing": 1, "dead": 0})


def test_raising_the_dead_sends_what_was_given_up(
    north: make.Clinic, no_mail_server: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    invitation_given_up(north)
    no_mail_server.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

    call_command("work", "--raise-dead")
    work.run_due()

    assert capsys.readouterr().out == "1 given another life.\n"
    assert [message.to for message in mail.outbox] == [[GUEST]]
    with acting_as(WORKER):
        assert not Work.objects.filter(is_dead=True).exists()
