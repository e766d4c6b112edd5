"""Workflows in the OpenAPI document: one closed object per row of the table, and their union."""

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework import serializers

from backend.lib.rest.fields import StrictSerializer
from backend.lib.workflow import Workflow


class TransitionInput(StrictSerializer):
    """What a transition takes with it, besides its name."""


def components_of(workflow: Workflow[Any], *, of: str = "") -> dict[str, type[serializers.Serializer[Any]]]:
    """Each row that a caller can make, with its name, as a component ``{Name}{Of}Transition``."""
    return {row.name: _component(row.name, row, of) for row in workflow.rows if set(row.by) != {"system"}}


def union_of(components: dict[str, type[serializers.Serializer[Any]]], name: str) -> PolymorphicProxySerializer:
    return PolymorphicProxySerializer(
        component_name=name, serializers=list(components.values()), resource_type_field_name=None
    )


def _component(name: str, row: Any, of: str) -> type[serializers.Serializer[Any]]:
    title = "".join(part.capitalize() for part in name.split("_"))
    field = serializers.ChoiceField([name], help_text="The name of the transition.")
    details = row.input or TransitionInput
    return type(f"{title}{of}Transition", (details,), {"name": field, "__doc__": row.summary, "__module__": __name__})


class ClosedTransition(OpenApiSerializerExtension):
    """``name`` is a constant and no other field is taken."""

    target_class = "backend.lib.rest.transitions.TransitionInput"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        schema: dict[str, Any] = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        if "name" in schema.get("properties", {}):
            (value,) = self.target.fields["name"].choices
            schema["properties"]["name"] = {"type": "string", "const": value}
        schema["additionalProperties"] = False
        return schema
