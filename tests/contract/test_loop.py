"""Whoever was written for the first version of the API still gets what that promised of the loop."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.contract.reading import Contract, broken, contract_of

HERE = Path(__file__).parent
TODAY = HERE.parents[1] / "openapi" / "openapi.yaml"
TAGS = (
    "Me", "applications", "attachments", "clients", "credentials", "events", "locations", "members", "organizations",
    "practitioner roles", "practitioners", "referrals", "visits",
)  # fmt: skip
# What was taken away on purpose, and why; each is said in openapi/CHANGELOG.md.
MEANT = {
    "list_holds 200.results[]: not always with clearance any more": (
        "What clears a hold is clinical: who does not read that gets no sentence, and `withheld` says so."
    )
}


def promised() -> Contract:
    return Contract(**yaml.safe_load((HERE / "loop.yaml").read_text()))


def test_nothing_that_was_promised_of_the_loop_is_gone_and_nothing_more_is_asked_for() -> None:
    today = contract_of(yaml.load(TODAY.read_text(), yaml.CSafeLoader), TAGS)

    assert set(broken(promised(), today)) == set(MEANT)


def _without_operation(data: Any) -> None:
    del data["operations"]["POST /api/v1/referrals/{referral_id}/transitions"]


def _under_another_name(data: Any) -> None:
    data["operations"]["GET /api/v1/referrals"]["id"] = "get_referrals"


def _without_status(data: Any) -> None:
    del data["operations"]["POST /api/v1/referrals"]["answers"][201]


def _asked_for_more(data: Any) -> None:
    data["operations"]["GET /api/v1/referrals"]["asked"]["box*"] = data["operations"]["GET /api/v1/referrals"][
        "asked"
    ].pop("box")


def _sent_with_more(data: Any) -> None:
    data["shapes"]["ClientInputRequest"]["shoe_size*"] = "integer"


def _another_type(data: Any) -> None:
    data["shapes"]["Consent"]["version*"] = "string"


def _may_be_null(data: Any) -> None:
    data["shapes"]["Consent"]["version*"] = "integer?"


def _without_field(data: Any) -> None:
    del data["shapes"]["Consent"]["version*"]


def _without_a_way_to_ask(data: Any) -> None:
    data["operations"]["GET /api/v1/referrals"]["asked"].pop("box")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_without_operation, "there is no move_referral any more"),
        (_under_another_name, "there is no list_referrals any more"),
        (_without_status, "create_referral: never answers 201 any more"),
        (_asked_for_more, "list_referrals asks: asks for box now"),
        (_without_a_way_to_ask, "list_referrals asks: no box any more"),
        (_sent_with_more, "asks for shoe_size now"),
        (_another_type, ".version: was integer, is string"),
        (_may_be_null, ".version: may be null now"),
        (_without_field, ": no version any more"),
    ],
)
def test_a_promise_that_is_not_kept_is_found(change: Callable[[Any], None], said: str) -> None:
    kept = promised()
    data = deepcopy(kept.as_data())
    change(data)

    found = broken(kept, Contract(**data))

    assert found, said
    assert all(said in line for line in found if "not always" not in line), found
