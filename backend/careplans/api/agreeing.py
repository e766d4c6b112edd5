"""Proposals, versions and agreements of a plan."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from backend.careplans import examples, queries, rendering, services
from backend.careplans import serializers as s
from backend.careplans.api.view import PlanView
from backend.careplans.inputs import AgreementInput, NewProposal, OfPlan
from backend.careplans.models import PlanVersion, Proposal
from backend.careplans.schema import PROPOSAL_TRANSITION
from backend.careplans.workflow import PROPOSAL_WORKFLOW
from backend.lib.problems import NotFound
from backend.lib.rest.pages import page_of
from backend.lib.rest.transitions import asked_for
from backend.lib.rest.views import TransitionView


class ProposalView(PlanView):
    def one(self, plan_id: str, proposal_id: object, *, status: int = 200) -> Response:
        plan = self.looked_at(plan_id, clinical=True)
        shown = rendering.proposal_for(self.found("proposals", plan, proposal_id), plan, self.actor)
        return self.answer(shown, version=shown["version"], status=status, subject=Proposal(id=shown["id"]))


class Proposals(ProposalView):
    @extend_schema(
        operation_id="list_proposals",
        summary="What parties propose to each other, and what became of it",
        parameters=[s.RowFilters],
        responses=s.ProposalOut(many=True),
        examples=[examples.PROPOSAL],
    )
    def get(self, request: Request, plan_id: str) -> Response:
        plan = self.looked_at(plan_id, clinical=True)
        self.query(s.RowFilters)
        page = page_of(queries.page_rows(self.actor, plan["id"], "proposals"), request)
        return page.response(
            lambda row: rendering.proposal_for(rendering.shown("proposals", row["data"]), plan, self.actor)
        )

    @extend_schema(
        operation_id="propose",
        summary="Propose a change to a line or goal of another party",
        description="`changes` is a merge patch of the row's own fields, checked as its owner's change would be.",
        request=NewProposal,
        responses={201: s.ProposalOut},
        examples=[examples.NEW_PROPOSAL, examples.PROPOSAL],
    )
    def post(self, request: Request, plan_id: str) -> Response:
        self.read(plan_id)
        made = services.propose(plan_id, actor=self.actor, sent=self.sent)
        return self.one(plan_id, made.pk, status=201)


class OneProposal(ProposalView):
    @extend_schema(
        operation_id="read_proposal",
        summary="One proposal",
        responses=s.ProposalOut,
        examples=[examples.PROPOSAL],
    )
    def get(self, request: Request, plan_id: str, proposal_id: str) -> Response:
        return self.one(plan_id, proposal_id)


class ProposalTransitions(TransitionView, ProposalView):
    workflow = PROPOSAL_WORKFLOW

    @extend_schema(
        operation_id="move_proposal",
        summary="Accept, decline or withdraw a proposal",
        request=PROPOSAL_TRANSITION,
        responses=s.ProposalOut,
        examples=[examples.DECLINE_PROPOSAL, examples.PROPOSAL],
    )
    def post(self, request: Request, plan_id: str, proposal_id: str) -> Response:
        name, sent = asked_for(self.sent)
        expected = self.expected_version(required=False)
        services.move_proposal(plan_id, proposal_id, name, actor=self.actor, sent=sent, expected=expected)
        return self.one(plan_id, proposal_id)


class VersionView(PlanView):
    def one(self, plan_id: str, number: int, *, status: int = 200) -> Response:
        plan = self.looked_at(plan_id, clinical=True)
        versions = PlanVersion.objects.visible_to(self.actor).whole().select_related("organization")
        found = versions.filter(plan_id=plan["id"], number=number).first()
        if found is None:
            raise NotFound
        response = self.answer(rendering.version_for(found), version=1, status=status, subject=found)
        if status == 201:
            response["Location"] = f"/api/v1/care-plans/{plan_id}/versions/{number}"
        return response


class Versions(VersionView):
    @extend_schema(
        operation_id="list_versions",
        summary="The published versions of a care plan, newest first",
        parameters=[s.RowFilters],
        responses=s.VersionSummary(many=True),
        examples=[examples.VERSION_SUMMARY],
    )
    def get(self, request: Request, plan_id: str) -> Response:
        plan = self.looked_at(plan_id, clinical=True)
        self.query(s.RowFilters)
        found = queries.page_rows(self.actor, plan["id"], "versions")
        page = page_of(found, request, order=("-published_at", "-id"))
        return page.response(lambda row: rendering.shown("versions", row["data"]))

    @extend_schema(
        operation_id="publish_version",
        summary="Publish the plan as it stands",
        description="By the lead, who agrees by publishing; every other party is asked. If-Match is welcome.",
        request=OfPlan,
        responses={201: s.VersionOut},
        examples=[examples.NOTHING, examples.VERSION],
    )
    def post(self, request: Request, plan_id: str) -> Response:
        self.read(plan_id)
        expected = self.expected_version(required=False)
        version = services.publish(plan_id, actor=self.actor, sent=self.sent, expected=expected)
        return self.one(plan_id, version.number, status=201)


class OneVersion(VersionView):
    def find_named(self) -> None:
        super().find_named()
        versions = PlanVersion.objects.visible_to(self.actor)
        if not versions.filter(plan_id=self.kwargs["plan_id"], number=self.kwargs["number"]).exists():
            raise NotFound

    @extend_schema(
        operation_id="read_version",
        summary="One version: what was frozen, and what changed since the one before",
        responses=s.VersionOut,
        examples=[examples.VERSION],
    )
    def get(self, request: Request, plan_id: str, number: int) -> Response:
        return self.one(plan_id, number)


class Agreements(PlanView):
    @extend_schema(
        operation_id="list_agreements",
        summary="What parties said to versions, newest first; the latest of each counts",
        parameters=[s.RowFilters],
        responses=s.AgreementOut(many=True),
        examples=[examples.AGREEMENT],
    )
    def get(self, request: Request, plan_id: str) -> Response:
        plan = self.looked_at(plan_id, clinical=True)
        self.query(s.RowFilters)
        found = queries.page_rows(self.actor, plan["id"], "agreements")
        page = page_of(found, request, order=("-answered_at", "-id"))
        return page.response(lambda row: rendering.shown("agreements", row["data"]))

    @extend_schema(
        operation_id="answer_version",
        summary="Agree or object to a version",
        description="For your organization. Nobody is bound by silence; objecting needs a sentence.",
        request=AgreementInput,
        responses={201: s.AgreementOut},
        examples=[examples.NEW_AGREEMENT, examples.AGREEMENT],
    )
    def post(self, request: Request, plan_id: str) -> Response:
        self.read(plan_id)
        written = services.answer_version(plan_id, actor=self.actor, sent=self.sent)
        plan = self.looked_at(plan_id, clinical=True)
        return self.answer(self.found("agreements", plan, written.pk), version=1, status=201, subject=written)
