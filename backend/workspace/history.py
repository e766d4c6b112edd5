"""What changed in a plan or a note as its pages show it: what it was and what it is, as far as the reader reads it."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from rest_framework.request import Request

from backend.directory.history import NEWEST_FIRST, History, Raw
from backend.lib.actor import Actor
from backend.lib.rest.authentication import actor_of
from backend.lib.rest.pages import page_of
from backend.workspace.pages import show
from backend.workspace.worklist import zone_of

CHANGES_SHOWN = 20
"""How many of the newest stand on the page of the thing itself, and on a page of all."""


def newest_changes(history: History, whole_id: UUID, actor: Actor, zone: str) -> dict[str, Any]:
    """The newest changes, and whether there are more than these."""
    told = history.latest(actor, whole_id)
    return {"changed": [*_in_words(told[:CHANGES_SHOWN], history, zone)], "changed_before": len(told) > CHANGES_SHOWN}


def all_changes(
    request: HttpRequest, history: History, whole_id: UUID, *, of: str, back: str, client: Raw | None
) -> HttpResponse:
    """A page of all that changed, newest first."""
    actor = actor_of(request)
    found = page_of(
        lambda keyset: history.rows(actor, whole_id, keyset), Request(request), order=NEWEST_FIRST, size=CHANGES_SHOWN
    )
    context = {
        "changed": [*_in_words(map(history.told, found.rows), history, zone_of(actor))],
        "older": found.next,
        "newer": found.previous,
        "of": of,
        "back": back,
        "client": client,
    }
    return show(request, "all_changes.html", context)


def _in_words(told: Iterable[Raw], history: History, zone: str) -> Iterable[Raw]:
    return ({**change, "differences": history.differences(change, zone)} for change in told)
