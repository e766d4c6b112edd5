"""Attacks by trying often: secrets of applications, second factors, links and codes, in whichever process they arrive."""

from typing import Any

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from django.core.cache import cache
from django.db import connection
from django.test import Client as Browser

from backend.directory import sign_in
from backend.directory.failures import Limit
from backend.links.models import Link
from backend.links.tokens import token_of
from backend.portal import doors
from tests import make
from tests.links.links import guest_link

HERE, ELSEWHERE = "203.0.113.7", "203.0.113.8"
PASSWORD = "correct horse battery staple"


def waited() -> None:
    """Whatever had to wait has waited long enough."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE directory_signinfailures SET not_before = clock_timestamp()")


# --- applications --------------------------------------------------------------------------------------------------


@pytest.fixture
def application(north: make.Clinic) -> Any:
    body = {"name": "Calendar", "scopes": ["referrals:read"]}
    return north.admin.http.send("POST", "applications", body).json()


def ask_token(application: Any, secret: str, *, at: str = HERE, path: str = "/oauth/token") -> Any:
    form = {"grant_type": "client_credentials", "client_id": application["client_id"], "client_secret": secret}
    return Browser(REMOTE_ADDR=at).post(path, {**form, "token": "x"})


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke"])
def test_wrong_secrets_of_applications_make_their_address_wait(application: Any, path: str) -> None:
    statuses = {ask_token(application, "wrong", path=path).status_code for _ in range(sign_in.MOST_OF_SECRETS)}

    refused = ask_token(application, application["client_secret"], path=path)

    assert statuses == {401}
    assert (refused.status_code, refused.json()["error"]) == (429, "temporarily_unavailable")
    assert 1 <= int(refused["Retry-After"]) <= 5
    assert ask_token(application, application["client_secret"], at=ELSEWHERE, path=path).status_code == 200
    waited()
    assert ask_token(application, application["client_secret"], path=path).status_code == 200


def test_right_secrets_and_other_mistakes_are_not_counted(application: Any) -> None:
    for _ in range(sign_in.MOST_OF_SECRETS + 1):
        assert ask_token(application, application["client_secret"]).status_code == 200
        form = {"grant_type": "password", "client_id": application["client_id"]}
        assert Browser(REMOTE_ADDR=HERE).post("/oauth/token", form).status_code == 400


def test_a_caller_is_known_by_what_the_trusted_proxies_saw(application: Any, settings: Any) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    form = {"grant_type": "client_credentials", "client_id": application["client_id"], "client_secret": "wrong"}
    made_up = (f"198.51.100.{number}, {HERE}" for number in range(sign_in.MOST_OF_SECRETS + 1))

    answers = [
        Browser(REMOTE_ADDR="10.0.0.1").post("/oauth/token", form, headers={"X-Forwarded-For": path}).status_code
        for path in made_up
    ]

    assert answers == [401] * sign_in.MOST_OF_SECRETS + [429]
    other = {"X-Forwarded-For": ELSEWHERE}
    assert Browser(REMOTE_ADDR="10.0.0.1").post("/oauth/token", form, headers=other).status_code == 401


# --- the second factor ---------------------------------------------------------------------------------------------


@pytest.fixture
def account(north: make.Clinic) -> Any:
    user = north.practitioner.member.user
    user.set_password(PASSWORD)
    user.save()
    totp.TOTP.activate(user, totp.generate_totp_secret())
    RecoveryCodes.activate(user)
    return user


def at_the_second_step(account: Any, at: str = HERE) -> Browser:
    browser = Browser(REMOTE_ADDR=at)
    answer = browser.post("/accounts/login/", {"login": account.email, "password": PASSWORD})
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/2fa/authenticate/")
    return browser


def try_code(browser: Browser, code: str) -> Any:
    cache.clear()  # as in another process, whose memory knows nothing of this one's
    return browser.post("/accounts/2fa/authenticate/", {"code": code})


def test_five_wrong_second_factors_make_the_next_one_wait_in_every_process(account: Any) -> None:
    statuses = {try_code(at_the_second_step(account), "000000").status_code for _ in range(sign_in.MOST_OF_CODE)}

    refused = try_code(at_the_second_step(account, ELSEWHERE), right_code(account))

    assert statuses == {200}
    assert (refused.status_code, refused["Content-Type"]) == (429, "text/html; charset=utf-8")
    assert 1 <= int(refused["Retry-After"]) <= 5
    assert "Try again in" in refused.content.decode()


def test_a_right_second_factor_forgets_the_wrong_ones(account: Any) -> None:
    for _ in range(2):
        for _ in range(sign_in.MOST_OF_CODE - 1):
            try_code(at_the_second_step(account), "000000")
        assert try_code(at_the_second_step(account), right_code(account)).status_code == 302


def right_code(account: Any) -> str:
    from allauth.mfa.models import Authenticator

    found = Authenticator.objects.get(user=account, type=Authenticator.Type.RECOVERY_CODES)
    return str(found.wrap().get_unused_codes()[0])


# --- links and codes -----------------------------------------------------------------------------------------------


@pytest.fixture
def link(north: make.Clinic) -> Link:
    return guest_link(north)


def test_made_up_links_make_their_address_wait(link: Link) -> None:
    browser, most = Browser(REMOTE_ADDR=HERE), doors.UNKNOWN_LINKS.most
    for number in range(most):
        assert browser.get(f"/{'gc'[number % 2]}/{'A' * 48}").status_code == 404

    refused = browser.get(f"/g/{'A' * 48}")

    assert (refused.status_code, refused["Content-Type"]) == (429, "text/html; charset=utf-8")
    assert 1 <= int(refused["Retry-After"]) <= 5
    assert "Try again in" in refused.content.decode()
    assert browser.get(f"/g/{token_of(link)}").status_code == 429
    assert Browser(REMOTE_ADDR=ELSEWHERE).get(f"/g/{token_of(link)}").status_code == 200
    waited()
    assert browser.get(f"/g/{token_of(link)}").status_code == 200


def test_wrong_codes_of_many_links_make_their_address_wait(north: make.Clinic) -> None:
    browser, most = Browser(REMOTE_ADDR=HERE), doors.WRONG_CODES.most
    tokens = [token_of(guest_link(north)) for _ in range(most + 1)]
    for token in tokens[:most]:
        assert browser.post(f"/g/{token}/enter", {"code": "000000"}).status_code == 422

    assert browser.post(f"/g/{tokens[-1]}/enter", {"code": "000000"}).status_code == 429
    assert Browser(REMOTE_ADDR=ELSEWHERE).post(f"/g/{tokens[-1]}/enter", {"code": "000000"}).status_code == 422


@pytest.mark.parametrize("form", ["code", "new-link"])
def test_one_address_does_not_fill_many_mailboxes(
    north: make.Clinic, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setattr(doors, "MAILS", Limit("mails", 3))
    browser = Browser(REMOTE_ADDR=HERE)

    answers = [browser.post(f"/g/{token_of(guest_link(north))}/{form}").status_code for _ in range(4)]

    assert answers[:3] == [303 if form == "code" else 200] * 3
    assert answers[3] == 429


def test_who_tried_is_forgotten_after_a_quiet_hour(db: None) -> None:
    limit = Limit("something", 3)
    limit.count("a")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE directory_signinfailures SET not_before = clock_timestamp() - interval '61 minutes'")
        limit.count("b")
        cursor.execute("SELECT count(*) FROM directory_signinfailures")

        assert cursor.fetchone() == (1,)
