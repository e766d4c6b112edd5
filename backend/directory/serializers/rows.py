"""What every row of the directory shows of itself."""

from typing import Any
from uuid import UUID

from rest_framework import serializers

from backend.directory.models import DirectoryRow
from backend.lib.rest.fields import Moment, utc


class RowSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    version = serializers.IntegerField()
    created_at = Moment()
    updated_at = Moment()


class WithheldSerializer(RowSerializer):
    withheld = serializers.ListField(
        child=serializers.CharField(), help_text="Fields left out, because only the organization itself reads them."
    )


def row_body(row: DirectoryRow) -> dict[str, Any]:
    identity: UUID = row.id
    return {
        "id": str(identity),
        "version": row.version,
        "created_at": utc(row.created_at),
        "updated_at": utc(row.updated_at),
    }
