"""One person, two records: links, merges; and what happens to a client: death, moving."""

from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from backend.clients import serializers as s
from backend.clients import services
from backend.clients.api.view import ClientView
from backend.clients.models import Client
from backend.clients.policies import WORKS, refuse_unless, works_with_clients
from backend.clients.rendering import client_label, registration_data


class RegistrationView(ClientView):
    def registration(self, client: Client, *, status: int = 200) -> Response:
        """How the caller's clinic knows this client; never how another does."""
        data = registration_data(client, self.actor)
        return self.answer(data, version=client.version, status=status, subject=client)


class ClientRegistration(RegistrationView):
    @extend_schema(
        operation_id="get_registration",
        summary="How your clinic knows this client",
        responses=s.RegistrationSerializer,
    )
    def get(self, request: Request, client_id: str) -> Response:
        return self.registration(self.looked_at(client_id, "registration"))

    @extend_schema(
        operation_id="link_client",
        summary="“Already our client”",
        description=(
            "Links a client shared by a referral to one that your clinic registered. Each record stays its clinic's "
            "own; nobody else learns that the person was known to you."
        ),
        request=s.LinkInput,
        responses={201: s.RegistrationSerializer},
        examples=[
            OpenApiExample(
                "One of ours", value={"own_client_id": "0198c1a1-0c80-7e92-8d47-2b9f6a1c5e30"}, request_only=True
            )
        ],
    )
    def post(self, request: Request, client_id: str) -> Response:
        client = self.client(client_id)
        refuse_unless(works_with_clients(self.actor), WORKS)
        own = self.validated(s.LinkInput)["own_client_id"]
        services.link_client(client.pk, actor=self.actor, own_client_id=own)
        return self.registration(client, status=201)


class UndoRegistration(RegistrationView):
    @extend_schema(
        operation_id="unlink_client",
        summary="Undo a link",
        request=s.UndoLinkInput,
        responses=s.RegistrationSerializer,
    )
    def post(self, request: Request, client_id: str) -> Response:
        client = self.client(client_id)
        refuse_unless(works_with_clients(self.actor), WORKS)
        whose = self.validated(s.UndoLinkInput).get("organization_id")
        services.unlink_client(client.pk, actor=self.actor, organization_id=whose)
        return self.registration(client)


class MergeClient(ClientView):
    @extend_schema(
        operation_id="merge_client",
        summary="Merge two records of your own clinic",
        description=(
            "The record in the address becomes part of `into`; its id keeps answering, with the surviving record. "
            "`preview` only shows what would come along and what differs. No row moves, so that undoing is exact."
        ),
        request=s.MergeInput,
        responses={200: s.MergePreviewSerializer},
        examples=[
            OpenApiExample(
                "Preview", value={"into": "0198c1a1-0c80-7e92-8d47-2b9f6a1c5e30", "preview": True}, request_only=True
            )
        ],
    )
    def post(self, request: Request, client_id: str) -> Response:
        self.client(client_id)
        refuse_unless(works_with_clients(self.actor), WORKS)
        old, asked = UUID(client_id), self.validated(s.MergeInput)
        preview = services.preview_merge(old, actor=self.actor, into=asked["into"])
        survivor = preview.survivor
        if not asked["preview"]:
            survivor = services.merge_clients(old, actor=self.actor, into=asked["into"])
        data = {
            "client": client_label(preview.old),
            "into": client_label(survivor),
            "comes_along": preview.comes_along,
            "differences": {name: [_text(value) for value in pair] for name, pair in preview.differences.items()},
        }
        return self.answer(data, version=survivor.version, subject=survivor)


class UndoMerge(ClientView):
    @extend_schema(
        operation_id="undo_merge",
        summary="Undo a merge",
        description="The address holds the old id; the two records are two again.",
        request=s.EmptyInput,
        responses=s.ClientDetailSerializer,
    )
    def post(self, request: Request, client_id: str) -> Response:
        self.client(client_id)
        return self.detail(services.undo_merge(UUID(client_id), actor=self.actor).pk)


class ClientDeath(ClientView):
    @extend_schema(
        operation_id="mark_deceased",
        summary="The client died",
        description="Reminders, links and mails stop in the same transaction; everybody with access is told.",
        request=s.DeathInput,
        responses=s.ClientDetailSerializer,
        examples=[OpenApiExample("Day known", value={"deceased_on": "2026-02-28"}, request_only=True)],
    )
    def post(self, request: Request, client_id: str) -> Response:
        client = self.client(client_id)
        refuse_unless(works_with_clients(self.actor), WORKS)
        day = self.validated(s.DeathInput).get("deceased_on")
        return self.detail(services.mark_deceased(client.pk, actor=self.actor, deceased_on=day).pk)


class DeathInError(ClientView):
    @extend_schema(
        operation_id="undo_death",
        summary="The death was recorded by mistake",
        description="What it ended stays ended.",
        request=s.EmptyInput,
        responses=s.ClientDetailSerializer,
    )
    def post(self, request: Request, client_id: str) -> Response:
        client = self.client(client_id)
        return self.detail(services.undo_death(client.pk, actor=self.actor).pk)


class ClientMoved(ClientView):
    @extend_schema(
        operation_id="mark_moved",
        summary="The client moved away",
        request=s.EmptyInput,
        responses=s.ClientDetailSerializer,
    )
    def post(self, request: Request, client_id: str) -> Response:
        client = self.client(client_id)
        return self.detail(services.mark_moved(client.pk, actor=self.actor).pk)


def _text(value: object) -> str | None:
    return str(value) if value else None
