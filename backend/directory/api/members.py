"""Accounts in the caller's clinic."""

from typing import ClassVar
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from backend.directory import policies, queries, services
from backend.directory.api.changes import checked_changes
from backend.directory.fields import UpdatedSinceQuery, page_schema
from backend.directory.models import Member
from backend.directory.serializers import MemberChanges, MemberSerializer, NewMemberSerializer, member_body
from backend.lib.rest.pages import page_of
from backend.lib.rest.views import View, check_version


class MemberView(View):
    scope_resource = "directory"
    named: ClassVar = {"pk": Member}

    def member(self, pk: UUID) -> Member:
        member: Member = Member.objects.visible_to(self.actor).select_related("user", "organization").one(pk)
        return member

    def shown(self, row: Member, *, status: int = 200) -> Response:
        return self.answer(member_body(row), version=row.version, status=status, subject=row)


class Members(MemberView):
    @extend_schema(
        operation_id="list_members",
        summary="Members of your organization",
        description="Only for its people.",
        parameters=[UpdatedSinceQuery],
        responses=page_schema(MemberSerializer),
    )
    def get(self, request: Request) -> Response:
        policies.may_see_members(self.actor)
        filters = self.query(UpdatedSinceQuery)
        rows = queries.members(self.actor, filters.get("updated_since")).select_related("organization", "user")
        return page_of(rows, request, filters=filters).response(member_body)

    @extend_schema(
        operation_id="add_member",
        summary="Add a member by e-mail",
        description="By an admin. A new account has no password; its person sets one with “forgot password”.",
        request=NewMemberSerializer,
        responses={201: MemberSerializer},
        examples=[
            OpenApiExample(
                "Front desk", value={"email": "kim@example.org", "rights": ["coordinator"]}, request_only=True
            )
        ],
    )
    def post(self, request: Request) -> Response:
        policies.require_admin(self.actor)
        row = services.add_member(actor=self.actor, **self.validated(NewMemberSerializer))
        return self.shown(self.member(row.id), status=201)


class OneMember(MemberView):
    @extend_schema(operation_id="get_member", summary="One member", responses=MemberSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        return self.shown(self.member(pk))

    @extend_schema(
        operation_id="change_member",
        summary="Change a member's rights, or your own quiet hours",
        request=MemberChanges,
        responses=MemberSerializer,
    )
    def patch(self, request: Request, pk: UUID) -> Response:
        row = self.member(pk)
        changes = checked_changes(
            self,
            row,
            may=policies.may_change_member,
            serializer=MemberChanges,
            body=member_body(row),
            version=row.version,
        )
        services.change_member(pk, actor=self.actor, **changes)
        return self.shown(self.member(pk))


class MemberEnd(MemberView):
    @extend_schema(
        operation_id="end_member",
        summary="End a membership",
        description="By an admin, or by the member. Tokens and the roles held here end with it; the account stays.",
        request=None,
        responses=MemberSerializer,
    )
    def post(self, request: Request, pk: UUID) -> Response:
        row = self.member(pk)
        policies.may_change_member(self.actor, row)
        check_version(row.version, self.expected_version(required=False))
        services.end_member(pk, actor=self.actor)
        return self.shown(self.member(pk))
