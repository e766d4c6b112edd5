"""Who may see a client, who did, and breaking the glass."""

from functools import partial
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from backend.clients import serializers as s
from backend.clients import services
from backend.clients.api.view import ClientView
from backend.clients.models import Access
from backend.clients.queries import ids_of, looks_at
from backend.clients.rendering import access_data, look_data, names_of
from backend.lib.problems import NotFound
from backend.lib.rest.pages import page_of

REASON = {"reason": "Collapsed in the waiting room; need to know about medication."}


class WhoSees(ClientView):
    @extend_schema(
        operation_id="list_access",
        summary="Who may and who did see a client",
        description=(
            "`may`: live access, as home all of it, else your own. `did`: looks at this client from outside its home, "
            "newest first, in pages."
        ),
        parameters=[s.PageQuery],
        responses=s.WhoSeesSerializer,
    )
    def get(self, request: Request, client_id: str) -> Response:
        client = self.looked_at(client_id, "access")
        self.query(s.PageQuery)
        ids = ids_of(self.actor, client)
        may = list(Access.objects.visible_to(self.actor).live().filter(client_id__in=ids).order_by("-from_at", "-id"))
        page = page_of(looks_at(self.actor, ids), request, order=("-at", "-id"))
        names = names_of([*(row.organization_id for row in may), *(row.organization_id for row in page.rows)])
        response = page.response(lambda look: look_data(look, names))
        response.data = {"may": [access_data(row, names) for row in may], "did": response.data}
        return response


class BreakGlass(ClientView):
    @extend_schema(
        operation_id="break_the_glass",
        summary="Open a client in an emergency",
        description=(
            "For a licensed practitioner, signed in with a second factor, of a clinic that switched this on and is "
            "the client's home or was in a circle of theirs: 60 minutes, reads only. Home is told at once; every "
            "attempt is logged."
        ),
        request=s.BreakGlassInput,
        responses={201: s.AccessSerializer},
        examples=[OpenApiExample("An emergency", value=REASON, request_only=True)],
    )
    def post(self, request: Request, client_id: str) -> Response:
        try:
            wanted = UUID(client_id)
        except ValueError as error:
            raise NotFound from error
        # written after the rollback, whatever the refusal is
        refused = partial(services.refused_attempt, wanted, actor=self.actor)
        request._request.after_refusal.append(refused)  # type: ignore[attr-defined]  # set by OneTransactionMiddleware
        services.check_may_break_the_glass(wanted, actor=self.actor)
        reason = self.validated(s.BreakGlassInput)["reason"]
        access = services.break_the_glass(wanted, actor=self.actor, reason=reason)
        return self.answer(
            access_data(access, names_of([access.organization_id])), version=1, status=201, subject=access
        )
