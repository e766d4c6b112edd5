"""What a new visit and its transitions take with them."""

from typing import Any
from uuid import UUID

from rest_framework import serializers

from backend.clients.serializers import AboutClient
from backend.lib.rest.fields import Changes, Moment, ZoneName
from backend.lib.rest.transitions import Details
from backend.visits.models import Visit

MOST_LINES = 20
LINES_NAMED = (
    "Your lines of the client's care plans that it was for; empty when for none of them. Null or absent: nobody said, and "
    "the signed note of the visit decides, else it counts for all your lines of its discipline."
)
ENTERED = [state for state in Visit.State.values if state != Visit.State.CANCELLED]


class LineIds(serializers.ListField):
    """Lines of care plans, each once."""

    def __init__(self, **more: Any) -> None:
        more.setdefault("help_text", LINES_NAMED)
        super().__init__(child=serializers.UUIDField(), required=False, allow_null=True, max_length=MOST_LINES, **more)

    def to_internal_value(self, data: Any) -> list[UUID]:
        return list(dict.fromkeys(super().to_internal_value(data)))


class Done(Details):
    line_ids = LineIds()


class VisitChange(Changes):
    """A JSON merge patch: absent = unchanged, null = nobody said."""

    line_ids = LineIds()


class Cancel(Details):
    by = serializers.ChoiceField(["client", "clinic"], help_text="Who cancelled.")


class NewVisit(AboutClient):
    """A visit of the caller's clinic."""

    client_id = serializers.UUIDField(required=False, help_text="Needed unless `client` or `referral_id` says whose.")
    referral_id = serializers.UUIDField(
        required=False, help_text="The referral to your clinic under which it takes place, booked or in care."
    )
    practitioner_role_id = serializers.UUIDField(required=False, help_text="Who sees the client; open when absent.")
    state = serializers.ChoiceField(
        ENTERED, default=Visit.State.BOOKED, help_text="`done` and `missed` for what is entered after it took place."
    )
    starts_at = Moment()
    ends_at = Moment()
    time_zone = ZoneName(required=False, help_text="The clinic's when absent.")
    occurred_at = Moment(required=False, help_text="A late fact: at most 7 days back, never in the future.")
    line_ids = LineIds()

    def validate(self, fields: dict[str, Any]) -> dict[str, Any]:
        if fields["ends_at"] <= fields["starts_at"]:
            raise serializers.ValidationError({"ends_at": ["It ends before it starts."]}, code="ends_before_start")
        if not {"client_id", "client", "referral_id"} & set(fields):
            raise serializers.ValidationError({"client_id": ["Say whose visit it is."]}, code="client_required")
        return super().validate(fields)
