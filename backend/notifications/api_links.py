"""Secure links over HTTP: a client's to their own page, a guest's to a referral; sent, listed, ended."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backend.clients.api.view import ClientView
from backend.clients.serializers import EmptyInput, PageQuery
from backend.lib.rest.fields import Moment, utc
from backend.lib.rest.pages import page_of
from backend.links.models import Link
from backend.notifications import client_links, services
from backend.referrals import examples
from backend.referrals.api import ReferralView
from backend.referrals.serializers import ReferralDetail

EXAMPLE = {
    "id": "019a9f00-0000-7000-8000-000000000021",
    "version": 1,
    "sent_to": "ana@example.org",
    "is_live": True,
    "created_at": "2026-11-24T17:40:00Z",
    "expires_at": "2026-12-08T17:40:00Z",
    "opened_at": None,
    "ended_at": None,
}


class ClientLinkSerializer(serializers.Serializer[Any]):
    """A link to the client's own page. Its address is in the mail only; each visit asks for a fresh code."""

    id = serializers.UUIDField()
    version = serializers.IntegerField()
    sent_to = serializers.EmailField(help_text="Where the link went, and where each visit's code goes.")
    is_live = serializers.BooleanField()
    created_at = Moment()
    expires_at = Moment(allow_null=True)
    opened_at = Moment(allow_null=True, help_text="When the first right code was given.")
    ended_at = Moment(allow_null=True, help_text="When the clinic, or a newer link, ended it.")


def link_data(link: Link) -> dict[str, Any]:
    return {
        "id": str(link.pk),
        "version": link.version,
        "sent_to": link.contact,
        "is_live": link.is_live,
        "created_at": utc(link.created_at),
        "expires_at": utc(link.expires_at) if link.expires_at else None,
        "opened_at": utc(link.opened_at) if link.opened_at else None,
        "ended_at": utc(link.revoked_at) if link.revoked_at else None,
    }


class ClientLinks(ClientView):
    @extend_schema(
        operation_id="list_client_links",
        summary="Links to a client's own page",
        description="Those your clinic sent, newest first. Nobody but the mail's reader learns an address.",
        parameters=[PageQuery],
        responses=ClientLinkSerializer(many=True),
        examples=[OpenApiExample("A link", value=EXAMPLE, response_only=True)],
    )
    def get(self, request: Request, client_id: str) -> Response:
        client = self.looked_at(client_id, "link")
        self.query(PageQuery)
        return page_of(client_links.own_links(client, self.actor), request).response(link_data)

    @extend_schema(
        operation_id="send_client_link",
        summary="Send a client the link to their own page",
        description=(
            "There the client sees who may and who did see them, and stops sharing. It goes to the client's address, "
            "else a representative's; your earlier ones end. Three a day; it lives 14 days."
        ),
        request=EmptyInput,
        responses={201: ClientLinkSerializer},
        examples=[OpenApiExample("A link", value=EXAMPLE, response_only=True)],
    )
    def post(self, request: Request, client_id: str) -> Response:
        client = self.client(client_id)
        self.validated(EmptyInput)
        link = client_links.send_own_link(client.pk, actor=self.actor)
        return self.answer(link_data(link), version=link.version, status=201, subject=link)


class EndClientLink(ClientView):
    named: ClassVar = {**ClientView.named, "link_id": Link}

    @extend_schema(
        operation_id="end_client_link",
        summary="End a link to a client's own page",
        request=EmptyInput,
        responses=ClientLinkSerializer,
        examples=[OpenApiExample("A link that ended", value={**EXAMPLE, "is_live": False}, response_only=True)],
    )
    def post(self, request: Request, client_id: str, link_id: str) -> Response:
        client = self.client(client_id)
        self.validated(EmptyInput)
        link = client_links.end_own_link(client.pk, link_id, actor=self.actor)
        return self.answer(link_data(link), version=link.version)


class SendGuestLink(ReferralView):
    @extend_schema(
        operation_id="send_guest_link",
        summary="Send a guest a fresh link",
        description=(
            "To the same address; earlier links end. Three a day. 409 `not_open_to_a_guest` when the referral is "
            "finished or somebody with an account has it, `no_address` for a guest without one."
        ),
        request=EmptyInput,
        responses=ReferralDetail,
        examples=[examples.DETAIL],
    )
    def post(self, request: Request, referral_id: UUID) -> Response:
        self.validated(EmptyInput)
        services.send_fresh_link(referral_id, actor=self.actor)
        return self.shown(referral_id)


class EndGuestLink(ReferralView):
    @extend_schema(
        operation_id="end_guest_link",
        summary="End a guest's link",
        description="Whoever holds the address is out with their next press. A fresh link can be sent later.",
        request=EmptyInput,
        responses=ReferralDetail,
        examples=[examples.DETAIL],
    )
    def post(self, request: Request, referral_id: UUID) -> Response:
        self.validated(EmptyInput)
        services.end_guest_link(referral_id, actor=self.actor)
        return self.shown(referral_id)
