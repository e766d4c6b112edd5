"""The team of a plan."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from backend.careplans import examples, queries, rendering, services
from backend.careplans import serializers as s
from backend.careplans.api.view import PlanView
from backend.careplans.inputs import NewLead, NewTeamMember, OfPlan
from backend.careplans.models import TeamMember
from backend.lib.rest.pages import page_of


class Team(PlanView):
    @extend_schema(
        operation_id="list_team",
        summary="Who is and was on the team of a care plan",
        description="A member counts only while its access to the client lives: `is_live`.",
        parameters=[s.RowFilters],
        responses=s.TeamMemberOut(many=True),
        examples=[examples.MEMBER],
    )
    def get(self, request: Request, plan_id: str) -> Response:
        plan = self.looked_at(plan_id)
        self.query(s.RowFilters)
        page = page_of(queries.page_rows(self.actor, plan["id"], "team"), request, order=("-from_at", "-id"))
        standing = rendering.standing_of(plan)
        return page.response(lambda row: rendering.member_for(row["data"], standing))

    @extend_schema(
        operation_id="add_team_member",
        summary="Put an organization on the team",
        description="By the lead; the organization shares the client's record with it already.",
        request=NewTeamMember,
        responses={201: s.TeamMemberOut},
        examples=[examples.NEW_MEMBER, examples.MEMBER],
    )
    def post(self, request: Request, plan_id: str) -> Response:
        self.read(plan_id)
        added: TeamMember = services.add_member(plan_id, actor=self.actor, sent=self.sent)
        plan = self.looked_at(plan_id)
        shown = next(row for row in plan["team_list"] if row["id"] == str(added.pk))
        member = rendering.member_for(shown, rendering.standing_of(plan))
        return self.answer(member, version=1, status=201, subject=added)


class EndMembership(PlanView):
    @extend_schema(
        operation_id="end_membership",
        summary="Leave the team, or take an organization off it",
        description="Its lines end and stay readable; the lead decides about each, and passes on when the lead left.",
        request=OfPlan,
        responses=s.CarePlanDetail,
        examples=[examples.NOTHING, examples.DETAIL],
    )
    def post(self, request: Request, plan_id: str, membership_id: str) -> Response:
        self.read(plan_id)
        services.end_membership(plan_id, membership_id, actor=self.actor, sent=self.sent)
        return self.whole(plan_id)


class Lead(PlanView):
    @extend_schema(
        operation_id="hand_over_lead",
        summary="Hand the plan over to another organization on its team",
        description="By the lead, which stays on the team as a member and writes on in its own rows. The phases go over with the lead.",
        request=NewLead,
        responses=s.CarePlanDetail,
        examples=[examples.NEW_LEAD, examples.DETAIL],
    )
    def post(self, request: Request, plan_id: str) -> Response:
        self.read(plan_id)
        services.hand_over_lead(plan_id, actor=self.actor, sent=self.sent)
        return self.whole(plan_id)
