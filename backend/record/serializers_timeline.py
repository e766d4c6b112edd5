"""What a timeline may be asked for, and how its items read."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from rest_framework import serializers

from backend.catalog.serializers import CatalogCode
from backend.clients.rendering import Names, names_of
from backend.clients.serializers import PageQuery
from backend.lib.actor import Actor
from backend.lib.rest.fields import KnownCode, Label, Moment, OpenCode, PlainText, id_or_none, utc
from backend.record.gists import line_of
from backend.record.moments import BY_NAME, KINDS

Row = Mapping[str, Any]


class KindsField(PlainText):
    """Kinds with commas between them; one that is not known would find nothing by mistake, so it is refused."""

    def to_internal_value(self, data: Any) -> list[str]:  # type: ignore[override]  # one text in, a list out
        known = KnownCode(KINDS)
        return [known.run_validation(name) for name in super().to_internal_value(data).split(",")]


class TimelineQuery(PageQuery):
    kinds = KindsField(required=False, max_length=200, help_text=f"With commas between them: {', '.join(KINDS)}.")
    discipline = CatalogCode("disciplines", required=False, help_text="Only what this discipline did or wrote.")
    organization_id = serializers.UUIDField(required=False, help_text="Only what this organization did or wrote.")
    since = Moment(required=False, help_text="Only what happened at or after this time.")


class AuthorSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(allow_null=True, help_text="The practitioner role, where there is one.")
    display = serializers.CharField()


class TimelineItemSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(help_text="Of the thing. One thing may stand here with more than one moment.")
    kind = OpenCode(help_text="What it is: `note`, `ask`, `plan` … More may come.")
    what = OpenCode(help_text="What happened to it: `written`, `asked`, `published` … More may come.")
    occurred_at = Moment(help_text="When it happened; the timeline is in this order.")
    recorded_at = Moment(help_text="When it was recorded here.")
    author = AuthorSerializer(allow_null=True)
    discipline = OpenCode(allow_null=True)
    organization = Label(allow_null=True, help_text="Whose it is; null for a guest's or the client's.")
    gist = serializers.CharField(help_text="One line, no more than you may read of it.")
    href = serializers.CharField(help_text="Where to read it.")
    flags = serializers.ListField(
        child=OpenCode(),
        help_text="`amended`, `entered_in_error` (show it struck through), `unsigned`, `unread_report`, `red`, `ended` … More may come.",
    )


def names_in(rows: Iterable[Row]) -> Names:
    """The names of the organizations that these rows speak of, in one query."""
    read = list(rows)
    circles = {UUID(pk) for row in read for pk in row["facts"].get("organization_ids", [])}
    return names_of({row["of_organization"] for row in read} | circles)


def item_data(row: Row, actor: Actor, names: Names) -> dict[str, Any]:
    """A row as ``TimelineItemSerializer`` documents it."""
    gist, flags = line_of(row, actor, names)
    clinic, author = row["of_organization"], row["author_name"].strip()
    return {
        "id": str(row["item_id"]),
        "kind": row["item_kind"],
        "what": row["what"],
        "occurred_at": utc(row["happened_at"]),
        "recorded_at": utc(row["written_at"]),
        "author": {"id": id_or_none(row["of_role"]), "display": author} if author else None,
        "discipline": row["of_discipline"] or None,
        "organization": {"id": str(clinic), "display": names.get(clinic, "")} if clinic else None,
        "gist": gist,
        "href": _href(row),
        "flags": flags,
    }


def _href(row: Row) -> str:
    """Where the thing is read; another clinic's visit only with the referral it belongs to."""
    loop = row["facts"].get("referral_id")
    if loop and not row["facts"]["is_own"]:
        return f"/api/v1/referrals/{loop}"
    thing = BY_NAME[row["item_kind"], row["what"]].thing
    return thing.href.format(id=row["item_id"], within_id=row["within_id"], client_id=row["of_client"])
