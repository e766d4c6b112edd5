"""Transitions over HTTP: the body names one, and the document shows one closed object for each row of the table."""

from functools import cache
from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework import serializers

from backend.lib.problems import BadRequest
from backend.lib.rest.fields import CodedReason, Moment, OpenCode, StrictSerializer
from backend.lib.rest.sent import Sent
from backend.lib.rest.sent import checked as checked_by
from backend.lib.workflow import Transition, Workflow

# What a service takes besides the input of a transition.
RESERVED = {"actor", "expected_version"}


class TransitionInput(StrictSerializer):
    """What a transition takes with it, besides its name."""


class Details(TransitionInput):
    """The same, of a step that may be told later than it was made."""

    occurred_at = Moment(required=False, help_text="A late fact: at most 7 days back, never in the future.")


class FieldOut(serializers.Serializer[Any]):
    name = serializers.CharField()
    required = serializers.BooleanField()  # type: ignore[assignment]  # the word of the contract


class AvailableTransition(serializers.Serializer[Any]):
    """A transition the caller can make now."""

    name = OpenCode()
    label = serializers.CharField()  # type: ignore[assignment]  # the word of the contract
    summary = serializers.CharField()
    party = serializers.CharField()
    fields = FieldOut(many=True)  # type: ignore[assignment]  # the word of the contract


def asked_for(sent: Sent) -> tuple[Any, dict[str, Any]]:
    """The name of the transition in what was sent, and its details, which the service checks."""
    details = {name: value for name, value in sent.items() if name != "name"}
    if reserved := RESERVED & set(details):
        raise BadRequest(f"There is no field {sorted(reserved)[0]}.", code="unknown_field")
    return sent.get("name"), details


def checked(row: Transition[Any], details: Sent, **context: Any) -> dict[str, Any]:
    """The transition's input, or 400 with a field error for each thing that is wrong."""
    assert row.input is not None
    return checked_by(row.input, details, **context)


@cache
def fields_of(serializer: type | None, common: type[TransitionInput]) -> list[dict[str, Any]]:
    """A transition's own fields, with whether each is required."""
    shared, own = common().fields.keys(), serializer().fields if serializer else {}
    return [{"name": name, "required": field.required} for name, field in own.items() if name not in shared]


def offered(row: Transition[Any], party: str, common: type[TransitionInput]) -> dict[str, Any]:
    """A transition that can be made now, for buttons and integrators."""
    return {
        "name": row.name,
        "label": row.label,
        "summary": row.summary,
        "fields": fields_of(row.input, common),
        "party": party,
    }


def union_of(workflow: Workflow[Any], component_name: str, *, prefix: str = "") -> PolymorphicProxySerializer:
    """Every transition that a caller makes, for the request body of one operation."""
    rows = [row for row in workflow.rows if set(row.by) != {"system"}]
    return PolymorphicProxySerializer(
        component_name=component_name,
        serializers=[_component(row, prefix) for row in rows],
        resource_type_field_name=None,
    )


def _component(row: Transition[Any], prefix: str) -> type[serializers.Serializer[Any]]:
    """The transition's input with its name, as a component ``{Name}Transition``."""
    title = prefix + "".join(part.capitalize() for part in row.name.split("_"))
    field = serializers.ChoiceField([row.name], help_text="The name of the transition.")
    return type(
        f"{title}Transition",
        (row.input or TransitionInput,),
        {"name": field, "__doc__": row.summary, "__module__": __name__},
    )


class ClosedTransition(OpenApiSerializerExtension):
    """``name`` is a constant and no other field is taken."""

    target_class = "backend.lib.rest.transitions.TransitionInput"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        schema: dict[str, Any] = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        if "name" in schema.get("properties", {}):
            (value,) = self.target.fields["name"].choices
            schema["properties"]["name"] = {"type": "string", "const": value}
        for name, field in self.target.fields.items():
            if isinstance(field, CodedReason):
                schema["properties"][name]["x-open"] = True
        schema["additionalProperties"] = False
        return schema
