"""Accounts in a clinic."""

from typing import Any

from rest_framework import serializers

from backend.directory.fields import hour, label
from backend.directory.models import Member
from backend.directory.serializers.rows import RowSerializer, row_body
from backend.lib.rest.fields import Changes, Label, Moment, PlainText, StrictSerializer, utc_or_none


class MemberSerializer(RowSerializer):
    organization = Label()
    display = serializers.CharField()
    email = serializers.EmailField()
    rights = serializers.ListField(child=serializers.ChoiceField(choices=Member.Right.choices))
    quiet_from = serializers.TimeField()
    quiet_until = serializers.TimeField()
    daily_digest = serializers.BooleanField()
    ended_at = Moment(allow_null=True)


def member_body(row: Member) -> dict[str, Any]:
    return {
        **row_body(row),
        "organization": label(row.organization),
        "display": str(row.user),
        "email": row.user.email,
        "rights": row.rights,
        "quiet_from": hour(row.quiet_from),
        "quiet_until": hour(row.quiet_until),
        "daily_digest": row.daily_digest,
        "ended_at": utc_or_none(row.ended_at),
    }


class Rights(serializers.MultipleChoiceField):
    """One or more rights, in the order PRODUCT.md names them."""

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=Member.Right.choices, allow_empty=False, **options)

    def to_internal_value(self, data: Any) -> list[str]:  # type: ignore[override]  # the column is a list
        chosen = super().to_internal_value(data)
        return [right for right in Member.Right.values if right in chosen]


class NewMemberSerializer(StrictSerializer):
    email = serializers.EmailField()
    rights = Rights()
    given_name = PlainText(required=False, allow_blank=True, max_length=100)
    family_name = PlainText(required=False, allow_blank=True, max_length=100)


class MemberChanges(Changes):
    rights = Rights(required=False)
    quiet_from = serializers.TimeField(required=False)
    quiet_until = serializers.TimeField(required=False)
    daily_digest = serializers.BooleanField(required=False)
