"""What the catalog answers."""

from dataclasses import replace

import pytest

from backend.catalog.entries import Catalog, UnknownCode
from backend.catalog.loaders import load_catalog
from backend.catalog.queries import DATA_DIR, catalog, use_catalog


@pytest.fixture(scope="module")
def shipped() -> Catalog:
    return load_catalog([DATA_DIR])


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        ("left", "left", True),
        ("right", "right", True),
        ("left", "right", False),
        ("right", "left", False),
        ("midline", "left", True),
        ("right", "midline", True),
        ("bilateral", "left", True),
        ("right", "bilateral", True),
        ("midline", "bilateral", True),
        (None, "left", True),
        (None, None, True),
    ],
)
def test_sides_of_one_region_meet_unless_they_are_left_and_right(
    one: str | None, other: str | None, meet: bool
) -> None:
    a, b = [{"region": "lumbar", "side": one}], [{"region": "lumbar", "side": other}]

    assert Catalog.overlaps(a, b) is meet


def test_different_regions_never_meet() -> None:
    a, b = [{"region": "lumbar", "side": "midline"}], [{"region": "cervical", "side": "midline"}]

    assert Catalog.overlaps(a, b) is False


def test_one_shared_place_is_enough_to_overlap() -> None:
    a = [{"region": "knee", "side": "left"}, {"region": "hip", "side": "right"}]
    b = [{"region": "knee", "side": "right"}, {"region": "hip", "side": "right"}]

    assert Catalog.overlaps(a, b) is True


def test_nothing_overlaps_an_empty_list() -> None:
    assert Catalog.overlaps([{"region": "knee", "side": "left"}], []) is False


def test_red_flags_of_a_region_include_those_of_any_region_and_begin_with_the_most_urgent(shipped: Catalog) -> None:
    flags = shipped.red_flags_for(["pelvis"])

    assert [(flag.code, flag.urgency) for flag in flags] == [
        ("RF37", "emergency"),
        ("RF40", "emergency"),
        ("RF38", "same_day"),
        ("RF41", "same_day"),
        ("RF42", "same_day"),
    ]


def test_red_flags_without_a_region_are_those_of_any_region(shipped: Catalog) -> None:
    assert [flag.code for flag in shipped.red_flags_for([])] == ["RF40", "RF41", "RF42"]


def test_a_limb_has_no_midline(shipped: Catalog) -> None:
    assert shipped.sides_of("knee") == ("left", "right", "bilateral")
    assert shipped.sides_of("lumbar") == ("midline", "left", "right", "bilateral")


def test_a_code_that_is_not_there_is_said_to_be_unknown(shipped: Catalog) -> None:
    for ask in (shipped.discipline, shipped.technique, shipped.region, shipped.sides_of, shipped.techniques_of):
        with pytest.raises(UnknownCode, match="'astrology'"):
            ask("astrology")
    with pytest.raises(UnknownCode, match="The catalog has no 'tail' among its regions"):
        shipped.red_flags_for(["tail"])


def test_a_catalog_is_in_use_only_within_its_block(shipped: Catalog) -> None:
    empty = replace(shipped, techniques={})

    with use_catalog(shipped):
        with use_catalog(empty):
            assert catalog() is empty
        assert catalog() is shipped


def test_rows_cannot_be_changed(shipped: Catalog) -> None:
    with pytest.raises(AttributeError):
        shipped.technique("tpt").label = "Other"  # type: ignore[misc]  # the point of the test
