"""What the views of this app share: the client in the address, and who may ask about clients at all."""

from typing import Any, ClassVar

from rest_framework.response import Response

from backend.clients.models import Client, Consent, Hold, Precaution, Representative
from backend.clients.policies import READS, reads_clients, refuse_unless
from backend.clients.queries import client_for, log_reads, log_reads_of_person, possible_duplicates, records_of
from backend.clients.rendering import client_data, client_label, identifiers_of
from backend.lib.rest.views import View


class ClientView(View):
    scope_resource = "clients"
    named: ClassVar = {
        "client_id": Client,
        "consent_id": Consent,
        "precaution_id": Precaution,
        "hold_id": Hold,
        "representative_id": Representative,
    }

    def client(self, client_id: str) -> Client:
        """The client in the address, or the one it became part of: 404 when not visible, then 403 by role."""
        found = client_for(self.actor, client_id)
        refuse_unless(reads_clients(self.actor), READS)
        return found

    def looked_at(self, client_id: str, subject_type: str) -> Client:
        """As ``client``, and the look is logged when the client is another clinic's."""
        found = self.client(client_id)
        log_reads(self.actor, [found], subject_type=subject_type)
        return found

    def person_looked_at(self, client_id: str, subject_type: str) -> Client:
        """As ``looked_at``, of what is read under all the records of a person."""
        found = self.client(client_id)
        log_reads_of_person(self.actor, found, records_of(found.pk, self.actor), subject_type=subject_type)
        return found

    def detail(self, client_id: Any, *, status: int = 200) -> Response:
        """One client, whole, as the caller reads it."""
        client = client_for(self.actor, client_id)
        return self.answer(self.whole(client), version=client.version, status=status, subject=client)

    def whole(self, client: Client) -> dict[str, Any]:
        duplicates = possible_duplicates(self.actor, client) if client.is_home else []  # type: ignore[attr-defined]
        return {
            **client_data(client, self.actor, identifiers_of(self.actor, [client])[client.pk]),
            "possible_duplicates": [client_label(other) for other in duplicates],
        }
