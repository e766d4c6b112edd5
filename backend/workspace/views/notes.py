"""Notes: what waits for a signature, one note as the reader may see it, and what can be done with it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString, mark_safe

from backend.attachments.services import download, open_file
from backend.clients.models import Client
from backend.directory.eligibility import lifting_problem
from backend.lib.actor import Actor
from backend.lib.problems import NotFound, Problem, Stale
from backend.lib.rest.authentication import actor_of
from backend.notes import queries, rendering, services
from backend.notes import words as note_words
from backend.notes import workflow as w
from backend.notes.files import files_of
from backend.notes.history import history_for
from backend.notes.markdown import rendered
from backend.notes.models import Note, NoteQuerySet
from backend.workspace.editor import IN_WORDS
from backend.workspace.history import all_changes, newest_changes
from backend.workspace.pages import log_whatever_the_status, or_page, page, show, submit, version_in
from backend.workspace.staleness import who_changed
from backend.workspace.views.editor import draft_again
from backend.workspace.worklist import zone_of

MOST = 50
WRITTEN_SINCE = (
    "This draft was written in since its page was opened, so it was not thrown away. Read what stands here now, and throw it "
    "away again if it can go."
)
SAID = {
    "amend": "Added and signed.",
    "cosign": "Co-signed. It counts as signed for everybody now.",
    "enter_in_error": "Marked. The text stays, struck through.",
    "close_unsigned": "Closed, as it is.",
}
# The fields of each form; what is empty was not said.
TYPED = {"amend": ("reason", "section", "text"), "enter_in_error": ("reason", "note")}


@page("GET")
def all_notes(request: HttpRequest) -> HttpResponse:
    """One's own unsigned notes, students' notes that wait for the reader or for a colleague, and what is unsigned in the clinic."""
    actor = actor_of(request)
    lists = [(key, title, _listed(found, actor)) for key, title, found in _wanted(actor)]
    shown = {row["id"]: row for _, _, rows in lists for row in rows}
    queries.log_shown(actor, shown.values())
    context = {
        "lists": [(key, title, [rendering.note_data(row, actor) for row in rows]) for key, title, rows in lists],
        "is_any": bool(shown),
        "most": MOST,
    }
    return show(request, "notes.html", context)


def _wanted(actor: Actor) -> list[tuple[str, str, NoteQuerySet]]:
    here = Note.objects.visible_to(actor).filter(organization_id=actor.clinic_id)
    signed_by_students = here.filter(state=Note.State.AWAITING_COSIGNATURE)
    mine = queries.written_by(actor)
    return [
        ("yours", "You have not signed", queries.drafts_of(actor)),
        ("waiting", "Waiting for a co-signature", queries.to_cosign(actor) if actor.treats else signed_by_students),
        ("handed-in", "Yours, waiting for a colleague to co-sign", signed_by_students.filter(mine)),
        ("clinic", "Not signed by others here", here.filter(~mine, state=Note.State.DRAFT)),
    ]


def _listed(found: NoteQuerySet, actor: Actor) -> list[dict[str, Any]]:
    return list(queries.whole(found, actor).order_by("-recorded_at", "-id")[:MOST])


@page("GET")
def one(request: HttpRequest, note_id: UUID) -> HttpResponse:
    return _note_page(request, note_id)


@page("GET")
def changes(request: HttpRequest, note_id: UUID) -> HttpResponse:
    """All that changed in the note."""
    actor = actor_of(request)
    row = queries.one_row(note_id, actor)
    log_whatever_the_status(request, lambda: queries.log_shown(actor, [row]))
    note = rendering.note_data(row, actor)
    kind, back = note_words.KINDS[note["kind"]], f"/notes/{note_id}"
    return all_changes(request, history_for(actor, row), note_id, of=kind, back=back, client=note.get("client"))


@page("GET")
def file(request: HttpRequest, note_id: UUID, note_file_id: UUID) -> HttpResponse:
    """One file of the note, always as a download."""
    actor = actor_of(request)
    return download(open_file(note_file_id, actor=actor, ties=files_of(note_id, actor)))


@page("POST")
def move(request: HttpRequest, note_id: UUID) -> HttpResponse:
    """Co-sign, amend, enter in error, close unsigned: whatever its form names."""
    actor, name = actor_of(request), request.POST.get("name", "")
    Note.objects.visible_to(actor).one(note_id)
    w.WORKFLOW.known(name)
    details = {field: said for field in TYPED.get(name, ()) if (said := request.POST.get(field, "").strip())}

    def act() -> str:
        version = version_in(request)
        if name == "amend":
            services.amend_note(note_id, details, actor=actor, expected_version=version)
        else:
            services.move_note(note_id, name, details, actor=actor, expected_version=version)
        return f"/notes/{note_id}"

    result = submit(request, act, said=SAID.get(name, ""))
    if isinstance(result, Problem):
        return _note_page(request, note_id, tried=name, problem=who_changed(result, note_id, actor=actor))
    return result


@page("POST")
def end_ask(request: HttpRequest, note_id: UUID, ask_id: UUID) -> HttpResponse:
    actor = actor_of(request)

    def act() -> str:
        sent = {"reason": request.POST.get("reason", "").strip()}
        services.end_ask(note_id, ask_id, actor=actor, sent=sent)
        return f"/notes/{note_id}"

    result = submit(request, act, said="It is no longer asked.")
    if isinstance(result, Problem) and not isinstance(result, NotFound):
        return _note_page(request, note_id, tried=str(ask_id), problem=result)
    return or_page(result)


@page("POST")
def discard(request: HttpRequest, note_id: UUID) -> HttpResponse:
    """Throws a draft away; it was never shown to anybody outside the clinic."""
    actor = actor_of(request)

    def act() -> str:
        services.discard_draft(note_id, actor=actor, expected_version=version_in(request))
        return "/notes"

    result = submit(request, act, said="The draft is gone.")
    if isinstance(result, Stale):
        return draft_again(request, note_id, Stale(WRITTEN_SINCE, code=result.code))
    return or_page(result)


def _note_page(request: HttpRequest, note_id: UUID, *, tried: str = "", problem: Problem | None = None) -> HttpResponse:
    actor = actor_of(request)
    row = queries.one_row(note_id, actor)
    log_whatever_the_status(request, lambda: queries.log_shown(actor, [row]))
    note = rendering.note_data(row, actor)
    error = note["entered_in_error"]
    is_asking = note["state"] == Note.State.SIGNED and any(ask["ended_at"] is None for ask in note.get("asks", ()))
    ends_asks = is_asking and note["organization"]["id"] == str(actor.organization_id) and actor.treats
    context = {
        "n": note,
        "home": f"/notes/{note_id}",
        "kind": note_words.KINDS[note["kind"]],
        "standing": note_words.STATES.get(note["state"], ""),
        "visible_to": note_words.VISIBLE_TO[note["visibility"]],
        "signed_how": note_words.SIGNATURES[note["signature"]["kind"]] if note["signature"] else "",
        "reads_text": actor.reads_clinical,
        "sections": _sections(note),
        "addenda": [_addendum(addendum) for addendum in note.get("addenda", ())],
        "asks": [(ask, note_words.ask(ask)) for ask in note.get("asks", ())],
        "ends_asks": ends_asks,
        "cannot_lift": lifting_problem(actor) if ends_asks else None,
        "carried": note_words.copied(note),
        "error_because": note_words.IN_ERROR_BECAUSE[error["reason"]] if error else "",
        "goes_on": "sign" in note["available_transitions"],
        "can": note["available_transitions"],
        "amend_reasons": list(note_words.AMENDED_BECAUSE.items()),
        "error_reasons": list(note_words.IN_ERROR_BECAUSE.items()),
        "section_names": list(note_words.SECTIONS.items()),
        "sees_client": Client.objects.visible_to(actor).filter(pk=row["client_id"]).exists(),
        **newest_changes(history_for(actor, row), note_id, actor, zone_of(actor)),
        "tried": tried,
        "typed": request.POST if tried else {},
    }
    return show(request, "note.html", context, problem=problem)


def _sections(note: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What is shared with this reader, each section with the rows that belong to it; what is not is not there."""
    rows: dict[str, tuple[str, ...]] = {"objective": ("measures", "findings"), "plan": ("techniques",)}
    found = []
    for name, label in note_words.SECTIONS.items():
        if name not in note:
            continue
        lists = [
            (note_words.PARTS[part], [IN_WORDS[part](row) for row in note[part]])
            for part in rows.get(name, ())
            if note.get(part)
        ]
        if note[name] or lists:
            found.append({"label": label, "html": _html(note[name]), "lists": lists})
    return found


def _addendum(addendum: Mapping[str, Any]) -> dict[str, Any]:
    section = addendum["section"]
    return {
        **addendum,
        "html": _html(addendum["text"]),
        "because": note_words.AMENDED_BECAUSE[addendum["reason"]],
        "about": note_words.SECTIONS[section] if section else "",
        "signed_how": note_words.SIGNATURES[addendum["signature"]["kind"]],
    }


def _html(text: str) -> SafeString:
    return mark_safe(rendered(text))  # noqa: S308  # escaped there, before its few marks become elements
