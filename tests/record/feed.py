"""Writes and reads the feed in tests."""

from typing import Any
from uuid import UUID

from django.db import connection

from backend.audit import events
from backend.clients.models import Client
from backend.lib.actor import system_of
from backend.lib.ids import uuid7
from backend.lib.unit_of_work import acting_as
from tests.make import Api, Clinic

MOST_LOOKS = 6_000  # a twentieth of a second apart: five minutes


def register(clinic: Clinic) -> Client:
    """A client registered by the clinic."""
    client = Client(family_name="Doe")
    with acting_as(system_of(clinic.organization.id)):
        with connection.cursor() as cursor:
            cursor.execute("SELECT register_client(%s, %s, %s)", [client.id, uuid7(), uuid7()])
        client.save(force_insert=True)
    return client


def tell(client: Client, *clinics: Clinic, type: str = "client.updated", always: bool = False) -> UUID:
    """One committed change of a client, with a copy for each clinic; the first one made it."""
    actor = system_of(clinics[0].organization.id)
    with acting_as(actor):
        return events.record(
            type,
            subject=client,
            actor=actor,
            organizations=[clinic.organization.id for clinic in clinics],
            client_id=client.id,
            always=always,
        )


def settle() -> None:
    """Waits until what was committed so far is in the feed.

    Other test processes write on the same server, and the feed waits for every transaction that is older.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text")
        (mine,) = cursor.fetchone()
        for _ in range(MOST_LOOKS):
            cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot()) > %s::xid8", [mine])
            if cursor.fetchone()[0]:
                return
            cursor.execute("SELECT pg_sleep(0.05)")
    raise AssertionError("a transaction on this server does not end")


def page(http: Api, path: str = "events", status: int = 200) -> dict[str, Any]:
    """One answer of the feed."""
    response = http.send("GET", path.removeprefix("http://testserver"))
    body: dict[str, Any] = response.json()
    assert response.status_code == status, body
    return body


def types(body: dict[str, Any]) -> list[str]:
    return [event["type"] for event in body["results"]]
