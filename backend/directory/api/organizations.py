"""Clinics and their places."""

from typing import ClassVar
from uuid import UUID

from django.contrib.auth import get_user
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.directory import policies, queries, services
from backend.directory.api.changes import checked_changes
from backend.directory.fields import ChangedSinceQuery, page_schema
from backend.directory.models import Location, Organization, User
from backend.directory.serializers import (
    LocationChanges,
    LocationQuery,
    LocationSerializer,
    NewLocationSerializer,
    NewOrganizationSerializer,
    OrganizationChanges,
    OrganizationSerializer,
    location_body,
    organization_body,
)
from backend.lib.actor import ActorKind
from backend.lib.problems import Forbidden
from backend.lib.rest.authentication import actor_of
from backend.lib.rest.pages import page_of
from backend.lib.rest.permissions import CallerIsKnown
from backend.lib.rest.views import View

NEW_ORGANIZATION = {
    "name": "South Physio",
    "time_zone": "America/Denver",
    "opening_times": [{"weekday": 0, "opens": "08:00", "closes": "18:00"}],
}
NEW_LOCATION = {
    "name": "Main street",
    "city": "Denver",
    "postal_code": "80202",
    "latitude": 39.74,
    "longitude": -104.99,
}


class SignedInOrKnown(CallerIsKnown):
    """A person who is signed in and belongs to no organization yet may open one."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if request.method == "POST" and not actor_of(request).is_known and account_of(request) is not None:
            SessionAuthentication().enforce_csrf(request)
            return True
        return super().has_permission(request, view)


def account_of(request: Request) -> User | None:
    """The account that is signed in with a session."""
    # Not request.user: there DRF puts what its own authentication found, which is nobody.
    account = get_user(request._request)
    return account if isinstance(account, User) and "Authorization" not in request.headers else None


class Organizations(View):
    scope_resource = "directory"
    permission_classes = [SignedInOrKnown]

    @extend_schema(
        operation_id="list_organizations",
        summary="Clinics",
        parameters=[ChangedSinceQuery],
        responses=page_schema(OrganizationSerializer),
    )
    def get(self, request: Request) -> Response:
        filters = self.query(ChangedSinceQuery)
        page = page_of(queries.organizations(self.actor, filters), request, filters=filters)
        return page.response(lambda row: organization_body(row, self.actor))

    @extend_schema(
        operation_id="open_organization",
        summary="Open a clinic",
        description="The person who calls becomes its practitioner, coordinator and admin. A system cannot do this.",
        request=NewOrganizationSerializer,
        responses={201: OrganizationSerializer},
        examples=[OpenApiExample("A clinic", value=NEW_ORGANIZATION, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        account = self._account()
        fields = self.validated(NewOrganizationSerializer)
        row, member = services.open_organization(user=account, **fields)
        actor = self.actor.but(organization_id=row.id, member_id=member.id, kind=ActorKind.MEMBER)
        return self.answer(organization_body(row, actor), version=row.version, status=201, subject=row)

    def _account(self) -> User:
        if self.actor.kind == ActorKind.MEMBER and self.actor.user_id is not None:
            return User.objects.get(pk=self.actor.user_id)
        account = account_of(self.request)
        if account is None:
            raise Forbidden("Only a person can open a clinic.", code="person_required")
        return account


class OneOrganization(View):
    scope_resource = "directory"
    named: ClassVar = {"pk": Organization}

    @extend_schema(operation_id="get_organization", summary="One clinic", responses=OrganizationSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        row = Organization.objects.visible_to(self.actor).one(pk)
        return self._shown(row)

    @extend_schema(
        operation_id="change_organization",
        summary="Change a clinic's settings",
        description="By its admins. `opening_times` and `holidays` are replaced whole.",
        request=OrganizationChanges,
        responses=OrganizationSerializer,
    )
    def patch(self, request: Request, pk: UUID) -> Response:
        row = Organization.objects.visible_to(self.actor).one(pk)
        changes = checked_changes(
            self,
            row,
            may=lambda actor, row: policies.require_admin(actor, row.id),
            serializer=OrganizationChanges,
            body=organization_body(row, self.actor),
            version=row.version,
        )
        return self._shown(services.change_organization(pk, actor=self.actor, **changes))

    def _shown(self, row: Organization) -> Response:
        return self.answer(organization_body(row, self.actor), version=row.version, subject=row)


class Locations(View):
    scope_resource = "directory"

    @extend_schema(
        operation_id="list_locations",
        summary="Places of all clinics",
        parameters=[LocationQuery],
        responses=page_schema(LocationSerializer),
    )
    def get(self, request: Request) -> Response:
        filters = self.query(LocationQuery)
        return page_of(queries.locations(self.actor, filters), request, filters=filters).response(location_body)

    @extend_schema(
        operation_id="add_location",
        summary="Add a place to your clinic",
        request=NewLocationSerializer,
        responses={201: LocationSerializer},
        examples=[OpenApiExample("A practice", value=NEW_LOCATION, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        policies.require_manager(self.actor)
        row = services.add_location(actor=self.actor, **self.validated(NewLocationSerializer))
        return self.answer(location_body(row), version=row.version, status=201, subject=row)


class OneLocation(View):
    scope_resource = "directory"
    named: ClassVar = {"pk": Location}

    @extend_schema(operation_id="get_location", summary="One place", responses=LocationSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        row = Location.objects.visible_to(self.actor).select_related("organization").one(pk)
        return self.answer(location_body(row), version=row.version, subject=row)

    @extend_schema(
        operation_id="change_location", summary="Change a place", request=LocationChanges, responses=LocationSerializer
    )
    def patch(self, request: Request, pk: UUID) -> Response:
        row = Location.objects.visible_to(self.actor).select_related("organization").one(pk)
        changes = checked_changes(
            self,
            row,
            may=lambda actor, row: policies.require_manager(actor, row.organization_id),
            serializer=LocationChanges,
            body=location_body(row),
            version=row.version,
        )
        row = services.change_location(pk, actor=self.actor, **changes)
        return self.answer(location_body(row), version=row.version, subject=row)
