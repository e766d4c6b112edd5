"""A guest's corrected address; and the mailbox of a sandbox, for integrators and acceptance checks."""

from typing import Any
from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from backend.audit import work
from backend.lib import clock
from backend.lib.problems import NotFound, invalid
from backend.lib.rest.fields import Moment, StrictSerializer, utc
from backend.lib.rest.views import View
from backend.notifications.models import SandboxMail
from backend.notifications.sending import BOUNCED
from backend.notifications.services import correct_guest_address, mail_named
from backend.referrals import examples, queries
from backend.referrals.api import ReferralView
from backend.referrals.serializers import ReferralDetail

MOST = 100


class CorrectedAddressSerializer(StrictSerializer):
    email = serializers.EmailField(help_text="The same person's address, as it should have been.")


class GuestAddress(ReferralView):
    @extend_schema(
        operation_id="correct_guest_address",
        summary="Correct the address of a guest who has not opened it yet",
        description="The old link ends and a new one is mailed. Refused once somebody opened it: then it is another person.",
        request=CorrectedAddressSerializer,
        responses=ReferralDetail,
        examples=[
            OpenApiExample("Without the typing error", value={"email": "kim@example.org"}, request_only=True),
            examples.DETAIL,
        ],
    )
    def post(self, request: Request, referral_id: UUID) -> Response:
        queries.one_row(referral_id, self.actor)
        email = self.validated(CorrectedAddressSerializer)["email"]
        correct_guest_address(referral_id, actor=self.actor, email=email)
        return self.shown(referral_id)


class MailSerializer(serializers.Serializer[Any]):
    to = serializers.EmailField()
    subject = serializers.CharField()
    text = serializers.CharField()
    sent_at = Moment()


class MailboxSerializer(serializers.Serializer[Any]):
    results = MailSerializer(many=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)


class BounceSerializer(StrictSerializer):
    to = serializers.EmailField(help_text="The address whose last mail comes back.")


class SandboxView(View):
    """Open to everybody who reaches the sandbox, as its mailbox page is."""

    permission_classes = [AllowAny]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if not settings.SANDBOX:
            raise NotFound
        super().initial(request, *args, **kwargs)


class Mails(SandboxView):
    @extend_schema(
        operation_id="list_sandbox_mails",
        summary="The mails this sandbox sent, newest first",
        description="The last 100. Only in a sandbox; 404 on a live instance.",
        responses=MailboxSerializer,
        auth=[],
        examples=[
            OpenApiExample(
                "A mail to a guest",
                value={
                    "results": [
                        {
                            "to": "kim@example.org",
                            "subject": "Can you see a client?",
                            "text": "Dana Cole at Elm Street Massage asks whether you can see a client …",
                            "sent_at": "2026-03-02T16:20:00Z",
                        }
                    ],
                    "next": None,
                    "previous": None,
                },
            )
        ],
    )
    def get(self, request: Request) -> Response:
        newest = SandboxMail.objects.order_by("-id")[:MOST]
        mails = [{"to": m.to, "subject": m.subject, "text": m.text, "sent_at": utc(m.sent_at)} for m in newest]
        return Response({"results": mails, "next": None, "previous": None})


class Bounces(SandboxView):
    @extend_schema(
        operation_id="bounce_sandbox_mail",
        summary="Let the last mail to an address come back",
        description="As if the address did not exist. Only in a sandbox; 404 on a live instance.",
        request=BounceSerializer,
        responses={202: None},
        auth=[],
        examples=[OpenApiExample("Last mail to Kim", value={"to": "kim@example.org"}, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        to = self.validated(BounceSerializer)["to"]
        sent = SandboxMail.objects.filter(to__iexact=to).order_by("-id").values_list("message_id", flat=True)
        named = next((found for found in map(mail_named, sent) if found is not None), None)
        if named is None:
            raise invalid("/to", "No mail was sent to this address.", code="unknown_address")
        mail_id, organization_id = named
        work.queue(BOUNCED, mail_id, organization_id=organization_id, due_at=clock.now())
        return Response(status=202)
