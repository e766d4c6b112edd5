"""The catalog over HTTP."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from backend.catalog import api, examples
from backend.catalog.entries import Catalog
from backend.catalog.loaders import load_catalog
from backend.catalog.queries import DATA_DIR, use_catalog
from backend.catalog.urls import urlpatterns

LISTS: list[tuple[type[APIView], int]] = [
    (api.Disciplines, 4),
    (api.Techniques, 48),
    (api.Regions, 15),
    (api.BodyZones, 53),
    (api.Muscles, 45),
    (api.Measures, 13),
    (api.PlanTemplates, 5),
    (api.Precautions, 42),
    (api.RedFlags, 42),
    (api.DeclineReasons, 13),
    (api.WithdrawReasons, 8),
]


@pytest.fixture(autouse=True)
def shipped() -> Iterator[Catalog]:
    with use_catalog(load_catalog([DATA_DIR])) as loaded:
        yield loaded


def get(view: type[APIView], **query: str) -> tuple[int, dict[str, Any]]:
    request = APIRequestFactory().get("/api/v1/catalog/x", query)
    response = view.as_view(permission_classes=[], authentication_classes=[])(request)
    if hasattr(response, "render"):
        response.render()
    return response.status_code, json.loads(response.content)


@pytest.mark.parametrize(("view", "count"), LISTS)
def test_each_list_is_sent_whole(view: type[APIView], count: int) -> None:
    status, body = get(view)

    assert status == 200
    assert len(body["results"]) == count
    assert (body["next"], body["previous"]) == (None, None)


@pytest.mark.parametrize(
    ("view", "example"),
    [
        (api.Disciplines, examples.DISCIPLINE),
        (api.Techniques, examples.TECHNIQUE),
        (api.Regions, examples.REGION),
        (api.BodyZones, examples.BODY_ZONE),
        (api.Muscles, examples.MUSCLE),
        (api.Measures, examples.MEASURE),
        (api.NoteTemplates, examples.NOTE_TEMPLATE),
        (api.PlanTemplates, examples.PLAN_TEMPLATE),
        (api.Precautions, examples.PRECAUTION),
        (api.RedFlags, examples.RED_FLAG),
        (api.DeclineReasons, examples.DECLINE_REASON),
        (api.WithdrawReasons, examples.WITHDRAW_REASON),
    ],
)
def test_the_example_of_each_list_is_a_row_it_answers(view: type[APIView], example: dict[str, Any]) -> None:
    _, body = get(view)

    assert example in body["results"]


def test_techniques_are_narrowed_by_discipline_and_region() -> None:
    _, body = get(api.Techniques, discipline="chiropractic", region="pelvis")

    rows = body["results"]
    assert {"hvla", "blocks"} <= {row["code"] for row in rows}
    assert all("chiropractic" in row["disciplines"] and "pelvis" in row["regions"] for row in rows)
    assert "extadj" not in {row["code"] for row in rows}


def test_body_zones_are_narrowed_by_region() -> None:
    _, body = get(api.BodyZones, region="jaw")

    assert [(row["code"], row["view"]) for row in body["results"]] == [("jawline", "front"), ("teeth", "front")]


def test_a_measure_says_its_range_its_unit_and_which_way_is_better() -> None:
    _, body = get(api.Measures)

    measures = {row.pop("code"): row for row in body["results"]}
    assert measures["groc"] == {
        "label": "Global Rating of Change (15 points)",
        "unit": "points",
        "minimum": -7,
        "maximum": 7,
        "better": "higher",
    }
    assert measures["hit6"]["minimum"] == 36
    assert all(row["better"] in ("lower", "higher") for row in measures.values())


def test_note_templates_are_narrowed_by_discipline_and_kind() -> None:
    _, body = get(api.NoteTemplates, discipline="chiropractic", kind="progress")

    assert [row["code"] for row in body["results"]] == ["chiropractic.progress"]


def test_red_flags_of_a_region_come_with_those_of_any_region() -> None:
    _, body = get(api.RedFlags, region="elbow")

    assert [row["code"] for row in body["results"]] == ["RF27", "RF40", "RF41", "RF42"]


@pytest.mark.parametrize(
    ("view", "query"),
    [
        (api.Techniques, {"discipline": "astrology"}),
        (api.Techniques, {"region": "tail"}),
        (api.RedFlags, {"region": "any"}),
        (api.BodyZones, {"region": "tail"}),
        (api.Measures, {"region": "head"}),
        (api.Techniques, {"dicipline": "chiropractic"}),
        (api.Regions, {"side": "left"}),
        (api.NoteTemplates, {"kind": "poem"}),
        (api.PlanTemplates, {"region": "cervical"}),
    ],
)
def test_a_filter_that_is_not_known_is_refused(view: type[APIView], query: dict[str, str]) -> None:
    status, body = get(view, **query)

    assert status == 400
    assert next(iter(query)) in json.dumps(body)


def test_a_discipline_that_is_only_data_is_listed(shipped: Catalog) -> None:
    added = replace(shipped.discipline("medicine"), code="strength_training", label="Strength training")

    with use_catalog(replace(shipped, disciplines={**shipped.disciplines, added.code: added})):
        _, body = get(api.Disciplines)

    assert body["results"][-1]["label"] == "Strength training"


def test_the_schema_names_each_operation_and_shows_an_example_of_a_whole_list() -> None:
    schema = SchemaGenerator().get_schema(request=None, public=True)

    operations = {
        path.removeprefix("/api/v1/catalog"): methods["get"]
        for path, methods in schema["paths"].items()
        if path.removeprefix("/api/v1/catalog") in {f"/{pattern.pattern}" for pattern in urlpatterns}
    }
    assert {operation["operationId"] for operation in operations.values()} == {
        "list_disciplines",
        "list_techniques",
        "list_regions",
        "list_body_zones",
        "list_muscles",
        "list_measures",
        "list_note_templates",
        "list_plan_templates",
        "list_precautions",
        "list_red_flags",
        "list_decline_reasons",
        "list_withdraw_reasons",
        "list_problems",
    }
    for operation in operations.values():
        [example] = operation["responses"]["200"]["content"]["application/json"]["examples"].values()
        assert set(example["value"]) == {"results", "next", "previous"}
    told = set(re.findall(r"/catalog/([a-z-]+)`", json.dumps(schema["components"])))
    assert {"measures", "body-zones", "muscles", "techniques", "plan-templates"} <= told
    assert told <= {path.removeprefix("/api/v1/catalog/") for path in schema["paths"]}
    names = [parameter["name"] for parameter in operations["/techniques"]["parameters"]]
    assert sorted(names) == ["cursor", "discipline", "limit", "region"]
