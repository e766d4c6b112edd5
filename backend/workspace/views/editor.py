"""Writing a note: the editor for a new one, and for a draft."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import resolve

from backend.clients.models import Client
from backend.clients.queries import client_for, ids_of, log_reads, log_reads_of_person, records_of
from backend.clients.rendering import names_of
from backend.clients.services.taking import refuse_who_only_reads
from backend.directory.models import PractitionerRole
from backend.lib.actor import Actor
from backend.lib.problems import Conflict, Problem, Stale
from backend.lib.rest.authentication import actor_of
from backend.notes import policies, queries, rendering
from backend.notes import words as note_words
from backend.notes.models import Note, SectionName
from backend.visits.models import Visit
from backend.workspace import words
from backend.workspace.editor import (
    EMPTY,
    PRESSED,
    ROW_GONE,
    ROWS,
    Editor,
    changes,
    check_additions,
    check_rows,
    choices,
    fields_of,
    marks,
    stored_editor,
    typed_editor,
    write,
)
from backend.workspace.files import KINDS, files_in, keep
from backend.workspace.habits import habits_of
from backend.workspace.own_visits import Doubt, doubt_about, visit_now, visits_to_write_of
from backend.workspace.pages import id_in, log_whatever_the_status, page, see_other, show, submit, version_in
from backend.workspace.sealing import Seal, keep_secret, renew_secret, seal_for
from backend.workspace.views.brief import above_a_note
from backend.workspace.worklist import zone_of

SIGNED = "Signed. From now on it is only amended."


@dataclass(frozen=True, slots=True)
class Desk:
    """What a note is written from: whom it is about, the draft if there is one, else the note it copies."""

    actor: Actor
    zone: str
    client: Client
    draft: dict[str, Any] | None
    source: dict[str, Any] | None
    roles: list[PractitionerRole]

    @property
    def body(self) -> dict[str, Any]:
        """The note as it stands: a copy without what was measured and asked, and its files, which belong to its day."""
        if self.draft is not None:
            return self.draft
        if self.source is None:
            return EMPTY
        of_its_day: dict[str, Any] = {
            "measures": [],
            "asks": [],
            "attachments": [],
            "occurred_at": None,
            "visit_id": None,
        }
        return {**EMPTY, **self.source, **of_its_day}

    @property
    def discipline(self) -> str:
        if self.draft is not None:
            return str(self.draft["discipline"])
        return self.roles[0].discipline if self.roles else ""


@page("GET", "POST")
def new(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    asked = request.POST if request.method == "POST" else request.GET
    client = client_for(actor, id_in(asked.get("client")))
    policies.check_writes_notes(actor)
    refuse_who_only_reads(actor, client.pk)
    named = _visit_in(asked.get("visit", ""), client, actor)
    if request.method == "POST":
        return _written(request, _new_desk(actor, client, request.POST.get("copy_from", "")))
    is_call = request.GET.get("kind") == Note.Kind.PHONE
    visit = named or (None if is_call else visit_now(client, actor))
    if begun := _begun(actor, client, visit, is_named=named is not None):
        sure = "?sure=1" if "sure" in request.GET else ""
        return see_other(f"/notes/{begun}/edit{sure}")
    if "sure" not in request.GET and (doubt := doubt_about(client, actor)):
        return _asked(request, client, doubt, f"{request.get_full_path()}&sure=1")
    desk = _new_desk(actor, client, _last_signed(actor, client))
    editor = stored_editor(desk.body, desk.zone)
    editor.kind = request.GET.get("kind") or (editor.kind if desk.source else _first_kind(actor, client))
    editor.visit_id = str(visit.pk) if visit else ""
    return _shown(request, desk, editor)


@page("GET", "POST")
def edit(request: HttpRequest, note_id: UUID) -> HttpResponse:
    desk = _desk_of(note_id, actor_of(request))
    if request.method == "POST":
        return _written(request, desk)
    doubt = doubt_about(desk.client, desk.actor)
    if "sure" not in request.GET and doubt and doubt.expected:
        return _asked(request, desk.client, doubt, f"/notes/{note_id}/edit?sure=1")
    return _shown(request, desk, stored_editor(desk.body, desk.zone))


def draft_again(request: HttpRequest, note_id: UUID, problem: Problem) -> HttpResponse:
    """The draft as it stands now, with a refusal of what was asked of it."""
    desk = _desk_of(note_id, actor_of(request))
    return _shown(request, desk, stored_editor(desk.body, desk.zone), problem=problem)


def _asked(request: HttpRequest, client: Client, doubt: Doubt, go_on: str) -> HttpResponse:
    """Whether this is the right person, before the first word is kept."""
    _log_look(request, client)
    return show(request, "right_client.html", {"client": client, "doubt": doubt, "go_on": go_on})


def _written(request: HttpRequest, desk: Desk) -> HttpResponse:
    press = request.POST.get("press", "draft")
    editor = typed_editor(request.POST, desk.body, desk.zone)
    keeps_itself = bool(request.htmx) and press == "draft"  # type: ignore[attr-defined]  # set by HtmxMiddleware

    def act() -> str:
        check_additions(editor)
        editor.uploaded = [str(pk) for pk in keep(files_in(request), desk.actor)]
        pk = write(
            editor,
            changes(editor, stored_editor(desk.body, desk.zone), desk.zone),
            actor=desk.actor,
            client_id=desk.client.pk,
            copy_from=UUID(desk.source["id"]) if desk.source and not desk.draft else None,
            draft=desk.draft,
            version=version_in(request),
            signs=press == "sign",
        )
        check_rows(editor)  # last: whoever's words are in conflict, too, hears of these
        return f"/notes/{pk}" if press == "sign" else f"/notes/{pk}/edit?sure=1{_anchor(request.POST)}"

    result = submit(request, act, said=SIGNED if press == "sign" else "" if keeps_itself else "Saved.")
    if isinstance(result, Stale) and desk.draft:
        result = _changed_elsewhere(desk, desk.draft, result.code)
    if keeps_itself and isinstance(result, Stale) and desk.draft and _is_there_already(editor, desk):
        result = see_other(f"/notes/{desk.draft['id']}/edit")
    if keeps_itself:
        return _kept(request, desk, result)
    if isinstance(result, Problem):
        return _shown(request, desk, editor, problem=result)
    return result


def _is_there_already(editor: Editor, desk: Desk) -> bool:
    """Words whose answer was lost on the way are sent again: what the server has word for word is no conflict."""
    return not changes(editor, stored_editor(desk.body, desk.zone), desk.zone)


def _changed_elsewhere(desk: Desk, draft: dict[str, Any], code: str) -> Stale:
    """A draft is its author's alone, or of the system that began it for them."""
    note = Note.objects.visible_to(desk.actor).one(draft["id"])
    who = "The system that began this note, or you on another device, changed it" if note.application_id else ""
    when = words.moment(draft["updated_at"], desk.zone)
    return Stale(f"{who or 'You changed this note on another device'} ({when}).", code=code)


def _anchor(typed: QueryDict) -> str:
    """Adding a row comes back to its list, and a phrase to the words it stands in."""
    _, _, name = typed.get("press", "").partition("add-")
    section, _, _ = typed.get("say", "").partition(":")
    if section in SectionName.values:
        return f"#{section}-words"
    return f"#{name}" if name in ROWS else ""


def _kept(request: HttpRequest, desk: Desk, result: HttpResponse | Problem) -> HttpResponse:
    """For an editor that keeps itself: where its draft is now and since when, or why not."""
    if isinstance(result, Problem):
        stops = isinstance(result, Stale)
        return show(
            request, "note_kept.html", {"because": f"Not saved: {result.detail}", "stops": stops}, problem=result
        )
    note_id = resolve(result["Location"].partition("?")[0]).kwargs["note_id"]
    draft = rendering.note_data(queries.one_row(note_id, desk.actor), desk.actor)
    read = marks(stored_editor(draft, desk.zone))
    kept = show(request, "note_kept.html", {"draft": draft, "read": read, "seals": _seals(request, desk, note_id)})
    renew_secret(request, kept)
    return kept


def _shown(request: HttpRequest, desk: Desk, editor: Editor, *, problem: Problem | None = None) -> HttpResponse:
    actor, draft = desk.actor, desk.draft
    _log_look_at_person(request, desk.client)
    team = queries.care_team_of(desk.client.pk, actor.clinic_id, is_sensitive=editor.is_sensitive)
    others = sorted(names_of(team - {actor.clinic_id}).values())
    stored = stored_editor(desk.body, desk.zone)
    visits = _visits(desk, editor)
    context = {
        "client": desk.client,
        "visits": visits,
        "since": above_a_note(request, desk.client, actor) if _is_open(desk.client) else None,
        "draft": draft,
        "source": desk.source,
        "version": draft["version"] if draft else "",
        "action": f"/notes/{draft['id']}/edit" if draft else "/notes/new",
        "seals": _seals(request, desk, draft["id"] if draft else None),
        "e": editor,
        "read": marks(stored) if draft else "",
        "sections": _sections(editor, fields_of(stored, desk.zone), problem),
        "untouched": _untouched(desk, editor),
        "copied_on": words.day(_seen_on(desk.source, desk.zone), words.today(desk.zone)) if desk.source else "",
        "seen": _seen(editor, dict(visits)),
        "on_server_pain": _pain_on_server(desk, editor, problem),
        "kinds_of_visibility": _visibility(others),
        "narrowed": _narrowed(desk, editor),
        "section_names": list(note_words.SECTIONS.items()),
        "roles": desk.roles if len(desk.roles) > 1 else [],
        "asked_of_us": queries.asks_of(desk.client, actor).exclude(organization_id=actor.clinic_id),
        "part_errors": _part_errors(problem, editor),
        "file_kinds": KINDS,
        **choices(desk.discipline, editor.kind, habits_of(actor, desk.discipline)),
    }
    shown = show(request, "note_editor.html", context, problem=problem)
    keep_secret(request, shown)
    return shown


# --- what it is written from ----------------------------------------------------------------------------------------


def _new_desk(actor: Actor, client: Client, copy_from: UUID | str) -> Desk:
    found = PractitionerRole.objects.select_related("organization").filter(pk__in=actor.role_ids, ended_at=None)
    roles = list(found.filter(organization_id=actor.clinic_id).order_by("id"))
    return Desk(actor, zone_of(actor), client, None, _copied_from(copy_from, client, actor), roles)


def _desk_of(note_id: UUID, actor: Actor) -> Desk:
    """A draft of the reader's own, to go on with."""
    note = Note.objects.visible_to(actor).one(note_id)
    policies.check_edits(actor, note)
    if note.state != Note.State.DRAFT:
        raise Conflict("What was signed is not changed; amend it.")
    draft = rendering.note_data(queries.one_row(note_id, actor), actor)
    client = _client_of(note, actor)
    source = _copied_from(draft.get("copied_from_id"), client, actor)
    return Desk(actor, zone_of(actor), client, draft, source, [])


def _visit_in(text: str, client: Client, actor: Actor) -> Visit | None:
    """The visit an address names; 404 for another client's or another clinic's."""
    if not text:
        return None
    visits = Visit.objects.visible_to(actor).filter(
        organization_id=actor.clinic_id, client_id__in=ids_of(actor, client)
    )
    found: Visit = visits.one(text)
    return found


def _mine(actor: Actor, client: Client) -> Any:
    mine = Note.objects.visible_to(actor).filter(queries.about(client.pk, actor), queries.written_by(actor))
    return mine.filter(organization_id=actor.clinic_id)


def _begun(actor: Actor, client: Client, visit: Visit | None, *, is_named: bool) -> UUID | None:
    """The reader's own draft about this client, or this visit, to go on with; at a visit never the draft of another."""
    drafts = _mine(actor, client).filter(state=Note.State.DRAFT)
    if visit is not None:
        drafts = drafts.filter(Q(visit_id=visit.pk) if is_named else Q(visit_id=visit.pk) | Q(visit_id=None))
    found: UUID | None = drafts.order_by("-updated_at").values_list("pk", flat=True).first()
    return found


def _last_signed(actor: Actor, client: Client) -> UUID | str:
    """The reader's last note about this client that may be copied forward: of a visit, not of a call."""
    signed = (
        _mine(actor, client)
        .exclude(kind=Note.Kind.PHONE)
        .filter(
            state__in=Note.SIGNED_STATES,
            client_id__in=ids_of(actor, client),
            author_role_id__in=actor.role_ids,
        )
    )
    return signed.order_by("-occurred_at", "-id").values_list("pk", flat=True).first() or ""


def _copied_from(note_id: UUID | str | None, client: Client, actor: Actor) -> dict[str, Any] | None:
    """The note of one's own that is carried forward; 404 for any other."""
    if not note_id:
        return None
    return rendering.note_data(queries.one_row(_mine(actor, client).one(note_id).pk, actor), actor)


def _first_kind(actor: Actor, client: Client) -> str:
    """Whoever has written nothing about this client begins with the first evaluation."""
    is_first = not _mine(actor, client).exclude(state=Note.State.ENTERED_IN_ERROR).exists()
    return str(Note.Kind.INITIAL_EVALUATION if is_first else Note.Kind.PROGRESS)


def _client_of(note: Note, actor: Actor) -> Client:
    """The client as the reader knows them; where the record was closed to the clinic, by the name as it stood."""
    if Client.objects.visible_to(actor).filter(pk=note.client_id).exists():
        return client_for(actor, note.client_id)
    return Client(pk=note.client_id, family_name=note.client_display)


def _is_open(client: Client) -> bool:
    """Not one that is known by the name of their note only, because the record was closed to the clinic."""
    return not client._state.adding


def _log_look(request: HttpRequest, client: Client) -> None:
    """A record that is closed to the clinic was not looked at."""
    if _is_open(client):
        log_whatever_the_status(request, lambda: log_reads(actor_of(request), [client]))


def _log_look_at_person(request: HttpRequest, client: Client) -> None:
    """Above a note stands what is red in every record of the person."""
    if _is_open(client):
        actor = actor_of(request)
        records = records_of(client.pk, actor)
        log_whatever_the_status(request, lambda: log_reads_of_person(actor, client, records, subject_type="client"))


# --- what is shown --------------------------------------------------------------------------------------------------


def _seals(request: HttpRequest, desk: Desk, note_id: UUID | str | None) -> list[Seal]:
    """First the seal of what is written here; words of a note that was not begun yet are looked for, too."""
    unbegun = seal_for(request, desk.actor, desk.client.pk)
    return [seal_for(request, desk.actor, note_id), unbegun] if note_id else [unbegun]


def _sections(editor: Editor, stored: dict[str, Any], problem: Problem | None) -> dict[str, dict[str, Any]]:
    """Each letter's field. Where somebody changed the note meanwhile, also what stands on the server now."""
    typed = {name: "\n".join(filter(None, [editor.pressed[name], editor.texts[name]])) for name in SectionName.values}
    return {
        name: {
            "name": name,
            "label": label,
            "text": editor.texts[name],
            "pressed": editor.pressed[name],
            "presses": PRESSED.get(name, ()),
            "on_server": stored[name] if isinstance(problem, Stale) and stored[name] != typed[name] else "",
        }
        for name, label in note_words.SECTIONS.items()
    }


def _untouched(desk: Desk, editor: Editor) -> set[str]:
    """The parts that stand as they were copied and that nobody has confirmed."""
    if desk.draft is not None:
        return set(desk.draft["untouched"]) - set(editor.confirmed)
    if desk.source is None:
        return set()
    before = fields_of(stored_editor(desk.body, desk.zone), desk.zone)
    after = fields_of(editor, desk.zone)
    copied = {*SectionName.values, "findings", "techniques"}
    return {part for part in copied if before[part] and before[part] == after[part]} - set(editor.confirmed)


def _seen_on(note: dict[str, Any], zone: str) -> Any:
    seen = words.as_moment(note["occurred_at"])
    assert seen is not None
    return words.local(seen, zone).date()


def _visits(desk: Desk, editor: Editor) -> list[tuple[str, str]]:
    """The visits this note may be of, each with when it began: those of the reader without a note, and the one chosen."""
    known = visits_to_write_of(desk.client, desk.actor)
    if editor.visit_id and editor.visit_id not in {str(visit.pk) for visit in known}:
        known += Visit.objects.visible_to(desk.actor).filter(pk=id_in(editor.visit_id))
    return [(str(visit.pk), words.moment(visit.starts_at, desk.zone)) for visit in known]


def _seen(editor: Editor, visits: Mapping[str, str]) -> str:
    """When the client was seen, beside the kind of note."""
    if editor.occurred_at:
        return f", {editor.occurred_at.replace('T', ' ')}"
    return f", at the visit of {visits[editor.visit_id]}" if editor.visit_id in visits else ", now"


def _pain_on_server(desk: Desk, editor: Editor, problem: Problem | None) -> str:
    """What another device chose on the scale meanwhile."""
    now = stored_editor(desk.body, desk.zone).pain
    return (now or "not asked") if isinstance(problem, Stale) and now != editor.pain else ""


def _visibility(others: list[str]) -> list[tuple[str, str]]:
    """For whom it is, in words: just above the signature."""
    team = (
        f"{', '.join(others)}, and the client" if others else "the client; no other clinic, without a consent for notes"
    )
    return [
        (Note.Visibility.CARE_TEAM, f"The care team: your clinic, {team}"),
        (Note.Visibility.CLINIC, "Your clinic only"),
        (Note.Visibility.AUTHOR, "You only"),
    ]


def _narrowed(desk: Desk, editor: Editor) -> str:
    """What of the note before was not for everybody, was carried over and still stands, in words."""
    source = desk.source
    if source is None:
        return ""
    left_out = [label for name, label in note_words.SECTIONS.items() if name not in source["shared_sections"]]
    told = (
        (NARROWER.get(source["visibility"]), editor.visibility == source["visibility"]),
        (f"without {', '.join(left_out)}", left_out and {*editor.shared_sections} == {*source["shared_sections"]}),
        ("sensitive", source["is_sensitive"] and editor.is_sensitive),
    )
    return "; ".join(said for said, still_stands in told if said and still_stands)


NARROWER = {Note.Visibility.CLINIC: "your clinic only", Note.Visibility.AUTHOR: "you only"}


def _part_errors(problem: Problem | None, editor: Editor) -> dict[str, list[str]]:
    """The refusal's sentences, and what is missing, by the part of the note they are about."""
    found = {name: [f"{ROW_GONE} Add it again if it belongs here."] for name in editor.gone}
    for error in problem.errors if problem else ():
        found.setdefault(error.pointer.strip("/").split("/")[0], []).append(error.detail)
    return found
