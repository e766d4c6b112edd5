"""Cursors: unreadable, unchangeable, and of use only to the caller and filters they were made for."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from backend.lib.cursors import MAX_LENGTH, BadCursor, open_cursor, seal

PLACE = {"purpose": "referrals", "bound_to": "north?state=sent"}

values = st.lists(
    st.none() | st.integers() | st.text(max_size=40) | st.uuids() | st.datetimes(timezones=st.just(UTC)),
    max_size=6,
)


@given(values)
def test_a_cursor_gives_back_what_was_sealed(given_values: list[Any]) -> None:
    opened = open_cursor(seal(given_values, **PLACE), **PLACE)

    assert opened == given_values
    assert [type(value) for value in opened] == [type(value) for value in given_values]


def test_a_moment_comes_back_in_utc() -> None:
    moment = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=timezone(timedelta(hours=-7)))

    (opened,) = open_cursor(seal([moment], **PLACE), **PLACE)

    assert opened == moment
    assert opened.tzinfo is UTC


def test_a_cursor_can_stand_in_an_address_and_says_nothing() -> None:
    text = seal(["Ada Ngata", 7, uuid4()], **PLACE)

    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert "Ada" not in text


def test_the_same_place_has_the_same_cursor() -> None:
    assert seal([1, None], **PLACE) == seal([1, None], **PLACE)
    assert seal([1, None], **PLACE) != seal([1, "None"], **PLACE)


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"purpose": "referrals", "bound_to": "south?state=sent"},
        {"purpose": "referrals", "bound_to": ""},
        {"purpose": "events", "bound_to": "north?state=sent"},
        {"purpose": "", "bound_to": "north?state=sent"},
        {"purpose": "referralsnorth", "bound_to": "?state=sent"},
        {"purpose": "north?state=sent", "bound_to": "referrals"},
    ],
)
def test_a_cursor_is_refused_elsewhere(elsewhere: dict[str, str]) -> None:
    text = seal([1], **PLACE)

    with pytest.raises(BadCursor):
        open_cursor(text, **elsewhere)


@pytest.mark.parametrize("position", range(0, 40, 3))
def test_a_changed_cursor_is_refused(position: int) -> None:
    text = seal([UUID(int=position), position], **PLACE)
    changed = text[:position] + ("A" if text[position] != "A" else "B") + text[position + 1 :]

    with pytest.raises(BadCursor):
        open_cursor(changed, **PLACE)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A",
        "AA",
        "A" * 21,
        "A" * 22,
        "A" * 24,
        "=",
        "AA==",
        "A A",
        " ",
        "a\n",
        "\0",
        "\ud800",
        "é",
        "../..",
        "A" * 10_000_000,
        "null",
        "[]",
    ],
    ids=lambda text: f"{len(text)} characters {text[:8]!a}",
)
def test_text_that_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(BadCursor):
        open_cursor(text, **PLACE)


@given(st.text() | st.from_regex(r"[A-Za-z0-9_-]*", fullmatch=True), st.text(), st.text())
def test_hostile_text_is_a_bad_cursor_and_nothing_else(text: str, purpose: str, bound_to: str) -> None:
    with pytest.raises(BadCursor):
        open_cursor(text, purpose=purpose, bound_to=bound_to)


@given(st.integers(), st.sampled_from(["cut", "longer", "twice"]))
def test_a_cut_or_lengthened_cursor_is_refused(value: int, how: str) -> None:
    text = seal([value], **PLACE)
    changed = {"cut": text[:-1], "longer": text + "AAAA", "twice": text + text}[how]

    with pytest.raises(BadCursor):
        open_cursor(changed, **PLACE)


def test_a_cursor_of_another_secret_is_refused_unless_the_secret_is_kept(settings: Settings) -> None:
    settings.SECRET_KEY = "old secret"
    text = seal([1], **PLACE)

    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new secret", []
    with pytest.raises(BadCursor):
        open_cursor(text, **PLACE)

    settings.SECRET_KEY_FALLBACKS = ["old secret"]
    assert open_cursor(text, **PLACE) == [1]


@pytest.mark.parametrize("value", [True, 1.5, b"x", ["x"], {"x": 1}])
def test_only_values_that_a_list_is_sorted_by_can_be_sealed(value: Any) -> None:
    with pytest.raises(TypeError):
        seal([value], **PLACE)


def test_a_moment_without_a_zone_cannot_be_sealed() -> None:
    with pytest.raises(ValueError, match="zone"):
        seal([datetime(2026, 1, 1)], **PLACE)  # noqa: DTZ001  # the missing zone is the point


def test_a_cursor_that_could_not_be_opened_is_never_made() -> None:
    with pytest.raises(ValueError, match="too long"):
        seal(["x" * MAX_LENGTH], **PLACE)
