"""A browser without script: mails, links, codes, forms."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core import mail
from django.db import connection
from django.test import Client as Browser

from backend.audit import work
from backend.lib.actor import ANONYMOUS
from backend.lib.unit_of_work import acting_as
from tests import make

GUEST = "kim.guest@example.org"
ATTESTED = {
    "name": "Kim Guest",
    "clinic": "Harbour Physio",
    "license_kind": "Physical therapist",
    "license_number": "PT-4711",
    "place": "Colorado",
    "is_true": "yes",
}
REASON, QUESTION = "CANARYREASON guarding", "CANARYQUESTION restore rotation?"
NAME = "Canaryfamily"


def move_clock(**by: float) -> None:
    """Moves the domain's clock as a sandbox does."""
    with acting_as(ANONYMOUS), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_movedclock (id, moved_by) VALUES (1, %s * interval '1 second') ON CONFLICT (id) DO UPDATE"
            " SET moved_by = audit_movedclock.moved_by + EXCLUDED.moved_by",
            [timedelta(**by).total_seconds()],
        )


def do_work(**after: float) -> list[Any]:
    """Lets time pass and the worker work; returns the mails that left meanwhile."""
    before = len(mail.outbox)
    work.run_due()
    move_clock(**(after or {"seconds": 61}))
    work.run_due()
    return mail.outbox[before:]


def guest_referral(sender: make.Clinic, *, email: str = GUEST, **more: Any) -> dict[str, Any]:
    """A referral to a colleague without an account, sent with a consent that names the address."""
    client = make.client(sender, family_name=NAME)
    make.consent(sender, client["id"], guests=[{"email": email}])
    to = {"guest": {"name": "Kim Guest", "discipline": "physical_therapy", "email": email}}
    made: dict[str, Any] = make.referral(sender, to, client_id=client["id"], reason=REASON, question=QUESTION, **more)
    return made


def link_in(message: Any) -> str:
    """The address in a mail, without the host."""
    found = re.search(r"https?://[^/\s]+(/[gc]/[A-Za-z0-9_-]+)", message.body)
    assert found, message.body
    return found[1]


def code_in(message: Any) -> str:
    found = re.search(r"\b\d{6}\b", message.body)
    assert found
    return found[0]


def post(browser: Browser, address: str, **form: Any) -> Any:
    return browser.post(address, form, follow=True)


def prove(browser: Browser, link: str) -> Any:
    """Asks for the code, reads it in the mail, types it."""
    post(browser, f"{link}/code")
    return post(browser, f"{link}/enter", code=code_in(mail.outbox[-1]))


def come_in(browser: Browser, link: str) -> Any:
    """Code and attestation: the referral page."""
    prove(browser, link)
    return post(browser, f"{link}/who", **ATTESTED)


def press(browser: Browser, link: str, name: str, **form: Any) -> Any:
    return post(browser, f"{link}/move", name=name, **form)


def state_of(clinic: make.Clinic, referral_id: str | UUID) -> dict[str, Any]:
    answer = clinic.http.send("GET", f"referrals/{referral_id}")
    assert answer.status_code == 200, answer.content
    body: dict[str, Any] = answer.json()
    return body
