"""Every code of a refusal is in the catalog, and its address says what it means."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from rest_framework import exceptions, serializers

import backend
from backend.catalog.problems import PROBLEMS
from backend.lib import problems
from tests import make

ROOT = Path(backend.__file__).parent
# Calls whose `code` is something else: a column, a bookmark of the demo.
NOT_PROBLEMS = {"JSONObject", "_press"}
FIELDS = ("CharField", "IntegerField", "DecimalField", "DateField", "DateTimeField", "ChoiceField", "ListField",
          "DictField", "BooleanField", "UUIDField", "EmailField", "Serializer", "ListSerializer")  # fmt: skip
# Only for what is configured otherwise here.
NEVER = {"authentication_failed": "", "server_error": "", "make_aware": ""}


def codes_in_source() -> Iterator[str]:
    for path in ROOT.rglob("*.py"):
        if {"migrations", "demo", "bench"} & set(path.parts):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                yield from codes_of_call(node)


def codes_of_call(call: ast.Call) -> Iterator[str]:
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    if name in NOT_PROBLEMS:
        return
    first = call.args[0] if call.args else None
    if name in ("BadJson", "fail") and isinstance(first, ast.Constant):
        yield str(first.value)
    for keyword in call.keywords:
        if keyword.arg == "code":
            value = keyword.value
            parts = [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
            yield from (part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str))


def default_codes() -> Iterator[str]:
    for kind in vars(problems).values():
        if isinstance(kind, type) and issubclass(kind, problems.Problem):
            yield kind.default_code
    for kind in vars(exceptions).values():
        if isinstance(kind, type) and issubclass(kind, exceptions.APIException):
            yield str(kind.default_code)
    for name in FIELDS:
        for of in getattr(serializers, name).__mro__:
            yield from getattr(of, "default_error_messages", {})


def test_every_code_is_explained() -> None:
    used = {*codes_in_source(), *default_codes()} - NEVER.keys()

    assert sorted(used - PROBLEMS.keys()) == []


def test_every_explanation_is_two_sentences() -> None:
    for code, meaning in PROBLEMS.items():
        assert meaning.means.endswith("."), code
        assert meaning.what_to_do.endswith("."), code


@pytest.mark.django_db
def test_the_type_of_a_problem_is_an_address_that_explains_it(north: make.Clinic) -> None:
    refused = north.http.send("GET", "referrals?limit=0").json()

    explained = make.Api().get(refused["type"])

    assert (explained.status_code, explained.json()["code"]) == (200, refused["code"])
    assert set(explained.json()) == {"type", "code", "title", "means", "what_to_do"}
    assert make.Api().get("/api/v1/problems/no_such_code").status_code == 404


@pytest.mark.django_db
def test_the_catalog_lists_every_problem(north: make.Clinic) -> None:
    listed = north.http.send("GET", "catalog/problems").json()["results"]

    assert [each["code"] for each in listed] == sorted(PROBLEMS)


@pytest.mark.django_db
def test_titles_are_sentences_not_templates(north: make.Clinic) -> None:
    answers = [
        north.http.send("DELETE", "clients"),
        north.http.generic("POST", "/api/v1/clients", b"a=b", "application/x-www-form-urlencoded"),
    ]

    assert [(a.status_code, a.json()["title"]) for a in answers] == [
        (405, "Not possible at this address"),
        (415, "Not taken in this form"),
    ]
