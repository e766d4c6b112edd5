"""A colleague without an account takes a referral round the loop, and nobody else gets in."""

import logging
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client as Browser

from backend.audit.models import AccessLog, Event, Work
from backend.lib import clock
from backend.lib.actor import system_of
from backend.lib.unit_of_work import acting_as
from tests import make
from tests.portal.browsing import (
    ATTESTED,
    GUEST,
    NAME,
    QUESTION,
    REASON,
    code_in,
    come_in,
    do_work,
    guest_referral,
    link_in,
    move_clock,
    post,
    press,
    prove,
    state_of,
)

pytestmark = pytest.mark.django_db(transaction=True)
SECRETS = (NAME, REASON, QUESTION)


@pytest.fixture
def referral(north: make.Clinic) -> dict[str, Any]:
    return guest_referral(north)


@pytest.fixture
def link(referral: dict[str, Any]) -> str:
    (invitation,) = do_work()
    assert invitation.to == [GUEST]
    return link_in(invitation)


def local_time(days: int = 0) -> str:
    return (clock.now() + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M")


def text_of(answer: object) -> str:
    return str(answer.content.decode())  # type: ignore[attr-defined]  # Django's test response


@pytest.mark.parametrize(
    ("form", "typed", "sentence"),
    [
        ("message", {"text": "Well.\0"}, "contains the NUL character"),
        ("who", {**ATTESTED, "name": "Kim\0"}, "contains the NUL character"),
        ("move", {"name": "book", "minutes": "9" * 5_000}, "5 to 600 minutes"),
        ("move", {"name": "book", "minutes": "600", "starts_at": "9999-12-31T12:00"}, "between the years"),
        ("move", {"name": "book", "minutes": "50", "starts_at": "0001-01-01T00:00"}, "between the years"),
    ],
)
def test_what_no_guest_means_to_send_is_refused_with_a_sentence(
    north: make.Clinic,
    referral: dict[str, Any],
    link: str,
    browser: Browser,
    form: str,
    typed: dict[str, str],
    sentence: str,
) -> None:
    come_in(browser, link)
    press(browser, link, "accept")

    answer = post(browser, f"{link}/{form}", **{"starts_at": local_time(3), **typed})

    assert (answer.status_code, sentence in text_of(answer)) == (400, True)
    assert state_of(north, referral["id"])["state"] == "accepted"


def test_a_guest_goes_round_the_loop_without_script(
    north: make.Clinic, referral: dict[str, Any], link: str, browser: Browser
) -> None:
    landing = browser.get(link)
    assert "asks for your help" in text_of(landing)
    assert not any(secret in text_of(landing) for secret in SECRETS)

    opened = come_in(browser, link)
    assert all(secret in text_of(opened) for secret in SECRETS)

    press(browser, link, "accept")
    assert state_of(north, referral["id"])["state"] == "accepted"
    press(browser, link, "book", starts_at=local_time(3), minutes="50")
    assert state_of(north, referral["id"])["state"] == "booked"
    press(browser, link, "report", answer="Rotation is back.", seen_at=local_time(-1), outcome="answered")

    reported = state_of(north, referral["id"])
    assert (reported["state"], reported["whose_move"]) == ("reported", "sender")
    (report,) = north.http.send("GET", f"referrals/{referral['id']}/reports").json()["results"]
    assert report["signature"]["kind"] == "guest"
    assert report["signature"]["license"] == "Physical therapist PT-4711, Colorado (attested, not verified)"
    closed = make.move(north, referral["id"], "acknowledge", plan_change="no_change")
    assert closed["state"] == "closed"


@pytest.fixture
def browser() -> Browser:
    return Browser()


def test_a_guests_report_takes_its_files_along(
    north: make.Clinic, referral: dict[str, Any], link: str, browser: Browser
) -> None:
    come_in(browser, link)
    press(browser, link, "accept")
    said = {"answer": "Rotation is back.", "seen_at": local_time(-1), "outcome": "answered"}

    press(browser, link, "report", **said, files=SimpleUploadedFile("letter.pdf", b"%PDF-1.4 letter"))

    (report,) = north.http.send("GET", f"referrals/{referral['id']}/reports").json()["results"]
    assert [file["name"] for file in report["attachments"]] == ["letter.pdf"]
    assert north.http.send("GET", f"attachments/{report['attachments'][0]['id']}/content").status_code == 200


def test_every_other_move_is_one_form(
    north: make.Clinic, referral: dict[str, Any], link: str, browser: Browser
) -> None:
    come_in(browser, link)

    press(browser, link, "ask_information", question="Any dizziness?")
    assert state_of(north, referral["id"])["state"] == "needs_information"
    make.move(north, referral["id"], "give_information", answer="None.")
    press(browser, link, "accept")
    press(browser, link, "offer_times", starts_at_1=local_time(2), starts_at_2=local_time(3), minutes="40")
    offered = state_of(north, referral["id"])
    assert (offered["state"], len(offered["offered_times"])) == ("times_offered", 2)
    press(browser, link, "choose_time", time_id=offered["offered_times"][0]["id"])
    press(browser, link, "cancel_visit", by="client")
    press(browser, link, "waitlist", review_on=(clock.now() + timedelta(days=9)).date().isoformat())
    press(browser, link, "log_contact", channel="phone", outcome="no_answer")
    assert state_of(north, referral["id"])["state"] == "waitlisted"
    press(browser, link, "start")
    press(browser, link, "report", answer="So far so good.", final="no", outcome="partly")
    assert state_of(north, referral["id"])["unread_report_count"] == 1
    make.move(north, referral["id"], "request_cancellation", reason="The client moves away.")
    press(browser, link, "refuse", reason="One visit is left.")
    press(browser, link, "report", answer="Done.", outcome="answered")

    assert state_of(north, referral["id"])["state"] == "reported"


def test_a_guest_declines_with_one_press(
    north: make.Clinic, referral: dict[str, Any], link: str, browser: Browser
) -> None:
    come_in(browser, link)

    page = press(browser, link, "decline", reason="no_capacity")

    body = state_of(north, referral["id"])
    assert (body["state"], body["history"][-1]["reason"]) == ("declined", "no_capacity")
    assert not any(secret in text_of(page) for secret in SECRETS)


def test_a_reason_that_needs_a_sentence_is_asked_for_it(
    north: make.Clinic, referral: dict[str, Any], link: str, browser: Browser
) -> None:
    come_in(browser, link)

    answer = press(browser, link, "decline", reason="contraindication")

    assert answer.status_code == 400
    assert "needs a sentence" in text_of(answer)
    assert state_of(north, referral["id"])["state"] == "sent"


def test_not_me_ends_the_link_and_opens_nothing(
    north: make.Clinic, referral: dict[str, Any], link: str, browser: Browser
) -> None:
    answer = post(browser, f"{link}/not-me")

    body = state_of(north, referral["id"])
    assert (body["state"], body["whose_move"], body["history"][-1]["reason"]) == ("declined", "sender", "wrong_person")
    assert body["tracking"]["opened_at"] is None
    assert not any(secret in text_of(answer) for secret in SECRETS)
    assert browser.get(link).status_code == 410


def test_not_me_is_no_way_to_undo_what_the_guest_answered(
    north: make.Clinic, referral: dict[str, Any], link: str, browser: Browser
) -> None:
    come_in(browser, link)
    press(browser, link, "accept")

    assert post(Browser(), f"{link}/not-me").status_code == 409
    assert state_of(north, referral["id"])["state"] == "accepted"


def test_a_scanner_that_opens_every_address_changes_nothing(
    north: make.Clinic, referral: dict[str, Any], link: str, browser: Browser
) -> None:
    before, mails = state_of(north, referral["id"]), len(mail.outbox)

    statuses = [
        browser.get(f"{link}{path}").status_code
        for path in ("", "?code=sent", "/code", "/enter", "/not-me", "/who", "/move", "/message", "/files", "/letter")
    ]

    assert statuses == [200, 200, 405, 405, 405, 405, 405, 405, 405, 303]
    assert state_of(north, referral["id"]) == before
    assert len(mail.outbox) == mails


def test_a_wrong_code_opens_nothing_and_five_of_them_use_the_code_up(link: str, browser: Browser) -> None:
    post(browser, f"{link}/code")
    right = code_in(mail.outbox[-1])
    wrong = "000000" if right != "000000" else "111111"

    assert [post(browser, f"{link}/enter", code=wrong).status_code for _ in range(5)] == [422] * 5
    assert post(browser, f"{link}/enter", code=right).status_code == 422
    assert "Continue" in text_of(browser.get(link))


def test_a_code_is_good_once(link: str) -> None:
    first, second = Browser(), Browser()
    prove(first, link)

    replayed = post(second, f"{link}/enter", code=code_in(mail.outbox[-1]))

    assert replayed.status_code == 422
    assert "Continue" in text_of(second.get(link))


def test_five_codes_an_hour_are_enough(link: str, browser: Browser) -> None:
    assert [post(browser, f"{link}/code").status_code for _ in range(6)] == [200] * 5 + [429]


def test_before_the_guest_has_said_who_they_are_nothing_opens(link: str, browser: Browser) -> None:
    page = prove(browser, link)

    assert "attested, not verified" in text_of(page)
    assert not any(secret in text_of(page) for secret in SECRETS)
    assert press(browser, link, "accept").status_code == 409
    assert browser.get(f"{link}/letter").status_code == 409
    assert post(browser, f"{link}/who", **{**ATTESTED, "license_number": ""}).status_code == 400


def test_a_made_up_address_is_nothing(browser: Browser) -> None:
    assert browser.get(f"/g/{'A' * 48}").status_code == 404
    assert browser.get("/g/short").status_code == 404


def test_a_guest_address_is_no_client_address(link: str, browser: Browser) -> None:
    assert browser.get(link.replace("/g/", "/c/")).status_code == 404


def test_the_link_lives_thirty_days_after_the_end(
    north: make.Clinic, referral: dict[str, Any], link: str, browser: Browser
) -> None:
    make.move(north, referral["id"], "withdraw", reason="better")
    do_work()

    move_clock(days=29)
    assert browser.get(link).status_code == 200
    move_clock(days=2)
    ended = browser.get(link)

    assert ended.status_code == 410
    assert "Ask for a new link" in text_of(ended)
    assert north.organization.name not in text_of(ended)
    post(browser, f"{link}/new-link")
    assert do_work() == []


def test_pages_are_not_indexed_and_name_nobody_in_titles(link: str, browser: Browser) -> None:
    page = come_in(browser, link)

    assert page["X-Robots-Tag"] == "noindex, nofollow"
    assert page["Referrer-Policy"] == "same-origin"
    assert "no-store" in page["Cache-Control"]
    assert re.search(r"<title>(.*?)</title>", text_of(page))[1] == "Referral"  # type: ignore[index]  # a page has a title


def test_mails_work_and_logs_hold_no_secret(
    north: make.Clinic, link: str, browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    post(browser, f"{link}/enter", code="123456")
    come_in(browser, link)
    press(browser, link, "decline", reason="contraindication")
    press(browser, link, "accept")
    browser.get(f"{link}/nothing-here")
    do_work()

    token = link.split("/")[-1]
    logged = "\n".join(record.getMessage() for record in caplog.records if record.name != "django.db.backends")
    assert token not in logged.replace(f"Not Found: {link}/nothing-here", "")
    for secret in (*SECRETS, GUEST):
        assert secret not in logged
    for message in mail.outbox:
        assert not any(secret in f"{message.subject} {message.body}" for secret in SECRETS)
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(string_agg(w::text, ' '), '') FROM audit_work w")
        (rows,) = cursor.fetchone()
    assert Work.objects.count() > 0
    assert not any(secret in rows for secret in (*SECRETS, token, GUEST))


def test_every_look_is_in_the_senders_access_log(
    north: make.Clinic, referral: dict[str, Any], link: str, browser: Browser
) -> None:
    come_in(browser, link)

    with acting_as(system_of(north.organization.id)):
        looks = AccessLog.objects.filter(subject_id=referral["id"], why="guest_link")
        assert [(look.actor_kind, look.link_id is not None) for look in looks] == [("guest", True)]
    assert state_of(north, referral["id"])["tracking"]["opened_at"] is not None


def test_messages_and_files_go_both_ways(
    north: make.Clinic, referral: dict[str, Any], link: str, browser: Browser
) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    come_in(browser, link)
    press(browser, link, "accept")
    north.http.send("POST", f"referrals/{referral['id']}/messages", {"text": "Please ring first."})
    post(browser, f"{link}/message", text="Will do.")
    page = post(browser, f"{link}/files", files=SimpleUploadedFile("letter.pdf", b"%PDF-1.4 letter"))

    assert "Please ring first." in text_of(page)
    assert "Will do." in text_of(page)
    address = re.search(r'href="([^"]+/files/[^"]+)"', text_of(page))[1]  # type: ignore[index]  # the page lists it
    got = browser.get(address)
    assert (got["Content-Type"], got.content) == ("application/pdf", b"%PDF-1.4 letter")
    assert got["Content-Disposition"].startswith("attachment")
    assert Browser().get(address).status_code == 303


def test_a_second_press_says_that_it_is_done_already(
    north: make.Clinic, referral: dict[str, Any], link: str, browser: Browser
) -> None:
    come_in(browser, link)
    press(browser, link, "accept")

    assert press(browser, link, "accept").status_code == 409
    assert [s["name"] for s in state_of(north, referral["id"])["history"]] == ["send", "accept"]


def test_a_bounced_mail_is_an_event_at_once_and_the_sender_is_told(
    north: make.Clinic, referral: dict[str, Any], link: str
) -> None:
    from backend.notifications.services import record_bounce

    invitation = next(m for m in mail.outbox if m.to == [GUEST])
    assert record_bounce(invitation.extra_headers["Message-ID"]) is True
    assert record_bounce(invitation.extra_headers["Message-ID"]) is False
    assert record_bounce("<somebody@elsewhere>") is False

    body = state_of(north, referral["id"])
    assert body["recipient"]["guest"]["bounced_at"] is not None
    with acting_as(system_of(north.organization.id)):
        assert Event.objects.filter(type="referral.mail_bounced", subject_id=referral["id"]).count() == 1
    told = do_work(hours=24)
    assert [m.to for m in told if "came back" in m.subject] == [[north.practitioner.member.user.email]]


def test_the_sender_records_an_answer_that_came_by_phone(north: make.Clinic, referral: dict[str, Any]) -> None:
    accepted = make.move(north, referral["id"], "accept", recorded={"who": "Kim Guest", "how": "phone"})

    assert accepted["state"] == "accepted"
    assert "recorded by" in accepted["history"][-1]["by"]
    reported = make.move(
        north,
        referral["id"],
        "report",
        final=True,
        seen_at=clock.now().isoformat(),
        report=make.REPORT,
        recorded={"who": "Kim Guest", "how": "letter"},
    )
    assert reported["state"] == "reported"
    (report,) = north.http.send("GET", f"referrals/{referral['id']}/reports").json()["results"]
    assert report["signature"]["kind"] == "recorded_by_sender"


def test_a_withdrawn_consent_closes_a_package_that_was_not_accepted(
    north: make.Clinic, referral: dict[str, Any], link: str, browser: Browser
) -> None:
    come_in(browser, link)
    (consent,) = north.http.send("GET", f"clients/{referral['client']['id']}/consents").json()["results"]
    north.http.send("POST", f"clients/{referral['client']['id']}/consents/{consent['id']}/withdraw", {})

    page = text_of(browser.get(link))

    assert not any(secret in page for secret in SECRETS)


def test_sent_in_error_is_gone_at_once_and_nobody_is_mailed(
    north: make.Clinic, referral: dict[str, Any], link: str, browser: Browser
) -> None:
    come_in(browser, link)
    make.move(north, referral["id"], "withdraw", reason="sent_in_error")

    page = browser.get(link)
    assert not any(secret in text_of(page) for secret in SECRETS)
    assert [m for m in do_work() if m.to == [GUEST]] == []
    assert browser.get(link).status_code == 410


def test_advice_without_a_client_is_asked_and_answered(north: make.Clinic, browser: Browser) -> None:
    to = {"guest": {"name": "Kim Guest", "discipline": "physical_therapy", "email": GUEST}}
    asked = make.referral(north, to, kind="advice", question=QUESTION)
    (invitation,) = do_work()
    assert invitation.subject == "May I ask for your advice?"
    link = link_in(invitation)
    assert QUESTION in text_of(come_in(browser, link))

    page = press(browser, link, "report", answer="Start with load.", outcome="answered")

    assert state_of(north, asked["id"])["state"] == "reported"
    assert "Your answer is signed and with North Massage" in text_of(page)


def test_what_is_logged_never_holds_the_address_of_a_page() -> None:
    from backend.lib.logs import SafeFormatter

    record = logging.LogRecord("x", logging.WARNING, "", 1, "Forbidden: /g/%s/code", ("AaIGpGwpcqy02QcXm6Ml3o",), None)
    record.request_id = "-"

    assert SafeFormatter().format(record).endswith("Forbidden: /g/…/code")


def test_the_api_sends_a_fresh_link_and_ends_it(north: make.Clinic) -> None:
    sent = guest_referral(north)
    first = link_in(do_work()[0])
    path = f"referrals/{sent['id']}/guest-link"

    renewed = north.coordinator.http.send("POST", f"{path}/send", {})
    (message,) = do_work()
    ended = north.http.send("POST", f"{path}/end", {})
    again = north.http.send("POST", f"{path}/end", {})

    assert (renewed.status_code, message.subject, message.to) == (200, "Your new link", [GUEST])
    assert Browser().get(first).status_code == 410
    assert (ended.status_code, Browser().get(link_in(message)).status_code) == (200, 410)
    assert (again.status_code, again.json()["code"]) == (409, "no_link")
