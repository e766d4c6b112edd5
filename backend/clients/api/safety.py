"""Precautions, holds and representatives of a client."""

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from backend.clients import serializers as s
from backend.clients import services
from backend.clients.api.view import ClientView
from backend.clients.models import Client, Hold, Precaution, Representative
from backend.clients.policies import (
    TREATS,
    WORKS,
    records_precautions,
    refuse_unless,
    works_with_clients,
)
from backend.clients.queries import ids_of, records_of, withheld_precautions
from backend.clients.rendering import contact_first_data, hold_data, names_of, precaution_data, representative_data
from backend.lib.rest.pages import page_of

PRECAUTION = {"code": "anticoag", "regions": [], "note": "Apixaban 5 mg twice a day.", "is_sensitive": False}
HOLD = {"regions": [{"region": "cervical", "side": "left"}], "because": "red_flag"}


class PrecautionView(ClientView):
    def precaution(self, client: Client, precaution_id: str) -> Precaution:
        rows = Precaution.objects.visible_to(self.actor).filter(client_id__in=records_of(client.pk, self.actor))
        return rows.one(precaution_id)

    def one(self, precaution: Precaution, *, status: int = 200) -> Response:
        data = precaution_data(precaution, self.actor, names_of([precaution.organization_id]))
        return self.answer(data, version=precaution.version, status=status, subject=precaution)


class Precautions(PrecautionView):
    @extend_schema(
        operation_id="list_precautions_of_client",
        summary="Precautions of a client",
        description=(
            "Part of every circle's safety floor. A sensitive one outside the consent is only named in "
            "`contact_first`: whom to ask before treating which region. Coordinators read them without the note."
        ),
        parameters=[s.PageQuery],
        responses=s.PrecautionListSerializer,
    )
    def get(self, request: Request, client_id: str) -> Response:
        client = self.person_looked_at(client_id, "precaution")
        self.query(s.PageQuery)
        ids = records_of(client.pk, self.actor)
        page = page_of(Precaution.objects.visible_to(self.actor).filter(client_id__in=ids), request)
        hidden = withheld_precautions(ids)
        names = names_of([*(row.organization_id for row in page.rows), *(row[1] for row in hidden)])
        response = page.response(lambda row: precaution_data(row, self.actor, names))
        response.data["contact_first"] = [contact_first_data(row, names) for row in hidden]
        return response

    @extend_schema(
        operation_id="record_precaution",
        summary="Record a precaution",
        request=s.PrecautionInput,
        responses={201: s.PrecautionSerializer},
        examples=[OpenApiExample("Blood thinner", value=PRECAUTION, request_only=True)],
    )
    def post(self, request: Request, client_id: str) -> Response:
        client = self.client(client_id)
        refuse_unless(records_precautions(self.actor), TREATS)
        facts = {"regions": [], **self.validated(s.PrecautionInput)}
        return self.one(services.record_precaution(client.pk, actor=self.actor, **facts), status=201)


class EndPrecaution(PrecautionView):
    @extend_schema(
        operation_id="end_precaution",
        summary="A precaution no longer holds",
        description="By a licensed practitioner of the clinic that recorded it, or its system.",
        request=s.EmptyInput,
        responses=s.PrecautionSerializer,
    )
    def post(self, request: Request, client_id: str, precaution_id: str) -> Response:
        client = self.client(client_id)
        precaution = self.precaution(client, precaution_id)
        return self.one(services.end_precaution(client.pk, precaution.pk, actor=self.actor))


class PrecautionInError(PrecautionView):
    @extend_schema(
        operation_id="mark_precaution_entered_in_error",
        summary="A precaution was entered in error",
        description=(
            "The text stays, marked. `wrong_client` takes it away from the other clinics at once; of one that is in error for "
            "another reason it can still be said, once."
        ),
        request=s.InErrorInput,
        responses=s.PrecautionSerializer,
        examples=[OpenApiExample("Wrong client", value={"reason": "wrong_client"}, request_only=True)],
    )
    def post(self, request: Request, client_id: str, precaution_id: str) -> Response:
        client = self.client(client_id)
        precaution = self.precaution(client, precaution_id)
        reason = self.validated(s.InErrorInput)["reason"]
        marked = services.mark_precaution_entered_in_error(client.pk, precaution.pk, actor=self.actor, reason=reason)
        return self.one(marked)


class Holds(ClientView):
    @extend_schema(
        operation_id="list_holds",
        summary="Holds on a client's regions",
        description=(
            "Nobody in the circle treats these regions until a practitioner clears them. Coordinators read them without the "
            "sentence of who cleared them."
        ),
        parameters=[s.PageQuery],
        responses=s.HoldSerializer(many=True),
    )
    def get(self, request: Request, client_id: str) -> Response:
        client = self.person_looked_at(client_id, "hold")
        self.query(s.PageQuery)
        records = records_of(client.pk, self.actor)
        page = page_of(Hold.objects.visible_to(self.actor).filter(client_id__in=records), request)
        names = names_of(row.organization_id for row in page.rows)
        return page.response(lambda hold: hold_data(hold, self.actor, names))

    @extend_schema(
        operation_id="place_hold",
        summary="Hold treatment of a region",
        request=s.HoldInput,
        responses={201: s.HoldSerializer},
        examples=[OpenApiExample("A red flag", value=HOLD, request_only=True)],
    )
    def post(self, request: Request, client_id: str) -> Response:
        client = self.client(client_id)
        refuse_unless(records_precautions(self.actor), TREATS)
        hold = services.place_hold(client.pk, actor=self.actor, **self.validated(s.HoldInput))
        data = hold_data(hold, self.actor, names_of([hold.organization_id]))
        return self.answer(data, version=hold.version, status=201, subject=hold)


class ClearHold(ClientView):
    @extend_schema(
        operation_id="clear_hold",
        summary="Clear a hold",
        description="By a licensed practitioner of the circle, with a sentence.",
        request=s.ClearHoldInput,
        responses=s.HoldSerializer,
        examples=[
            OpenApiExample("Cleared", value={"clearance": "Seen by a doctor today; imaging clear."}, request_only=True)
        ],
    )
    def post(self, request: Request, client_id: str, hold_id: str) -> Response:
        client = self.client(client_id)
        records = records_of(client.pk, self.actor)
        hold = Hold.objects.visible_to(self.actor).filter(client_id__in=records).one(hold_id)
        refuse_unless(self.actor.treats, TREATS)
        clearance = self.validated(s.ClearHoldInput)["clearance"]
        cleared = services.clear_hold(client.pk, hold.pk, actor=self.actor, clearance=clearance)
        data = hold_data(cleared, self.actor, names_of([cleared.organization_id]))
        return self.answer(data, version=cleared.version, subject=cleared)


class Representatives(ClientView):
    @extend_schema(
        operation_id="list_representatives",
        summary="Who may answer for a client",
        parameters=[s.PageQuery],
        responses=s.RepresentativeSerializer(many=True),
    )
    def get(self, request: Request, client_id: str) -> Response:
        client = self.looked_at(client_id, "representative")
        self.query(s.PageQuery)
        people = Representative.objects.visible_to(self.actor).filter(client_id__in=ids_of(self.actor, client))
        return page_of(people, request).response(representative_data)

    @extend_schema(
        operation_id="add_representative",
        summary="Add a parent, guardian or attorney",
        request=s.RepresentativeInput,
        responses={201: s.RepresentativeSerializer},
        examples=[
            OpenApiExample("A parent", value={"name": "Luz Moreno", "relationship": "parent"}, request_only=True)
        ],
    )
    def post(self, request: Request, client_id: str) -> Response:
        client = self.client(client_id)
        refuse_unless(works_with_clients(self.actor), WORKS)
        added = services.add_representative(client.pk, actor=self.actor, **self.validated(s.RepresentativeInput))
        return self.answer(representative_data(added), version=1, status=201, subject=added)


class EndRepresentative(ClientView):
    @extend_schema(
        operation_id="end_representative",
        summary="A representative no longer answers",
        request=s.EmptyInput,
        responses=s.RepresentativeSerializer,
    )
    def post(self, request: Request, client_id: str, representative_id: str) -> Response:
        client = self.client(client_id)
        people = Representative.objects.visible_to(self.actor).filter(client_id__in=ids_of(self.actor, client))
        person = people.one(representative_id)
        ended = services.end_representative(client.pk, person.pk, actor=self.actor)
        return self.answer(representative_data(ended), version=2, subject=ended)
