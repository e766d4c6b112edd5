"""The secret in a link's address: made, found again, never forged."""

from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.links.models import Link
from backend.links.tokens import link_id_in, token_of


@pytest.fixture
def link() -> Link:
    return Link(id=uuid4(), purpose="guest")


def test_a_token_leads_to_its_link_and_fits_an_address(link: Link) -> None:
    token = token_of(link)

    assert link_id_in(token) == link.id
    assert token.replace("-", "").replace("_", "").isalnum()
    assert token == token_of(link)


def test_every_changed_character_makes_a_token_worthless(link: Link) -> None:
    token = token_of(link)

    forged = [token[:i] + ("A" if token[i] != "A" else "B") + token[i + 1 :] for i in range(len(token))]

    assert {link_id_in(each) for each in forged} == {None}


@given(st.text(max_size=80) | st.text(alphabet="Aa0-_", min_size=48, max_size=48))
def test_any_other_text_is_no_token(text: str) -> None:
    assert link_id_in(text) is None


def test_a_token_of_another_secret_key_is_worthless(link: Link, settings: Any) -> None:
    settings.SECRET_KEY = "somebody-elses-key"
    forged = token_of(link)
    settings.SECRET_KEY = "the-key-of-this-service"

    assert link_id_in(forged) is None


def test_a_token_survives_a_change_of_the_secret_key(link: Link, settings: Any) -> None:
    settings.SECRET_KEY = "the-old-key"
    token = token_of(link)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "the-new-key", ["the-old-key"]

    assert link_id_in(token) == link.id
    assert token_of(link) != token
