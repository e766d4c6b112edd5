"""Settings from the environment are read strictly, and errors name the variable."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from backend.lib import env


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLOR", " ")

    assert env.text("COLOR", default="green") == "green"
    with pytest.raises(ImproperlyConfigured, match="COLOR is not set"):
        env.text("COLOR")


@pytest.mark.parametrize(("written", "meant"), [("1", True), ("Yes", True), ("off", False), ("false", False)])
def test_a_boolean_has_four_spellings_each_way(monkeypatch: pytest.MonkeyPatch, written: str, meant: bool) -> None:
    monkeypatch.setenv("SWITCH", written)

    assert env.boolean("SWITCH", default=not meant) is meant


def test_what_is_not_a_boolean_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCH", "perhaps")

    with pytest.raises(ImproperlyConfigured, match="SWITCH is 'perhaps'"):
        env.boolean("SWITCH", default=False)


def test_a_number_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "80.5")

    with pytest.raises(ImproperlyConfigured, match=r"PORT is '80\.5'"):
        env.integer("PORT", default=8000)


def test_a_short_secret_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "short")

    with pytest.raises(ImproperlyConfigured, match="at least 32 characters"):
        env.secret("SECRET_KEY")


def test_words_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOSTS", "a.example, b.example,")

    assert env.words("HOSTS", default=[]) == ["a.example", "b.example"]
    assert env.words("UNSET_HOSTS", default=[]) == []
