"""Who is told, when, and once: digests, quiet hours, what cannot wait, what was taken back."""

from datetime import UTC, datetime, time, timedelta

import pytest
from django.core import mail

from backend.audit import reactions, work
from backend.audit.models import Event
from backend.directory.models import Member
from backend.lib import clock
from backend.lib.actor import system_of
from backend.lib.unit_of_work import acting_as
from backend.notifications.models import Mail, Notice
from backend.notifications.reactions import next_morning
from backend.notifications.told import CLIENT, GUEST, TOLD
from backend.referrals.workflow import WORKFLOW
from tests import make
from tests.portal.browsing import GUEST as ADDRESS
from tests.portal.browsing import do_work, guest_referral, link_in, move_clock

pytestmark = pytest.mark.django_db(transaction=True)


def address(person: make.Person) -> str:
    return person.member.user.email


def set_member(person: make.Person, **fields: object) -> None:
    Member.objects.filter(pk=person.member.pk).update(**fields)


def at_once(person: make.Person) -> None:
    """No digest, no quiet hours."""
    set_member(person, daily_digest=False, quiet_from=time(3), quiet_until=time(3))


def sent_to(person: make.Person) -> list[str]:
    return [str(m.subject) for m in mail.outbox if m.to == [address(person)]]


def test_every_event_that_is_told_of_exists() -> None:
    steps = {row.event for row in WORKFLOW.rows}
    others = {
        "referral.reminded",
        "referral.report_due",
        "referral.report_unread",
        "referral.overdue",
        "referral.message_added",
        "referral.handed_over",
        "referral.press_lapsed",
        "referral.mail_bounced",
        "referral.claimed",
        "referral.pool_exhausted",
        "referral.report_entered_in_error",
        "referral.guest_address_corrected",
    }

    assert set(TOLD) | set(GUEST) | set(CLIENT) <= steps | others
    assert steps - set(TOLD) == {
        "referral.consent_asked",
        "referral.passed",
        "referral.contact_logged",
        "referral.report_read",
        "referral.redirected",
    }


def test_one_digest_a_day_and_no_mail_before(north: make.Clinic, south: make.Clinic) -> None:
    for _ in range(3):
        sent = make.sent(north, south)
        make.move(south, sent["id"], "accept")

    assert do_work(minutes=5) == []
    mornings = do_work(hours=24)

    assert sorted(m.to[0] for m in mornings) == sorted([address(north.practitioner), address(south.practitioner)])
    digest = next(m for m in mornings if m.to == [address(north.practitioner)])
    assert digest.subject == "What is new at North Massage"
    assert digest.body.count("South Physio accepted your referral.") == 3
    assert do_work(hours=24) == []


def test_the_digest_comes_when_the_members_quiet_hours_end(north: make.Clinic) -> None:
    member = Member.objects.select_related("organization").get(pk=north.practitioner.member.pk)

    evening = next_morning(datetime(2026, 3, 3, 4, 0, tzinfo=UTC), member)  # 21:00 in Denver
    early = next_morning(datetime(2026, 3, 3, 12, 0, tzinfo=UTC), member)  # 05:00 in Denver

    assert evening.astimezone(UTC) == early.astimezone(UTC) == datetime(2026, 3, 3, 15, 0, tzinfo=UTC)


def test_without_the_digest_each_change_is_a_mail_after_its_hold(north: make.Clinic, south: make.Clinic) -> None:
    at_once(north.practitioner)
    sent = make.sent(north, south)
    make.move(south, sent["id"], "accept")

    work.run_due()
    assert sent_to(north.practitioner) == []
    do_work(seconds=61)

    assert sent_to(north.practitioner) == ["South Physio accepted your referral."]


def test_quiet_hours_hold_a_mail_until_the_morning_but_not_what_cannot_wait(
    north: make.Clinic, south: make.Clinic
) -> None:
    sent, urgent = make.sent(north, south), make.sent(north, south, priority="asap")
    # the whole day but a minute is quiet for the sender
    set_member(north.practitioner, daily_digest=False, quiet_from=time(0, 1), quiet_until=time(0))
    set_member(south.practitioner, daily_digest=False)
    make.move(south, sent["id"], "accept")
    make.move(south, urgent["id"], "ask_information", question="Any dizziness?")

    do_work(seconds=61)
    assert sent_to(north.practitioner) == ["South Physio asks you a question."]
    do_work(hours=25)

    assert "South Physio accepted your referral." in sent_to(north.practitioner)


def test_a_queue_is_told_when_nobody_has_it(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)
    make.consent(north, client["id"], south)
    make.referral(north, {"organization_id": south.id}, client_id=client["id"])

    told = do_work(hours=24)

    assert {m.to[0] for m in told} == {address(south.practitioner), address(south.coordinator)}


def test_nobody_is_told_of_what_they_did_themselves(north: make.Clinic, south: make.Clinic) -> None:
    make.sent(north, south)

    assert {m.to[0] for m in do_work(hours=24)} == {address(south.practitioner)}


def test_a_decline_tells_where_to_read_why_and_says_nothing_of_it(north: make.Clinic, south: make.Clinic) -> None:
    at_once(north.practitioner)
    sent = make.sent(north, south)
    make.move(south, sent["id"], "decline", reason="contraindication", detail="CANARYDETAIL")

    (told,) = [m for m in do_work() if m.to == [address(north.practitioner)]]

    assert told.subject == "South Physio declined. The page says why, and whom to call; please decide what now."
    assert f"/referrals/{sent['id']}" in told.body
    assert "CANARY" not in told.body
    assert "contraindication" not in told.body


def test_what_was_taken_back_within_the_minute_sends_nothing(north: make.Clinic) -> None:
    sent = guest_referral(north)
    work.run_due()
    make.move(north, sent["id"], "withdraw", reason="better")

    assert do_work(minutes=5) == []
    with acting_as(system_of(north.organization.id)):
        assert [(m.kind, m.sent_at, m.dropped_at is not None) for m in Mail.objects.all()] == [("guest", None, True)]


def test_three_days_bring_exactly_these_mails_once(north: make.Clinic) -> None:
    monday = clock.now().replace(hour=17, minute=0, second=0) + timedelta(days=7 - clock.now().weekday())
    move_clock(seconds=(monday - clock.now()).total_seconds())
    guest_referral(north)
    assert [m.subject for m in do_work()] == ["Can you see a client?"]

    by_thursday = [(m.to, m.subject) for m in do_work(days=3)]
    by_friday = [(m.to, m.subject) for m in do_work(days=1)]
    by_saturday = [(m.to, m.subject) for m in do_work(days=1)]

    assert by_thursday == [([ADDRESS], "A reminder")]
    assert by_friday == [([ADDRESS], "Overdue")]
    assert by_saturday == [([address(north.practitioner)], "What is new at North Massage")]
    assert do_work(minutes=5) == []


def test_a_reaction_that_runs_twice_tells_once(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)
    work.run_due()
    with acting_as(system_of(south.organization.id)):
        event = Event.objects.get(type="referral.sent", subject_id=sent["id"])
        before = (Mail.objects.count(), Notice.objects.count())
        reactions.run(event)

        assert (Mail.objects.count(), Notice.objects.count()) == before == (1, 1)


def test_a_guest_keeps_one_link_for_the_whole_referral(north: make.Clinic) -> None:
    sent = guest_referral(north)
    (invitation,) = do_work()
    north.http.send("POST", f"referrals/{sent['id']}/messages", {"text": "One more thing."})

    (message,) = do_work()

    assert (message.to, link_in(message)) == ([ADDRESS], link_in(invitation))


def test_a_refused_address_is_an_event_at_once(north: make.Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    from smtplib import SMTPRecipientsRefused

    from django.core.mail import EmailMessage

    real = EmailMessage.send

    def refuse_guests(message: EmailMessage, fail_silently: bool = False) -> int:
        if ADDRESS in message.to:
            raise SMTPRecipientsRefused({ADDRESS: (550, b"no such mailbox")})
        return real(message, fail_silently)

    monkeypatch.setattr(EmailMessage, "send", refuse_guests)
    sent = guest_referral(north)

    do_work()

    body = north.http.send("GET", f"referrals/{sent['id']}").json()
    assert body["recipient"]["guest"]["bounced_at"] is not None
    assert work.run_due() == 0


def test_a_mail_server_that_is_away_loses_nothing(north: make.Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.core.mail import EmailMessage

    real = EmailMessage.send

    def away(message: EmailMessage, fail_silently: bool = False) -> int:
        raise OSError

    monkeypatch.setattr(EmailMessage, "send", away)
    guest_referral(north)
    assert do_work() == []
    monkeypatch.setattr(EmailMessage, "send", real)
    with acting_as(system_of(north.organization.id)):
        (waiting,) = Mail.objects.all()
        assert (waiting.attempts, waiting.sent_at) == (1, None)
        work.queue("mail.send", waiting.pk, organization_id=waiting.organization_id, due_at=waiting.hold_until)

    (invitation,) = do_work()

    assert invitation.extra_headers["Message-ID"].startswith(f"<{waiting.pk}.")


def test_no_clinic_sees_the_mails_of_another(north: make.Clinic, outsider: make.Clinic) -> None:
    guest_referral(north)
    do_work()

    with acting_as(system_of(outsider.organization.id)):
        assert not Mail.objects.exists()
        assert not Notice.objects.exists()
    move_clock(seconds=int(timedelta(minutes=1).total_seconds()))
