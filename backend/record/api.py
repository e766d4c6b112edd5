"""Reading the event feed, and the list of event types."""

from typing import Any
from urllib.parse import urlencode

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from backend.catalog.api import CatalogList
from backend.lib.problems import Forbidden
from backend.lib.rest.fields import NoQuery
from backend.lib.rest.views import View
from backend.notes.examples import DIGEST, NOTE_ID
from backend.record.event_types import event_types
from backend.record.queries.feed import BEGINNING, cursor_at, end_of_feed, events_after, place_at
from backend.record.serializers import EventTypeSerializer, FeedQuery, FeedSerializer, rendered

EXAMPLE = {
    "id": "0198c1a4-5b60-7c11-8e2f-3a5d9c0b7e41",
    "cursor": "Zk9xVXoyb1p6bGp3",
    "type": "referral.accepted",
    "occurred_at": "2026-03-02T16:20:00Z",
    "recorded_at": "2026-03-02T16:20:00Z",
    "organization_id": "0198c1a0-1f00-7a55-9b1c-6d2e8f40a713",
    "subject": {
        "type": "referral",
        "id": "0198c1a2-77e0-7d3a-a4b9-51c6e2f8d960",
        "version": 3,
        "href": "/api/v1/referrals/0198c1a2-77e0-7d3a-a4b9-51c6e2f8d960",
    },
    "related": {"client_id": "0198c1a1-0c80-7e92-8d47-2b9f6a1c5e30"},
    "actor": {
        "kind": "member",
        "practitioner_role_id": "0198c1a0-2a10-7b64-bc05-7e3d1f9a8c26",
        "application_id": None,
    },
    "request_id": "req-0198c1a4-5b5f-7f08-9a6d-c4e1b2870f35",
}
SIGNED_EXAMPLE = {
    **EXAMPLE,
    "type": "note.signed",
    "subject": {"type": "note", "id": NOTE_ID, "version": 2, "href": f"/api/v1/notes/{NOTE_ID}"},
    "related": {"signed_hash": DIGEST},
}
LATEST_EXAMPLE = {"results": [], "next": None, "previous": None, "cursor": EXAMPLE["cursor"]}


class FeedView(View):
    scope_resource = "events"

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if not self.actor.is_staff:
            raise Forbidden("Only clinics read the feed.")


class Events(FeedView):
    @extend_schema(
        operation_id="list_events",
        summary="What happened, oldest first",
        description=(
            "The events of your organization, in the order in which they became readable; one that is stored late is "
            "never skipped. Follow `next` until it is null, keep `cursor`, and ask again with it as `after`. Delivery "
            "is at least once: compare `subject.version` with what you have. Events about what you may no longer see "
            "are left out. A cursor can be read for 90 days, then it is 410 `cursor_expired`."
        ),
        parameters=[FeedQuery],
        responses=FeedSerializer,
        examples=[
            OpenApiExample(
                "Two events",
                value={
                    "results": [EXAMPLE, SIGNED_EXAMPLE],
                    "next": None,
                    "previous": None,
                    "cursor": EXAMPLE["cursor"],
                },
            )
        ],
    )
    def get(self, request: Request) -> Response:
        asked = self.query(FeedQuery)
        place = place_at(asked["after"], self.actor) if "after" in asked else BEGINNING
        found = events_after(place, actor=self.actor, types=asked.get("types", ()), limit=asked["limit"])
        cursor = cursor_at(found.end, self.actor)
        link = self._link(cursor, asked) if found.has_more else None
        body = {
            "results": [rendered(event, self.actor) for event in found.events],
            "next": link,
            "previous": None,
            "cursor": cursor,
        }
        return Response(body, headers={"Link": f'<{link}>; rel="next"'} if link else None)

    def _link(self, cursor: str, asked: dict[str, Any]) -> str:
        query = {"after": cursor, "limit": asked["limit"]}
        if "types" in asked:
            query["types"] = ",".join(asked["types"])
        return self.request.build_absolute_uri(f"{self.request.path}?{urlencode(query)}")


class LatestEvents(FeedView):
    @extend_schema(
        operation_id="get_end_of_events",
        summary="Where the feed ends now",
        description="An empty page whose `cursor` is behind everything so far: read from here with `after`.",
        responses=FeedSerializer,
        examples=[OpenApiExample("The end", value=LATEST_EXAMPLE)],
    )
    def get(self, request: Request) -> Response:
        self.query(NoQuery)
        cursor = cursor_at(end_of_feed(), self.actor)
        return Response({"results": [], "next": None, "previous": None, "cursor": cursor})


class EventTypes(CatalogList):
    serializer_class = EventTypeSerializer

    def rows(self, asked: dict[str, str]) -> list[dict[str, str]]:
        return [{"type": name, "summary": summary} for name, summary in event_types().items()]

    @extend_schema(
        operation_id="list_event_types",
        tags=["Catalog"],
        summary="Event types",
        description="Every type an event can have. More may come: ignore those you do not know.",
        responses=EventTypeSerializer(many=True),
        examples=[OpenApiExample("A step", value={"type": "referral.accepted", "summary": "Take the client on."})],
    )
    def get(self, request: Request) -> Response:
        return self.whole(request)
