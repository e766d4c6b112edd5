"""Reading data files: what may be added, and what is said when they are broken."""

import json
from pathlib import Path
from typing import Any

import pytest

from backend.catalog.loaders import CatalogError, load_catalog
from backend.catalog.queries import DATA_DIR

STRENGTH_TRAINING = {
    "code": "strength_training",
    "label": "Strength training",
    "mark": "ST",
    "practitioner_title": "Strength coach",
    "taxonomy_code": None,
    "credential_kind": "certification",
    "license_titles": ["Certified strength and conditioning specialist (CSCS)"],
    "takes_same_day_red_flags": False,
    "sources": ["CONV"],
    "confidence": "convention",
}
DEADLIFT = {
    "code": "deadlift",
    "label": "Deadlift progression",
    "group": "RESIST",
    "load": "high",
    "disciplines": ["strength_training"],
    "regions": ["lumbar", "hip"],
    "synonyms": [],
    "note": "",
    "sources": ["CONV"],
    "confidence": "convention",
}


def write(directory: Path, **files: list[Any]) -> Path:
    for kind, rows in files.items():
        (directory / f"{kind}.json").write_text(json.dumps(rows), encoding="utf-8")
    return directory


def fault_of(directory: Path) -> str:
    with pytest.raises(CatalogError) as caught:
        load_catalog([DATA_DIR, directory])
    assert len(caught.value.faults) == 1
    return caught.value.faults[0]


def test_a_second_directory_adds_a_discipline_and_its_technique(tmp_path: Path) -> None:
    write(tmp_path, disciplines=[STRENGTH_TRAINING], techniques=[DEADLIFT])

    merged = load_catalog([DATA_DIR, tmp_path])

    assert merged.discipline("strength_training").credential_kind == "certification"
    assert [technique.code for technique in merged.techniques_of("strength_training")] == ["deadlift"]
    assert merged.reason_suggestions("strength_training", "massage_therapy") == ()
    assert merged.discipline("massage_therapy").mark == "MT"


def test_a_reference_to_a_row_that_is_not_there_is_named(tmp_path: Path) -> None:
    write(tmp_path, techniques=[{**DEADLIFT, "disciplines": ["physical_therapy"], "regions": ["lumbar", "tail"]}])

    fault = fault_of(tmp_path)

    assert fault == f"{tmp_path}/techniques.json row 1: 'regions' names 'tail', which is not in regions.json"


def test_an_unknown_source_is_named(tmp_path: Path) -> None:
    write(tmp_path, disciplines=[{**STRENGTH_TRAINING, "sources": ["HEARSAY"]}])

    fault = fault_of(tmp_path)

    assert fault.endswith("row 1: 'sources' names 'HEARSAY', which is not in sources.json")


def test_an_unknown_urgency_is_named(tmp_path: Path) -> None:
    flag = {"code": "RF99", "label": "X", "region": "any", "urgency": "soon", "think_of": "Y", "sources": ["CONV"]}
    write(tmp_path, red_flags=[{**flag, "confidence": "convention"}])

    fault = fault_of(tmp_path)

    assert fault.endswith("red_flags.json row 1: 'urgency' names 'soon', which is not in urgencies.json")


def test_a_technique_for_any_region_is_refused(tmp_path: Path) -> None:
    write(tmp_path, techniques=[{**DEADLIFT, "disciplines": ["physical_therapy"], "regions": ["any"]}])

    fault = fault_of(tmp_path)

    assert fault.endswith("'regions' names 'any', which is not in regions.json")


def test_a_code_used_twice_is_named_with_both_places(tmp_path: Path) -> None:
    write(tmp_path, disciplines=[{**STRENGTH_TRAINING, "code": "medicine"}])

    fault = fault_of(tmp_path)

    assert fault == (
        f"{tmp_path}/disciplines.json row 1: the code 'medicine' is already used in {DATA_DIR}/disciplines.json row 4"
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"load": "enormous"}, "the field 'load' must be one of low, moderate, high, not 'enormous'"),
        ({"color": "red"}, "the field 'color' is unknown"),
        ({"regions": "hip"}, "the field 'regions' must be a list, each text, not 'hip'"),
        ({"regions": [7]}, "the field 'regions' must be a list, each text, not [7]"),
        ({"note": None}, "the field 'note' must be text, not None"),
        ({"label": ""}, "the field 'label' is empty"),
    ],
)
def test_a_wrong_field_is_named_with_what_it_must_be(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    write(tmp_path, disciplines=[STRENGTH_TRAINING], techniques=[{**DEADLIFT, **change}])

    assert fault_of(tmp_path) == f"{tmp_path}/techniques.json row 1: {said}"


def test_a_taxonomy_code_is_text_or_null(tmp_path: Path) -> None:
    write(tmp_path, disciplines=[{**STRENGTH_TRAINING, "taxonomy_code": 225}])

    assert fault_of(tmp_path).endswith("the field 'taxonomy_code' must be text or null, not 225")


def test_a_missing_field_is_named(tmp_path: Path) -> None:
    write(tmp_path, disciplines=[{name: value for name, value in STRENGTH_TRAINING.items() if name != "mark"}])

    assert fault_of(tmp_path).endswith("disciplines.json row 1: the field 'mark' is missing")


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    write(tmp_path, disciplines=[{**STRENGTH_TRAINING, "mark": 1}], techniques=[{**DEADLIFT, "load": 2}])

    with pytest.raises(CatalogError) as caught:
        load_catalog([DATA_DIR, tmp_path])

    assert len(caught.value.faults) == 2
    assert all(fault in str(caught.value) for fault in caught.value.faults)


def test_a_file_of_no_known_kind_is_refused(tmp_path: Path) -> None:
    write(tmp_path, tecniques=[])

    assert fault_of(tmp_path).startswith(f"{tmp_path}/tecniques.json is not a kind of the catalog; kinds are sources,")


def test_a_file_that_is_not_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "regions.json").write_text("[{", encoding="utf-8")

    assert fault_of(tmp_path).startswith(f"{tmp_path}/regions.json is not JSON: ")


@pytest.mark.parametrize("content", [{"code": "x"}, ["x"]])
def test_a_file_that_is_not_a_list_of_rows_is_refused(tmp_path: Path, content: Any) -> None:
    (tmp_path / "regions.json").write_text(json.dumps(content), encoding="utf-8")

    assert fault_of(tmp_path) == f"{tmp_path}/regions.json is not a list of rows"


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert fault_of(tmp_path / "nowhere") == f"{tmp_path}/nowhere is not a directory"
