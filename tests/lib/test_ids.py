"""Identifiers that sort by the moment they were made."""

import time
from concurrent.futures import ThreadPoolExecutor
from uuid import RFC_4122, UUID

import pytest

from backend.lib.ids import uuid7


def test_an_id_has_the_version_and_variant_of_the_standard() -> None:
    made = [uuid7() for _ in range(100)]

    assert {each.version for each in made} == {7}
    assert {each.variant for each in made} == {RFC_4122}


def test_an_id_begins_with_the_milliseconds_since_1970(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.lib.ids._last_stamp", 0)
    monkeypatch.setattr(time, "time_ns", lambda: 1_645_557_742_000_999_999)

    assert str(uuid7()).startswith("017f22e2-79b0-7")


def test_ten_thousand_ids_come_in_order() -> None:
    made = [uuid7() for _ in range(10_000)]

    assert made == sorted(made)
    assert len(set(made)) == 10_000


def test_ids_of_one_millisecond_stay_in_order_when_the_counter_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = time.time_ns() + 10**9
    monkeypatch.setattr(time, "time_ns", lambda: stopped)

    made = [uuid7() for _ in range(9_000)]

    assert made == sorted(made)
    assert {each.version for each in made} == {7}
    assert made[-1].int >> 80 > stopped // 1_000_000


def test_ids_stay_in_order_when_the_clock_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = uuid7()
    earlier = time.time_ns() - 3_600 * 10**9
    monkeypatch.setattr(time, "time_ns", lambda: earlier)

    assert uuid7() > before


def test_threads_never_make_the_same_id() -> None:
    def make_many(_: int) -> list[UUID]:
        return [uuid7() for _ in range(2_000)]

    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(make_many, range(8)))

    assert len({each for part in made for each in part}) == 16_000
    assert len({each.int >> 64 for part in made for each in part}) == 16_000
    assert all(part == sorted(part) for part in made)
