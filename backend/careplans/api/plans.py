"""Plans: the list, one, its steps, its progress."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from backend.careplans import examples, history, policies, queries, rendering, services, waiting
from backend.careplans import serializers as s
from backend.careplans.api.view import PlanView
from backend.careplans.inputs import EnterInError, NewPlan, PlanFields
from backend.careplans.schema import TRANSITION
from backend.careplans.workflow import PLAN_WORKFLOW
from backend.directory.history import NEWEST_FIRST
from backend.directory.serializers.changes import ChangeSerializer
from backend.lib.rest.pages import page_of
from backend.lib.rest.transitions import asked_for
from backend.lib.rest.views import TransitionView


class CarePlans(PlanView):
    @extend_schema(
        operation_id="list_care_plans",
        summary="Care plans your clinic is or was on",
        parameters=[s.PlanFilters],
        responses=s.CarePlanSummary(many=True),
        examples=[examples.SUMMARY],
    )
    def get(self, request: Request) -> Response:
        policies.check_reads(self.actor)
        filters = self.query(s.PlanFilters)
        found = queries.rows(self.actor)
        if "waits_for" in filters:
            policies.check_reads_clinical(self.actor)
            found = found.filter(pk__in=waiting.for_step(self.actor, filters["waits_for"]).values("pk"))
        if "client_id" in filters:
            found = found.filter(queries.about(filters["client_id"], self.actor))
        if "state" in filters:
            found = found.filter(state=filters["state"])
        if "updated_since" in filters:
            found = found.filter(queries.changed_since(filters["updated_since"], self.actor))
        asked = {name: str(value) for name, value in filters.items() if name not in ("limit", "cursor")}
        page = page_of(found, request, filters=asked)
        queries.log_looks_at(self.actor, page.rows)
        return page.response(lambda row: rendering.summary(row, self.actor))

    @extend_schema(
        operation_id="write_care_plan",
        summary="Begin a care plan; your clinic leads",
        description="Others join when they accept a referral, or are added to the team by the lead.",
        request=NewPlan,
        responses={201: s.CarePlanDetail},
        examples=[examples.NEW_PLAN, examples.PLAN_BY_NUMBER, examples.DETAIL],
    )
    def post(self, request: Request) -> Response:
        plan = services.write_plan(actor=self.actor, sent=self.sent)
        return self.whole(plan.pk, status=201)


class OneCarePlan(PlanView):
    @extend_schema(
        operation_id="read_care_plan",
        summary="One care plan with everything in it",
        description=(
            "Every line and goal says what of it is in force, and for whom not yet. Of a plan that is closed to you "
            "only what your clinic wrote is shown; coordinators read who, how often and until when."
        ),
        responses=s.CarePlanDetail,
        examples=[examples.DETAIL],
    )
    def get(self, request: Request, plan_id: str) -> Response:
        return self.whole(plan_id)

    @extend_schema(
        operation_id="change_care_plan",
        summary="Change the header of a care plan (JSON merge patch, needs If-Match)",
        request=PlanFields,
        responses=s.CarePlanDetail,
        examples=[examples.CHANGE_PLAN, examples.DETAIL],
    )
    def patch(self, request: Request, plan_id: str) -> Response:
        self.read(plan_id)
        expected = self.expected_version(required=True)
        services.change_plan(plan_id, actor=self.actor, sent=self.sent, expected=expected)
        return self.whole(plan_id)


class PlanTransitions(TransitionView, PlanView):
    workflow = PLAN_WORKFLOW

    @extend_schema(
        operation_id="move_care_plan",
        summary="Activate, hold, resume, complete, revoke or reopen a care plan",
        description="An admin, who reads no plan, takes `enter_in_error` alone and is answered as by its own operation.",
        request=TRANSITION,
        responses=s.CarePlanDetail,
        examples=[examples.ACTIVATE, examples.HOLD_LATE, examples.DETAIL],
    )
    def post(self, request: Request, plan_id: str) -> Response:
        name, sent = asked_for(self.sent)
        services.move_plan(plan_id, name, actor=self.actor, sent=sent, expected=self.expected_version(required=False))
        return self.whole(plan_id) if policies.reads(self.actor) else self.in_error(plan_id)


class PlanInError(PlanView):
    @extend_schema(
        operation_id="mark_care_plan_entered_in_error",
        summary="A care plan was entered in error",
        description=(
            "By a practitioner or an admin of the clinic that leads; the same as the transition `enter_in_error`. The plan stays, "
            "to be shown struck through, revoked for good, and is in no count. `wrong_client` takes it away from the client and from "
            "every other clinic at once; what such a clinic wrote in it stays with that clinic. Who had read it is told. Of a plan "
            "that is in error for another reason `wrong_client` can still be said, once."
        ),
        request=EnterInError,
        responses=s.CarePlanInError,
        examples=[examples.IN_ERROR, examples.PLAN_IN_ERROR],
    )
    def post(self, request: Request, plan_id: str) -> Response:
        expected = self.expected_version(required=False)
        services.enter_plan_in_error(plan_id, actor=self.actor, sent=self.sent, expected=expected)
        return self.in_error(plan_id)


class Progress(PlanView):
    @extend_schema(
        operation_id="read_care_plan_progress",
        summary="How far goals and visit budgets are, as far as it is known",
        responses=s.ProgressOut,
        examples=[examples.PROGRESS],
    )
    def get(self, request: Request, plan_id: str) -> Response:
        row = self.looked_at(plan_id)
        return Response(rendering.progress(row, self.actor))


class Changes(PlanView):
    @extend_schema(
        operation_id="list_changes_of_care_plan",
        summary="What changed in a care plan, newest first",
        description=(
            "Each change of its header, team and rows: by whom, in which request, from what to what. What your clinic wrote "
            "stays readable; what others wrote is there while the plan is open to you. Coordinators read what planning takes."
        ),
        parameters=[s.RowFilters],
        responses=ChangeSerializer(many=True),
        examples=[examples.CHANGED],
    )
    def get(self, request: Request, plan_id: str) -> Response:
        plan = self.looked_at(plan_id)
        self.query(s.RowFilters)
        found = history.history_for(self.actor)
        page = page_of(lambda keyset: found.rows(self.actor, plan["id"], keyset), request, order=NEWEST_FIRST)
        return page.response(found.told)
