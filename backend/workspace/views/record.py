"""One client across clinics: the timeline on the client's page and by itself, and words found in their notes."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from backend.catalog.queries import catalog
from backend.clients.models import Client
from backend.clients.policies import READS, reads_clients, refuse_unless
from backend.clients.queries import circle_of, client_for, records_of
from backend.directory.models import PractitionerRole
from backend.lib.actor import Actor
from backend.lib.cursors import BadCursor, open_cursor, seal
from backend.lib.problems import BadRequest, Problem
from backend.lib.rest.authentication import actor_of
from backend.lib.rest.pages import Page, page_of
from backend.lib.rest.problems import fields_problem
from backend.notes.policies import check_reads_text
from backend.record.moments import TOGETHER
from backend.record.queries import search as searching
from backend.record.queries.timeline import ON_A_PAGE, ORDER, log_shown, log_things, timeline
from backend.record.serializers_search import LONGEST, NoteSearch, found_data
from backend.record.serializers_timeline import item_data, names_in
from backend.workspace.pages import log_whatever_the_status, page, show
from backend.workspace.words import local
from backend.workspace.worklist import zone_of

SHOWN = {
    "": "Everything",
    "notes": "Notes",
    "asks": "Asks and precautions",
    "plan": "Plan",
    "referrals": "Referrals",
    "visits": "Visits",
    "sharing": "Sharing",
}
FLAGS = {
    "amended": "Amended",
    "entered_in_error": "Entered in error",
    "unsigned": "Not signed",
    "unsent": "Not sent",
    "awaiting_cosignature": "Waits for a co-signature",
    "closed_unsigned": "Closed unsigned",
    "unread_report": "To read",
    "red": "Red flag",
    "ended": "No longer holds",
}
PAGES = {
    "note": "/notes/{id}",
    "plan": "/care-plans/{plan_id}",
    "proposal": "/care-plans/{plan_id}",
    "referral": "/referrals/{referral_id}",
    "report": "/referrals/{referral_id}",
    "message": "/referrals/{referral_id}",
    "visit": "/referrals/{referral_id}",
}


@page("GET")
def one_timeline(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """The timeline by itself, for older pages, filters and links to it."""
    client = _client(request, client_id)
    actor = actor_of(request)
    records, zone = records_of(client.pk, actor), zone_of(actor)
    log_whatever_the_status(request, lambda: log_shown(actor, client, records, ()))
    return show(request, "timeline.html", {"client": client, **timeline_block(request, client, records, zone)})


def timeline_block(request: HttpRequest, client: Client, records: Sequence[UUID], zone: str) -> dict[str, Any]:
    """What the block of the client's page shows: one page of the timeline, filters as links, the way to older things."""
    actor, address = actor_of(request), f"/clients/{client.pk}/timeline"
    disciplines = _disciplines_around(client, actor)
    chosen = request.GET.get("show", "") if request.GET.get("show", "") in SHOWN else ""
    discipline = request.GET.get("discipline", "") if request.GET.get("discipline") in disciplines else ""
    wanted = {"discipline": discipline} if discipline else {}
    found: Page[dict[str, Any]] = page_of(
        lambda keyset: timeline(actor, records, kinds=TOGETHER.get(chosen, ()), wanted=wanted, keyset=keyset),
        Request(request),
        order=ORDER,
        filters={"show": chosen, **wanted},
        at=address,
        size=ON_A_PAGE,
    )
    log_whatever_the_status(request, lambda: log_things(actor, found.rows))
    names = names_in(found.rows)
    return {
        "timeline_of": client,
        "happened": [_line(row, item_data(row, actor, names), zone) for row in found.rows],
        "older": found.next,
        "newer": found.previous,
        "kind_links": _links(address, "show", SHOWN, chosen, discipline=discipline),
        "discipline_links": _links(address, "discipline", {"": "All", **disciplines}, discipline, show=chosen),
        "is_filtered": bool(chosen or discipline),
        "may_search": actor.reads_clinical,
        "longest_search": LONGEST,
    }


def _line(row: Mapping[str, Any], item: dict[str, Any], zone: str) -> dict[str, Any]:
    """An item with what a page says besides: its address here, its flags in words, whether it was written on a later day."""
    happened_on, written_on = (local(row[name], zone).date() for name in ("happened_at", "written_at"))
    return {
        **item,
        "page": _address(row),
        "is_struck": "entered_in_error" in item["flags"],
        "is_late": item["kind"] == "note" and written_on > happened_on,
        "tags": [(FLAGS.get(flag, flag), flag in ("red", "unread_report")) for flag in item["flags"]],
    }


def _address(row: Mapping[str, Any]) -> str:
    """Where the thing has a page; what has none is said in its line."""
    thing = (
        row["within_id"] or row["facts"].get("referral_id") or (None if row["item_kind"] == "visit" else row["item_id"])
    )
    if thing is None or row["item_kind"] not in PAGES:
        return ""
    return PAGES[row["item_kind"]].format(id=row["item_id"], plan_id=thing, referral_id=thing)


def _links(address: str, name: str, labels: Mapping[str, str], chosen: str, **kept: str) -> list[dict[str, Any]]:
    """A filter as links: one for each value, with what else is chosen kept."""
    others = {key: value for key, value in kept.items() if value}
    return [
        {
            "value": value,
            "label": label,
            "is_chosen": value == chosen,
            "href": f"{address}?{query}"
            if (query := urlencode({**others, **({name: value} if value else {})}))
            else address,
        }
        for value, label in labels.items()
    ]


def _disciplines_around(client: Client, actor: Actor) -> dict[str, str]:
    """Those that work in the reader's circles of this client."""
    roles = PractitionerRole.objects.filter(organization_id__in=circle_of(client.pk, actor.clinic_id), ended_at=None)
    found = set(roles.values_list("discipline", flat=True))
    return {code: row.label for code, row in catalog().disciplines.items() if code in found}


@page("GET", "POST")
def search(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """Words in the client's notes: asked by POST, because addresses hold no health data; further pages follow by link."""
    client, actor = _client(request, client_id), actor_of(request)
    check_reads_text(actor)
    address, records = f"/clients/{client.pk}/search", records_of(client.pk, actor)
    try:
        words = _asked(request, address, actor)
    except ValidationError as error:
        return _found(request, client, words=request.POST.get("query", ""), problem=fields_problem(error))
    if not words:
        return _found(request, client)
    found: Page[dict[str, Any]] = page_of(
        lambda keyset: searching.notes_found(actor, records, words=words, keyset=keyset),
        Request(request),
        order=searching.ORDER,
        filters={"words": words},
        at=address,
        keep={"search": seal([words], purpose=address, bound_to=actor.caller_key)},
    )
    log_whatever_the_status(request, lambda: searching.log_found(actor, client, records, found.rows))
    return _found(request, client, words=words, found=found)


def _asked(request: HttpRequest, address: str, actor: Actor) -> str:
    """The words that were typed, or those of the search that is gone on with; empty for a page that asks for some."""
    if request.method == "POST":
        checked = NoteSearch(data={"query": request.POST.get("query", "")})
        checked.is_valid(raise_exception=True)
        return str(checked.validated_data["query"])
    if "search" not in request.GET:
        return ""
    try:
        (words,) = open_cursor(request.GET["search"], purpose=address, bound_to=actor.caller_key)
    except (BadCursor, ValueError) as error:
        raise BadRequest("This search is not yours. Type the words again.", code="bad_cursor") from error
    return str(words)


def _found(
    request: HttpRequest,
    client: Client,
    *,
    words: str = "",
    found: Page[dict[str, Any]] | None = None,
    problem: Problem | None = None,
) -> HttpResponse:
    context = {
        "client": client,
        "asked": words,
        "is_asked": found is not None,
        "notes": [found_data(row) for row in found.rows] if found else [],
        "more": found.next if found else None,
        "before": found.previous if found else None,
        "longest_search": LONGEST,
    }
    return show(request, "found_notes.html", context, problem=problem)


def _client(request: HttpRequest, client_id: UUID) -> Client:
    client = client_for(actor_of(request), client_id)
    refuse_unless(reads_clients(actor_of(request)), READS)
    return client
