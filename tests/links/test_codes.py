"""The six-digit code: newest only, ten minutes, five tries, once; and a wrong try is never forgotten."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend.audit.models import AccessLog, MovedClock
from backend.lib import clock
from backend.lib.actor import ANONYMOUS, system_of
from backend.lib.problems import Gone, TooMany
from backend.lib.unit_of_work import acting_as
from backend.links.actors import holder_of
from backend.links.models import Code, Link
from backend.links.services import check_code, register_wrong_try, request_code, revoke_links_of_referral
from tests.links.links import fresh, guest_link
from tests.make import Clinic

pytestmark = pytest.mark.django_db


@pytest.fixture
def link(north: Clinic) -> Link:
    return guest_link(north)


@contextmanager
def real_time(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setattr(clock, "real_now", lambda: moment)
        yield


def asked(link: Link) -> str:
    with acting_as(holder_of(link)):
        return request_code(link)


def answered(link: Link, code: str) -> bool:
    """One request: a wrong code refuses it, rolls it back and is registered after that, as the middleware does."""
    with acting_as(holder_of(link)):
        right = check_code(fresh_in(link), code)
    if not right:
        with acting_as(ANONYMOUS):
            register_wrong_try(link)
    return right


def fresh_in(link: Link) -> Link:
    return Link.objects.get(pk=link.pk)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def test_the_right_code_opens_once(link: Link) -> None:
    code = asked(link)

    assert len(code) == 6
    assert answered(link, f" {code[:3]} {code[3:]}")
    assert not answered(link, code)


def test_the_link_notes_when_it_was_opened(link: Link) -> None:
    code = asked(link)

    assert fresh(link).opened_at is None
    assert answered(link, code)
    assert isinstance(fresh(link).opened_at, datetime)


def test_no_code_is_stored_readable(link: Link) -> None:
    code = asked(link)

    with acting_as(holder_of(link)):
        (row,) = Code.objects.values()
    assert code not in str(row["code_hash"])
    assert len(row["code_hash"]) == 64


def test_a_newer_code_ends_the_older(link: Link) -> None:
    older = asked(link)
    newer = asked(link)

    assert older == newer or not answered(link, older)
    assert answered(link, newer)


def test_the_code_of_another_link_is_wrong(north: Clinic, link: Link) -> None:
    other = guest_link(north)
    code, theirs = asked(link), asked(other)

    assert code == theirs or not answered(link, theirs)
    assert answered(link, code)


@pytest.mark.parametrize("text", ["", "12345", "1234567", "abcdef", "\uff11" * 6, "\x00", "\u0663" * 6, "\ud800"])
def test_whatever_is_typed_is_a_wrong_code_and_not_an_error(link: Link, text: str) -> None:
    asked(link)

    assert not answered(link, text)


def test_five_wrong_tries_end_a_code(link: Link) -> None:
    code = asked(link)

    for _ in range(4):
        assert not answered(link, wrong(code))
    with acting_as(holder_of(link)):
        assert Code.objects.get().tries == 4
    assert not answered(link, wrong(code))

    assert not answered(link, code)
    assert answered(link, asked(link))


def test_wrong_tries_are_in_the_access_log_of_the_clinic(north: Clinic, outsider: Clinic, link: Link) -> None:
    code = asked(link)
    answered(link, wrong(code))

    with acting_as(system_of(north.organization.id)):
        (row,) = AccessLog.objects.all()
    assert (row.action, row.subject_id, row.link_id, row.actor_kind) == ("wrong_code", link.id, link.id, "link")
    with acting_as(system_of(outsider.organization.id)):
        assert not AccessLog.objects.exists()


def test_a_code_lives_ten_minutes_of_real_time(link: Link, monkeypatch: pytest.MonkeyPatch) -> None:
    code = asked(link)
    made = clock.real_now()

    with real_time(monkeypatch, made + timedelta(minutes=10, seconds=1)):
        assert not answered(link, code)
    with real_time(monkeypatch, made + timedelta(minutes=9)):
        assert answered(link, code)


def test_a_moved_clock_does_not_end_a_code(link: Link) -> None:
    code = asked(link)
    MovedClock.objects.create(moved_by=timedelta(days=3))

    assert answered(link, code)


def test_five_codes_an_hour_and_no_more(link: Link, monkeypatch: pytest.MonkeyPatch) -> None:
    began = clock.real_now()
    for minute in range(5):
        with real_time(monkeypatch, began + timedelta(minutes=minute)):
            asked(link)

    with real_time(monkeypatch, began + timedelta(minutes=30)), pytest.raises(TooMany) as refused:
        asked(link)
    assert refused.value.code == "too_many_codes"
    assert refused.value.headers == {"Retry-After": "1801"}
    with real_time(monkeypatch, began + timedelta(minutes=60, seconds=1)):
        assert len(asked(link)) == 6


def test_a_dead_link_gives_no_code_and_takes_none(north: Clinic, link: Link) -> None:
    code = asked(link)
    with acting_as(system_of(north.organization.id)):
        revoke_links_of_referral(link.referral_id or link.id, actor=system_of(north.organization.id))

    assert not answered(link, code)
    with pytest.raises(Gone), acting_as(holder_of(link)):
        request_code(fresh_in(link))


def test_a_link_that_ended_by_the_moved_clock_takes_no_code(north: Clinic) -> None:
    link = guest_link(north, expires_at=clock.now() + timedelta(days=14))
    code = asked(link)
    MovedClock.objects.create(moved_by=timedelta(days=15))

    assert not answered(link, code)


def test_codes_survive_a_change_of_the_secret_key(link: Link, settings: Any) -> None:
    code = asked(link)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a-new-key", [settings.SECRET_KEY]

    assert answered(link, code)
