"""What can be asked of exports, and how one reads in answers."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from rest_framework import serializers

from backend.clients.models import Client
from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.rest.fields import Moment, OpenCode, StrictSerializer, utc, utc_or_none
from backend.portability.models import Export
from backend.portability.services import WHY_FAILED


class ExportInput(StrictSerializer):
    include = serializers.ChoiceField(
        Export.Include.choices,
        default=Export.Include.ALL,
        help_text=(
            "`own`: only what your own people wrote. `all`: also what you may read of the others. `to_hand_on`: of all, what may "
            "leave your clinic: no drafts, nothing that its clinic or author keeps or marked as sensitive (unless a consent names "
            "that), no access log and no events. The file's `left_out` says so in words."
        ),
    )


class PageQuery(StrictSerializer):
    client_id = serializers.UUIDField(required=False)
    limit = serializers.IntegerField(required=False, min_value=1, max_value=100)
    cursor = serializers.CharField(required=False, max_length=4000)


class ExportFileSerializer(serializers.Serializer[Any]):
    format = OpenCode(help_text="`json`, `pdf`, or `zip` with both and every file.")
    href = serializers.CharField()
    size = serializers.IntegerField()
    sha256 = serializers.CharField()


class ClientOfExport(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    display = serializers.CharField(allow_null=True, help_text="Null when the client is not open to you any more.")


class ExportSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    version = serializers.IntegerField()
    client = ClientOfExport()
    include = serializers.ChoiceField(Export.Include.choices)
    state = serializers.ChoiceField(Export.State.choices)
    progress = serializers.IntegerField(help_text="Percent.")
    failed_because = OpenCode(allow_null=True, help_text="`outdated`, `not_allowed` or `trouble`.")
    detail = serializers.CharField(allow_null=True, help_text="Why it failed, in a sentence.")
    requested_by = serializers.CharField()
    created_at = Moment()
    finished_at = Moment(allow_null=True)
    expires_at = Moment(allow_null=True, help_text="The files are removed then.")
    files = ExportFileSerializer(many=True)


def names_of_clients(actor: Actor, client_ids: set[UUID]) -> dict[UUID, str]:
    """The names of those that are open to the caller now, in one query."""
    return {client.pk: client.display for client in Client.objects.visible_to(actor).filter(pk__in=client_ids)}


def export_data(export: Export, names: Mapping[UUID, str]) -> dict[str, Any]:
    expired = export.expires_at is not None and export.expires_at <= clock.now()
    return {
        "id": str(export.pk),
        "version": export.version,
        "client": {"id": str(export.client_id), "display": names.get(export.client_id)},
        "include": export.include,
        "state": export.state,
        "progress": export.progress,
        "failed_because": export.failed_because or None,
        "detail": WHY_FAILED.get(export.failed_because),
        "requested_by": export.requested_by,
        "created_at": utc(export.created_at),
        "finished_at": utc_or_none(export.finished_at),
        "expires_at": utc_or_none(export.expires_at),
        "files": [] if expired else [_file(export, file) for file in export.files],
    }


def _file(export: Export, file: Mapping[str, Any]) -> dict[str, Any]:
    href = f"/api/v1/exports/{export.pk}/{file['format']}"
    return {"format": file["format"], "href": href, "size": file["size"], "sha256": file["sha256"]}
