"""Writing a referral: the sheet for a new one, and for a draft."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import resolve

from backend.catalog.queries import catalog
from backend.clients.models import Client
from backend.clients.queries import client_for, log_reads
from backend.directory.models import PractitionerRole
from backend.lib.actor import Actor
from backend.lib.problems import Conflict, Problem, Stale
from backend.lib.rest.authentication import actor_of
from backend.referrals import policies, queries, sources
from backend.referrals import workflow as w
from backend.referrals.models import Referral
from backend.workspace import words
from backend.workspace.checks import checks
from backend.workspace.colleagues import colleagues_here, offer
from backend.workspace.files import KINDS, files_in, keep
from backend.workspace.pages import field_errors, log_whatever_the_status, page, show, submit, version_in
from backend.workspace.sheet import (
    WORDS,
    Sheet,
    fields_of,
    first_sheet,
    not_kept_because,
    plans_with_a_team,
    stored_sheet,
    typed_sheet,
    write,
)
from backend.workspace.staleness import who_changed
from backend.workspace.worklist import zone_of

SAID = {"draft": "The draft is kept.", "ask": "The client is asked. It is sent when they say yes."}


@page("GET", "POST")
def new(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    policies.refuse_who_writes_none(actor)
    asked = request.POST if request.method == "POST" else request.GET
    client = client_for(actor, asked["client"]) if asked.get("client") else None
    if request.method == "GET":
        return _shown(request, actor, client, first_sheet(client, request.GET.get("to", ""), actor))
    return _written(request, actor, client)


@page("GET", "POST")
def edit(request: HttpRequest, referral_id: UUID) -> HttpResponse:
    actor = actor_of(request)
    row = queries.one_row(referral_id, actor)
    policies.refuse_who_writes_none(actor)
    if row["state"] != w.DRAFT:
        raise Conflict("What was sent is not changed; write a message, or withdraw it and send another.")
    client = client_for(actor, row["client_id"]) if row["client_id"] else None
    if request.method == "GET":
        return _shown(request, actor, client, stored_sheet(row), draft=row)
    return _written(request, actor, client, draft=row)


def _written(
    request: HttpRequest, actor: Actor, client: Client | None, *, draft: dict[str, Any] | None = None
) -> HttpResponse:
    sheet, press = typed_sheet(request.POST), request.POST.get("press", "draft")
    fields = fields_of(sheet, client.pk if client else None)
    if not actor.reads_clinical:  # were not on the page, and stay as they are
        fields = {name: said for name, said in fields.items() if name not in WORDS}

    def act() -> str:
        pk = write(
            sheet,
            fields,
            press,
            actor=actor,
            referral_id=draft["id"] if draft else None,
            version=version_in(request),
            files=keep(files_in(request), actor),
        )
        return f"/referrals/{pk}"

    said = SAID["ask"] if press == "send" and sheet.said == "link" else SAID.get(press, "")
    keeps_itself = bool(request.htmx) and press == "draft"  # type: ignore[attr-defined]  # set by HtmxMiddleware
    result = submit(request, act, said="" if keeps_itself else said)
    if isinstance(result, Problem) and draft:
        result = who_changed(result, draft["id"], actor=actor)
    if keeps_itself:
        return _kept(request, actor, client, sheet, draft, result)
    if isinstance(result, Problem):
        return _shown(request, actor, client, sheet, draft=draft, problem=result)
    return result


def _kept(
    request: HttpRequest,
    actor: Actor,
    client: Client | None,
    sheet: Sheet,
    draft: dict[str, Any] | None,
    result: HttpResponse | Problem,
) -> HttpResponse:
    """For a sheet that keeps itself: where its draft is now and when it was kept, or why not; and its checks."""
    refusal = result if isinstance(result, Problem) else None
    if not isinstance(result, Problem):
        draft = queries.one_row(resolve(result["Location"]).kwargs["referral_id"], actor)
    context = {
        "draft": draft,
        "because": not_kept_because(refusal) if refusal else "",
        "stops": isinstance(refusal, Stale),
        "checks": checks(sheet, client, actor, zone_of(actor), draft["id"] if draft else None),
    }
    return show(request, "kept.html", context, problem=refusal)


def _shown(
    request: HttpRequest,
    actor: Actor,
    client: Client | None,
    sheet: Sheet,
    *,
    draft: dict[str, Any] | None = None,
    problem: Problem | None = None,
) -> HttpResponse:
    zone = zone_of(actor)
    if client is not None:
        log_whatever_the_status(request, lambda: log_reads(actor, [client]))
    region = sheet.regions[0]["region"] if sheet.regions else ""
    colleagues = offer(actor, client, zone, region=region)
    everybody = [*colleagues.suggested, *(card for _, group in colleagues.others for card in group)]
    mine = _discipline_of(actor)
    context = {
        "client": client,
        "sheet": sheet,
        "draft": draft,
        "version": draft["version"] if draft else "",
        "action": f"/referrals/{draft['id']}/edit" if draft else "/referrals/new",
        "offer": colleagues,
        "checks": checks(sheet, client, actor, zone, draft["id"] if draft else None),
        "to_is_suggested": sheet.to in {card.value for card in colleagues.suggested},
        "to_is_known": sheet.to in {card.value for card in everybody},
        "disciplines": list(catalog().disciplines.values()),
        "reasons": [(code, _reasons(mine, code)) for code in catalog().disciplines],
        "all_chips": {text for code in catalog().disciplines for text in _reasons(mine, code)},
        "kinds": [(code, label) for code, label in words.KINDS.items() if client or code == Referral.Kind.ADVICE],
        "priorities": list(words.PRIORITIES.items()),
        "flags": _flags(),
        "errors": field_errors(problem),
        "file_kinds": KINDS,
        "attached": draft["file_list"] if draft and actor.reads_clinical else [],
        "similar": problem.extra.get("referral_ids", []) if problem and problem.code == "possible_duplicate" else [],
        "sender_roles": colleagues_here(actor) if len(actor.role_ids) != 1 else [],
        "package_precautions": _leaving(client, actor),
        "team_plans": plans_with_a_team(client.pk, actor) if client else [],
        "may_send": actor.treats,
        "reads_clinical": actor.reads_clinical,
    }
    if draft and not sheet.chip and sheet.own_reason in context["all_chips"]:
        sheet.chip, sheet.own_reason = sheet.own_reason, ""
    return show(request, "sheet.html", context, problem=problem)


def _leaving(client: Client | None, actor: Actor) -> list[dict[str, Any]]:
    """The precautions that will go along."""
    if client is None:
        return []
    return [row["data"] for row in sources.precautions_leaving(actor).filter(client_id=client.pk)]


def _discipline_of(actor: Actor) -> str:
    roles = PractitionerRole.objects.filter(organization_id=actor.clinic_id, ended_at=None)
    own = roles.filter(pk__in=actor.role_ids).values_list("discipline", flat=True).first()
    return own or roles.values_list("discipline", flat=True).first() or ""


def _reasons(from_discipline: str, to_discipline: str) -> tuple[str, ...]:
    return catalog().reason_suggestions(from_discipline, to_discipline) if from_discipline else ()


def _flags() -> list[dict[str, Any]]:
    """The signs to ask about, by region; the page shows those of the regions that are ticked."""
    by_region: dict[str, list[Any]] = {}
    for flag in catalog().red_flags.values():
        by_region.setdefault(flag.region, []).append((flag, catalog().urgencies[flag.urgency]))
    return [
        {
            "code": code,
            "label": catalog().regions[code].label if code in catalog().regions else "Anywhere",
            "flags": flags,
        }
        for code, flags in by_region.items()
    ]
