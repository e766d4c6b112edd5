"""The API of visits. It stands here because a visit may take place under a referral, and is counted there."""

from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backend.clients.models import Client
from backend.clients.queries import log_reads, records_of, with_home
from backend.lib.rest.fields import Moment, StrictSerializer
from backend.lib.rest.pages import page_of
from backend.lib.rest.transitions import asked_for, union_of
from backend.lib.rest.views import TransitionView, View
from backend.referrals import care, examples
from backend.visits import services as visits
from backend.visits.inputs import NewVisit, VisitChange
from backend.visits.models import Visit
from backend.visits.policies import check_keeps, check_reads
from backend.visits.serializers import VisitSerializer
from backend.visits.workflow import WORKFLOW


class VisitFilters(StrictSerializer):
    """What a list can be asked for."""

    client_id = serializers.UUIDField(required=False)
    updated_since = Moment(required=False)
    limit = serializers.IntegerField(required=False, min_value=1, max_value=100)
    cursor = serializers.CharField(required=False, max_length=4000)


class VisitView(View):
    """What every view of visits shares: what hangs on them, and who looked."""

    scope_resource = "visits"
    named: ClassVar = {"visit_id": Visit}

    def shown(self, visit_id: UUID, *, status: int = 200) -> Response:
        visit = self._read().one(visit_id)
        check_reads(self.actor)
        (data,) = self.data([visit])
        return self.answer(data, version=visit.version, status=status, subject=visit)

    def data(self, visits: Sequence[Visit]) -> list[dict[str, Any]]:
        clients = Client.objects.visible_to(self.actor).filter(pk__in={visit.client_id for visit in visits})
        log_reads(self.actor, with_home(clients, self.actor), subject_type="visit")
        return care.visits_data(visits, self.actor)

    def _read(self) -> Any:
        return Visit.objects.visible_to(self.actor).select_related("organization", "practitioner_role__practitioner")


class Visits(VisitView):
    @extend_schema(
        operation_id="list_visits",
        summary="The visits of your clinic, the last to begin first",
        parameters=[VisitFilters],
        responses=VisitSerializer(many=True),
        examples=[examples.VISIT],
    )
    def get(self, request: Request) -> Response:
        check_reads(self.actor)
        filters = self.query(VisitFilters)
        asked = {name: filters[name] for name in ("client_id", "updated_since") if name in filters}
        found = self._read()
        if "client_id" in asked:
            found = found.filter(client_id__in=records_of(asked["client_id"], self.actor))
        if "updated_since" in asked:
            found = found.filter(updated_at__gte=asked["updated_since"])
        page = page_of(
            found,
            request,
            order=("-starts_at", "-id"),
            filters={name: str(value) for name, value in asked.items()},
        )
        data = iter(self.data(page.rows))
        return page.response(lambda visit: next(data))

    @extend_schema(
        operation_id="enter_visit",
        summary="Plan or book a visit, or enter one after it took place",
        request=NewVisit,
        responses={201: VisitSerializer},
        examples=[examples.NEW_VISIT, examples.VISIT_BY_NUMBER, examples.VISIT],
    )
    def post(self, request: Request) -> Response:
        visit = care.enter_visit(actor=self.actor, fields=self.validated(NewVisit))
        return self.shown(visit.pk, status=201)


class OneVisit(VisitView):
    @extend_schema(operation_id="read_visit", summary="One visit", responses=VisitSerializer, examples=[examples.VISIT])
    def get(self, request: Request, visit_id: UUID) -> Response:
        return self.shown(visit_id)

    @extend_schema(
        operation_id="change_visit",
        summary="Say which lines of care plans a visit was for",
        request=VisitChange,
        responses=VisitSerializer,
        examples=[examples.VISIT_CHANGE, examples.VISIT],
    )
    def patch(self, request: Request, visit_id: UUID) -> Response:
        (current,) = care.visits_data([self._read().one(visit_id)], self.actor)
        check_keeps(self.actor)
        expected = self.expected_version(required=True)
        fields = self.validated(VisitChange, current=current)
        visits.change_visit(visit_id, actor=self.actor, fields=fields, expected_version=expected)
        return self.shown(visit_id)


class VisitTransitions(TransitionView, VisitView):
    workflow = WORKFLOW

    @extend_schema(
        operation_id="move_visit",
        summary="Book, cancel, or say how a visit went",
        request=union_of(WORKFLOW, "VisitTransition", prefix="Visit"),
        responses=VisitSerializer,
        examples=[*examples.VISIT_MOVES, examples.VISIT],
    )
    def post(self, request: Request, visit_id: UUID) -> Response:
        name, details = asked_for(self.sent)
        expected = self.expected_version(required=False)
        care.move_visit(visit_id, name, actor=self.actor, expected_version=expected, **details)
        return self.shown(visit_id)
