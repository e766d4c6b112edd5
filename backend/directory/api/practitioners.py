"""People who treat, and their credentials."""

from typing import ClassVar
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from backend.directory import policies, queries, services
from backend.directory.api.changes import checked_changes
from backend.directory.fields import ListQuery, page_schema
from backend.directory.models import Credential, Practitioner
from backend.directory.serializers import (
    CredentialChanges,
    CredentialSerializer,
    CredentialVerdictSerializer,
    NewCredentialSerializer,
    NewPractitionerSerializer,
    PractitionerChanges,
    PractitionerQuery,
    PractitionerSerializer,
    credential_body,
    practitioner_body,
)
from backend.lib.rest.pages import page_of
from backend.lib.rest.views import View, check_version

NEW_CREDENTIAL = {
    "kind": "license",
    "discipline": "physical_therapy",
    "name": "Physical therapist (PT)",
    "number": "PTL.0012345",
    "jurisdiction": "CO",
    "expires_on": "2027-10-31",
}


class Practitioners(View):
    scope_resource = "directory"

    @extend_schema(
        operation_id="list_practitioners",
        summary="Practitioners of all clinics",
        parameters=[PractitionerQuery],
        responses=page_schema(PractitionerSerializer),
    )
    def get(self, request: Request) -> Response:
        filters = self.query(PractitionerQuery)
        return page_of(queries.practitioners(self.actor, filters), request, filters=filters).response(practitioner_body)

    @extend_schema(
        operation_id="add_practitioner",
        summary="Enter a practitioner",
        description="By an admin or the clinic's system; a practitioner may enter themselves with their `member_id`.",
        request=NewPractitionerSerializer,
        responses={201: PractitionerSerializer},
        examples=[
            OpenApiExample("A colleague", value={"family_name": "Ortiz", "given_name": "Ana"}, request_only=True)
        ],
    )
    def post(self, request: Request) -> Response:
        row = services.add_practitioner(actor=self.actor, **self.validated(NewPractitionerSerializer))
        return self.answer(practitioner_body(row), version=row.version, status=201, subject=row)


class OnePractitioner(View):
    scope_resource = "directory"
    named: ClassVar = {"pk": Practitioner}

    @extend_schema(operation_id="get_practitioner", summary="One practitioner", responses=PractitionerSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        return self._shown(Practitioner.objects.visible_to(self.actor).one(pk))

    @extend_schema(
        operation_id="change_practitioner",
        summary="Correct a practitioner's name",
        description="By themselves, or by the organization that entered them.",
        request=PractitionerChanges,
        responses=PractitionerSerializer,
    )
    def patch(self, request: Request, pk: UUID) -> Response:
        row = Practitioner.objects.visible_to(self.actor).one(pk)
        changes = checked_changes(
            self,
            row,
            may=policies.may_change_practitioner,
            serializer=PractitionerChanges,
            body=practitioner_body(row),
            version=row.version,
        )
        return self._shown(services.change_practitioner(pk, actor=self.actor, **changes))

    def _shown(self, row: Practitioner) -> Response:
        return self.answer(practitioner_body(row), version=row.version, subject=row)


class Credentials(View):
    scope_resource = "directory"
    named: ClassVar = {"pk": Practitioner}

    @extend_schema(
        operation_id="list_credentials",
        summary="Licenses and certificates of a practitioner",
        parameters=[ListQuery],
        responses=page_schema(CredentialSerializer),
    )
    def get(self, request: Request, pk: UUID) -> Response:
        self.query(ListQuery)
        return page_of(queries.credentials(self.actor, pk), request).response(credential_body)

    @extend_schema(
        operation_id="add_credential",
        summary="Enter a license or certificate",
        description="It counts once an admin of the organization that entered it has verified it.",
        request=NewCredentialSerializer,
        responses={201: CredentialSerializer},
        examples=[OpenApiExample("A license", value=NEW_CREDENTIAL, request_only=True)],
    )
    def post(self, request: Request, pk: UUID) -> Response:
        policies.may_change_practitioner(self.actor, Practitioner.objects.visible_to(self.actor).one(pk))
        row = services.add_credential(pk, actor=self.actor, **self.validated(NewCredentialSerializer))
        return self.answer(credential_body(row), version=row.version, status=201, subject=row)


class OneCredential(View):
    scope_resource = "directory"
    named: ClassVar = {"pk": Credential}

    @extend_schema(operation_id="get_credential", summary="One credential", responses=CredentialSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        return self._shown(Credential.objects.visible_to(self.actor).one(pk))

    @extend_schema(
        operation_id="change_credential",
        summary="Correct a credential",
        description="A verified credential that changes has to be verified again.",
        request=CredentialChanges,
        responses=CredentialSerializer,
    )
    def patch(self, request: Request, pk: UUID) -> Response:
        row = Credential.objects.visible_to(self.actor).one(pk)
        changes = checked_changes(
            self,
            row,
            may=policies.may_change_credential,
            serializer=CredentialChanges,
            body=credential_body(row),
            version=row.version,
        )
        return self._shown(services.change_credential(pk, actor=self.actor, **changes))

    def _shown(self, row: Credential) -> Response:
        return self.answer(credential_body(row), version=row.version, subject=row)


class CredentialVerdict(View):
    scope_resource = "directory"
    named: ClassVar = {"pk": Credential}

    @extend_schema(
        operation_id="judge_credential",
        summary="Verify, suspend or revoke a credential",
        description="By an admin of the organization that entered it, as a person.",
        request=CredentialVerdictSerializer,
        responses=CredentialSerializer,
        examples=[OpenApiExample("Verify", value={"status": "verified"}, request_only=True)],
    )
    def post(self, request: Request, pk: UUID) -> Response:
        row = Credential.objects.visible_to(self.actor).one(pk)
        policies.may_verify_credential(self.actor, row)
        version = self.expected_version(required=False)
        check_version(row.version, version)
        verdict = self.validated(CredentialVerdictSerializer)
        row = services.judge_credential(pk, actor=self.actor, version=version, **verdict)
        return self.answer(credential_body(row), version=row.version, subject=row)
