"""Since your last visit, marking it as read, and the body map in list form, over HTTP."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from backend.clients.api.view import ClientView
from backend.lib.rest.views import remember_subject
from backend.record import serializers_brief as s
from backend.record.body_map import body_map
from backend.record.brief import brief, reading_of
from backend.record.marking import mark_as_read, refuse_who_does_not_mark

CLIENT = {"id": "019a9f00-0000-7000-8000-000000000002", "display": "Nora Feld"}
CLINIC = {"id": "019a9f00-0000-7000-8000-000000000004", "display": "Harbor Physio"}
NOTE_ID = "019a9f00-0000-7000-8000-000000000011"
LINE_ID = f"note.{NOTE_ID}.1"
BRIEF: dict[str, Any] = {
    "client": CLIENT,
    "last_visit_at": "2026-11-18T17:00:00Z",
    "since": "2026-11-18T17:00:00Z",
    "lines": [
        {
            "id": "hold.019a9f00-0000-7000-8000-000000000021.1",
            "kind": "hold",
            "at": "2026-11-21T09:10:00Z",
            "occurred_at": "2026-11-21T09:10:00Z",
            "author": None,
            "organization": CLINIC,
            "discipline": None,
            "text": "Do not treat: Neck, left, because of red flag.",
            "is_red": True,
            "is_pinned": True,
            "is_read": False,
            "href": f"/api/v1/clients/{CLIENT['id']}/holds",
        },
        {
            "id": LINE_ID,
            "kind": "note",
            "at": "2026-11-20T18:02:00Z",
            "occurred_at": "2026-11-20T17:00:00Z",
            "author": "Sam Ito",
            "organization": CLINIC,
            "discipline": "physical_therapy",
            "text": "Progress: Nerve glides; Arm symptoms less; Numeric pain rating scale 6 → 4.",
            "is_red": False,
            "is_pinned": False,
            "is_read": False,
            "href": f"/api/v1/notes/{NOTE_ID}",
        },
    ],
    "more": 0,
    "withheld": [],
}
WRITTEN: dict[str, Any] = {
    "at": "2026-11-20T17:00:00Z",
    "note_id": NOTE_ID,
    "author": {"id": "019a9f00-0000-7000-8000-000000000007", "display": "Sam Ito"},
    "organization": CLINIC,
    "discipline": "physical_therapy",
}
BODY_MAP: dict[str, Any] = {
    "client": CLIENT,
    "since": None,
    "places": [
        {
            "region": "cervical",
            "side": "left",
            "label": "Neck left",
            "text": "Neck left: pain 4, was 6; last treated 20 Nov PT (Nerve glides).",
            "pain": 4,
            "findings": [
                {
                    "kind": "pain",
                    "muscle": None,
                    "intensity": 4,
                    "refers_to": [],
                    "remark": None,
                    **WRITTEN,
                    "before": {"intensity": 6, "at": "2026-11-13T17:00:00Z"},
                    "change": "better",
                }
            ],
            "last_treated": {**WRITTEN, "techniques": ["nerve_glide"]},
        }
    ],
}


class Brief(ClientView):
    @extend_schema(
        operation_id="read_brief",
        summary="Since your last visit",
        description=(
            "What the others did, asked, measured and changed since this practitioner last saw the client. What is red "
            "and in force is always there, on top; then at most five lines, what is unread before what was read. With "
            "more than five unread the oldest are shown and the newest wait (`more`) until those were marked as read, "
            "however old they are. Reading marks nothing. A system names the practitioner; coordinators have none (403). A "
            "token reads what limits the hands with `clients:read`, and the other kinds whose scope it carries; `withheld` "
            "names the rest."
        ),
        parameters=[s.BriefQuery],
        responses=s.BriefSerializer,
        examples=[OpenApiExample("Two things", value=BRIEF, response_only=True)],
    )
    def get(self, request: Request, client_id: str) -> Response:
        client = self.person_looked_at(client_id, "brief")
        role_id = self.query(s.BriefQuery).get("practitioner_role_id")
        return Response(brief(client, reading_of(client, self.actor, role_id=role_id)).logged())


class ReadBrief(ClientView):
    @extend_schema(
        operation_id="mark_brief_read",
        summary="Mark lines as read",
        description=(
            "By the practitioner, signed in: it records who saw which version and when, and is only added to. What "
            "changes afterwards (an addendum, a new version, entered in error) is unread again. Twice is once. A line "
            "that is not yours to see is 404, and then nothing is marked. Ask for the brief again to see what is left."
        ),
        request=s.ReadInput,
        responses={204: None},
        examples=[OpenApiExample("What was shown", value={"line_ids": [LINE_ID]}, request_only=True)],
    )
    def post(self, request: Request, client_id: str) -> Response:
        client = self.client(client_id)
        refuse_who_does_not_mark(client, self.actor)
        mark_as_read(client, self.validated(s.ReadInput)["line_ids"], actor=self.actor)
        remember_subject(self.request, client)
        return Response(status=204)


class BodyMap(ClientView):
    scope_resource = "notes"

    @extend_schema(
        operation_id="read_body_map",
        summary="The body map as a list",
        description=(
            "For each region and side the newest finding of each kind and muscle in the signed notes you may read, with "
            "what the note before said, and what was treated last. What was entered in error does not count."
        ),
        parameters=[s.BodyMapQuery],
        responses=s.BodyMapSerializer,
        examples=[OpenApiExample("One place", value=BODY_MAP, response_only=True)],
    )
    def get(self, request: Request, client_id: str) -> Response:
        client = self.person_looked_at(client_id, "body_map")
        return Response(body_map(client, self.actor, since=self.query(s.BodyMapQuery).get("since")).logged())
