"""Who am I here, and what may I do."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from backend.directory.models import Application, Organization
from backend.directory.oauth import known_scopes
from backend.directory.serializers import MeSerializer
from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.rest.fields import utc
from backend.lib.rest.views import View

ME = {
    "mode": "sandbox",
    "now": "2026-03-02T16:20:00Z",
    "application": {"id": "01980000-0000-7000-8000-000000000001", "name": "North's calendar"},
    "organization": {
        "id": "01980000-0000-7000-8000-000000000002",
        "display": "North Massage",
        "time_zone": "America/Denver",
    },
    "member": None,
    "roles": [],
    "practitioner_role_ids": [],
    "scopes": ["clients:read", "referrals:read", "referrals:write"],
    "limits": {"requests_per_minute": 600},
}


class Me(View):
    @extend_schema(
        operation_id="get_me",
        tags=["Me"],
        summary="Who is calling",
        description="Mode, domain time, application, organization, rights, scopes and limits of the caller.",
        responses=MeSerializer,
        examples=[OpenApiExample("A clinic's system", value=ME, response_only=True)],
    )
    def get(self, request: Request) -> Response:
        actor = self.actor
        return Response(
            {
                "mode": settings.MODE,
                "now": utc(clock.now()),
                "application": _application(actor),
                "organization": _organization(actor),
                "member": {"id": str(actor.member_id), "display": actor.display} if actor.member_id else None,
                "roles": sorted(actor.rights),
                "practitioner_role_ids": sorted(map(str, actor.role_ids)),
                "scopes": sorted(known_scopes() if actor.scopes is None else actor.scopes),
                "limits": {"requests_per_minute": settings.RATE_LIMIT_PER_MINUTE},
            }
        )


def _application(actor: Actor) -> dict[str, Any] | None:
    if actor.application_id is None:
        return None
    row = Application.objects.only("name").get(pk=actor.application_id)
    return {"id": str(row.pk), "name": row.name}


def _organization(actor: Actor) -> dict[str, Any] | None:
    if actor.organization_id is None:
        return None
    row = Organization.objects.only("name", "time_zone").get(pk=actor.organization_id)
    return {"id": str(row.pk), "display": row.name, "time_zone": row.time_zone}
