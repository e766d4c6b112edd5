"""The OpenAPI document: committed as generated, valid, with examples, and true of what the service answers."""

from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from backend.referrals.workflow import WORKFLOW
from tests import make
from tests.access.operations import METHODS, schema
from tests.careplans.plans import alone, done
from tests.notes.writing import signed

COMMITTED = Path(__file__).parents[2] / "openapi" / "openapi.yaml"
JSON = "application/json"


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in schema()["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def problems_of(value: Any, part: dict[str, Any]) -> list[str]:
    """What a JSON Schema validator says about a value; references lead into the document."""
    validator = Draft202012Validator({**part, "components": components()})
    return [f"{'/'.join(map(str, error.path))}: {error.message}"[:300] for error in validator.iter_errors(value)]


@cache
def components() -> Any:
    """As plain data: the generator's own has lazy texts in it."""
    return yaml.safe_load(OpenApiYamlRenderer().render({"components": schema()["components"]}))["components"]


def test_the_committed_document_is_the_generated_one() -> None:
    """When this fails: `make schema`."""
    generated = SchemaGenerator().get_schema(request=None, public=True)

    assert yaml.safe_load(COMMITTED.read_text()) == yaml.safe_load(OpenApiYamlRenderer().render(generated))


def test_it_is_made_without_a_warning() -> None:
    GENERATOR_STATS.reset()

    SchemaGenerator().get_schema(request=None, public=True)

    assert (dict(GENERATOR_STATS._warn_cache), dict(GENERATOR_STATS._error_cache)) == ({}, {})


def test_it_is_valid_openapi_3_1() -> None:
    document = yaml.safe_load(COMMITTED.read_text())

    assert document["openapi"].startswith("3.1.")
    assert [str(error) for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_every_operation_has_a_name_of_its_own_and_a_summary() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]

    assert len(names) == len(set(names))
    assert [operation["operationId"] for _, _, operation in operations() if not operation.get("summary")] == []


def test_every_body_and_every_answer_has_an_example_that_fits() -> None:
    missing, wrong = [], []
    for _, _, operation in operations():
        said = [("body", operation.get("requestBody", {}))]
        said += [(status, answer) for status, answer in operation["responses"].items() if status.startswith("2")]
        for part, content in said:
            media = content.get("content", {}).get(JSON)
            if media is None:
                continue
            examples = media.get("examples", {})
            if not examples:
                missing.append((operation["operationId"], part))
            for example in examples.values():
                wrong += [
                    (operation["operationId"], part, problem)
                    for problem in problems_of(example["value"], media["schema"])
                ]

    assert missing == []
    assert wrong == []


def test_each_transition_is_a_closed_object_of_its_own_name() -> None:
    schemas = schema()["components"]["schemas"]
    for row in WORKFLOW.rows:
        if set(row.by) == {"system"}:
            continue
        component = schemas["".join(part.capitalize() for part in row.name.split("_")) + "Transition"]
        assert component["properties"]["name"] == {"type": "string", "const": row.name}
        assert component["additionalProperties"] is False
        needed = {name for name, field in row.input().fields.items() if field.required} if row.input else set()
        assert set(component["required"]) == {"name"} | needed


def test_enumerations_that_may_grow_say_so_and_closed_ones_do_not() -> None:
    schemas = schema()["components"]["schemas"]
    open_ones = [
        ("ReferralSummary", "state"), ("ReferralDetail", "state"), ("Step", "name"), ("Step", "from"), ("Step", "to"),
        ("AvailableTransition", "name"), ("Event", "type"), ("EventType", "type"), ("Problem", "code"),
        ("CatalogProblem", "code"), ("CatalogReason", "code"), ("DeclineTransition", "reason"),
    ]  # fmt: skip
    closed_ones = [("ReferralSummary", name) for name in ("state_group", "whose_move", "priority", "kind")]

    assert [each for each in open_ones if properties(schemas, *each).get("x-open") is not True] == []
    assert [each for each in closed_ones if "x-open" in properties(schemas, *each)] == []


def properties(schemas: dict[str, Any], component: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        (schemas[each] for each in (component, f"{component}Out") if each in schemas), {"properties": {}}
    )
    shown: dict[str, Any] = found["properties"].get(name, {})
    return shown


@pytest.mark.django_db(transaction=True)
def test_what_is_answered_has_the_shape_that_is_documented(north: make.Clinic, south: make.Clinic) -> None:
    """The main reads, with a client whose referral went all the way to a report."""
    sent = make.sent(north, south)
    client_id, referral_id = sent["client"]["id"], sent["id"]
    north.http.send("POST", f"clients/{client_id}/precautions", {"code": "anticoag", "regions": []})
    for who, name, details in (
        (south, "accept", {}),
        (south, "book", {"visit": make.visit_window()}),
        (south, "start", {}),
        (south, "report", {"final": True, "report": make.REPORT}),
    ):
        make.move(who, referral_id, name, **details)
    north.http.send("POST", f"referrals/{referral_id}/messages", {"text": "Thank you."})
    plan = alone(north, client_id)
    line = plan.line(north)
    done(plan.post(north, "/phases", {"name": "Calm down"}), 201)
    plan.goal(north)
    plan.add(north, south)
    done(plan.post(north, "/problems", {"text": "Stiff neck"}), 201)
    proposal = {"kind": "end", "about": "intervention", "row_id": line["id"], "why": "It is done."}
    done(plan.post(south, "/proposals", proposal), 201)
    plan.publish(north)
    note_id = signed(north, client_id)["id"]
    north.http.send("POST", f"notes/{note_id}/addenda", {"reason": "other", "text": "A word."})
    ids = {
        "client_id": client_id, "referral_id": referral_id, "note_id": note_id,
        "plan_id": plan.id, "row_id": line["id"], "number": "1",
    }  # fmt: skip
    named = {"/organizations/": north.id, "/practitioner-roles/": south.role_id, "/members/": north.admin.member.id}
    seen, wrong = set(), []

    for path, method, operation in operations():
        media = operation["responses"].get("200", {}).get("content", {}).get(JSON)
        address = path.format_map(defaultdict(str, ids))
        for prefix, pk in named.items():
            address = address.replace(prefix, f"{prefix}{pk}") if path.startswith(f"/api/v1{prefix}{{id}}") else address
        if method != "get" or media is None or "//" in address or address.endswith("/"):
            continue
        answer = (north.admin if "applications" in path else north.practitioner).http.send("GET", address)
        if answer.status_code != 200:
            continue
        seen.add(operation["operationId"])
        wrong += [(operation["operationId"], problem) for problem in problems_of(answer.json(), media["schema"])]

    assert wrong == []
    assert seen >= {
        "get_client", "get_me", "get_member", "get_organization", "get_practitioner_role", "list_access", "list_clients",
        "list_consents", "list_events", "list_messages", "list_practitioners", "list_precautions_of_client",
        "list_referrals", "list_reports", "list_transitions", "read_referral", "list_care_plans", "read_care_plan",
        "read_intervention", "list_team", "list_proposals", "list_versions", "read_version", "list_agreements",
        "read_care_plan_progress", "list_goals_of_care_plan", "list_problems_of_care_plan", "list_phases_of_care_plan",
        "get_note", "list_addenda", "list_asks", "list_notes", "read_brief", "read_body_map",
    }  # fmt: skip
