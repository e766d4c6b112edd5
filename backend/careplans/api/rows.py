"""Problems, goals, interventions and phases: the same four operations for each, and the decision about one of who left."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from backend.careplans import examples, inputs, queries, rendering, services
from backend.careplans import serializers as s
from backend.careplans.agreement import Standing
from backend.careplans.api.view import PlanView
from backend.careplans.models import Decision
from backend.careplans.services import ROWS
from backend.lib.rest.pages import page_of

IN_ERROR = (
    "By a practitioner or an admin of the clinic that wrote it, also when it is on the team no longer. The row stays, to be shown "
    "struck through, is in no later version and in no count; open proposals about it lapse. `wrong_client` takes it away from "
    "everybody else at once, out of published versions, too. Who had read the plan is told. Of a row that is in error "
    "for another reason, or in a plan that is, `wrong_client` can still be said, once."
)
COUNTS_NO_MORE = (
    " Either way the row counts no more: it is in no later version, nobody is asked to agree to it, and its organization writes it "
    "anew when it comes back."
)
OWN_ROWS = "Only the organization a row belongs to changes it; others propose."


class RowView(PlanView):
    kind: Any = ""
    clinical = True

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.kind:
            cls.named = {**PlanView.named, "row_id": ROWS[cls.kind].model}

    def rendered(self, row: dict[str, Any], standing: Standing) -> dict[str, Any]:
        """A row as its reader sees it; a line or goal with what of it is in force."""
        if self.kind in ("goals", "interventions"):
            row = rendering.with_agreement(self.kind, row, standing, self.actor)
        return rendering.line_for(row, self.actor) if self.kind == "interventions" else row

    def one(self, plan_id: str, row_id: Any, *, status: int = 200) -> Response:
        plan = self.looked_at(plan_id, clinical=self.clinical)
        row = self.rendered(self.found(self.kind, plan, row_id), rendering.standing_of(plan))
        subject = ROWS[self.kind].model(id=row["id"])
        return self.answer(row, version=row["version"], status=status, subject=subject)


class PlanRows(RowView):
    def get(self, request: Request, plan_id: str) -> Response:
        plan = self.looked_at(plan_id, clinical=self.clinical)
        self.query(s.RowFilters)
        page = page_of(queries.page_rows(self.actor, plan["id"], self.kind), request)
        standing = rendering.standing_of(plan)
        return page.response(lambda row: self.rendered(rendering.shown(self.kind, row["data"]), standing))

    def post(self, request: Request, plan_id: str) -> Response:
        self.read(plan_id)
        row = services.add_row(plan_id, self.kind, actor=self.actor, sent=self.sent)
        return self.one(plan_id, row.pk, status=201)


class OnePlanRow(RowView):
    def get(self, request: Request, plan_id: str, row_id: str) -> Response:
        return self.one(plan_id, row_id)

    def patch(self, request: Request, plan_id: str, row_id: str) -> Response:
        plan = self.read(plan_id)
        current = self.rendered(self.found(self.kind, plan, row_id), rendering.standing_of(plan))
        expected = self.expected_version(required=True)
        services.change_row(
            plan_id, self.kind, row_id, actor=self.actor, sent=self.sent, expected=expected, current=current
        )
        return self.one(plan_id, row_id)


class PlanRowInError(RowView):
    def post(self, request: Request, plan_id: str, row_id: str) -> Response:
        expected = self.expected_version(required=False)
        row = services.enter_row_in_error(
            plan_id, self.kind, row_id, actor=self.actor, sent=self.sent, expected=expected
        )
        shown = self.found(self.kind, {"id": row.plan_id}, row.pk)
        return self.answer(rendering.row_in_error(shown), version=row.version, subject=row)


def rows_described(kind: str, many: str, word: str, answer: Any, new: OpenApiExample, shown: OpenApiExample) -> Any:
    """How the list of one kind reads in the OpenAPI document."""
    return extend_schema_view(
        get=extend_schema(
            operation_id=f"list_{kind}_of_care_plan",
            summary=f"The {many} of a care plan",
            parameters=[s.RowFilters],
            responses=answer(many=True),
            examples=[shown],
        ),
        post=extend_schema(
            operation_id=f"add_{word}",
            summary=f"Add a {word} of your clinic's own",
            request=ROWS[kind].fields,
            responses={201: answer},
            examples=[new, shown],
        ),
    )


def row_described(kind: str, word: str, answer: Any, change: OpenApiExample, shown: OpenApiExample) -> Any:
    """How one row of a kind reads in the OpenAPI document."""
    return extend_schema_view(
        get=extend_schema(
            operation_id=f"read_{word}", summary=f"One {word} of a care plan", responses=answer, examples=[shown]
        ),
        patch=extend_schema(
            operation_id=f"change_{word}",
            summary=f"Change a {word} of your clinic's own (JSON merge patch, needs If-Match)",
            description=OWN_ROWS,
            request=ROWS[kind].patch,
            responses=answer,
            examples=[change, shown],
        ),
    )


def error_described(word: str) -> Any:
    """How the error of one kind of row reads in the OpenAPI document."""
    return extend_schema_view(
        post=extend_schema(
            operation_id=f"mark_{word}_of_care_plan_entered_in_error",
            summary=f"A {word} of your clinic's own was entered in error",
            description=IN_ERROR,
            request=inputs.EnterInError,
            responses=s.PlanRowInError,
            examples=[examples.IN_ERROR, examples.ROW_IN_ERROR],
        )
    )


@rows_described("problems", "problems", "problem", s.ProblemOut, examples.NEW_PROBLEM, examples.PROBLEM)
class Problems(PlanRows):
    kind = "problems"


@row_described("problems", "problem", s.ProblemOut, examples.CHANGE_PROBLEM, examples.PROBLEM)
class OneProblem(OnePlanRow):
    kind = "problems"


@error_described("problem")
class ProblemInError(PlanRowInError):
    kind = "problems"


@rows_described("goals", "goals", "goal", s.GoalOut, examples.NEW_GOAL, examples.GOAL)
class Goals(PlanRows):
    kind = "goals"


@row_described("goals", "goal", s.GoalOut, examples.CHANGE_GOAL, examples.GOAL)
class OneGoal(OnePlanRow):
    kind = "goals"


@error_described("goal")
class GoalInError(PlanRowInError):
    kind = "goals"


@rows_described("interventions", "lines", "intervention", s.InterventionOut, examples.NEW_LINE, examples.LINE)
class Interventions(PlanRows):
    kind = "interventions"
    clinical = False


@row_described("interventions", "intervention", s.InterventionOut, examples.CHANGE_LINE, examples.LINE)
class OneIntervention(OnePlanRow):
    kind = "interventions"
    clinical = False


@error_described("intervention")
class InterventionInError(PlanRowInError):
    kind = "interventions"


@rows_described("phases", "phases", "phase", s.PhaseOut, examples.NEW_PHASE, examples.PHASE)
class Phases(PlanRows):
    kind = "phases"
    clinical = False


@row_described("phases", "phase", s.PhaseOut, examples.CHANGE_PHASE, examples.PHASE)
class OnePhase(OnePlanRow):
    kind = "phases"
    clinical = False


@error_described("phase")
class PhaseInError(PlanRowInError):
    kind = "phases"


class RowDecision(RowView):
    def post(self, request: Request, plan_id: str, row_id: str) -> Response:
        self.read(plan_id)
        made: Decision = services.decide(plan_id, self.kind, row_id, actor=self.actor, sent=self.sent)
        self.looked_at(plan_id, clinical=True)
        shown = rendering.shown("decisions", queries.one_decision(made.pk, self.actor))
        return self.answer(shown, version=1, status=201, subject=made)


def decision_described(word: str, more: str, request: Any, new: OpenApiExample, shown: OpenApiExample) -> Any:
    """How the decision about one kind of row reads in the OpenAPI document."""
    return extend_schema_view(
        post=extend_schema(
            operation_id=f"decide_{word}",
            summary=f"Take over or drop a {word} whose organization left",
            description=f"By the lead. The {word} stays as it was; taking it over makes a new {word} of the lead's own.{more}",
            request=request,
            responses={201: s.DecisionOut},
            examples=[new, shown],
        )
    )


@decision_described("line", "", inputs.DecisionInput, examples.NEW_DECISION, examples.DECISION)
class LineDecision(RowDecision):
    kind = "interventions"


@decision_described("goal", COUNTS_NO_MORE, inputs.RowDecisionInput, examples.TAKE_OVER, examples.TAKEN_OVER)
class GoalDecision(RowDecision):
    kind = "goals"


@decision_described("problem", COUNTS_NO_MORE, inputs.RowDecisionInput, examples.TAKE_OVER, examples.TAKEN_OVER)
class ProblemDecision(RowDecision):
    kind = "problems"
