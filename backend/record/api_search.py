"""Looking for words in one client's notes over HTTP."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from backend.clients.api.view import ClientView
from backend.clients.queries import records_of
from backend.clients.serializers import SearchedQuery
from backend.lib.cursors import BadCursor, open_cursor, seal
from backend.lib.problems import BadRequest
from backend.lib.rest.pages import page_of
from backend.notes.policies import check_reads_text
from backend.record.queries.search import ORDER, log_found, notes_found
from backend.record.serializers_search import FoundNoteSerializer, NoteSearch, found_data

EXAMPLE = {
    "id": "019a9f00-0000-7000-8000-000000000011",
    "kind": "progress",
    "state": "signed",
    "occurred_at": "2026-11-25T17:00:00Z",
    "recorded_at": "2026-11-25T17:52:00Z",
    "author": {"id": "019a9f00-0000-7000-8000-000000000006", "display": "Jo Lind"},
    "discipline": "massage_therapy",
    "organization": {"id": "019a9f00-0000-7000-8000-000000000003", "display": "Calm Hands Massage"},
    "matches": [
        {
            "part": "text",
            "section": "objective",
            "snippet": [
                {"text": "Taut ", "hit": False},
                {"text": "bands", "hit": True},
                {"text": " suboccipital right", "hit": False},
            ],
        }
    ],
    "href": "/api/v1/notes/019a9f00-0000-7000-8000-000000000011",
}


class SearchNotes(ClientView):
    scope_resource = "notes"
    reads_by_post = True

    @extend_schema(
        operation_id="search_notes",
        summary="Find words in a client's notes",
        description=(
            "By POST, because addresses hold no health data; follow `next` with GET. The best come first. Looked through is what "
            "you read of each note: text, findings, techniques, measures, asks and addenda. Words that you may not read are never "
            "found, counted or hinted at."
        ),
        request=NoteSearch,
        responses=FoundNoteSerializer(many=True),
        examples=[
            OpenApiExample("Two words", value={"query": "suboccipital headache"}, request_only=True),
            OpenApiExample("Found", value=EXAMPLE, response_only=True),
        ],
    )
    def post(self, request: Request, client_id: str) -> Response:
        client = self.client(client_id)
        check_reads_text(self.actor)
        asked = self.validated(NoteSearch)
        return self._found(request, client, [asked["query"], *asked.get("kinds", [])])

    @extend_schema(
        operation_id="continue_note_search",
        summary="The next page of a search in a client's notes",
        parameters=[SearchedQuery],
        responses=FoundNoteSerializer(many=True),
        examples=[OpenApiExample("Found", value=EXAMPLE, response_only=True)],
    )
    def get(self, request: Request, client_id: str) -> Response:
        client = self.client(client_id)
        check_reads_text(self.actor)
        sealed = self.query(SearchedQuery)["search"]
        try:
            asked = open_cursor(sealed, purpose=_address(client), bound_to=self.actor.caller_key)
        except BadCursor as error:
            raise BadRequest("This search is not yours; send it again by POST.", code="bad_cursor") from error
        return self._found(request, client, asked)

    def _found(self, request: Request, client: Any, asked: list[str]) -> Response:
        words, *kinds = asked
        records, address = records_of(client.pk, self.actor), _address(client)
        page = page_of(
            lambda keyset: notes_found(self.actor, records, words=words, kinds=kinds, keyset=keyset),
            request,
            order=ORDER,
            filters={"asked": asked},
            at=address,
            keep={"search": seal(asked, purpose=address, bound_to=self.actor.caller_key)},
        )
        log_found(self.actor, client, records, page.rows)
        return page.response(found_data)


def _address(client: Any) -> str:
    return f"/api/v1/clients/{client.pk}/search"
