"""The timeline of one client over HTTP."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from backend.clients.api.view import ClientView
from backend.clients.queries import records_of
from backend.lib.problems import Forbidden
from backend.lib.rest.pages import page_of
from backend.record.moments import MOMENTS
from backend.record.queries.timeline import FILTERS, ORDER, log_shown, timeline
from backend.record.serializers_timeline import TimelineItemSerializer, TimelineQuery, item_data, names_in

EXAMPLE = {
    "id": "019a9f00-0000-7000-8000-000000000011",
    "kind": "note",
    "what": "written",
    "occurred_at": "2026-11-25T17:00:00Z",
    "recorded_at": "2026-11-25T17:52:00Z",
    "author": {"id": "019a9f00-0000-7000-8000-000000000006", "display": "Jo Lind"},
    "discipline": "massage_therapy",
    "organization": {"id": "019a9f00-0000-7000-8000-000000000003", "display": "Calm Hands Massage"},
    "gist": "Progress note: Trigger point therapy; pain 5/10; Findings fit the referral pattern.",
    "href": "/api/v1/notes/019a9f00-0000-7000-8000-000000000011",
    "flags": ["amended"],
}


class Timeline(ClientView):
    @extend_schema(
        operation_id="get_timeline",
        summary="What happened to a client, across clinics",
        description=(
            "Newest first: notes, asks, plans, proposals, visits, referrals, reports, messages, precautions, holds, consents "
            "and access, each as far as you read it where it is kept. What was entered in error stays and is marked. "
            "Coordinators read that something is there, and nothing clinical of it. A token reads the kinds whose scope it "
            "carries; one that is asked for without its scope is 403."
        ),
        parameters=[TimelineQuery],
        responses=TimelineItemSerializer(many=True),
        examples=[OpenApiExample("A note of another clinic", value=EXAMPLE, response_only=True)],
    )
    def get(self, request: Request, client_id: str) -> Response:
        client = self.client(client_id)
        asked = self.query(TimelineQuery)
        kinds = asked.get("kinds", [])
        self._check_scopes(kinds)
        records = records_of(client.pk, self.actor)
        wanted = {name: asked[name] for name in FILTERS if name in asked}
        page = page_of(
            lambda keyset: timeline(self.actor, records, kinds=kinds, wanted=wanted, keyset=keyset),
            request,
            order=ORDER,
            filters={"kinds": kinds, **{name: str(value) for name, value in wanted.items()}},
        )
        log_shown(self.actor, client, records, page.rows)
        names = names_in(page.rows)
        return page.response(lambda row: item_data(row, self.actor, names))

    def _check_scopes(self, kinds: list[str]) -> None:
        missing: Any = {
            m.thing.scope for m in MOMENTS if m.thing.kind in kinds and not self.actor.allows(m.thing.scope)
        }
        if missing:
            raise Forbidden(f"This token does not carry the scope {min(missing)}.", code="insufficient_scope")
