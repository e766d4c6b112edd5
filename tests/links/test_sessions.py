"""What a browser may do after the right code, and for how long."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest

from backend.lib import clock
from backend.lib.ids import uuid7
from backend.links.actors import actor_behind
from backend.links.models import Link
from backend.links.sessions import actor_for, forget, remember

pytestmark = pytest.mark.django_db


@pytest.fixture
def request_() -> HttpRequest:
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore()
    request.session.save()
    return request


@pytest.fixture
def guest() -> Link:
    return Link(purpose=Link.Purpose.GUEST, referral_id=uuid7(), contact="guest@example.org")


@pytest.fixture
def client_() -> Link:
    return Link(purpose=Link.Purpose.CLIENT, client_id=uuid7(), contact="client@example.org")


def later(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    moment = clock.real_now() + by
    monkeypatch.setattr(clock, "real_now", lambda: moment)


def test_a_browser_without_a_code_is_nobody(request_: HttpRequest, guest: Link) -> None:
    assert actor_for(request_, guest) is None


def test_after_the_code_the_browser_is_that_guest_and_no_other(request_: HttpRequest, guest: Link) -> None:
    remember(request_, guest)

    assert actor_for(request_, guest) == actor_behind(guest)
    assert actor_for(request_, Link(purpose=Link.Purpose.GUEST, referral_id=guest.referral_id)) is None


def test_a_planted_session_does_not_come_in_too(request_: HttpRequest, guest: Link) -> None:
    planted = request_.session.session_key

    remember(request_, guest)

    assert request_.session.session_key != planted


def test_thirty_idle_minutes_end_the_visit_and_looking_prolongs_it(
    request_: HttpRequest, guest: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember(request_, guest)

    for _ in range(3):
        later(monkeypatch, timedelta(minutes=29))
        assert actor_for(request_, guest) == actor_behind(guest)
    later(monkeypatch, timedelta(minutes=31))
    assert actor_for(request_, guest) is None


def test_a_clients_own_phone_stays_a_day(request_: HttpRequest, client_: Link, monkeypatch: pytest.MonkeyPatch) -> None:
    remember(request_, client_, is_own_device=True)

    assert 24 * 3600 - 60 < request_.session.get_expiry_age() <= 24 * 3600
    later(monkeypatch, timedelta(hours=23))
    assert actor_for(request_, client_) == actor_behind(client_)
    later(monkeypatch, timedelta(hours=1, minutes=1))
    assert actor_for(request_, client_) is None


def test_a_guest_has_no_phone_of_their_own_here(
    request_: HttpRequest, guest: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember(request_, guest, is_own_device=True)

    later(monkeypatch, timedelta(minutes=31))
    assert actor_for(request_, guest) is None


def test_a_members_session_is_not_made_longer_by_a_link(request_: HttpRequest, client_: Link) -> None:
    request_.session[SESSION_KEY] = "somebody"

    remember(request_, client_, is_own_device=True)

    assert request_.session.get_expiry_age() == settings.SESSION_COOKIE_AGE


def test_a_link_that_ended_opens_nothing_in_a_running_session(request_: HttpRequest, guest: Link) -> None:
    remember(request_, guest)

    guest.expires_at = clock.now()
    assert actor_for(request_, guest) is None
    guest.expires_at, guest.revoked_at = None, clock.now()
    assert actor_for(request_, guest) is None


def test_the_moved_clock_does_not_end_a_session(request_: HttpRequest, guest: Link) -> None:
    remember(request_, guest)

    with clock.fixed_at(clock.now() + timedelta(days=3)):
        assert actor_for(request_, guest) == actor_behind(guest)


def test_not_me_ends_this_link_only(request_: HttpRequest, guest: Link, client_: Link) -> None:
    remember(request_, guest)
    remember(request_, client_)

    forget(request_, guest)

    assert actor_for(request_, guest) is None
    assert actor_for(request_, client_) == actor_behind(client_)
