"""Consents: what the client allows, recorded, renewed, withdrawn."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from backend.clients import serializers as s
from backend.clients import services
from backend.clients.api.view import ClientView
from backend.clients.models import Client, Consent
from backend.clients.policies import WORKS, answers_for_consent, refuse_unless
from backend.clients.queries import ids_of
from backend.clients.rendering import consent_data, names_of
from backend.lib.rest.pages import page_of
from backend.lib.rest.views import check_version

EXAMPLE = {
    "organization_ids": ["0198c1a0-1f00-7a55-9b1c-6d2e8f40a713"],
    "categories": ["plan", "notes", "outcomes"],
    "method": "in_person",
    "given_by": {"name": "Ana Moreno", "relationship": "self"},
    "expires_on": "2027-03-01",
}


class ConsentView(ClientView):
    def consent(self, client: Client, consent_id: str) -> Consent:
        return Consent.objects.visible_to(self.actor).filter(client_id__in=ids_of(self.actor, client)).one(consent_id)

    def one(self, client: Client, consent: Consent, *, status: int = 200) -> Response:
        data = consent_data(consent, self.actor, names_of(consent.organization_ids), client)
        return self.answer(data, version=consent.version, status=status, subject=client)


class Consents(ConsentView):
    @extend_schema(
        operation_id="list_consents",
        summary="Consents of a client",
        description="Circles your clinic is in. Two consents are two circles: nobody sees through one into the other.",
        parameters=[s.PageQuery],
        responses=s.ConsentSerializer(many=True),
    )
    def get(self, request: Request, client_id: str) -> Response:
        client = self.looked_at(client_id, "consent")
        self.query(s.PageQuery)
        consents = Consent.objects.visible_to(self.actor).filter(client_id__in=ids_of(self.actor, client))
        page = page_of(consents, request)
        names = names_of(wanted for consent in page.rows for wanted in consent.organization_ids)
        return page.response(lambda consent: consent_data(consent, self.actor, names, client))

    @extend_schema(
        operation_id="give_consent",
        summary="Record a client's consent",
        description=(
            "One consent is one circle: the organizations, guests and pools named share with each other, in both "
            "directions; your clinic is always in it. Precautions, holds, asks and times of visits are the floor of "
            "every circle: tell the client before the yes."
        ),
        request=s.ConsentInput,
        responses={201: s.ConsentSerializer},
        examples=[OpenApiExample("Two clinics", value=EXAMPLE, request_only=True)],
    )
    def post(self, request: Request, client_id: str) -> Response:
        client = self.client(client_id)
        refuse_unless(answers_for_consent(self.actor), WORKS)
        checked = self.validated(s.ConsentInput)
        guests = [guest["email"] for guest in checked.pop("guests", ())]
        given = services.give_consent(client.pk, actor=self.actor, guests=guests, **_answer(checked))
        return self.one(client, given, status=201)


class OneConsent(ConsentView):
    @extend_schema(operation_id="get_consent", summary="One consent", responses=s.ConsentSerializer)
    def get(self, request: Request, client_id: str, consent_id: str) -> Response:
        client = self.looked_at(client_id, "consent")
        return self.one(client, self.consent(client, consent_id))


class WithdrawConsent(ConsentView):
    @extend_schema(
        operation_id="withdraw_consent",
        summary="Withdraw a consent",
        description=(
            "Works on the very next request: everything the consent opened is closed, except what another one in force "
            "covers. The circle gets `consent.withdrawn`, and each access that ended `access.ended`. What a clinic wrote "
            "itself stays with it."
        ),
        request=s.WithdrawInput,
        responses=s.ConsentSerializer,
        examples=[OpenApiExample("With a reason", value={"reason": "Changed their mind."}, request_only=True)],
    )
    def post(self, request: Request, client_id: str, consent_id: str) -> Response:
        client = self.client(client_id)
        consent = self.consent(client, consent_id)
        refuse_unless(answers_for_consent(self.actor), WORKS)
        check_version(consent.version, self.expected_version(required=False))
        reason = self.validated(s.WithdrawInput).get("reason", "")
        withdrawn = services.withdraw_consent(consent.pk, actor=self.actor, reason=reason)
        return self.one(client, withdrawn)


class RenewConsent(ConsentView):
    @extend_schema(
        operation_id="renew_consent",
        summary="Renew a consent",
        description="The client said yes again to the same circle. The earlier answer is kept in `earlier`.",
        request=s.RenewInput,
        responses=s.ConsentSerializer,
        examples=[OpenApiExample("One more year", value={"expires_on": "2028-03-01"}, request_only=True)],
    )
    def post(self, request: Request, client_id: str, consent_id: str) -> Response:
        client = self.client(client_id)
        consent = self.consent(client, consent_id)
        refuse_unless(answers_for_consent(self.actor), WORKS)
        check_version(consent.version, self.expected_version(required=False))
        renewed = services.renew_consent(consent.pk, actor=self.actor, **_answer(self.validated(s.RenewInput)))
        return self.one(client, renewed)


def _answer(checked: dict[str, Any]) -> dict[str, Any]:
    """``given_by`` as the services take it."""
    given_by = checked.pop("given_by", None)
    if given_by is None:
        return checked
    return {**checked, "given_by_name": given_by["name"], "given_by_relationship": given_by["relationship"]}
