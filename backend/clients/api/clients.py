"""Registering, reading, changing, finding clients."""

from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from backend.clients import serializers as s
from backend.clients import services
from backend.clients.api.view import ClientView
from backend.clients.models import Client
from backend.clients.policies import READS, WORKS, reads_clients, refuse_unless, works_with_clients
from backend.clients.queries import (
    clients_born_on,
    clients_identified,
    clients_named,
    log_reads,
    with_home,
)
from backend.clients.rendering import client_data, identifiers_of
from backend.lib import request_ids
from backend.lib.cursors import BadCursor, open_cursor, seal
from backend.lib.problems import BadRequest, Problem, invalid
from backend.lib.rest.fields import utc
from backend.lib.rest.pages import page_of
from backend.lib.rest.problems import fields_problem
from backend.lib.rest.views import check_version

SEARCH = "/api/v1/clients/search"
EXAMPLE = {
    "family_name": "Moreno",
    "given_name": "Ana",
    "birth_date": "1984-06-12",
    "email": "ana@example.org",
    "phone": "+1 303 555 0142",
    "local_identifier": "C-1042",
}


class ClientListView(ClientView):
    def listed(self, clients: QuerySet[Client], request: Request, **paging: Any) -> Response:
        page = page_of(with_home(clients, self.actor), request, **paging)
        log_reads(self.actor, page.rows)
        identifiers = identifiers_of(self.actor, page.rows)
        return page.response(lambda client: client_data(client, self.actor, identifiers[client.pk]))


class Clients(ClientListView):
    @extend_schema(
        operation_id="list_clients",
        summary="Clients",
        description="Those your clinic registered and those shared with it now, newest first.",
        parameters=[s.UpdatedSinceQuery],
        responses=s.ClientSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        refuse_unless(reads_clients(self.actor), READS)
        since = self.query(s.UpdatedSinceQuery).get("updated_since")
        clients = Client.objects.visible_to(self.actor).surviving(self.actor)
        if since is not None:
            clients = clients.filter(updated_at__gte=since)
        return self.listed(clients, request, filters={"updated_since": utc(since) if since else None})

    @extend_schema(
        operation_id="register_client",
        summary="Register a client",
        description=(
            "Your clinic becomes the client's home. An identifier that another client of yours has is 409 "
            "`identifier_taken` with `existing`. `possible_duplicates` names similar clients of your own clinic."
        ),
        request=s.ClientInput,
        responses={201: s.ClientDetailSerializer},
        examples=[OpenApiExample("A client", value=EXAMPLE, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        refuse_unless(works_with_clients(self.actor), WORKS)
        facts = s.facts_of(self.validated(s.ClientInput), self.actor.organization_id)
        return self.detail(services.register_client(actor=self.actor, **facts).pk, status=201)


class OneClient(ClientView):
    @extend_schema(operation_id="get_client", summary="One client", responses=s.ClientDetailSerializer)
    def get(self, request: Request, client_id: str) -> Response:
        return self.detail(self.looked_at(client_id, "client").pk)

    @extend_schema(
        operation_id="change_client",
        summary="Change a client",
        description=(
            "A JSON merge patch with If-Match: absent = unchanged, null = clear. Contact data are changed by the "
            "clinic that registered the client; identifiers are each clinic's own."
        ),
        request=s.ClientPatch,
        responses=s.ClientDetailSerializer,
        examples=[OpenApiExample("A new phone number", value={"phone": "+1 303 555 0199"}, request_only=True)],
    )
    def patch(self, request: Request, client_id: str) -> Response:
        client = self.client(client_id)
        refuse_unless(works_with_clients(self.actor), WORKS)
        expected = self.expected_version(required=True)
        check_version(client.version, expected)
        shown = self.whole(client)
        facts = s.facts_of(self.validated(s.ClientPatch, current=shown), self.actor.organization_id, shown=shown)
        if set(facts) == {"identifiers"}:
            services.set_identifiers(
                client.pk, actor=self.actor, identifiers=facts["identifiers"], expected_version=expected
            )
        else:
            services.change_client(client.pk, actor=self.actor, expected_version=expected, **facts)
        return self.detail(client.pk)


class SearchClients(ClientListView):
    reads_by_post = True

    @extend_schema(
        operation_id="search_clients",
        summary="Find clients",
        description="By POST, because addresses hold no health data. Follow `next` with GET.",
        request=s.ClientSearch,
        responses=s.ClientSerializer(many=True),
        examples=[
            OpenApiExample("By name", value={"query": "ana mor"}, request_only=True),
            OpenApiExample("By your own number", value={"identifier": "C-1042"}, request_only=True),
        ],
    )
    def post(self, request: Request) -> Response:
        refuse_unless(reads_clients(self.actor), READS)
        ((kind, value),) = self.validated(s.ClientSearch).items()
        asked = [kind, *(value if kind == "identifier" else [str(value)])]
        return self.found(request, asked)

    @extend_schema(
        operation_id="continue_client_search",
        summary="The next page of a search",
        parameters=[s.SearchedQuery],
        responses=s.ClientSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        refuse_unless(reads_clients(self.actor), READS)
        sealed = self.query(s.SearchedQuery)["search"]
        try:
            asked = open_cursor(sealed, purpose=SEARCH, bound_to=self.actor.caller_key)
        except BadCursor as error:
            raise BadRequest("This search is not yours; send it again by POST.", code="bad_cursor") from error
        return self.found(request, asked)

    def found(self, request: Request, asked: list[str]) -> Response:
        match asked:
            case ["query", text]:
                clients = clients_named(self.actor, text)
            case ["birth_date", day]:
                clients = clients_born_on(self.actor, date.fromisoformat(day))
            case [_, system, value]:
                clients = clients_identified(self.actor, value, system)
        sealed = seal(asked, purpose=SEARCH, bound_to=self.actor.caller_key)
        order = ("family_name", "given_name", "id")
        return self.listed(clients, request, order=order, filters={"asked": asked}, at=SEARCH, keep={"search": sealed})


class ClientBatch(ClientView):
    @extend_schema(
        operation_id="upsert_clients",
        summary="Register or change up to 100 clients",
        description=(
            "Each row is found by its first identifier: changed when a client of yours carries it, registered when "
            "none does. A row is done whole or not at all; the others are not touched by its problem."
        ),
        request=s.ClientBatch,
        responses=s.BatchSerializer,
        examples=[
            OpenApiExample(
                "Two clients",
                value={"clients": [EXAMPLE, {"family_name": "Ito", "local_identifier": "C-7"}]},
                request_only=True,
            )
        ],
    )
    def post(self, request: Request) -> Response:
        refuse_unless(works_with_clients(self.actor), WORKS)
        rows = self.validated(s.ClientBatch)["clients"]
        return Response({"results": [self.result(index, row) for index, row in enumerate(rows)]})

    def result(self, index: int, row: Any) -> dict[str, Any]:
        try:
            with transaction.atomic():
                client, registered = self.upsert(row)
        except (Problem, ValidationError) as error:
            problem = fields_problem(error) if isinstance(error, ValidationError) else error
            said = problem.as_dict(request_ids.current())
            return {"index": index, "status": problem.status, "id": None, "problem": said}
        return {"index": index, "status": 201 if registered else 200, "id": str(client.pk), "problem": None}

    def upsert(self, row: Any) -> tuple[Client, bool]:
        facts = s.facts_of(self.validated(s.ClientFacts, data=row), self.actor.organization_id)
        if not facts.get("identifiers"):
            raise invalid("/identifiers", "A row needs a local_identifier or identifiers.", code="required")
        return services.upsert_client(actor=self.actor, **facts)
