"""JSON from strangers: refused with a clear code, or plain data."""

import io
import json
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from backend.lib.parsing import TEXT_PROBLEMS, BadJson, StrictJSONParser, parse_json, text_problem
from tests.lib.hostile_json import HOSTILE

REFUSED = [case for case in HOSTILE if not case[0].startswith("accepted/")]

plain_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
plain_data = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20) + 1, 10**20 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | plain_text,
    lambda inner: st.lists(inner) | st.dictionaries(plain_text, inner),
    max_leaves=20,
)


def code_of(body: bytes, **limits: int) -> str:
    """The code parse_json refuses `body` with, or "accepted"."""
    try:
        parse_json(body, **limits)
    except BadJson as problem:
        return problem.code
    return "accepted"


class ShortReads(io.BytesIO):
    """A stream that hands out 7 bytes at most, as a network may, and counts them."""

    taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        chunk = super().read(min(7, size) if size and size > 0 else 7)
        self.taken += len(chunk)
        return chunk


@pytest.mark.parametrize(("name", "body"), HOSTILE, ids=[name for name, _ in HOSTILE])
def test_a_hostile_body_is_refused_for_its_reason_or_is_plain_data(name: str, body: bytes) -> None:
    assert code_of(body) == name.split("/")[0]


def test_the_corpus_has_every_code_and_no_name_twice() -> None:
    names = [name for name, _ in HOSTILE]

    assert len(set(names)) == len(names)
    assert {name.split("/")[0] for name in names} == {
        "body_too_large", "byte_order_mark", "bad_encoding", "too_deep", "duplicate_key", "nul_character",
        "lone_surrogate", "bad_number", "malformed_json", "accepted",
    }  # fmt: skip


@pytest.mark.parametrize(("name", "body"), REFUSED, ids=[name for name, _ in REFUSED])
def test_a_refusal_can_be_sent_back(name: str, body: bytes) -> None:
    with pytest.raises(BadJson) as refusal:
        parse_json(body)

    problem = refusal.value
    assert problem.status == (413 if name.startswith("body_too_large/") else 400)
    assert 20 < len(problem.detail) < 160
    assert text_problem(problem.detail) is None


@given(plain_data)
def test_plain_data_arrives_as_it_was_sent(data: Any) -> None:
    assert parse_json(json.dumps(data).encode(), max_depth=64) == data
    assert parse_json(json.dumps(data, ensure_ascii=False).encode(), max_depth=64) == data


@given(
    st.binary()
    | st.text().map(lambda text: json.dumps(text).encode())
    | st.text(st.sampled_from('[]{}",:\\u0d1eE-. ')).map(str.encode)
)
def test_any_bytes_are_refused_or_are_data_that_can_be_stored(body: bytes) -> None:
    try:
        data = parse_json(body)
    except BadJson:
        return

    stored = json.dumps(data, ensure_ascii=False, allow_nan=False).encode()
    assert b"\0" not in stored
    assert "\\u0000" not in json.dumps(data).replace("\\\\", "")


@pytest.mark.parametrize(("max_depth", "answer"), [(2, "accepted"), (1, "too_deep")])
def test_depth_counts_arrays_and_objects_inside_one_another(max_depth: int, answer: str) -> None:
    assert code_of(b'[{"a": "[[["}, {"b": 1}]', max_depth=max_depth) == answer


@pytest.mark.parametrize(("max_bytes", "answer"), [(8, "accepted"), (7, "body_too_large")])
def test_size_counts_bytes(max_bytes: int, answer: str) -> None:
    assert code_of('["\u20ac"] '.encode(), max_bytes=max_bytes) == answer


def test_deep_bodies_do_not_recurse() -> None:
    limit = sys.getrecursionlimit()

    assert code_of(b"[" * 400_000 + b"]" * 400_000) == "too_deep"
    assert sys.getrecursionlimit() == limit


def test_a_duplicate_is_named_when_its_name_can_be_shown() -> None:
    with pytest.raises(BadJson, match="The field “reason” appears twice"):
        parse_json(b'{"priority": 1, "reason": 1, "reason": 2}')
    with pytest.raises(BadJson, match=r"^A field appears twice"):
        parse_json(b'{"\\ud800": 1, "\\ud800": 2}')


def test_a_syntax_error_says_where_it_is() -> None:
    with pytest.raises(BadJson, match="line 2, column 1"):
        parse_json(b'{"reason": 1,\n}')


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("", None),
        ("caf\u00e9 \U0001f600", None),
        ("a\0b", "nul_character"),
        ("\ud800", "lone_surrogate"),
        ("x\udfff", "lone_surrogate"),
    ],
)
def test_text_that_cannot_be_stored_has_a_problem(value: str, problem: str | None) -> None:
    assert text_problem(value) == problem
    assert problem is None or problem in TEXT_PROBLEMS


def test_the_parser_reads_a_body_that_comes_in_pieces() -> None:
    body = b'{"reason": "shoulder pain when reaching overhead"}'

    data = StrictJSONParser().parse(ShortReads(body), "application/json", {"encoding": "utf-16"})

    assert data == {"reason": "shoulder pain when reaching overhead"}


def test_the_parser_stops_reading_at_the_limit_of_the_settings(settings: Settings) -> None:
    settings.MAX_JSON_BYTES = 100
    stream = ShortReads(b'"' + b"a" * 10_000 + b'"')

    with pytest.raises(BadJson) as refusal:
        StrictJSONParser().parse(stream)

    assert (refusal.value.code, refusal.value.status) == ("body_too_large", 413)
    assert stream.taken == 101


def test_the_parser_takes_a_million_bytes_by_default(settings: Settings) -> None:
    if hasattr(settings, "MAX_JSON_BYTES"):
        del settings.MAX_JSON_BYTES

    assert StrictJSONParser().parse(io.BytesIO(b'"' + b"a" * 999_998 + b'"')) == "a" * 999_998
    with pytest.raises(BadJson, match="1,000,000"):
        StrictJSONParser().parse(io.BytesIO(b'"' + b"a" * 999_999 + b'"'))
