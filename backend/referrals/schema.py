"""The union of transitions in the OpenAPI document: one closed object per row of the table."""

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework import serializers

from backend.referrals.inputs import CodedReason
from backend.referrals.workflow import WORKFLOW


def _component(
    name: str, details: type[serializers.Serializer[Any]], summary: str
) -> type[serializers.Serializer[Any]]:
    """The transition's input with its name, as a component ``{Name}Transition``."""
    title = "".join(part.capitalize() for part in name.split("_"))
    field = serializers.ChoiceField([name], help_text="The name of the transition.")
    return type(f"{title}Transition", (details,), {"name": field, "__doc__": summary, "__module__": __name__})


COMPONENTS = {
    row.name: _component(row.name, row.input or serializers.Serializer, row.summary)
    for row in WORKFLOW.rows
    if set(row.by) != {"system"}
}
TRANSITION = PolymorphicProxySerializer(
    component_name="ReferralTransition",
    serializers=list(COMPONENTS.values()),
    resource_type_field_name=None,
)


class ClosedTransition(OpenApiSerializerExtension):
    """``name`` is a constant and no other field is taken."""

    target_class = "backend.referrals.inputs.Details"
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
