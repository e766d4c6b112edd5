"""No table about clients is forgotten: each is in the export, or left out by name and with a reason."""

from typing import Any

from django.apps import apps
from django.db.models import UUIDField

from backend.clients.models import Client
from backend.portability.contents import CONTENTS, LEFT_OUT

# A column that names a row of any kind.
ANYTHING = "subject_id"


def tables_about_clients() -> set[str]:
    """Labels of all models that reach a client: by foreign keys, or by a column that holds the id of what does."""
    models = [model for model in apps.get_models(include_auto_created=True) if model._meta.managed]
    about: set[Any] = {Client}
    while True:
        names = {f"{model._meta.model_name}_id" for model in about} | {"plan_id", "own_client_id", ANYTHING}
        more = {model for model in models if model not in about and _reaches(model, about, names)}
        if not more:
            return {model._meta.label for model in about}
        about |= more


def _reaches(model: Any, about: set[Any], names: set[str]) -> bool:
    own = model._meta.concrete_fields
    return any(f.related_model in about or (isinstance(f, UUIDField) and f.name in names) for f in own)


def exported_tables() -> list[str]:
    return [model._meta.label for section in CONTENTS for model in section.holds]


def test_every_table_about_clients_is_exported_or_left_out_with_a_reason() -> None:
    named = {*exported_tables(), *LEFT_OUT}

    assert tables_about_clients() - named == set()


def test_nothing_is_named_that_is_not_there() -> None:
    assert {*exported_tables(), *LEFT_OUT} - tables_about_clients() == set()


def test_no_table_is_named_twice() -> None:
    named = [*exported_tables(), *LEFT_OUT]

    assert sorted(named) == sorted(set(named))
    assert [label for label, reason in LEFT_OUT.items() if not reason.endswith(".")] == []
