"""One referral: its state, what can be done, what was sent, what was said."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, QueryDict
from django_htmx.middleware import HtmxDetails

from backend.attachments.services import download, open_file
from backend.catalog.queries import catalog
from backend.clients.models import Client
from backend.clients.policies import reads_clients
from backend.lib.actor import Actor
from backend.lib.problems import BadRequest, Conflict, Forbidden, Problem, Stale
from backend.lib.rest.authentication import actor_of
from backend.notifications import services as notifications
from backend.notifications.doors import newest_guest_link
from backend.referrals import corrections, policies, presses, queries, rendering, report_drafts, services
from backend.referrals import workflow as w
from backend.referrals.files import files_of, take_off
from backend.referrals.inputs import EnteredInError
from backend.referrals.models import Message, Referral, Report
from backend.referrals.workflow import WORKFLOW
from backend.workspace import words
from backend.workspace.files import KINDS, files_in, keep
from backend.workspace.moves import details_of, move_forms
from backend.workspace.pages import (
    field_errors,
    id_in,
    log_whatever_the_status,
    page,
    show,
    submit,
    version_in,
)
from backend.workspace.plans import plans_of
from backend.workspace.staleness import who_changed
from backend.workspace.timeline import KINDS_OF, PARTS, timeline, track
from backend.workspace.views.visits import visits_of_care
from backend.workspace.worklist import zone_of

# After these the referral is not the reader's to see any more.
LEAVES = ("pass", "release")


@page("GET")
def one(request: HttpRequest, referral_id: UUID) -> HttpResponse:
    actor = actor_of(request)
    services.mark_opened(referral_id, actor=actor)
    return _shown(request, actor, referral_id, moving=request.GET.get("move", ""))


@page("GET")
def changes(request: HttpRequest, referral_id: UUID) -> HttpResponse:
    """What happened last, for a page that asks by itself; 204 while the version is the one it knows."""
    actor = actor_of(request)
    row = queries.one_row(referral_id, actor)
    if request.GET.get("since") == str(row["version"]):
        return HttpResponse(status=204)
    body, zone = rendering.detail(row, actor), zone_of(actor)
    messages = _messages(referral_id, actor) if "sender" in body else []
    newest = timeline(body, messages, [], zone)[:1]
    return show(request, "changes.html", {"r": body, "newest": newest, "sentence": words.sentence(body, actor, zone)})


@page("POST")
def move(request: HttpRequest, referral_id: UUID) -> HttpResponse:
    actor, name = actor_of(request), request.POST.get("name", "")
    if name == "report" and request.POST.get("press") == "draft":
        return _drafted(request, actor, referral_id)
    body = rendering.detail(queries.one_row(referral_id, actor), actor)
    zone = zone_of(actor)

    def act() -> str:
        details = details_of(name, body, actor, zone, request.POST)
        if name == "report" and (files := keep(files_in(request), actor)):
            details["report"]["attachment_ids"] = [str(pk) for pk in files]
        move_it = presses.press if name in presses.HELD else services.move_referral
        move_it(referral_id, name, actor=actor, expected_version=version_in(request), **details)
        return "/inbox" if name in LEAVES else f"/referrals/{referral_id}"

    return _pressed(request, referral_id, act, said=_said(name, body, actor), moving=name, typed=request.POST)


def _drafted(request: HttpRequest, actor: Actor, referral_id: UUID) -> HttpResponse:
    """The report's form again, filled from the clinic's signed notes; nothing is stored."""
    ticked = [id_in(note_id) for note_id in request.POST.getlist("report.quoted_note_ids")]
    try:
        referral = Referral.objects.visible_to(actor).one(referral_id)
        report_drafts.check_drafts(referral, actor)
        said = report_drafts.draft_report(referral, ticked or None, actor=actor)
    except (Conflict, Forbidden, BadRequest) as problem:
        return _shown(request, actor, referral_id, moving="report", typed=request.POST, problem=problem)
    return _shown(request, actor, referral_id, moving="report", typed=filled_in(request.POST, said))


def filled_in(typed: QueryDict, said: Mapping[str, Any]) -> QueryDict:
    """What was typed stays; what is empty is filled from the draft."""
    filled = typed.copy()
    for name in ("answer", "findings", "recommendations"):
        if not typed.get(f"report.{name}", "").strip():
            filled[f"report.{name}"] = said[name]
    filled.setlist("report.quoted_note_ids", said["quoted_note_ids"])
    known = typed.getlist("report.new_precautions")
    filled.setlist("report.new_precautions", list(dict.fromkeys([*known, *said["new_precautions"]])))
    return filled


@page("POST")
def take_back(request: HttpRequest, referral_id: UUID) -> HttpResponse:
    """Within ten seconds nothing has happened yet, and now nothing will."""
    actor = actor_of(request)
    queries.one_row(referral_id, actor)

    def act() -> str:
        presses.take_back(id_in(request.POST.get("press")), actor=actor)
        return f"/referrals/{referral_id}"

    return _pressed(request, referral_id, act, said="Taken back. Nothing has happened.")


@page("POST")
def write_message(request: HttpRequest, referral_id: UUID) -> HttpResponse:
    actor = actor_of(request)
    queries.one_row(referral_id, actor)
    text = request.POST.get("text", "")

    def act() -> str:
        services.add_message(referral_id, actor=actor, text=checked_message(text))
        return f"/referrals/{referral_id}#messages"

    return _pressed(request, referral_id, act, said="Your message was sent.", message=text)


@page("POST")
def report_in_error(request: HttpRequest, referral_id: UUID, report_id: UUID) -> HttpResponse:
    """Who signed a report, or an admin, says that it was a mistake."""
    actor = actor_of(request)
    queries.one_row(referral_id, actor)
    Report.objects.visible_to(actor).filter(referral_id=referral_id).one(report_id)

    def act() -> str:
        said = EnteredInError(data={name: text for name in ("reason", "note") if (text := request.POST.get(name))})
        said.is_valid(raise_exception=True)
        corrections.enter_report_in_error(referral_id, report_id, actor=actor, **said.validated_data)
        return f"/referrals/{referral_id}"

    return _pressed(
        request, referral_id, act, said="The report is entered in error. It stays on record, struck through."
    )


@page("GET")
def file(request: HttpRequest, referral_id: UUID, file_id: UUID) -> HttpResponse:
    """One file of the referral or its reports, always as a download."""
    actor = actor_of(request)
    return download(open_file(file_id, actor=actor, ties=files_of(referral_id, actor)))


@page("POST")
def take_off_file(request: HttpRequest, referral_id: UUID, file_id: UUID) -> HttpResponse:
    """A file that went to a draft by mistake is gone again."""
    actor = actor_of(request)
    queries.one_row(referral_id, actor)

    def act() -> str:
        take_off(file_id, referral_id=referral_id, actor=actor, expected_version=version_in(request))
        return f"/referrals/{referral_id}"

    return _pressed(request, referral_id, act, said="The file was taken off.")


@page("POST")
def guest_link(request: HttpRequest, referral_id: UUID) -> HttpResponse:
    """The sender ends the link of a colleague without an account, sends a fresh one, or corrects the address."""
    actor = actor_of(request)
    queries.one_row(referral_id, actor)
    press = request.POST.get("press", "fresh")

    def act() -> str:
        match press:
            case "end":
                notifications.end_guest_link(referral_id, actor=actor)
            case "address":
                notifications.correct_guest_address(referral_id, actor=actor, email=request.POST.get("email", ""))
            case _:
                notifications.send_fresh_link(referral_id, actor=actor)
        return f"/referrals/{referral_id}"

    fresh = "A fresh link is on its way. Earlier links open nothing any more."
    return _pressed(request, referral_id, act, said="The link is ended." if press == "end" else fresh)


@page("POST")
def discard(request: HttpRequest, referral_id: UUID) -> HttpResponse:
    actor = actor_of(request)
    queries.one_row(referral_id, actor)

    def act() -> str:
        services.discard_draft(referral_id, actor=actor, expected_version=version_in(request))
        return "/inbox?box=drafts"

    return _pressed(request, referral_id, act, said="The draft was discarded.")


def checked_message(text: str) -> str:
    from backend.referrals.inputs import NewMessage

    checked = NewMessage(data={"text": text})
    checked.is_valid(raise_exception=True)
    return str(checked.validated_data["text"])


def _said(name: str, body: dict[str, Any], actor: Actor) -> str:
    them = words.recipient_name(body["recipient"])
    if not words.is_sender(body, actor):
        them = words.side_name(body.get("sender"))
    if name in presses.HELD:
        return ""
    label = WORKFLOW[name].label if name in WORKFLOW.names else ""
    return words.SAID_AFTER.get(name, f"{label}: done.").format(them=them)


def _pressed(
    request: HttpRequest, referral_id: UUID, act: Callable[[], str], *, said: str, **again: Any
) -> HttpResponse:
    """The way on, or the page again with the refusal and what was typed."""
    result = submit(request, act, said=said)
    if isinstance(result, Problem):
        return _shown(request, actor_of(request), referral_id, problem=result, **again)
    return result


def _shown(
    request: HttpRequest,
    actor: Actor,
    referral_id: UUID,
    *,
    moving: str = "",
    typed: QueryDict | None = None,
    message: str = "",
    problem: Problem | None = None,
) -> HttpResponse:
    row = queries.one_row(referral_id, actor)
    body = rendering.detail(row, actor)
    log_whatever_the_status(request, lambda: queries.log_shown(actor, [row]))
    zone = zone_of(actor)
    messages = _messages(referral_id, actor) if "sender" in body else []
    reports = _reports(referral_id, actor) if "sender" in body else []
    entries = timeline(body, messages, reports, zone)
    part = request.GET.get("show", "all")
    if problem is not None and body["state"] == w.DRAFT:
        problem = who_changed(problem, referral_id, actor=actor)
    elif isinstance(problem, Stale) and entries:
        last = entries[0]
        problem = Stale(f"This changed while you were looking at it: {last.text} ({last.when})", code=problem.code)
    held = presses.held_by(actor, referral_id)
    if held is not None and held.refused_because and entries and entries[0].at > held.counts_at:
        held = None
    if held is not None and not held.refused_because:
        body = {**body, "available_transitions": []}
    moves = move_forms(body, actor, zone, moving=moving, typed=typed, errors=field_errors(problem))
    package = body.get("package") or {}
    flags = (package.get("red_flags") or {}).get("positive", [])
    context = {
        "r": body,
        "in_preview": _is_in_preview(request),
        "main_move": next((each for each in moves if each.is_main), None),
        "held": held,
        "held_words": words.HELD.get(held.name, "") if held else "",
        "ball": words.ball(body, actor),
        "is_ours": words.is_ours(body, actor),
        "sentence": words.sentence(body, actor, zone),
        "sender_name": words.side_name(body.get("sender")) if "sender" in body else "",
        "recipient_name": words.recipient_name(body["recipient"]),
        "sender_discipline": (body.get("sender") or {}).get("discipline") or "",
        "track": track(body),
        "moves": [each for each in moves if each.is_main],
        "more_moves": [each for each in moves if not each.is_main],
        "more_is_open": any(each.is_open for each in moves if not each.is_main),
        "entries": [entry for entry in entries if entry.kind in KINDS_OF.get(part, (entry.kind,))],
        "parts": list(PARTS.items()),
        "part": part,
        "reports": reports,
        "package": package,
        "flags": [catalog().red_flags[code] for code in flags if code in catalog().red_flags],
        "kind": words.KINDS[body["kind"]],
        "priority": words.PRIORITIES[body["priority"]],
        "techniques": [catalog().technique(code).label for code in body["technique_ids"]],
        "closed_how": words.CLOSED_HOW.get(body.get("closed_how") or "", ""),
        "message": message,
        "visits_of_care": visits_of_care(body, actor, zone),
        "guest_link": None if held else _guest_link(row, actor),
        "file_kinds": KINDS,
        "file_error": field_errors(problem).get("files", ""),
        "may_write": bool(policies.parties_of(actor, _Sides(row)) & {w.SENDER, w.RECIPIENT})  # type: ignore[arg-type]
        and actor.has_right("practitioner", "coordinator")
        and "package" in body,
        "plans": plans_of(request, row["client_id"]) if reads_clients(actor) and row["client_id"] else [],
        "sees_client": Client.objects.visible_to(actor).filter(pk=row["client_id"]).exists(),
        "is_draft": body["state"] == w.DRAFT,
        "is_sender": words.is_sender(body, actor),
        "may_edit": body["state"] == w.DRAFT and actor.has_right("practitioner", "coordinator"),
        "reads_clinical": actor.reads_clinical,
    }
    return show(request, "referral.html", context, problem=problem)


def _is_in_preview(request: HttpRequest) -> bool:
    """Whether the inbox asked, to show it beside the list: then its forms stay there, too."""
    htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined]  # set by HtmxMiddleware
    return bool(htmx) and (htmx.current_url_abs_path or "").startswith("/inbox")


class _Sides:
    """A row as the policy about sides reads it."""

    def __init__(self, row: dict[str, Any]) -> None:
        self.sender_organization_id = row["sender_organization_id"]
        self.recipient_organization_id = row["recipient_organization_id"]
        self.is_guest = row["recipient_kind"] == "guest"
        self.is_pool = row["recipient_kind"] == "pool"


def _guest_link(row: dict[str, Any], actor: Actor) -> dict[str, Any] | None:
    """What the sender may do about the link of a colleague without an account; None when nothing."""
    if row["recipient_kind"] != "guest" or row["sender_organization_id"] != actor.organization_id:
        return None
    if not (actor.has_right("practitioner", "coordinator") and row["guest_data"] and row["guest_data"]["email"]):
        return None
    if not notifications.is_open_to_a_guest(Referral.objects.visible_to(actor).one(row["id"])):
        return None
    return {"newest": newest_guest_link(row["id"], actor), "email": row["guest_data"]["email"]}


def _messages(referral_id: UUID, actor: Actor) -> list[Message]:
    if not policies.may_read_content(actor):
        return []
    return list(Message.objects.visible_to(actor).filter(referral_id=referral_id))


def _reports(referral_id: UUID, actor: Actor) -> list[dict[str, Any]]:
    if not actor.reads_clinical:
        return []
    rows = queries.reports_of(referral_id, actor).select_related("referral").order_by("-received_at", "-id")
    return [{**rendering.report(row), "can_err": corrections.can_enter_in_error(row, actor)} for row in rows]
