"""Who works where, what they offer, and the colleague who fits."""

from typing import ClassVar
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from backend.directory import matching, policies, queries, services
from backend.directory.api.changes import checked_changes
from backend.directory.fields import page_schema
from backend.directory.models import PractitionerRole
from backend.directory.serializers import (
    MatchesSerializer,
    NeedSerializer,
    NewRoleSerializer,
    PractitionerRoleSerializer,
    RoleChanges,
    RoleEndSerializer,
    RoleQuery,
    TransmissionAgreementSerializer,
    match_body,
    role_body,
)
from backend.lib.rest.pages import page_of
from backend.lib.rest.views import View, check_version

NEED = {
    "discipline": "physical_therapy",
    "technique_ids": ["neuro"],
    "region": "cervical",
    "language": "es",
    "near": "Denver",
}


class RoleView(View):
    """One role, as the caller reads it."""

    scope_resource = "directory"
    named: ClassVar = {"pk": PractitionerRole}

    def role(self, pk: UUID) -> PractitionerRole:
        role: PractitionerRole = queries.with_details(PractitionerRole.objects.visible_to(self.actor)).one(pk)  # type: ignore[attr-defined]  # a DirectoryQuerySet
        return role

    def shown(self, pk: UUID, *, status: int = 200) -> Response:
        row = self.role(pk)
        return self.answer(role_body(row, self.actor), version=row.version, status=status, subject=row)


class PractitionerRoles(RoleView):
    @extend_schema(
        operation_id="list_practitioner_roles",
        summary="Practitioners in their clinics",
        parameters=[RoleQuery],
        responses=page_schema(PractitionerRoleSerializer),
    )
    def get(self, request: Request) -> Response:
        filters = self.query(RoleQuery)
        page = page_of(queries.practitioner_roles(self.actor, filters), request, filters=filters)
        return page.response(lambda row: role_body(row, self.actor))

    @extend_schema(
        operation_id="start_practitioner_role",
        summary="Start a role in your clinic",
        description="By an admin or the clinic's system; whoever another clinic entered starts it themselves.",
        request=NewRoleSerializer,
        responses={201: PractitionerRoleSerializer},
        examples=[
            OpenApiExample(
                "A physical therapist",
                value={
                    "practitioner_id": "01980000-0000-7000-8000-000000000003",
                    "discipline": "physical_therapy",
                    "languages": ["en", "es"],
                },
                request_only=True,
            )
        ],
    )
    def post(self, request: Request) -> Response:
        row = services.start_role(actor=self.actor, **self.validated(NewRoleSerializer))
        return self.shown(row.id, status=201)


class OneRole(RoleView):
    @extend_schema(operation_id="get_practitioner_role", summary="One role", responses=PractitionerRoleSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        return self.shown(pk)

    @extend_schema(
        operation_id="change_practitioner_role",
        summary="Change what is offered in a role",
        description="By the practitioner, an admin or the clinic's system.",
        request=RoleChanges,
        responses=PractitionerRoleSerializer,
        examples=[OpenApiExample("Away", value={"away_until": "2026-08-14"}, request_only=True)],
    )
    def patch(self, request: Request, pk: UUID) -> Response:
        row = self.role(pk)
        changes = checked_changes(
            self,
            row,
            may=policies.may_change_role,
            serializer=RoleChanges,
            body=role_body(row, self.actor),
            version=row.version,
        )
        services.change_role(pk, actor=self.actor, **changes)
        return self.shown(pk)


class RoleEnd(RoleView):
    @extend_schema(
        operation_id="end_practitioner_role",
        summary="End a role",
        description="The practitioner leaves. Open referrals go to the clinic's queue and keep their due times.",
        request=RoleEndSerializer,
        responses=PractitionerRoleSerializer,
        examples=[OpenApiExample("Moved away", value={"reason": "Moved to another state."}, request_only=True)],
    )
    def post(self, request: Request, pk: UUID) -> Response:
        row = self.role(pk)
        policies.may_change_role(self.actor, row)
        check_version(row.version, self.expected_version(required=False))
        services.end_role(pk, actor=self.actor, **self.validated(RoleEndSerializer))
        return self.shown(pk)


class TransmissionAgreement(RoleView):
    @extend_schema(
        operation_id="agree_to_transmission",
        summary="Let the clinic's system deliver what you signed elsewhere",
        description="Only by the practitioner, signed in; `agreed: false` takes it back.",
        request=TransmissionAgreementSerializer,
        responses=PractitionerRoleSerializer,
        examples=[OpenApiExample("Agree", value={"agreed": True}, request_only=True)],
    )
    def post(self, request: Request, pk: UUID) -> Response:
        row = self.role(pk)
        policies.may_agree_to_transmission(self.actor, row)
        check_version(row.version, self.expected_version(required=False))
        services.agree_to_transmission(pk, actor=self.actor, **self.validated(TransmissionAgreementSerializer))
        return self.shown(pk)


class RoleMatch(View):
    scope_resource = "directory"
    reads_by_post = True

    @extend_schema(
        operation_id="match_practitioner_roles",
        summary="Colleagues who fit a need, best first, with reasons",
        description=(
            "Only roles with a credential in force, never the caller's own. Those who are away or take no new clients "
            "come last and say so. At most fifty."
        ),
        request=NeedSerializer,
        responses=MatchesSerializer,
        examples=[OpenApiExample("Numb arm, Spanish, in Denver", value=NEED, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        need = matching.Need(**self.validated(NeedSerializer))
        found = matching.matches(need, actor=self.actor)
        return Response({"results": [match_body(match, self.actor) for match in found]})
