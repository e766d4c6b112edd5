"""A mail server that is away: nobody waits for a code or a mail that did not leave."""

from typing import Any

import pytest
from django.core import mail
from django.test import Client as Browser

from backend.directory.models import User
from tests import make
from tests.audit.test_work import NoMailServer
from tests.portal.browsing import do_work, guest_referral, link_in, post, prove

pytestmark = pytest.mark.django_db(transaction=True)
NOT_SENT = "The mail with your code could not be sent."


@pytest.fixture
def link(north: make.Clinic) -> str:
    guest_referral(north)
    return link_in(do_work()[0])


def test_the_page_says_that_the_code_did_not_leave_and_another_one_opens(link: str, settings: Any) -> None:
    works, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, f"{NoMailServer.__module__}.{NoMailServer.__name__}"
    browser = Browser()
    refused = post(browser, f"{link}/code").content.decode()
    settings.EMAIL_BACKEND = works

    entered = prove(browser, link)

    assert NOT_SENT in refused
    assert "We sent six digits" not in refused
    assert "<h1>Who you are</h1>" in entered.content.decode()
    assert NOT_SENT not in browser.get(f"{link}?code=sent").content.decode()


def test_signing_up_without_a_mail_server_keeps_nothing_and_says_so(settings: Any) -> None:
    settings.EMAIL_BACKEND = f"{NoMailServer.__module__}.{NoMailServer.__name__}"
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    form = {"email": "new@example.org", "password1": "Eleven-Geese-42", "password2": "Eleven-Geese-42"}

    answer = Browser(raise_request_exception=False).post("/accounts/signup/", form)

    assert answer.status_code == 503
    assert "The mail could not be sent" in answer.content.decode()
    assert not User.objects.filter(email="new@example.org").exists()
    assert mail.outbox == []
