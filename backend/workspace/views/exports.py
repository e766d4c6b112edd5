"""Asking for an export on a client's page, and taking its files away."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from backend.clients.policies import READS, reads_clients, refuse_unless
from backend.lib.problems import Problem
from backend.lib.rest.authentication import actor_of
from backend.portability import files, services
from backend.portability.models import Export
from backend.portability.reading import reading_of
from backend.workspace.exporting import export_block, page_of
from backend.workspace.pages import or_page, page, show, submit


@page("GET", "POST")
def of_client(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """Also of a client who is closed to the clinic: what it wrote itself stays its own to take along."""
    actor = actor_of(request)
    reading = reading_of(actor, client_id)
    services.check_is_there(client_id, actor=actor)
    refuse_unless(reads_clients(actor), READS)
    if request.method != "POST":
        return show(request, "export.html", export_block(reading))
    asked = request.POST.get("include", "")
    include = asked if asked in Export.Include.values else Export.Include.ALL

    def act() -> str:
        services.request_export(reading.client_id, actor=actor, include=include)
        return page_of(reading)

    result: HttpResponse | Problem = submit(request, act, said="The export is being made.")
    return or_page(result)


@page("GET")
def take(request: HttpRequest, export_id: UUID, kind: str) -> Any:
    """The file, sent as it is read."""
    actor = actor_of(request)
    later = request.after_refusal  # type: ignore[attr-defined]  # set by OneTransactionMiddleware
    export = services.take_away(export_id, actor=actor, kind=kind, after_refusal=later)
    return files.download(export, kind, actor)
