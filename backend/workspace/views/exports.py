"""Asking for an export on a client's page, and taking its files away."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from backend.clients.queries import client_for
from backend.lib.problems import Problem
from backend.lib.rest.authentication import actor_of
from backend.portability import files, services
from backend.portability.models import Export
from backend.workspace.pages import or_page, page, submit


@page("POST")
def ask(request: HttpRequest, client_id: UUID) -> HttpResponse:
    actor = actor_of(request)
    client = client_for(actor, client_id)
    wants_own = request.POST.get("include") == Export.Include.OWN
    include = Export.Include.OWN if wants_own else Export.Include.ALL

    def act() -> str:
        services.request_export(client.pk, actor=actor, include=include)
        return f"/clients/{client.pk}#export"

    result: HttpResponse | Problem = submit(request, act, said="The export is being made.")
    return or_page(result)


@page("GET")
def take(request: HttpRequest, export_id: UUID, kind: str) -> Any:
    """The file, sent as it is read."""
    actor = actor_of(request)
    later = request.after_refusal  # type: ignore[attr-defined]  # set by OneTransactionMiddleware
    export = services.take_away(export_id, actor=actor, kind=kind, after_refusal=later)
    return files.download(export, kind, actor)
