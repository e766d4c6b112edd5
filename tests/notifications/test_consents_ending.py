"""A consent that ends within fourteen days: one line to whoever wrote the yes down, without a name."""

from datetime import timedelta

import pytest
from django.core import mail

from backend.directory.models import Member
from backend.lib import clock
from backend.lib.actor import system_of
from backend.lib.unit_of_work import acting_as
from backend.notifications.models import Mail
from tests import make
from tests.notifications.test_told import address, at_once, sent_to
from tests.portal.browsing import NAME, do_work

pytestmark = pytest.mark.django_db(transaction=True)
LINE = "A client's consent ends within 14 days; ask them whether it goes on."


def consent_ending(north: make.Clinic, south: make.Clinic, *, in_days: int) -> tuple[str, str]:
    client = make.client(north, family_name=NAME)["id"]
    ends = clock.now().date() + timedelta(days=in_days)
    return client, make.consent(north, client, south, expires_on=ends.isoformat())["id"]


def test_who_wrote_the_yes_down_reads_it_in_the_digest_and_nobody_else_does(
    north: make.Clinic, south: make.Clinic
) -> None:
    consent_ending(north, south, in_days=20)

    assert do_work(days=5) == []
    do_work(days=3)
    (digest,) = do_work(days=1)

    assert digest.to == [address(north.practitioner)]
    assert digest.body.count(LINE) == 1
    assert "/clients?consents=ending" in digest.body
    assert NAME not in digest.body + digest.subject
    assert do_work(days=1) == []


def test_without_the_digest_it_is_a_mail_of_its_own(north: make.Clinic, south: make.Clinic) -> None:
    at_once(north.practitioner)
    consent_ending(north, south, in_days=20)

    do_work(days=8)
    do_work()

    assert sent_to(north.practitioner) == ["A consent ends soon"]
    assert LINE in mail.outbox[-1].body


def test_a_consent_renewed_meanwhile_is_not_told_of(north: make.Clinic, south: make.Clinic) -> None:
    client, consent = consent_ending(north, south, in_days=20)
    do_work(days=8)
    with acting_as(system_of(north.organization.id)):
        assert Mail.objects.filter(event_type="consent.expiring", sent_at=None).count() == 1
    later = (clock.now().date() + timedelta(days=400)).isoformat()

    version = north.http.send("GET", f"clients/{client}/consents/{consent}").json()["version"]
    renewed = north.http.send(
        "POST",
        f"clients/{client}/consents/{consent}/renew",
        {"expires_on": later, "method": "in_person"},
        If_Match=f'"{version}"',
    )

    assert renewed.status_code == 200, renewed.content
    assert do_work(days=1) == []


def test_when_who_wrote_it_down_has_left_the_clinics_queue_is_told(north: make.Clinic, south: make.Clinic) -> None:
    consent_ending(north, south, in_days=20)
    Member.objects.filter(pk=north.practitioner.member.pk).update(ended_at=clock.now())

    do_work(days=8)
    mails = do_work(days=1)

    assert [m.to for m in mails] == [[address(north.coordinator)]]
