"""The sandbox's mailbox: a page and an address, with every mail once; live instances have neither."""

from typing import Any

import pytest
from django.test import Client as Browser

from backend.lib.actor import system_of
from backend.lib.unit_of_work import acting_as
from backend.notifications.models import Mail, SandboxMail
from tests import make
from tests.portal.browsing import GUEST, do_work, guest_referral, state_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _mailbox(settings: Any) -> None:
    settings.EMAIL_BACKEND = "backend.notifications.sandbox.MailboxBackend"


def test_mails_land_in_the_mailbox_with_links_to_press(north: make.Clinic) -> None:
    guest_referral(north)
    do_work()

    listed = Browser().get("/api/v1/sandbox/mails").json()["results"]
    page = Browser().get("/mailbox").content.decode()

    assert [(m["to"], m["subject"]) for m in listed] == [(GUEST, "Can you see a client?")]
    assert "North Practitioner at North Massage asks whether you can see a client" in listed[0]["text"]
    assert listed[0]["sent_at"].endswith("Z")
    assert '<a href="http' in page


def test_a_mail_that_is_sent_twice_is_one(north: make.Clinic) -> None:
    from backend.audit import work

    guest_referral(north)
    do_work()
    with acting_as(system_of(north.organization.id)):
        Mail.objects.update(sent_at=None)  # as after a crash between sending and noting it
        (sent,) = Mail.objects.all()
        work.queue("mail.send", sent.pk, organization_id=sent.organization_id, due_at=sent.hold_until)

    do_work()

    assert SandboxMail.objects.count() == 1


def test_a_bounce_can_be_tried(north: make.Clinic) -> None:
    sent = guest_referral(north)
    do_work()

    answer = make.Api().send("POST", "sandbox/bounces", {"to": GUEST})
    do_work()

    assert answer.status_code == 202
    assert state_of(north, sent["id"])["recipient"]["guest"]["bounced_at"] is not None
    assert make.Api().send("POST", "sandbox/bounces", {"to": "nobody@example.org"}).status_code == 400


def test_a_live_instance_has_no_mailbox(settings: Any) -> None:
    settings.SANDBOX = False

    assert Browser().get("/mailbox").status_code == 404
    assert Browser().get("/api/v1/sandbox/mails").status_code == 404
    assert make.Api().send("POST", "sandbox/bounces", {"to": GUEST}).status_code == 404
