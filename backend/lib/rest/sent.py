"""What a caller sent, as a service takes it: unchecked, until who may do it and what stands there were looked at."""

from collections.abc import Mapping
from typing import Any

from rest_framework.serializers import Serializer

Sent = Mapping[str, Any]


def checked(serializer: type[Serializer[Any]], sent: Sent, *, is_patch: bool = False, **context: Any) -> dict[str, Any]:
    """What was sent, or 400 with a field error for each thing that is wrong. Of a merge patch no field is required."""
    checking = serializer(data=dict(sent), context=context)
    if is_patch:  # not ``partial``, which would let the parts of a list be incomplete, too
        for field in checking.fields.values():
            field.required = False
    checking.is_valid(raise_exception=True)
    return dict(checking.validated_data)
