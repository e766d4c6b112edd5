"""What is new since the reader's last visit: the first block of a client's page, and in short above a note."""

import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from backend.clients.models import Client
from backend.clients.policies import READS, reads_clients, refuse_unless
from backend.clients.queries import client_for
from backend.clients.rendering import names_of
from backend.clients.services.taking import may_write
from backend.lib.actor import Actor
from backend.lib.rest.authentication import actor_of
from backend.notes.models import Ask
from backend.notes.queries import asks_of, withheld_asks
from backend.notes.rendering import ask_data, contact_first_data
from backend.record.body_map import body_map
from backend.record.brief import brief, reading_of
from backend.record.marking import mark_as_read, refuse_who_does_not_mark
from backend.record.serializers_brief import ReadInput
from backend.workspace.pages import log_whatever_the_status, or_page, page, submit

ALERTS = (Ask.Kind.AVOID, Ask.Kind.CONTACT_ME)
IN_ALERTS = ("ask", "hold", "contact_first")
FOLDED = 3
# What stands in a referral, a plan or a note is read on its page.
PAGES = re.compile(r"/api/v1(?P<page>/(?:referrals|care-plans|notes)/[^/]+)")


def blocks(request: HttpRequest, client: Client, ids: Sequence[UUID], actor: Actor) -> dict[str, Any]:
    """What the client's page shows of the brief, of alerts and of the body map, as far as the reader may read it."""
    found: dict[str, Any] = {"alerts": _alerts(client, ids, actor), "brief": None, "body_map": None}
    if actor.treats and actor.practitioner_id is not None:
        answer = brief(client, reading_of(client, actor))
        log_whatever_the_status(request, answer.log)
        found["brief"] = {**answer.body, **_shown(client, actor, answer.body["lines"])}
    if actor.reads_clinical:
        drawn = body_map(client, actor)
        log_whatever_the_status(request, drawn.log)
        found["body_map"] = drawn.body
    return found


def above_a_note(request: HttpRequest, client: Client, actor: Actor) -> dict[str, Any] | None:
    """The brief as the note editor shows it: red lines in the open, at most three more folded. Nothing is marked as read."""
    if not actor.treats or actor.practitioner_id is None:
        return None
    answer = brief(client, reading_of(client, actor), most=FOLDED)
    log_whatever_the_status(request, answer.log)
    lines = answer.body["lines"]
    return {
        **answer.body,
        "open": [line for line in lines if line["is_pinned"] or line["is_red"]],
        "folded": [line for line in lines if not (line["is_pinned"] or line["is_red"])],
    }


@page("POST")
def mark_read(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """The lines that the page showed, each in the version it showed."""
    actor = actor_of(request)
    client = client_for(actor, client_id)
    refuse_unless(reads_clients(actor), READS)
    refuse_who_does_not_mark(client, actor)

    def act() -> str:
        said = ReadInput(data={"line_ids": request.POST.getlist("line_ids")})
        said.is_valid(raise_exception=True)
        mark_as_read(client, said.validated_data["line_ids"], actor=actor)
        return f"/clients/{client.pk}"

    return or_page(submit(request, act, said="Marked as read."))


def _shown(client: Client, actor: Actor, lines: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The lines without those that stand in the alerts above; all of them are marked as read with one press."""
    shown = [
        {**line, "page": _page_of(line)} for line in lines if not (line["is_pinned"] and line["kind"] in IN_ALERTS)
    ]
    unread = [line["id"] for line in lines if not line["is_read"]]
    return {"shown": shown, "unread": unread, "may_mark": bool(unread) and _may_mark(client, actor)}


def _may_mark(client: Client, actor: Actor) -> bool:
    """A broken glass is for reading only."""
    return Client.objects.filter(may_write(actor), pk=client.pk).exists()


def _page_of(line: dict[str, Any]) -> str:
    """Where the workspace shows it whole; empty where it has no page."""
    found = PAGES.match(line["href"] or "")
    return found["page"] if found else ""


def _alerts(client: Client, ids: Sequence[UUID], actor: Actor) -> dict[str, Any]:
    """What others ask of the reader's hands now, with author and end; and whom to ask where they keep it to themselves."""
    asks = [ask for ask in asks_of(client, actor) if ask.kind in ALERTS and ask.author_role_id not in actor.role_ids]
    hidden = withheld_asks(ids)
    names = names_of([*(ask.organization_id for ask in asks), *(row[1] for row in hidden)])
    return {
        "asks": [ask_data(ask, actor, names) for ask in asks],
        "contact_first": [contact_first_data(row, names) for row in hidden],
    }
