"""How a visit reads in answers."""

from collections.abc import Mapping, Sequence
from typing import Any

from rest_framework import serializers

from backend.lib.rest.fields import Label, Moment, utc
from backend.lib.rest.transitions import AvailableTransition, Details, offered
from backend.visits.inputs import LINES_NAMED
from backend.visits.models import Visit
from backend.visits.queries import Because, Counted
from backend.visits.workflow import CLINIC, WORKFLOW


class ClientLabel(Label):
    display = serializers.CharField(allow_null=True)


class CountedLine(serializers.Serializer[Any]):
    line_id = serializers.UUIDField()
    because = serializers.ChoiceField(
        [one.value for one in Because],
        help_text="`named` on the visit; a `technique` or `region` of its signed note; else the `discipline`.",
    )


class VisitSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    version = serializers.IntegerField()
    client = ClientLabel(help_text="Named as the visit was entered, also when the client is no longer open to you.")
    organization = Label()
    practitioner_role = Label(allow_null=True)
    referral_id = serializers.UUIDField(allow_null=True, help_text="The referral under which it takes place.")
    state = serializers.ChoiceField(Visit.State.choices)
    starts_at = Moment()
    ends_at = Moment()
    time_zone = serializers.CharField()
    cancelled_by = serializers.CharField(allow_null=True)
    line_ids = serializers.ListField(child=serializers.UUIDField(), allow_null=True, help_text=LINES_NAMED)
    counts_for = CountedLine(many=True, help_text="The lines of care plans whose visits it is one of.")
    occurred_at = Moment(allow_null=True, help_text="When its present state came about, when that was told later.")
    available_transitions = AvailableTransition(many=True)
    created_at = Moment()
    updated_at = Moment()


def visit_data(
    visit: Visit, *, tied: Mapping[str, Any] | None, counted: Sequence[Counted], may_keep: bool
) -> dict[str, Any]:
    """One visit; ``tied`` is its row at a referral, which moves the visit that was booked there.

    A referral that was sent in error takes the client's name with it.
    """
    role, clinic = visit.practitioner_role, visit.organization
    is_moved_there = tied is not None and tied["is_current"]
    is_withheld = tied is not None and tied["is_gone"]
    steps = WORKFLOW.available(visit, {CLINIC}) if may_keep and not is_moved_there else []
    return {
        "id": str(visit.pk),
        "version": visit.version,
        "client": {"id": str(visit.client_id), "display": None if is_withheld else visit.client_name or None},
        "organization": {"id": str(visit.organization_id), "display": clinic.name if clinic else None},
        "practitioner_role": {"id": str(role.pk), "display": str(role.practitioner)} if role else None,
        "referral_id": str(tied["referral_id"]) if tied else None,
        "state": visit.state,
        "starts_at": utc(visit.starts_at),
        "ends_at": utc(visit.ends_at),
        "time_zone": visit.time_zone,
        "cancelled_by": visit.cancelled_by or None,
        "line_ids": None if visit.line_ids is None else [str(line_id) for line_id in visit.line_ids],
        "counts_for": [{"line_id": str(line.line_id), "because": line.because} for line in counted],
        "occurred_at": utc(visit.occurred_at) if visit.occurred_at else None,
        "available_transitions": [offered(step, CLINIC, Details) for step in steps],
        "created_at": utc(visit.created_at),
        "updated_at": utc(visit.updated_at),
    }
