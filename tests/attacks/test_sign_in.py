"""Attacks on signing in: guessing passwords, idle sessions, cookies, copies in caches."""

import os
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client as Browser

from backend.directory import sign_in
from backend.lib import clock
from tests import make

PASSWORD = "correct horse battery staple"
ADDRESS = "203.0.113.7"


@pytest.fixture(autouse=True)
def _only_the_database_counts() -> None:
    cache.clear()


@pytest.fixture
def account(north: make.Clinic) -> Any:
    user = north.practitioner.member.user
    user.set_password(PASSWORD)
    user.save()
    return user


def try_password(account: Any, password: str, address: str = ADDRESS) -> Any:
    cache.clear()  # as in another process, whose memory knows nothing of this one's
    body = {"login": account.email, "password": password}
    return Browser(REMOTE_ADDR=address).post("/accounts/login/", body)


def test_five_wrong_passwords_make_the_next_one_wait_in_every_process(account: Any) -> None:
    for _ in range(sign_in.MOST_OF_ACCOUNT):
        assert try_password(account, "wrong").status_code == 200
    assert try_password(account, PASSWORD).status_code == 200
    assert try_password(account, PASSWORD, "198.51.100.9").status_code == 200


def test_a_right_password_forgets_the_wrong_ones(account: Any) -> None:
    for _ in range(2):
        for _ in range(sign_in.MOST_OF_ACCOUNT - 1):
            try_password(account, "wrong")
        assert try_password(account, PASSWORD).status_code == 302


def test_one_network_guesses_no_password_of_many_accounts(db: None) -> None:
    for number in range(sign_in.MOST_OF_NETWORK):
        assert sign_in.count_try(f"p{number}@example.org", f"203.0.113.{number}")
    assert not sign_in.count_try("another@example.org", "203.0.113.200")
    assert sign_in.count_try("one-more@example.org", "203.0.114.1")


def test_a_try_that_came_too_early_makes_nobody_wait_longer(db: None) -> None:
    from django.db import connection

    for _ in range(sign_in.MOST_OF_ACCOUNT):
        assert sign_in.count_try("a@example.org", ADDRESS)
    before = _rows(connection)
    for _ in range(10):
        assert not sign_in.count_try("a@example.org", ADDRESS)
    assert _rows(connection) == before
    assert all("example" not in str(row) for row in before)


def test_waiting_ends_and_grows_to_a_quarter_of_an_hour_at_most(db: None) -> None:
    from django.db import connection

    for _ in range(sign_in.MOST_OF_ACCOUNT + 15):
        assert sign_in.count_try("a@example.org", ADDRESS)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT max(not_before) <= clock_timestamp() + interval '15 minutes' FROM directory_signinfailures"
            )
            assert cursor.fetchone() == (True,)
            cursor.execute("UPDATE directory_signinfailures SET not_before = clock_timestamp()")


def _rows(connection: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM directory_signinfailures ORDER BY key")
        return list(cursor.fetchall())


def test_an_idle_session_is_over(north: make.Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = make.signed_in(north.practitioner.member.user)
    assert browser.send("GET", "clients").status_code == 200
    later = clock.real_now().timestamp() + settings.SESSION_IDLE_SECONDS + 120
    from datetime import UTC, datetime

    monkeypatch.setattr(clock, "real_now", lambda: datetime.fromtimestamp(later, UTC))
    assert browser.send("GET", "clients").status_code == 401


def test_a_cookie_alone_changes_nothing(north: make.Clinic) -> None:
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(north.practitioner.member.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    for header in (None, "Basic YTpi", "", "Bearerx"):
        headers = {} if header is None else {"Authorization": header}
        body = {"family_name": "X"}
        answer = browser.post("/api/v1/clients", body, content_type="application/json", headers=headers)
        assert answer.status_code in (401, 403), header
    assert browser.get("/api/v1/clients", headers={"Authorization": "Bearer wrong"}).status_code == 401


@pytest.mark.parametrize("path", ["/inbox", "/clients", "/api/v1/me", "/api/v1/clients", "/accounts/login/"])
def test_nothing_is_kept_by_a_cache(north: make.Clinic, path: str) -> None:
    answer = make.signed_in(north.practitioner.member.user).get(path)
    assert "no-store" in answer["Cache-Control"]


def test_a_live_instance_starts_without_a_warning() -> None:
    live = {
        "TRIALOGUE_MODE": "live", "SECRET_KEY": "k9Vw2x7Qm4Zp8Lr1Tn6Yb3Hd5Jf0Gs-uCeXaPiOqWvMzNk-Rt4", "BEHIND_PROXY": "true",
        "ALLOWED_HOSTS": "trialogue.example.org", "BASE_URL": "https://trialogue.example.org",
        "DATABASE_URL": os.environ.get("DATABASE_URL", ""),
    }  # fmt: skip
    run = subprocess.run(
        [sys.executable, "backend/manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        env={**os.environ, **live}, capture_output=True, text=True, cwd=settings.BASE_DIR, check=False, timeout=120,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
